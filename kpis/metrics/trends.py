"""KPIs over time, and verdicts: each figure is recomputed over all answers of its bucket or window, never averaged."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from kpis.counting.histograms import COUNTED, Counts, usable
from kpis.counting.periods import bucket_bounds
from kpis.metrics.formulas import Formula, Measure, measure, suppress
from kpis.metrics.student import Z95

COMPARABLE_FROM = 10  # answers on both sides; with fewer, no change can be told

DayCounts = Mapping[date, Counts]


@dataclass(frozen=True)
class Bucket:
    """The days from `start` to `end`, both included, as one figure; without answers it is a gap (value None)."""

    start: date
    end: date
    measure: Measure
    partial: bool = False  # still running, or cut by the window


def buckets(
    counts: DayCounts,
    formula: Formula,
    *,
    by: str = "week",
    first: date | None = None,
    last: date | None = None,
    today: date | None = None,
    not_applicable: Collection[str] = frozenset(),
    include: Collection[str] = (COUNTED,),
) -> list[Bucket]:
    """The series by day, ISO week or month, from `first` to `last` (by default what has data), none after `today`."""
    first, last = _span(counts, first, last, today)
    if first is None or last is None:
        return []
    sums: dict[date, _Sum] = {}
    for day, of_day in counts.items():
        if first <= day <= last:
            start = bucket_bounds(day, by)[0]
            sums.setdefault(start, _Sum()).add(*usable(of_day, formula, not_applicable=not_applicable, include=include))
    series = []
    day = first
    while day <= last:
        start, end = bucket_bounds(day, by)
        running = today is not None and end >= today
        series.append(
            Bucket(
                start=max(start, first),
                end=min(end, last),
                measure=sums.get(start, _Sum()).measure(formula),
                partial=running or start < first or end > last,
            )
        )
        day = end + timedelta(days=1)
    return series


def rolling(
    counts: DayCounts,
    formula: Formula,
    *,
    days: int,
    first: date | None = None,
    last: date | None = None,
    today: date | None = None,
    not_applicable: Collection[str] = frozenset(),
    include: Collection[str] = (COUNTED,),
) -> list[Bucket]:
    """For each day the figure over all answers of the `days` that end with it."""
    if days < 1:
        raise ValueError("A rolling window has at least one day.")
    first, last = _span(counts, first, last, today)
    if first is None or last is None:
        return []
    series = []
    inside = _Sum()
    by_day = {
        day: usable(of_day, formula, not_applicable=not_applicable, include=include) for day, of_day in counts.items()
    }
    before = first - timedelta(days=days)
    for day in _days(before + timedelta(days=1), last):
        if day in by_day:
            inside.add(*by_day[day])
        if (gone := day - timedelta(days=days)) in by_day and gone > before:
            inside.subtract(*by_day[gone])
        if day >= first:
            start = day - timedelta(days=days - 1)
            series.append(Bucket(start, day, inside.measure(formula), partial=today is not None and day >= today))
    return series


def suppress_buckets(series: Iterable[Bucket], threshold: int | None) -> list[Bucket]:
    """The series as it may be shown: buckets with too few answers become gaps that tell their n only."""
    return [replace(bucket, measure=suppress(bucket.measure, threshold)) for bucket in series]


class _Sum:
    """Answers put together."""

    def __init__(self) -> None:
        self.histogram: Counter[str] = Counter()
        self.excluded: Counter[str] = Counter()

    def add(self, histogram: Mapping[str, int], excluded: Mapping[str, int]) -> None:
        self.histogram.update(histogram)
        self.excluded.update(excluded)

    def subtract(self, histogram: Mapping[str, int], excluded: Mapping[str, int]) -> None:
        self.histogram.subtract(histogram)
        self.excluded.subtract(excluded)

    def measure(self, formula: Formula) -> Measure:
        return measure(formula, {value: n for value, n in self.histogram.items() if n}, self.excluded)


def _span(
    counts: DayCounts, first: date | None, last: date | None, today: date | None
) -> tuple[date | None, date | None]:
    first = first or min(counts, default=None)
    last = last or max(counts, default=None)
    if last is not None and today is not None:
        last = min(last, today)
    return first, last


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


@dataclass(frozen=True)
class Change:
    """Against the previous period: `up`, `down`, `none` (no detectable change) or `unknown` (nothing to compare)."""

    kind: str
    delta: float | None = None  # now minus before, in the value's unit
    z: float | None = None  # None also where neither side has any spread

    def is_good(self, formula: Formula) -> bool | None:
        """Whether the change is good news; None without a change."""
        return (self.kind == "up") == formula.higher_is_better if self.kind in ("up", "down") else None


def compare(now: Measure, before: Measure) -> Change:
    """A change is one only if it is larger than chance explains, with enough answers on both sides."""
    if now.value is None or before.value is None or now.n is None or before.n is None:
        return Change("unknown")
    delta = now.value - before.value
    if now.se is None or before.se is None:
        return Change("none", delta)  # a single answer
    error = math.hypot(now.se, before.se)
    z = delta / error if error else None
    beyond_chance = abs(z) >= Z95 if z is not None else delta != 0
    if now.n < COMPARABLE_FROM or before.n < COMPARABLE_FROM or not beyond_chance:
        return Change("none", delta, z)
    return Change("up" if delta > 0 else "down", delta, z)


def judge(measure: Measure, target: float, direction: str = "at_least") -> str:
    """`met` or `missed` if the whole interval is on that side of the target, else `undecided`; or `no_data`.

    A value that just reaches the target meets it.
    """
    if direction not in ("at_least", "at_most"):
        raise ValueError(f"There is no direction {direction!r}.")
    if measure.value is None:
        return "no_data"
    if measure.ci95 is None:
        return "undecided"
    low, high = measure.ci95
    if direction == "at_most":
        low, high, target = -high, -low, -target
    if low >= target:
        return "met"
    return "missed" if high < target else "undecided"
