"""Loading an export: lines become rows, a batch a transaction, with its checkpoint and its counts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db import connection as database

from accounts.models import Organisation
from feedback import intake
from feedback.durability import commit_soon
from feedback.models import Response, Survey
from feedback.tombstones import erased_among
from integrations.models import Fetch, RejectedRecord
from integrations.qualtrics import archive
from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.translate import Rejected, Translator
from integrations.sync.failpoints import reach
from integrations.sync.lease import Lease
from kpis.counting.refresh import refresh_changed_days

BATCH = settings.SYNC_BATCH
MAX_REJECTED_KEPT = 500
# While loading, refreshing the KPIs may take up to this share of the time.
REFRESH_SHARE = 0.2


@dataclass(slots=True)
class Batch:
    """Some lines of an export, translated; `size` in bytes, line ends included."""

    lines: int
    size: int
    good: list[intake.NewResponse] = field(default_factory=list)
    rejected: list[tuple[int, Rejected]] = field(default_factory=list)  # with the numbers of their lines


def load(lease: Lease, client: QualtricsClient) -> float | None:
    """Store what is left of the export, batch by batch, and keep the KPIs near it."""
    if not lease.spool.exists():
        return download_again(lease)
    zone = Organisation.current().zone
    # What a first fetch brings need not be looked up.
    all_new = not lease.fetch.lines_done and not Response.objects.filter(survey=lease.survey).exists()
    refresh = KpiPacer(lease.survey)
    batches = read_batches(lease)
    # SQLite lets one write at a time: what we leave free while we translate belongs to the people at their pages.
    for batch in batches if database.vendor == "sqlite" else ahead(batches):
        reach("batch_read")
        all_new = store_batch(lease, batch, zone, all_new=all_new)
        reach("batch_committed")
        refresh.now_and_then()
        if lease.is_over():
            return None
    lease.save(step=Fetch.Step.FINISH, attempts=0)
    reach("loaded")
    return None


def download_again(lease: Lease) -> float:
    """The file is on another machine's disk, or was cleaned away: bring it once more, in a turn and with a place for it."""
    failures = max(1, lease.fetch.failures)  # so that it holds no place before it has taken one
    return lease.put_back(0.0, state=Fetch.State.PENDING, step=Fetch.Step.DOWNLOAD, failures=failures)


def read_batches(lease: Lease) -> Iterator[Batch]:
    """What is left of the export, translated, some at a time."""
    translator = Translator({field: (pk, kind) for field, (pk, kind) in lease.fetch.mapping.items()})
    first = lease.fetch.lines_done + 1
    lines = archive.read_lines(lease.spool, skip=lease.fetch.lines_done)
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


def ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches; while the database takes one, another thread translates the next. That thread needs no database."""
    with ThreadPoolExecutor(1, thread_name_prefix="translating") as thread:
        coming = thread.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = thread.submit(next, batches, None)
            yield batch


def store_batch(lease: Lease, batch: Batch, zone: ZoneInfo, *, all_new: bool) -> bool:
    """Write rows, checkpoint and counts of one batch, in one transaction. Whether the next one may be taken for new, too."""
    try:
        _store(lease, batch, zone, all_new=all_new)
    except IntegrityError:
        if not all_new:
            raise
        # A response stands twice in this export, or came by another way meanwhile.
        _store(lease, batch, zone, all_new=False)
        return False
    return all_new


def _store(lease: Lease, batch: Batch, zone: ZoneInfo, *, all_new: bool) -> None:
    fetch = lease.fetch
    newest = max((r.modified_at or r.recorded_at for r in batch.good), default=None)
    by_reason = Counter(fetch.rejected_by_reason) + Counter(record.reason for _line, record in batch.rejected)
    with transaction.atomic():
        # First, so that the row is locked and an old fence ends here.
        lease.save()
        commit_soon()  # what is lost goes together with its checkpoint, and the file is kept until the books are closed
        reach("batch_begun")
        asked = [pk for pk, _kind in fetch.mapping.values()]
        stored = intake.store(lease.survey, batch.good, asked=asked, fetch_number=fetch.pk, zone=zone, all_new=all_new)
        reach("batch_stored")
        if batch.rejected and (room := MAX_REJECTED_KEPT - fetch.rejected):
            erased = erased_among(record.external_id for _line, record in batch.rejected)
            kept = [
                RejectedRecord(fetch=fetch, line=line, reason=record.reason, external_id=record.external_id)
                for line, record in batch.rejected
                if record.external_id not in erased
            ]
            RejectedRecord.objects.bulk_create(kept[: max(0, room)])
        lease.save(
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


class KpiPacer:
    """Keeps the KPIs near the data while a long load runs, without spending more than a share of the time on it."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.rest_until = time.monotonic() + 1.0

    def now_and_then(self) -> None:
        """Recount what changed, if the last recount has been paid for."""
        started = time.monotonic()
        if started < self.rest_until:
            return
        refresh_changed_days(self.survey)
        took = time.monotonic() - started
        self.rest_until = time.monotonic() + max(1.0, took * (1 - REFRESH_SHARE) / REFRESH_SHARE)
