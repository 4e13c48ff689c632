"""Decides which questions of a survey are counted together: those that can meet in a KPI, and no others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations
from typing import Any

from django.db import transaction
from django.db.models import Count

from feedback.models import FeedbackItem, Survey
from journeys.models import Journey
from kpis.counting import notes
from kpis.counting.together import Column, Usable, count_noted
from kpis.models import Counting, DayHistogram, JointDay, JointPlan
from kpis.scoring.scores import formula_of, mapping_of

_MOST_COLUMNS = 128
_MOST_PAIRS = 66  # twelve questions, each two of them
_SAME_STAGE, _SAME_JOURNEY, _SAME_FAMILY = range(3)

Wanted = tuple[list[dict[str, Any]], list[list[int]]]  # columns and pairs, as a plan stores them


def bring_in_line(survey: Survey) -> bool:
    """Make the survey's plan what its items need, and count what is noted; whether nothing is left to do."""
    _look(survey)
    return count_noted(survey)


def note_changed_plans() -> int:
    """Have those plans looked at that do not fit their items: maps change without a word to their surveys. How many."""
    several = (
        FeedbackItem.objects.filter(**_COUNTING).values("survey").annotate(questions=Count("question", distinct=True))
    )
    keys = {row["survey"] for row in several if row["questions"] > 1} | set(
        JointPlan.objects.values_list("survey", flat=True)
    )
    changed = [survey for survey in Survey.objects.filter(pk__in=keys) if _newest(survey) != wanted(survey)]
    for survey in changed:
        notes.note_look(survey)
    return len(changed)


def _look(survey: Survey) -> None:
    """Make another plan where the items need one. In one transaction, in which no refresh counts: none of its days is missed."""
    looks = list(JointDay.objects.filter(survey=survey, day=None).values_list("pk", flat=True))
    if _newest(survey) != wanted(survey):
        with transaction.atomic():
            # The first refresh of all asks for another look.
            is_counted = Counting.objects.select_for_update().filter(survey=survey).first() is not None
            if is_counted and _newest(survey) != (needed := wanted(survey)):
                _replace(survey, needed)
    JointDay.objects.filter(pk__in=looks).delete()


def _newest(survey: Survey) -> Wanted | None:
    plan = JointPlan.objects.filter(survey=survey).order_by("number").last()
    return (plan.questions, plan.pairs) if plan else None


def _replace(survey: Survey, needed: Wanted | None) -> None:
    former = JointPlan.objects.filter(survey=survey).order_by("number")
    if needed is None:
        former.delete()
        return
    number = max((plan.number for plan in former), default=0) + 1
    former.filter(complete=False).delete()
    questions, pairs = needed
    JointPlan.objects.create(survey=survey, number=number, questions=questions, pairs=pairs)
    days = DayHistogram.objects.filter(question__survey=survey).values_list("day", flat=True).distinct()
    notes.note_all(survey, days)


_COUNTING = {
    "origin": FeedbackItem.Origin.SURVEY,
    "chosen_state__in": [FeedbackItem.Chosen.RETRIEVING, FeedbackItem.Chosen.PAUSED],
    "question__isnull": False,
    "survey__isnull": False,
}


def wanted(survey: Survey) -> Wanted | None:
    """What the survey's items need; None where no two of its questions can meet in a KPI."""
    items = list(
        FeedbackItem.objects.filter(**_COUNTING, survey=survey).select_related("question", "card__lane").order_by("pk")
    )
    if len({item.question_id for item in items}) < 2:
        return None
    parents = dict(Journey.objects.order_by().values_list("pk", "parent_id"))
    meeting: dict[Any, set[tuple[Column, int, int, int]]] = defaultdict(set)
    for item in items:
        formula = formula_of(item)
        if formula is not None and item.question_id is not None:
            journey = item.card.lane.journey_id
            column = Column(item.question_id, Usable.of(formula, mapping_of(item)))
            meeting[formula, _root(journey, parents)].add((column, item.card.stage_id, journey, item.pk))
    nearness: dict[tuple[Column, Column], int] = {}
    for places in meeting.values():
        for one, other in combinations(sorted(places, key=lambda place: (_order(place[0]), place[3])), 2):
            if one[0].question != other[0].question:
                near = _SAME_STAGE if one[1] == other[1] else _SAME_JOURNEY if one[2] == other[2] else _SAME_FAMILY
                pair = (one[0], other[0])
                nearness[pair] = min(near, nearness.get(pair, near))
    columns = sorted({column for pair in nearness for column in pair}, key=_order)[:_MOST_COLUMNS]
    if not columns:
        return None
    place_of = {column: place for place, column in enumerate(columns)}
    nearest = sorted(nearness, key=lambda pair: (nearness[pair], *map(_order, pair)))
    pairs = [[place_of[one], place_of[other]] for one, other in nearest if one in place_of and other in place_of]
    return [column.as_json() for column in columns], pairs[:_MOST_PAIRS]


def _order(column: Column) -> tuple[int, str]:
    return column.question, repr(column.usable)


def _root(journey: int, parents: Mapping[int, int | None]) -> int:
    seen = {journey}
    while (parent := parents.get(journey)) is not None and parent not in seen:
        journey = parent
        seen.add(journey)
    return journey
