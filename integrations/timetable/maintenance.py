"""Daily upkeep: files, ledger lines and responses that have served their time go."""

from __future__ import annotations

import logging
import shutil
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import Max, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import Organisation
from feedback import retention
from integrations.health import alerts, delivery
from integrations.models import Fetch, RejectedRecord, SurveyFeed
from integrations.troubles.isolation import Parts
from integrations.vendor import call_counts
from journeys.models import Journey, Operation
from kpis.counting.periods import day_bounds
from kpis.counting.refresh import refresh_changed_days
from kpis.people.plans import bring_in_line, note_changed_plans

logger = logging.getLogger(__name__)

# A file that is being written has no fetch that knows it yet, or one that was just made.
YOUNG = timedelta(hours=1)
_AT_ONCE = 1000


def run_maintenance() -> None:
    """Everything that is to be done once a day, each part alone. Raises `PartsFailed`."""
    with Parts() as parts:
        for duty in (
            remove_stray_files,
            remove_old_rejections,
            remove_old_ledger_lines,
            note_changed_plans,
            remove_old_operations,
            remove_old_responses,
            call_counts.forget_old_counts,
            alerts.forget_old_alerts,
            delivery.forget_old_messages,
            audit.forget_old,
        ):
            with parts.alone(duty.__name__):
                logger.info("Upkeep: %s: %d", duty.__name__, duty())


def remove_stray_files() -> int:
    """Exports on the disk that no open fetch will load, and folders of previews and comparisons that were cut short."""
    wanted = {str(uuid) for uuid in Fetch.objects.filter(state__in=Fetch.OPEN).values_list("uuid", flat=True)}
    before = time.time() - YOUNG.total_seconds()
    strays = [
        file
        for file in Path(settings.SPOOL_DIR).iterdir()
        if _fetch_of(file) not in wanted and file.stat().st_mtime < before
    ]
    with Parts() as parts:
        for file in strays:
            with parts.alone(f"file {file.name}"):
                if file.is_dir():
                    shutil.rmtree(file, ignore_errors=True)
                else:
                    file.unlink(missing_ok=True)
    return len(strays)


def _fetch_of(file: Path) -> str:
    """The fetch whose export this is; drafts of a download count as well."""
    try:
        return str(UUID(file.name[:36]))
    except ValueError:
        return ""


def remove_old_rejections() -> int:
    """Rejected records, once nobody will ask about them any more."""
    old = timezone.now() - timedelta(days=settings.KEEP_REJECTED_DAYS)
    return _remove(RejectedRecord.objects.filter(fetch__finished_at__lt=old))


def remove_old_ledger_lines() -> int:
    """Closed fetches of long ago; the latest of each survey stays."""
    old = timezone.now() - timedelta(days=settings.KEEP_LEDGER_DAYS)
    latest = SurveyFeed.objects.annotate(latest=Max("fetches")).exclude(latest=None).values("latest")
    return _remove(Fetch.objects.exclude(state__in=Fetch.OPEN).filter(finished_at__lt=old).exclude(pk__in=latest))


def remove_old_operations() -> int:
    """What was done to maps long ago; the last operation of each stays, so that numbers are never given twice."""
    old = timezone.now() - timedelta(days=settings.KEEP_OPERATIONS_DAYS)
    latest = Journey.objects.annotate(latest=Max("operations")).exclude(latest=None).values("latest")
    return _remove(Operation.objects.filter(at__lt=old).exclude(pk__in=latest).exclude(undone__in=latest))


def _remove(rows: QuerySet) -> int:
    """In pieces, so that nobody waits long for a lock."""
    removed = 0
    while some := list(rows.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]):
        rows.model.objects.filter(pk__in=some).delete()
        removed += len(some)
    return removed


def remove_old_responses() -> int:
    """Responses recorded before the days that are kept. Their days are counted first, and never recounted."""
    if not settings.RESPONSE_RETENTION_DAYS:
        return 0
    zone = Organisation.current().zone
    first_kept = (timezone.now() - timedelta(days=settings.RESPONSE_RETENTION_DAYS)).astimezone(zone).date()
    until = day_bounds(first_kept, zone)[0]
    removed = 0
    with Parts() as parts:
        for survey in retention.surveys_with_responses_before(until):
            with parts.alone(f"survey {survey.pk}"):
                refresh_changed_days(survey)
                bring_in_line(survey)
                removed += retention.purge(survey, first_kept, until)
    return removed
