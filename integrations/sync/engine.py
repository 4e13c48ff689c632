"""Carries a fetch through its steps: ask for an export, wait for it, download it, load it, close the books.

The row in the database is the job. Whoever holds its lease works; each commit checks the fence, so that a worker that
lost its lease changes nothing more. Each batch commits its rows, its checkpoint and its counts together: a crash at any
point loses nothing and repeats nothing. While Qualtrics prepares an export no worker waits: the row gets a due time.
"""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db import connection as database
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import Organisation
from feedback import intake
from feedback.deletion_detection import Vanished, mark_vanished
from feedback.durability import commit_soon
from feedback.models import Response, Survey
from feedback.tombstones import erased_among
from integrations.models import Connection, Fetch, RejectedRecord, SurveyFeed
from integrations.qualtrics import archive
from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.translate import Rejected, Translator
from integrations.surveys.mirror import mirror_questions
from integrations.sync import closing, demand, plan, processes, shutdown
from integrations.sync.failpoints import reach
from integrations.troubles.errors import BadRequest, NotFound, QualtricsError
from integrations.vendor.clients import BACKGROUND, client_for
from kpis.counting.periods import day_bounds
from kpis.counting.refresh import refresh_changed_days

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=settings.SYNC_LEASE_SECONDS)
SLICE = 200.0  # seconds of work, then the fetch goes back to the queue
BATCH = settings.SYNC_BATCH
MAX_REJECTED_KEPT = 500
# A survey's exports are prepared one at a time, a connection's two at a time: the limit is shared with other tools.
EXPORTS_AT_ONCE = 2
# While loading, refreshing the KPIs may take up to this share of the time.
REFRESH_SHARE = 0.2


class LeaseLost(Exception):
    """Another worker has taken the fetch over. Nothing of ours was written since."""


def run(uuid: UUID | str) -> float | None:
    """Work on the fetch for a while. Seconds until somebody should look at it again; None if nobody needs to."""
    fetch = claim(uuid)
    if fetch is None:
        return None
    try:
        return FetchRun(fetch).work()
    except LeaseLost:
        logger.warning("Fetch %s was taken over by another worker", uuid)
        return None


def claim(uuid: UUID | str) -> Fetch | None:
    """Take the fetch, if it is due and nobody else holds it. One conditional UPDATE, on every database the same."""
    fetch = Fetch.objects.filter(uuid=uuid)
    if not _take(fetch.filter(is_due() | is_orphaned())):
        held = fetch.filter(state=Fetch.State.RUNNING).values("fence", "holder").first()
        # A holder that died here need not be waited for; under its fence nobody else can take it at the same time.
        if held is None or not processes.is_dead(held["holder"]) or not _take(fetch.filter(**held)):
            return None
    reach("claimed")
    return fetch.select_related("feed__survey", "feed__connection").get()


def _take(fetch: QuerySet[Fetch]) -> bool:
    now = timezone.now()
    return bool(
        fetch.filter(state__in=Fetch.OPEN).update(
            state=Fetch.State.RUNNING,
            fence=F("fence") + 1,
            attempts=F("attempts") + 1,
            lease_until=now + LEASE,
            holder=processes.this_process(),
        )
    )


def is_due() -> Q:
    """Fetches whose time has come. A time further ahead than any we set was set before the clock was put back."""
    now = timezone.now()
    waits = Q(state__in=[Fetch.State.PENDING, Fetch.State.WAITING])
    return waits & (Q(due_at__lte=now) | Q(due_at__gt=now + plan.LONGEST_WAIT))


def is_orphaned() -> Q:
    """Fetches whose worker has let its lease run out; the same holds of leases as of due times."""
    now = timezone.now()
    return Q(state=Fetch.State.RUNNING) & (Q(lease_until__lt=now) | Q(lease_until__gt=now + 2 * LEASE))


@dataclass(slots=True)
class Batch:
    """Some lines of an export, translated; `size` in bytes, line ends included."""

    lines: int
    size: int
    good: list[intake.NewResponse] = field(default_factory=list)
    rejected: list[tuple[int, Rejected]] = field(default_factory=list)  # with the numbers of their lines


