"""What this app does when a lower one tells it something."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from feedback.models import Survey
from feedback.signals import demand_changed
from kpis.counting.notes import note_look


@receiver(demand_changed, dispatch_uid="kpis.look_at_plan")
def look_at_plan(sender: Any, survey: Survey, **_rest: Any) -> None:
    """Other questions of the survey may meet in a KPI now."""
    note_look(survey)
