"""Removes responses that are older than they may be. What was counted of them stays counted: see `kpis/counting/refresh.py`."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from feedback import spans
from feedback.models import ChangedDay, Response, Survey

_AT_ONCE = 1000


def surveys_with_responses_before(until: datetime) -> list[Survey]:
    """Surveys that a purge would change."""
    earlier = Q(purged_until=None) | Q(purged_until__lt=until)
    return list(Survey.objects.filter(earlier, first_response_at__lt=until))


def purge(survey: Survey, first_kept: date, until: datetime) -> int:
    """Remove the survey's responses recorded before `until`, the start of the local day `first_kept`; the number removed.

    The mark is set first, with the last notes of those days gone: from then on these days are not recounted, and what a
    later export brings of them is not stored. A purge that is cut short is finished by the next one.
    """
    with transaction.atomic():
        if ChangedDay.objects.filter(survey=survey, day__lt=first_kept).exists():
            return 0  # something came in between: its day is counted first, the purge is for tomorrow
        Survey.objects.filter(pk=survey.pk).update(purged_until=until)
    removed = 0
    while some := list(
        Response.objects.filter(survey=survey, recorded_at__lt=until).values_list("pk", flat=True)[:_AT_ONCE]
    ):
        Response.objects.filter(pk__in=some).delete()
        removed += len(some)
    spans.update(survey)
    return removed
