"""From when to when a survey's stored responses reach: two facts about its rows that are kept with the survey."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import Max, Min

from feedback.models import Response, Survey


class Span(NamedTuple):
    """When the first and the last stored response were recorded; None where there is none."""

    first: datetime | None
    last: datetime | None


def of(survey: Survey) -> Span:
    """Read both ends from the rows: each is one look into the index, not a scan."""
    return Span(**Response.objects.filter(survey=survey).aggregate(first=Min("recorded_at"), last=Max("recorded_at")))


def update(survey: Survey) -> None:
    """Keep both ends with the survey, as the rows are now: for whoever adds or removes some."""
    span = of(survey)
    Survey.objects.filter(pk=survey.pk).update(first_response_at=span.first, last_response_at=span.last)
