"""Sums of stored histograms over spans of days, for many questions at once.

A span of years over a whole map is tens of thousands of rows, so sums are remembered. What is remembered belongs to a
version of the data: how many histograms a question has, and the highest of their keys. A recount replaces rows by new
ones with higher keys (see `refresh.py`), so a version never comes back with other contents and nothing needs to be
invalidated. (After an older backup was put back it could: clear the cache then.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

import orjson
from django.core.cache import cache
from django.db.models import Count, Max, Q, TextField
from django.db.models.functions import Cast

from kpis.counting.histograms import Counts, total
from kpis.counting.periods import bucket_bounds
from kpis.models import DayHistogram

_KEEP_SECONDS = 3600


class Span(NamedTuple):
    """Days of one question, both ends included, open where None; put together as a `whole`, or `by` week or month."""

    question_id: int
    first: date | None = None
    last: date | None = None
    by: str = "whole"

    def holds(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(slots=True)
class Sum:
    """What a span holds: the counts of each of its buckets, by first day (one bucket if it is a whole)."""

    buckets: dict[date, dict[str, dict[str, int]]] = field(default_factory=dict)
    # First and last day of each answer, by class of response.
    firsts: dict[str, dict[str, date]] = field(default_factory=dict)
    lasts: dict[str, dict[str, date]] = field(default_factory=dict)

    @property
    def counts(self) -> Counts:
        """All of it put together."""
        if len(self.buckets) == 1:
            return next(iter(self.buckets.values()))
        return total(self.buckets.values())

    def days_of(self, is_usable: Callable[[str, str], bool]) -> tuple[date | None, date | None]:
        """The first and the last day with a usable answer; `is_usable` is asked about a class and a value."""
        firsts = [day for name, days in self.firsts.items() for value, day in days.items() if is_usable(name, value)]
        lasts = [day for name, days in self.lasts.items() for value, day in days.items() if is_usable(name, value)]
        return min(firsts, default=None), max(lasts, default=None)

    def see(self, day: date, counts: Counts) -> None:
        """Take note of a day; days come in their order."""
        for response_class, histogram in counts.items():
            today = dict.fromkeys(histogram, day)
            self.firsts[response_class] = today | self.firsts.get(response_class, {})
            self.lasts.setdefault(response_class, {}).update(today)


def sums_of(spans: Iterable[Span]) -> dict[Span, Sum]:
    """The sum of every span, in two queries at most."""
    wanted = set(spans)
    if not wanted:
        return {}
    versions = _versions({span.question_id for span in wanted})
    keys = {span: _key(span, versions[span.question_id]) for span in wanted if span.question_id in versions}
    remembered = cache.get_many(keys.values())
    found = {span: remembered[key] for span, key in keys.items() if key in remembered}
    missing = [span for span in keys if span not in found]
    if missing:
        counted = _add_up(missing)
        cache.set_many({keys[span]: counted[span] for span in missing}, _KEEP_SECONDS)
        found |= counted
    return {span: found.get(span) or Sum() for span in wanted}


def by_day(question_id: int, first: date | None = None, last: date | None = None) -> dict[date, Counts]:
    """The histograms of one question, day by day."""
    rows = DayHistogram.objects.filter(_within([Span(question_id, first, last)]))
    return dict(rows.order_by("day").values_list("day", "counts"))


def _versions(question_ids: Collection[int]) -> dict[int, str]:
    rows = DayHistogram.objects.filter(question__in=question_ids).values("question_id")
    return {
        row["question_id"]: f"{row['rows']}.{row['newest']}"
        for row in rows.annotate(rows=Count("pk"), newest=Max("pk")).order_by()
    }


def _key(span: Span, version: str) -> str:
    return f"kpis.counting.sums.2:{span.question_id}:{version}:{span.first}:{span.last}:{span.by}"


def _add_up(spans: Collection[Span]) -> dict[Span, Sum]:
    of_question: dict[int, list[tuple[Span, Sum]]] = defaultdict(list)
    for span in spans:
        of_question[span.question_id].append((span, Sum()))
    # As text, because orjson reads it many times faster than the field does.
    rows = DayHistogram.objects.filter(_within(spans)).annotate(text=Cast("counts", TextField()))
    for question_id, day, text in rows.order_by("day").values_list("question_id", "day", "text"):
        counts = orjson.loads(text)
        for span, found in of_question[question_id]:
            if span.holds(day):
                _put(found.buckets.setdefault(_start(day, span), {}), counts)
                found.see(day, counts)
    return {
        span: replace(found, buckets={start: total([counts]) for start, counts in found.buckets.items()})
        for pairs in of_question.values()
        for span, found in pairs
    }


def _start(day: date, span: Span) -> date:
    return span.first or date.min if span.by == "whole" else bucket_bounds(day, span.by)[0]


def _put(into: dict[str, dict[str, int]], counts: Mapping[str, Mapping[str, int]]) -> None:
    for response_class, histogram in counts.items():
        bins = into.setdefault(response_class, {})
        for value, n in histogram.items():
            bins[value] = bins.get(value, 0) + n


def _within(spans: Collection[Span]) -> Q:
    """Rows of these questions, no older than the earliest span needs and no newer than the latest."""
    condition = Q(question__in={span.question_id for span in spans})
    firsts, lasts = [span.first for span in spans], [span.last for span in spans]
    if None not in firsts:
        condition &= Q(day__gte=min(firsts))  # type: ignore[type-var]
    if None not in lasts:
        condition &= Q(day__lte=max(lasts))  # type: ignore[type-var]
    return condition
