"""How a fetch ends, well or badly, and what the survey, its feed and its connection remember of it."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction
from django.db import connection as database
from django.db.models import F
from django.utils import timezone

from feedback import spans
from feedback.deletion_detection import Vanished
from feedback.models import Survey
from integrations.models import Connection, Fetch, SurveyFeed
from integrations.surveys import access
from integrations.sync import demand, plan
from integrations.sync.failpoints import reach
from integrations.sync.lease import Lease
from integrations.troubles.errors import (
    FileBroken,
    QualtricsError,
    UnexpectedAnswer,
)
from integrations.troubles.table import Stops, codes_that_stop, trouble_of
from integrations.vendor.clients import stop

logger = logging.getLogger(__name__)

# Too many responses were missing from a complete export: nothing was marked, and a person must look.
MASS = "mass_disappearance"


def succeed(lease: Lease, vanished: Vanished | None = None) -> None:
    """Move the watermark and close the books, in one transaction. `vanished`: what a reconciliation found."""
    fetch, feed, survey, now = lease.fetch, lease.feed, lease.survey, timezone.now()
    held = vanished is not None and not vanished.marked
    with transaction.atomic():
        lease.save(
            state=Fetch.State.PARTIAL if held or _real_rejections(fetch) else Fetch.State.DONE,
            finished_at=now,
            lease_until=None,
            error_code=MASS if held else "",
            error_detail={"gone": vanished.gone, "live": vanished.live} if vanished and held else {},
        )
        reach("ledger_closed")
        feed.modified_until = max(filter(None, (feed.modified_until, fetch.modified_until)), default=None)
        feeding = SurveyFeed.objects.values_list("connection_id", flat=True).get(pk=feed.pk)
        feed.continuation_token = fetch.next_token if feeding == lease.connection.pk else ""
        feed.continuation_token_at = fetch.started_at if feed.continuation_token else None
        feed.covered_questions = fetch.covers
        feed.failures_in_a_row = 0
        feed.look_at = now
        feed.save(
            update_fields=[
                "modified_until",
                "continuation_token",
                "continuation_token_at",
                "covered_questions",
                "failures_in_a_row",
                "look_at",
            ]
        )
        spans.update(survey)
        Survey.objects.filter(pk=survey.pk).update(
            last_good_fetch_at=now,
            failing_since=None,
            failure_code="",
            attention_code=_attention(survey, vanished),
        )
        Connection.objects.filter(pk=feed.connection_id).update(
            failures_in_a_row=0, open_until=None, last_good_call_at=now
        )
        reach("watermark")
    reach("closed")
    lease.spool.unlink(missing_ok=True)


def _attention(survey: Survey, vanished: Vanished | None) -> str:
    """A mass disappearance stays until a later reconciliation finds everything in order, or a person confirms it."""
    if vanished is not None:
        return "" if vanished.marked else MASS
    before = Survey.objects.values_list("attention_code", flat=True).get(pk=survey.pk)
    return MASS if before == MASS else ""


def _real_rejections(fetch: Fetch) -> bool:
    """Empty lines are a habit of the vendor, not a loss."""
    return any(count for reason, count in fetch.rejected_by_reason.items() if reason != "empty")


def give_up(lease: Lease, state: str, code: str, *, failed: bool = True, detail: dict | None = None) -> None:
    """Close the fetch without its data being complete; what was stored stays, the watermark does not move."""
    now = timezone.now()
    with transaction.atomic():
        lease.save(state=state, finished_at=now, lease_until=None, error_code=code, error_detail=detail or {})
        if failed:
            _remember_failure(lease, code, now, detail or {})
    lease.spool.unlink(missing_ok=True)
    logger.warning("Fetch %s ended as %s: %s", lease.fetch.uuid, state, code)


def handle_vendor_error(lease: Lease, error: QualtricsError, *, jitter: float) -> float | None:
    """What to do after an error: try again later within this fetch, or end it and say what a person must do."""
    fetch = lease.fetch
    detail = {
        "status": error.status,
        "error_code": error.error_code,
        "error_message": error.error_message[:500],
        "request_id": error.request_id,
        **{key: str(value)[:200] for key, value in error.params.items()},
    }
    if trouble_of(error.code).is_slow:  # each costs a worker half a minute or more: not only once the whole fetch fails
        _count_failure(lease.connection, timezone.now())
    if not error.permanent and fetch.failures < plan.MAX_FAILURES:
        again: dict[str, object] = {}
        if fetch.step == Fetch.Step.EXPORT:
            again["step"] = Fetch.Step.QUESTIONS  # they may be others by then
        if isinstance(error, (FileBroken, UnexpectedAnswer)) and fetch.step in (Fetch.Step.DOWNLOAD, Fetch.Step.LOAD):
            again["step"] = Fetch.Step.DOWNLOAD
        return lease.put_back(
            plan.retry_delay(fetch.failures + 1, error.retry_after, jitter),
            state=Fetch.State.WAITING,
            failures=fetch.failures + 1,
            attempts=0,
            error_code=error.code,
            error_detail=detail,
            **again,
        )
    give_up(lease, Fetch.State.FAILED, error.code, detail=detail)
    return None


def database_trouble(lease: Lease, error: Exception) -> float | None:
    """A deadlock, a lock or a lost connection: what was not committed is undone. Try again soon, but not for ever.

    If the database is away altogether, even this cannot be written: then the lease runs out and a tick finds the fetch.
    """
    fetch = lease.fetch
    logger.warning("The database failed during fetch %s: %s", fetch.uuid, error)
    try:
        if not database.in_atomic_block:
            database.close_if_unusable_or_obsolete()
        if fetch.failures >= plan.MAX_DATABASE_FAILURES:
            give_up(lease, Fetch.State.FAILED, "database_trouble")
            return None
        return lease.put_back(
            plan.database_delay(fetch.failures),
            state=Fetch.State.PENDING,
            failures=fetch.failures + 1,
            attempts=0,
            error_code="database_trouble",
        )
    except (OperationalError, InterfaceError) as further:
        logger.warning("Fetch %s is left to the next worker: %s", fetch.uuid, further)
        database.close()
        return None


def _remember_failure(lease: Lease, code: str, now: datetime, detail: dict) -> None:
    survey, feed = lease.survey, lease.feed
    Survey.objects.filter(pk=survey.pk).update(failure_code=code)
    Survey.objects.filter(pk=survey.pk, failing_since=None).update(failing_since=now)
    SurveyFeed.objects.filter(pk=feed.pk).update(failures_in_a_row=F("failures_in_a_row") + 1, look_at=now)
    trouble = trouble_of(code)
    if trouble.stops is Stops.CONNECTION:
        stop(lease.connection, code, detail)
        return
    if trouble.stops is Stops.SURVEY:
        access.note_lost(lease.connection, survey)
        Survey.objects.filter(pk=survey.pk).update(attention_code=code)
        due = demand.next_due(feed, now)
        SurveyFeed.objects.filter(pk=feed.pk).update(next_due_at=max(due, now + demand.SLOW_RECHECK) if due else None)
        return
    if not trouble.is_slow and not trouble.is_ours:
        _count_failure(lease.connection, now)


def _count_failure(connection: Connection, now: datetime) -> None:
    """One more failure of the vendor in a row. After some, the circuit opens; what failed meanwhile is tried when it closes."""
    row = Connection.objects.filter(pk=connection.pk)
    row.update(failures_in_a_row=F("failures_in_a_row") + 1)
    if delay := plan.circuit_delay(row.values_list("failures_in_a_row", flat=True).get()):
        row.update(open_until=now + delay)
        failed = SurveyFeed.objects.filter(connection=connection, failures_in_a_row__gt=0, next_due_at__gt=now + delay)
        failed.exclude(survey__attention_code__in=codes_that_stop(Stops.SURVEY)).update(next_due_at=now + delay)


def restart(connection: Connection) -> None:
    """Let a stopped connection work again, after its token was replaced; its surveys are due at once."""
    now = timezone.now()
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(
            stopped_code="", stopped_detail={}, failures_in_a_row=0, open_until=None
        )
        Survey.objects.filter(feed__connection=connection, attention_code__in=codes_that_stop(Stops.CONNECTION)).update(
            attention_code=""
        )
        SurveyFeed.objects.filter(connection=connection).exclude(next_due_at=None).update(next_due_at=now, look_at=now)
    connection.refresh_from_db()
