"""Notes that days of a survey are to be counted together anew: left by the refresh in its transaction, see `together.py`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from feedback.models import Survey
from kpis.models import Joint, JointDay, JointPlan


def note(survey: Survey, days: Iterable[date]) -> None:
    """Have these days counted together; where the survey has no plan, have it looked whether it needs one."""
    if JointPlan.objects.filter(survey=survey).exists():
        JointDay.objects.bulk_create(JointDay(survey=survey, day=day) for day in sorted(days))
    else:
        note_look(survey)


def note_all(survey: Survey, days: Iterable[date]) -> None:
    """The same for all of a survey: these days, and those that were counted before."""
    note(survey, {*days, *Joint.objects.filter(survey=survey).values_list("day", flat=True)})


def note_look(survey: Survey) -> None:
    """Have it looked whether the survey's plan is still the right one."""
    if not JointDay.objects.filter(survey=survey, day=None).exists():
        JointDay.objects.create(survey=survey)
