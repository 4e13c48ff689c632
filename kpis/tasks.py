"""What Celery calls for the numbers. A message says only "look at this survey"; losing one, or getting it twice, does no harm."""

from __future__ import annotations

from celery import shared_task

from feedback.models import Survey
from kpis.people.plans import bring_in_line


@shared_task
def count_people(survey: int) -> None:
    """Count a while which answers of a survey came from the same people; the tick wakes again for the rest."""
    if found := Survey.objects.filter(pk=survey).first():
        bring_in_line(found)
