"""KPIs over time: each figure is recomputed over all answers of its bucket or window, never averaged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from kpis.counting.histograms import COUNTED, Counts, usable
from kpis.counting.mapped import AS_THEY_CAME, Mapped
from kpis.counting.periods import bucket_bounds
from kpis.metrics.formulas import Formula, Measure, measure, suppress

DayCounts = Mapping[date, Counts]


@dataclass(frozen=True)
class Bucket:
    """The days from `start` to `end`, both included, as one figure; without answers it is a gap (value None)."""

    start: date
    end: date
    measure: Measure
    partial: bool = False  # still running, cut by the window, or begun before the data


def buckets(
    counts: DayCounts,
    formula: Formula,
    *,
    by: str = "week",
    first: date | None = None,
    last: date | None = None,
    today: date | None = None,
    mapping: Mapped = AS_THEY_CAME,
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
            sums.setdefault(start, _Sum()).add(*usable(of_day, formula, mapping=mapping, include=include))
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
    mapping: Mapped = AS_THEY_CAME,
    include: Collection[str] = (COUNTED,),
) -> list[Bucket]:
    """For each day the figure over all answers of the `days` that end with it; partial where some lie before the data."""
    if days < 1:
        raise ValueError("A rolling window has at least one day.")
    first, last = _span(counts, first, last, today)
    if first is None or last is None:
        return []
    series = []
    inside = _Sum()
    by_day = {day: usable(of_day, formula, mapping=mapping, include=include) for day, of_day in counts.items()}
    before = first - timedelta(days=days)
    known_from = min(first, min(counts, default=first))
    for day in _days(before + timedelta(days=1), last):
        if day in by_day:
            inside.add(*by_day[day])
        if (gone := day - timedelta(days=days)) in by_day and gone > before:
            inside.subtract(*by_day[gone])
        if day >= first:
            start = day - timedelta(days=days - 1)
            partial = start < known_from or (today is not None and day >= today)
            series.append(Bucket(start, day, inside.measure(formula), partial))
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
