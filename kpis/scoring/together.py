"""Reads what is known of people who answered several questions, for the window of a set of items.

Days are stored; months of them are remembered under the newest key of their rows, which a recount replaces by higher ones. So
two years of a large survey are added up again only where something was counted (measured: 731 days of 15 pairs take 0.2 s).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import orjson
from django.core.cache import cache
from django.db.models import Count, Max, Min, Q
from django.db.models.functions import TruncMonth

from kpis.counting.mapped import Mapped
from kpis.counting.periods import Window, bucket_bounds
from kpis.counting.together import Column, Counts, Usable, add_up, columns_of
from kpis.metrics.consolidation import Part
from kpis.metrics.respondents import NOBODY, Together
from kpis.models import Joint, JointPlan

_KEEP_SECONDS = 3600


class Piece(NamedTuple):
    """Days of a plan, within one month, between two days on which an item begins to count."""

    plan: int
    first: date
    last: date
    version: str


@dataclass(frozen=True)
class _Asked:
    """A question of a KPI: what is used of it, what it stands for, in which classes of responses, on which days (open: None)."""

    column: Column
    mapping: Mapped
    classes: frozenset[str]
    first: date | None
    last: date | None


class Respondents:
    """The joint counts of some surveys in a window, read once, in three queries at most."""

    def __init__(self, surveys: Iterable[Any], window: Window, cuts: Iterable[date]) -> None:
        """`cuts`: days on which something begins to count."""
        plans = JointPlan.objects.filter(survey__in=set(surveys), complete=True)
        self._plans = {plan.pk: (plan.survey_id, columns_of(plan)) for plan in plans}
        self._counts: Mapping[Piece, Counts] = _read(self._plans, window, sorted(set(cuts))) if self._plans else {}

    def together(self, parts: Sequence[Part]) -> Together:
        """What is known of the people behind these parts of one formula."""
        asked = _asked(parts)
        surveys = {part.survey_key for part in parts}
        sets: dict[frozenset[Any], int] = defaultdict(int)
        pairs: dict[tuple[Any, Any], dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
        for piece, counts in self._counts.items():
            survey, columns = self._plans[piece.plan]
            if survey not in surveys:
                continue
            for name, found in counts.items():
                here = [_question(column, asked, name, piece) for column in columns]
                for mask, n in found["sets"].items():
                    bits = int(mask, 16)
                    answered = {q for place, q in enumerate(here) if q is not None and bits >> place & 1}
                    if answered:
                        sets[frozenset(answered)] += n
                for pair, rows in found["pairs"].items():
                    one, other = (here[int(place)] for place in pair.split("."))
                    if one is not None and other is not None:
                        into = pairs[one, other]
                        ours, theirs = asked[one].mapping, asked[other].mapping
                        for code, bins in rows.items():
                            value = ours.value_of(code) or code
                            for answer, n in bins.items():
                                into[value, theirs.value_of(answer) or answer] += n
        return Together(sets, pairs) if sets else NOBODY


def _asked(parts: Sequence[Part]) -> dict[Any, _Asked]:
    """By question. Of a question that was replaced only the days before its successor is counted: those hold both."""
    of_question: dict[Any, list[Part]] = defaultdict(list)
    for part in parts:
        if part.question_key is not None and part.manual is None:
            of_question[part.question_key].append(part)
    found = {}
    for question, mine in of_question.items():
        firsts = [part.first for part in mine]
        later = [
            part.first or date.min
            for part in parts
            if part.chain is not None and part.chain == mine[0].chain and part.place > mine[0].place
        ]
        found[question] = _Asked(
            Column(question, Usable.of(mine[0].formula, mine[0].mapping)),
            mine[0].mapping,
            frozenset().union(*(part.include for part in mine)),
            None if None in firsts else min(first for first in firsts if first),
            min(later) if later else None,
        )
    return found


def _question(column: Column, asked: Mapping[Any, _Asked], name: str, piece: Piece) -> int | None:
    """The question of a column, if the KPI counts it in this class and piece."""
    found = asked.get(column.question)
    if found is None or found.column != column or name not in found.classes:
        return None
    if (found.first and piece.first < found.first) or (found.last and piece.first >= found.last):
        return None
    return column.question


def _read(plans: Iterable[int], window: Window, cuts: Sequence[date]) -> dict[Piece, Counts]:
    rows = Joint.objects.filter(plan__in=list(plans), segment=0)
    if window.start:
        rows = rows.filter(day__gte=window.start)
    if window.end:
        rows = rows.filter(day__lte=window.end)
    months = (
        rows.annotate(month=TruncMonth("day"))
        .values("plan_id", "month")
        .annotate(n=Count("pk"), newest=Max("pk"), first=Min("day"), last=Max("day"))
        .order_by()
    )
    pieces = [piece for month in months for piece in _pieces(month, cuts)]
    keys = {piece: "kpis.scoring.together.1:{}:{}:{}:{}".format(*piece) for piece in pieces}
    remembered = cache.get_many(keys.values())
    found = {piece: remembered[key] for piece, key in keys.items() if key in remembered}
    missing = [piece for piece in pieces if piece not in found]
    if missing:
        of_month: dict[tuple[int, date], list[Piece]] = defaultdict(list)
        for piece in missing:
            of_month[piece.plan, piece.first.replace(day=1)].append(piece)
        days: dict[Piece, list[Counts]] = {piece: [] for piece in missing}
        span = Q(day__gte=min(piece.first for piece in missing), day__lte=max(piece.last for piece in missing))
        for plan, day, text in rows.filter(span, plan__in={piece.plan for piece in missing}).values_list(
            "plan_id", "day", "counts"
        ):
            for piece in of_month.get((plan, day.replace(day=1)), ()):
                if piece.first <= day <= piece.last:
                    days[piece].append(orjson.loads(text))
        counted = {piece: add_up(counts) for piece, counts in days.items()}
        cache.set_many({keys[piece]: counts for piece, counts in counted.items()}, _KEEP_SECONDS)
        found |= counted
    return found


def _pieces(month: Mapping[str, Any], cuts: Sequence[date]) -> Iterable[Piece]:
    """A month in pieces, no one of them across a cut."""
    first, end = month["first"], bucket_bounds(month["first"], "month")[1]
    version = f"{month['n']}.{month['newest']}"
    for cut in [cut for cut in cuts if first < cut <= end]:
        yield Piece(month["plan_id"], first, cut - timedelta(days=1), version)
        first = cut
    yield Piece(month["plan_id"], first, month["last"], version)