class FetchRun:
    """One worker's turn with one fetch."""

    def __init__(self, fetch: Fetch) -> None:
        self.fetch = fetch
        self.feed: SurveyFeed = fetch.feed
        self.survey: Survey = fetch.feed.survey
        self.connection: Connection = fetch.feed.connection
        self.started = time.monotonic()
        self.last_renewal = self.started
        self.noted_work = self.started
        self.all_new = False

    # --- the loop -----------------------------------------------------------------------------------------------------

    def work(self) -> float | None:
        fetch = self.fetch
        if fetch.attempts > plan.MAX_CLAIMS:
            closing.give_up(self, Fetch.State.QUARANTINED, "crashed_repeatedly")
            return None
        if not self.connection.enabled or self.connection.stopped_code:
            closing.give_up(
                self, Fetch.State.CANCELLED, self.connection.stopped_code or "connection_disabled", failed=False
            )
            return None
        if fetch.started_at is None:
            self.save(started_at=timezone.now())
        steps: dict[str, Callable[[QualtricsClient], float | None]] = {
            Fetch.Step.START: self.start,
            Fetch.Step.POLL: self.poll,
            Fetch.Step.DOWNLOAD: self.download,
            Fetch.Step.LOAD: self.load,
            Fetch.Step.FINISH: self.finish,
        }
        try:
            with client_for(self.connection, limits=BACKGROUND, on_call=self.on_call) as client:
                while fetch.is_open:
                    wait = steps[fetch.step](client)
                    if wait is not None:
                        return wait
                    if self.is_over():
                        return self.put_back(0.0, state=Fetch.State.PENDING)
        except QualtricsError as error:
            return closing.handle_vendor_error(self, error, jitter=random.random())  # noqa: S311 (spreads retries)
        except (OperationalError, InterfaceError) as error:
            return closing.database_trouble(self, error)
        return None

    def is_over(self) -> bool:
        return shutdown.is_announced() or time.monotonic() - self.started > SLICE

    # --- the row ------------------------------------------------------------------------------------------------------

    def save(self, **fields: object) -> None:
        """Write to the row as long as we hold it, else raise `LeaseLost`; renews the lease."""
        now = time.monotonic()
        fields.setdefault("lease_until", timezone.now() + LEASE)
        fields["work_seconds"] = self.fetch.work_seconds + now - self.noted_work
        held = Fetch.objects.filter(pk=self.fetch.pk, fence=self.fetch.fence, state=Fetch.State.RUNNING)
        if held.update(**fields) != 1:
            raise LeaseLost
        self.last_renewal = self.noted_work = now
        for name, value in fields.items():
            setattr(self.fetch, name, value)

    def put_back(self, seconds: float, *, state: str, **fields: object) -> float:
        """Give the fetch back, due again after `seconds`."""
        self.save(state=state, due_at=timezone.now() + timedelta(seconds=seconds), lease_until=None, **fields)
        return seconds

    def renew(self) -> None:
        """Keep the lease alive during long reading."""
        if time.monotonic() - self.last_renewal > LEASE.total_seconds() / 4:
            self.save()

    def on_call(self, method: str, path: str) -> None:
        self.save(calls=self.fetch.calls + 1)

    # --- the steps: each returns None to go on at once, or seconds to come back after ---------------------------------

    def start(self, client: QualtricsClient) -> float | None:
        fetch, feed = self.fetch, self.feed
        preparing = Fetch.objects.filter(
            feed__connection=self.connection, state__in=Fetch.OPEN, step__in=[Fetch.Step.POLL, Fetch.Step.DOWNLOAD]
        )
        # One that waits after a failure holds no place: surveys in trouble do not hold up those that are well.
        busy = preparing.exclude(~Q(state=Fetch.State.RUNNING), failures__gt=0)
        if busy.count() >= EXPORTS_AT_ONCE:
            return self.put_back(5.0, state=Fetch.State.PENDING, attempts=0)
        mirror_questions(self.survey, client)
        wanted = demand.wanted_questions(self.survey)
        if not wanted:
            closing.give_up(self, Fetch.State.CANCELLED, "nothing_to_retrieve", failed=False)
            return None
        window = plan.window(
            wanted=wanted,
            covered=feed.covered_questions,
            known_until=feed.modified_until,
            token=feed.continuation_token,
            token_at=feed.continuation_token_at,
            now=timezone.now(),
            full=fetch.full,
        )
        start = window.start
        if window.full and (day := plan.first_day(wanted)):
            start = day_bounds(day, Organisation.current().zone)[0]
        asked = demand.asked_of(wanted)
        try:
            export = client.start_export(
                self.survey.external_id,
                questions=asked.questions,
                embedded=asked.embedded,
                start=start,
                continuation=window.continuation or None,
            )
        except (BadRequest, NotFound):
            if not window.continuation:
                raise
            # The token has expired or is refused: go by date instead.
            SurveyFeed.objects.filter(pk=feed.pk).update(continuation_token="")
            feed.continuation_token = ""
            return None
        reach("export_started")
        covers = wanted if window.full else {q: day for q, day in feed.covered_questions.items() if q in wanted}
        self.save(
            step=Fetch.Step.POLL,
            progress_id=export.progress_id,
            full=window.full,
            window_from=start,
            used_token=bool(window.continuation),
            mapping=asked.mapping,
            covers=covers,
            export_attempts=fetch.export_attempts + 1,
            poll_count=0,
            file_id="",
            lines_done=0,
            bytes_done=0,
            attempts=0,
        )
        reach("exporting")
        return None

    def poll(self, client: QualtricsClient) -> float | None:
        fetch = self.fetch
        try:
            export = client.export_progress(self.survey.external_id, fetch.progress_id)
        except NotFound:
            return self.ask_again()
        if export.is_complete:
            self.save(
                step=Fetch.Step.DOWNLOAD,
                file_id=export.file_id,
                next_token=export.continuation_token or "",
                attempts=0,
                failures=0,
            )
            reach("polled")
            return None
        if export.has_failed:
            return self.ask_again()
        if fetch.started_at and timezone.now() - fetch.started_at > plan.GIVE_UP_WAITING:
            closing.give_up(self, Fetch.State.FAILED, "export_stuck")
            return None
        return self.put_back(
            plan.poll_delay(fetch.poll_count),
            state=Fetch.State.WAITING,
            poll_count=fetch.poll_count + 1,
            attempts=0,
            failures=0,
        )

    def ask_again(self) -> float | None:
        """The export is gone or failed: ask for a new one, but not for ever."""
        if self.fetch.export_attempts >= plan.MAX_EXPORT_ATTEMPTS:
            closing.give_up(self, Fetch.State.FAILED, "export_failed")
            return None
        self.save(step=Fetch.Step.START, progress_id="", file_id="")
        return None

    def download(self, client: QualtricsClient) -> float | None:
        try:
            client.download_export(
                self.survey.external_id, self.fetch.file_id, self.spool, progress=lambda _size: self.renew()
            )
        except NotFound:
            return self.ask_again()
        reach("spooled")
        size = archive.inspect(self.spool)  # nothing of a damaged file is loaded
        self.save(step=Fetch.Step.LOAD, bytes_total=size, attempts=0, failures=0)
        reach("downloaded")
        return None

    @property
    def spool(self) -> Path:
        """Where this export lies between its download and the end of its loading."""
        return settings.SPOOL_DIR / f"{self.fetch.uuid}-{self.fetch.export_attempts}.zip"

    def load(self, client: QualtricsClient) -> float | None:
        if not self.spool.exists():  # another machine's disk, or cleaned away
            self.save(step=Fetch.Step.DOWNLOAD)
            return None
        zone = Organisation.current().zone
        # What a first fetch brings need not be looked up.
        self.all_new = not self.fetch.lines_done and not Response.objects.filter(survey=self.survey).exists()
        refresh = _Refreshing(self.survey)
        batches = self.batches()
        # SQLite lets one write at a time: what we leave free while we translate belongs to the people at their pages.
        for batch in batches if database.vendor == "sqlite" else _ahead(batches):
            reach("batch_read")
            self.store_batch(batch, zone)
            reach("batch_committed")
            refresh.now_and_then()
            if self.is_over():
                return None
        self.save(step=Fetch.Step.FINISH, attempts=0)
        reach("loaded")
        return None

    def batches(self) -> Iterator[Batch]:
        """What is left of the export, translated, some at a time."""
        translator = Translator({field: (pk, kind) for field, (pk, kind) in self.fetch.mapping.items()})
        first = self.fetch.lines_done + 1
        lines = archive.read_lines(self.spool, skip=self.fetch.lines_done)
        while some := list(islice(lines, BATCH)):
            batch = Batch(len(some), sum(map(len, some)) + len(some))
            for number, line in enumerate(some, start=first):
                record = translator.translate(line)
                if isinstance(record, Rejected):
                    batch.rejected.append((number, record))
                else:
                    batch.good.append(record)
            first += len(some)
            yield batch

    def store_batch(self, batch: Batch, zone: ZoneInfo) -> None:
        """Rows, checkpoint and counts of one batch, in one transaction."""
        try:
            self._store_batch(batch, zone)
        except IntegrityError:
            if not self.all_new:
                raise
            self.all_new = False  # a response stands twice in this export, or came by another way meanwhile
            self._store_batch(batch, zone)

    def _store_batch(self, batch: Batch, zone: ZoneInfo) -> None:
        fetch = self.fetch
        newest = max((r.modified_at or r.recorded_at for r in batch.good), default=None)
        by_reason = Counter(fetch.rejected_by_reason) + Counter(record.reason for _line, record in batch.rejected)
        with transaction.atomic():
            # First, so that the row is locked and an old fence ends here.
            self.save()
            commit_soon()  # what is lost goes together with its checkpoint, and the file is kept until the books are closed
            reach("batch_begun")
            asked = [pk for pk, _kind in fetch.mapping.values()]
            stored = intake.store(
                self.survey, batch.good, asked=asked, fetch_number=fetch.pk, zone=zone, all_new=self.all_new
            )
            reach("batch_stored")
            if batch.rejected and (room := MAX_REJECTED_KEPT - fetch.rejected):
                erased = erased_among(record.external_id for _line, record in batch.rejected)
                kept = [
                    RejectedRecord(fetch=fetch, line=line, reason=record.reason, external_id=record.external_id)
                    for line, record in batch.rejected
                    if record.external_id not in erased
                ]
                RejectedRecord.objects.bulk_create(kept[: max(0, room)])
            self.save(
                lines_done=fetch.lines_done + batch.lines,
                bytes_done=fetch.bytes_done + batch.size,
                received=fetch.received + batch.lines,
                new=fetch.new + stored.new,
                changed=fetch.changed + stored.changed,
                unchanged=fetch.unchanged + stored.unchanged,
                rejected=fetch.rejected + len(batch.rejected),
                rejected_by_reason=dict(by_reason),
                modified_until=max(filter(None, (fetch.modified_until, newest)), default=None),
                attempts=0,
                failures=0,
            )
            reach("checkpoint")

    def finish(self, client: QualtricsClient) -> float | None:
        vanished = None
        if self.fetch.trigger == Fetch.Trigger.RECONCILE:
            if not self.spool.exists():
                self.save(step=Fetch.Step.DOWNLOAD)
                return None
            vanished = self.mark_vanished()
        refresh_changed_days(self.survey, after_some=self.refreshed_some)
        reach("refreshed")
        closing.succeed(self, vanished)
        return None

    def mark_vanished(self) -> Vanished | None:
        """Mark what is not in this complete export. None if it holds a record that might be any: then nothing is marked."""
        unnamed = self.fetch.rejected_records.filter(external_id="").exclude(reason="empty")
        if unnamed.exists() or self.fetch.rejected > MAX_REJECTED_KEPT:
            return None
        with transaction.atomic():
            self.save()
            found = mark_vanished(
                self.survey,
                self.exported_ids(),
                before_fetch=self.fetch.pk,
                zone=Organisation.current().zone,
                recorded_since=self.fetch.window_from,
                confirmed=self.fetch.confirmed_gone,
            )
            if found.marked:
                self.save(vanished=self.fetch.vanished + found.gone)
            reach("vanished")
        return found

    def exported_ids(self) -> Iterator[str]:
        """The ids of all records of this export, read once more from its file."""
        translator = Translator({})
        for line in archive.read_lines(self.spool):
            if external_id := translator.translate(line).external_id:
                yield external_id

    def refreshed_some(self) -> None:
        """A long recount is progress, too, and keeps the lease."""
        reach("refreshing")
        self.save(attempts=0)


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches; while the database takes one, another thread translates the next. That thread needs no database."""
    with ThreadPoolExecutor(1, thread_name_prefix="translating") as thread:
        coming = thread.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = thread.submit(next, batches, None)
            yield batch


class _Refreshing:
    """Keeps the KPIs near the data while a long load runs, without spending more than a share of the time on it."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.rest_until = time.monotonic() + 1.0

    def now_and_then(self) -> None:
        started = time.monotonic()
        if started < self.rest_until:
            return
        refresh_changed_days(self.survey)
        took = time.monotonic() - started
        self.rest_until = time.monotonic() + max(1.0, took * (1 - REFRESH_SHARE) / REFRESH_SHARE)
