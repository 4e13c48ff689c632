"""Counts a survey's responses from scratch, plainly and slowly, to hold the stored histograms against it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from accounts.models import Organisation
from feedback.models import Question, Response, Survey
from kpis.counting.histograms import Counts, value_key
from kpis.counting.periods import day_bounds
from kpis.counting.refresh import COMMENT
from kpis.models import DayHistogram

Days = dict[tuple[int, date], Counts]


@dataclass(frozen=True, slots=True)
class Difference:
    """A day of a question whose stored histogram is not what its responses say."""

    question: int
    day: date
    stored: Counts
    recounted: Counts


def recount(survey: Survey) -> Days:
    """{(question, local day): counts}, of all live responses."""
    zone = Organisation.current().zone
    kinds = dict(Question.objects.filter(survey=survey).values_list("pk", "kind"))
    days: dict[tuple[int, date], dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    rows = Response.objects.filter(survey=survey, deleted_at=None)
    for moment, response_kind, answers in rows.values_list("recorded_at", "kind", "answers").iterator():
        for question, value in answers.items():
            if kind := kinds.get(int(question)):
                bins = days[int(question), moment.astimezone(zone).date()][response_kind]
                bins.update(_keys(kind, value))
    return {key: {name: dict(bins) for name, bins in classes.items()} for key, classes in days.items()}


def _keys(kind: str, value: object) -> list[str]:
    if kind == Question.Kind.TEXT:
        return [COMMENT if value else ""]
    return [value_key(each) for each in (value if isinstance(value, list) else [value])]


def differences(survey: Survey) -> Iterator[Difference]:
    """Where the stored histograms differ. Days whose responses were purged keep what was counted, and are left out."""
    zone = Organisation.current().zone
    true = recount(survey)
    rows = DayHistogram.objects.filter(question__survey=survey).values_list("question_id", "day", "counts")
    stored: Days = {(question, day): counts for question, day, counts in rows}
    for question, day in sorted(true.keys() | stored.keys()):
        if survey.purged_until and day_bounds(day, zone)[0] < survey.purged_until:
            continue
        if stored.get((question, day), {}) != true.get((question, day), {}):
            yield Difference(question, day, stored.get((question, day), {}), true.get((question, day), {}))
