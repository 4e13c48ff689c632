"""The steps of a fetch but for its loading. Each returns None to go on at once, or the seconds to come back after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organisation
from feedback.deletion_detection import Vanished, mark_vanished
from feedback.models import Question
from feedback.response_queries import oldest_unanalysed
from integrations.models import Connection, Fetch, SurveyFeed
from integrations.qualtrics import archive
from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.translate import Translator
from integrations.surveys.mirror import mirror_questions
from integrations.sync import closing, demand, plan
from integrations.sync.failpoints import reach
from integrations.sync.lease import Lease
from integrations.sync.loading import MAX_REJECTED_KEPT, download_again
from integrations.sync.plan import Coverage
from integrations.troubles.errors import BadRequest, NotFound
from kpis.counting.periods import day_bounds
from kpis.counting.refresh import refresh_changed_days

# A survey's exports are prepared one at a time, a connection's two at a time: the limit is shared with other tools.
EXPORTS_AT_ONCE = 2


def start(lease: Lease, client: QualtricsClient) -> float | None:
    """Take a place among the exports of the connection, or wait for one."""
    return None if take_place(lease, step=Fetch.Step.QUESTIONS) else wait_for_place(lease)


def take_place(lease: Lease, **fields: object) -> bool:
    """Write the fields if there is a place for this export; whether there was. Of one connection, one asks at a time."""
    with transaction.atomic():
        Connection.objects.select_for_update().get(pk=lease.connection.pk)
        others = Fetch.objects.filter(
            feed__connection=lease.connection, state__in=Fetch.OPEN, step__in=Fetch.PLACES
        ).exclude(pk=lease.fetch.pk)
        # One that waits after a failure holds no place: surveys in trouble do not hold up those that are well.
        if others.exclude(~Q(state=Fetch.State.RUNNING), failures__gt=0).count() >= EXPORTS_AT_ONCE:
            return False
        lease.save(**fields)
    return True


def wait_for_place(lease: Lease) -> float:
    """Come back in a moment."""
    return lease.put_back(5.0, state=Fetch.State.PENDING, attempts=0)


def read_questions(lease: Lease, client: QualtricsClient) -> float | None:
    """Learn how the survey looks now."""
    mirror_questions(lease.survey, client)
    lease.save(step=Fetch.Step.EXPORT, attempts=0)
    return None


def ask_for_export(lease: Lease, client: QualtricsClient) -> float | None:
    """Ask for an export of what is wanted and not here."""
    fetch, feed = lease.fetch, lease.feed
    wanted = demand.wanted_questions(lease.survey)
    if not wanted:
        closing.give_up(lease, Fetch.State.CANCELLED, demand.why_nothing(lease.survey), failed=False)
        return None
    window = plan.window(
        wanted=wanted,
        covered=feed.covered_questions,
        known_until=feed.modified_until,
        token=feed.continuation_token,
        token_at=feed.continuation_token_at,
        now=timezone.now(),
        unanalysed_since=_unanalysed_since(lease, wanted),
        full=fetch.full,
    )
    start = window.start
    if window.full and (day := plan.first_day(wanted)):
        start = day_bounds(day, Organisation.current().zone)[0]
    asked = demand.asked_of(wanted)
    try:
        export = client.start_export(
            lease.survey.external_id,
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
    lease.save(
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


def _unanalysed_since(lease: Lease, wanted: Coverage) -> datetime | None:
    """The first comment whose sentiment may have come since it was read; None if none is missing or wanted."""
    sentiments = Question.objects.select_related("about").filter(
        pk__in=[int(pk) for pk in wanted], kind=Question.Kind.SENTIMENT
    )
    since = timezone.now() - plan.LATE_SENTIMENTS
    return oldest_unanalysed(lease.survey, sentiments, since, plan.MOST_UNANALYSED)


def poll(lease: Lease, client: QualtricsClient) -> float | None:
    """Ask whether the export is ready."""
    fetch = lease.fetch
    try:
        export = client.export_progress(lease.survey.external_id, fetch.progress_id)
    except NotFound:
        return ask_again(lease)
    if export.is_complete:
        lease.save(
            step=Fetch.Step.DOWNLOAD,
            file_id=export.file_id,
            next_token=export.continuation_token or "",
            attempts=0,
            failures=0,
        )
        reach("polled")
        return None
    if export.has_failed:
        return ask_again(lease)
    if fetch.started_at and timezone.now() - fetch.started_at > plan.GIVE_UP_WAITING:
        closing.give_up(lease, Fetch.State.FAILED, "export_stuck")
        return None
    return lease.put_back(
        plan.poll_delay(fetch.poll_count),
        state=Fetch.State.WAITING,
        poll_count=fetch.poll_count + 1,
        attempts=0,
        failures=0,
    )


def ask_again(lease: Lease) -> float | None:
    """The export is gone or failed: ask for a new one, but not for ever."""
    if lease.fetch.export_attempts >= plan.MAX_EXPORT_ATTEMPTS:
        closing.give_up(lease, Fetch.State.FAILED, "export_failed")
        return None
    lease.save(step=Fetch.Step.QUESTIONS, progress_id="", file_id="")
    return None


def download(lease: Lease, client: QualtricsClient) -> float | None:
    """Bring the export to our disk."""
    try:
        client.download_export(
            lease.survey.external_id, lease.fetch.file_id, lease.spool, progress=lambda _size: lease.renew()
        )
    except NotFound:
        return ask_again(lease)
    reach("spooled")
    size = archive.inspect(lease.spool)  # nothing of a damaged file is loaded
    lease.save(step=Fetch.Step.LOAD, bytes_total=size, attempts=0, failures=0)
    reach("downloaded")
    return None


def finish(lease: Lease, client: QualtricsClient) -> float | None:
    """Count what changed, and close the books."""
    vanished = None
    if lease.fetch.trigger == Fetch.Trigger.RECONCILE:
        if not lease.spool.exists():
            return download_again(lease)
        vanished = _mark_vanished(lease)
    complete = [int(pk) for pk in lease.fetch.covers]
    refresh_changed_days(lease.survey, after_some=partial(_refreshed_some, lease), complete=complete)
    reach("refreshed")
    closing.succeed(lease, vanished)
    return None


def _mark_vanished(lease: Lease) -> Vanished | None:
    """Mark what is not in this complete export. None if it holds a record that might be any: then nothing is marked."""
    unnamed = lease.fetch.rejected_records.filter(external_id="").exclude(reason="empty")
    if unnamed.exists() or lease.fetch.rejected > MAX_REJECTED_KEPT:
        return None
    with transaction.atomic():
        lease.save()
        found = mark_vanished(
            lease.survey,
            _exported_ids(lease),
            before_fetch=lease.fetch.pk,
            zone=Organisation.current().zone,
            recorded_since=lease.fetch.window_from,
            confirmed=lease.fetch.confirmed_gone,
        )
        if found.marked:
            lease.save(vanished=lease.fetch.vanished + found.gone)
        reach("vanished")
    return found


def _exported_ids(lease: Lease) -> Iterator[str]:
    """The ids of all records of this export, read once more from its file."""
    translator = Translator({})
    for line in archive.read_lines(lease.spool):
        if external_id := translator.translate(line).external_id:
            yield external_id


def _refreshed_some(lease: Lease) -> None:
    """A long recount is progress, too, and keeps the lease."""
    reach("refreshing")
    lease.save(attempts=0)
