"""Counts answers of the same people together, by survey and day: which set of questions they answered, and which two answers
they gave to pairs of them. What is counted, a plan says (`kpis/people/plans.py`); which days, the notes of the refresh.

It is the work of a task behind everything else: as long as a day is not counted, its answers count as wholly dependent.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import orjson
from django.db import transaction
from django.db.models import F

from accounts.models import Organisation
from feedback.durability import commit_soon
from feedback.mapping.values import number, value_key
from feedback.models import Survey
from kpis.counting.histograms import COUNTED, MIXED, UNFINISHED, Scale, is_usable
from kpis.counting.keeping import read
from kpis.counting.mapped import Mapped
from kpis.counting.periods import day_bounds
from kpis.counting.refresh import _answers as answers_between
from kpis.counting.refresh import first_countable_day
from kpis.models import Counting, Joint, JointDay, JointPlan

CLASSES = (COUNTED, UNFINISHED)  # that an item may count
_DAYS_AT_ONCE = 20
_NOTES_AT_ONCE = 500
_SLICE = 20.0  # seconds

# {class: {"sets": {mask: people}, "pairs": {"0.1": {answer: {answer: people}}}}}
Counts = dict[str, dict[str, dict[str, Any]]]


class Ends(Scale, Protocol):
    """A scale with its two ends; a `Formula` is one."""

    @property
    def scale_min(self) -> float | None: ...

    @property
    def scale_max(self) -> float | None: ...


class Usable(NamedTuple):
    """Which raw answers to a question a KPI uses: `codes`, where its choices stand for values of their own; else numbers between
    two ends (None: open) but those left out."""

    low: float | None = None
    high: float | None = None
    left_out: tuple[str, ...] = ()
    codes: tuple[str, ...] | None = None

    @classmethod
    def of(cls, scale: Ends, mapping: Mapped) -> Usable:
        """Those that `is_usable` lets pass; not the mixed ones, which have no place on a scale."""
        if mapping.are_codes:
            return cls(scale.scale_min, scale.scale_max, tuple(sorted(mapping.left_out)))
        used = (
            code
            for code, value in mapping.values.items()
            if value != MIXED and is_usable(COUNTED, code, scale, mapping=mapping, include=(COUNTED,))
        )
        return cls(codes=tuple(sorted(used)))

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Usable:
        """From a plan."""
        if "codes" in stored:
            return cls(codes=tuple(stored["codes"]))
        return cls(stored["low"], stored["high"], tuple(stored["left_out"]))

    def as_json(self) -> dict[str, Any]:
        """For a plan."""
        if self.codes is not None:
            return {"codes": list(self.codes)}
        return {"low": self.low, "high": self.high, "left_out": list(self.left_out)}

    def holds(self, code: str) -> bool:
        if self.codes is not None:
            return code in self.codes
        exact = number(code)
        if exact is None or code in self.left_out:
            return False
        return (self.low is None or exact >= self.low) and (self.high is None or exact <= self.high)


@dataclass(frozen=True)
class Column:
    """A place in a plan: a question, with what is used of it."""

    question: int
    usable: Usable

    def as_json(self) -> dict[str, Any]:
        return {"question": self.question, "usable": self.usable.as_json()}


def columns_of(plan: JointPlan) -> list[Column]:
    """The places of a plan, in their order."""
    return [Column(row["question"], Usable.read(row["usable"])) for row in plan.questions]


def surveys_to_count(most: int) -> list[int]:
    """The keys of surveys with notes."""
    return list(JointDay.objects.order_by("survey").values_list("survey", flat=True).distinct()[:most])


def count_noted(survey: Survey) -> bool:
    """Count the noted days, oldest notes first, some a transaction; whether nothing is left. Ends after some seconds."""
    zone, until = Organisation.current().zone, time.monotonic() + _SLICE
    while time.monotonic() < until:
        with transaction.atomic():
            commit_soon()
            if not _count_some(survey, zone):
                return True
    return False


def _count_some(survey: Survey, zone: ZoneInfo) -> int:
    # Whoever counts holds the plans, so that the later one, which sees more, has the last word.
    plans = list(JointPlan.objects.select_for_update().filter(survey=survey).order_by("number"))
    noted = JointDay.objects.filter(survey=survey).exclude(day=None)
    if not plans:
        noted.delete()
        return 0
    plan = plans[-1]
    oldest = noted.order_by("pk").values_list("day", flat=True)[:_NOTES_AT_ONCE]
    days: list[Any] = list(dict.fromkeys(oldest))[:_DAYS_AT_ONCE]
    if not days:
        if not plan.complete:
            _put_in_use(plan, zone)
        return 0
    # A note that arrives from now on is not among these and stays for the next round.
    notes = list(noted.filter(day__in=days).values_list("pk", flat=True))
    first = first_countable_day(read(survey, hold=False), zone)
    days = [day for day in days if day >= first]  # of the others what was counted stays
    Joint.objects.filter(plan=plan, day__in=days).delete()
    count = Count(plan)
    Joint.objects.bulk_create(
        Joint(survey=survey, plan=plan, day=day, counts=orjson.dumps(found).decode())
        for day in days
        if (found := count.of(answers_between(survey, *day_bounds(day, zone))))
    )
    for start in range(0, len(notes), 500):
        JointDay.objects.filter(pk__in=notes[start : start + 500]).delete()
    if plan.complete:
        _note_version(survey)
    return len(notes)


def _put_in_use(plan: JointPlan, zone: ZoneInfo) -> None:
    """Let this plan replace the former ones, but for the days that only they could count."""
    survey = plan.survey
    former = JointPlan.objects.filter(survey=survey, number__lt=plan.number)
    Joint.objects.filter(plan__in=former, day__gte=first_countable_day(read(survey, hold=False), zone)).delete()
    former.filter(joints=None).delete()
    JointPlan.objects.filter(pk=plan.pk).update(complete=True)
    _note_version(survey)


def _note_version(survey: Survey) -> None:
    """Whoever shows the numbers asks whether it is still the same."""
    Counting.objects.filter(survey=survey).update(version=F("version") + 1)


class Count:
    """Counts responses by a plan."""

    def __init__(self, plan: JointPlan) -> None:
        self._columns = columns_of(plan)
        self._questions = list(dict.fromkeys(str(column.question) for column in self._columns))
        place_of = {question: place for place, question in enumerate(self._questions)}
        self._places = [place_of[str(column.question)] for column in self._columns]
        self._pairs = [(f"{one}.{other}", one, other) for one, other in plan.pairs]
        self._known: list[dict[Any, str | None]] = [{} for _ in self._columns]

    def of(self, rows: Iterable[tuple[str, str]]) -> Counts:
        """`rows`: (class, answers of responses as JSON texts with commas between). Only what holds somebody."""
        found: dict[str, Counter[tuple[Any, ...]]] = {}
        for name, text in rows:
            if name in CLASSES:
                given = found.setdefault(name, Counter())
                given.update(map(self._given, orjson.loads(f"[{text}]")))
        counted = {name: self._counted(given) for name, given in found.items()}
        return {name: counts for name, counts in counted.items() if counts["sets"]}

    def _given(self, answers: Mapping[str, Any]) -> tuple[Any, ...]:
        values = (answers.get(question) for question in self._questions)
        return tuple(None if isinstance(value, list) else value for value in values)

    def _counted(self, given: Mapping[tuple[Any, ...], int]) -> dict[str, dict[str, Any]]:
        sets: dict[str, int] = {}
        pairs: dict[str, dict[str, dict[str, int]]] = {}
        for answers, n in given.items():
            values = [self._usable(place, answers[source]) for place, source in enumerate(self._places)]
            mask = sum(1 << place for place, value in enumerate(values) if value is not None)
            if mask:
                key = f"{mask:x}"
                sets[key] = sets.get(key, 0) + n
                for name, one, other in self._pairs:
                    if (a := values[one]) is not None and (b := values[other]) is not None:
                        bins = pairs.setdefault(name, {}).setdefault(a, {})
                        bins[b] = bins.get(b, 0) + n
        return {"sets": sets, "pairs": pairs}

    def _usable(self, place: int, value: Any) -> str | None:
        known = self._known[place]
        if value not in known:
            key = value_key(value)
            known[value] = key if self._columns[place].usable.holds(key) else None
        return known[value]


def add_up(many: Iterable[Counts]) -> Counts:
    """The sum of several days."""
    total: Counts = {}
    for counts in many:
        for name, parts in counts.items():
            into = total.setdefault(name, {"sets": {}, "pairs": {}})
            _put(into["sets"], parts["sets"])
            for pair, rows in parts["pairs"].items():
                of_pair = into["pairs"].setdefault(pair, {})
                for answer, bins in rows.items():
                    _put(of_pair.setdefault(answer, {}), bins)
    return total


def _put(into: dict[str, int], bins: Mapping[str, int]) -> None:
    for key, n in bins.items():
        into[key] = into.get(key, 0) + n


def plan_in_use(survey: Survey) -> JointPlan | None:
    """The newest complete plan."""
    return JointPlan.objects.filter(survey=survey, complete=True).order_by("number").last()


def stored(plan: JointPlan) -> dict[date, Counts]:
    """What is stored by this plan."""
    rows = Joint.objects.filter(plan=plan)
    return {day: orjson.loads(text) for day, text in rows.values_list("day", "counts")}
