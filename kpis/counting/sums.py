"""Sums of stored histograms over spans of days, for many questions at once: every figure that anybody sees is made of these.

Without a threshold they are sums of days. With one they are sums of whole blocks (see `blocks.py`), and no day is read: a
block is in a span if its last day is, so that spans side by side share nothing and lose nothing.

A span of years over a whole map is tens of thousands of rows, so sums are remembered. What is remembered belongs to a
version of the data: how many histograms a question has, and the highest of their keys. A recount replaces rows by new
ones with higher keys (see `refresh.py`), so a version never comes back with other contents and nothing needs to be
invalidated. (After an older backup was put back it could: clear the cache then.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

import orjson
from django.core.cache import cache
from django.db.models import Count, Max, Q, TextField
from django.db.models.functions import Cast

from kpis.counting.histograms import COUNTED, MIXED, UNFINISHED, Counts, Scale, total, usable
from kpis.counting.mapped import AS_THEY_CAME, Mapped
from kpis.counting.periods import bucket_bounds
from kpis.models import Block, DayHistogram, Stream

_KEEP_SECONDS = 3600


class Reading(NamedTuple):
    """How an item reads answers: it does not use a block in which fewer than the threshold count by its rules."""

    scale: Scale
    mapping: Mapped = AS_THEY_CAME
    include: tuple[str, ...] = (COUNTED,)

    def usable_in(self, bins: Mapping[str, int]) -> int:
        found, _ = usable({COUNTED: bins}, self.scale, mapping=self.mapping)
        return sum(n for value, n in found.items() if value != MIXED)


class Span(NamedTuple):
    """Days of one question, both ends included, open where None; put together as a `whole`, or `by` week or month.

    `since`: the item's own first day, if it has one. A block that begins before is none of it, even if it ends in the span.
    """

    question_id: int
    first: date | None = None
    last: date | None = None
    by: str = "whole"
    since: date | None = None
    reading: Reading | None = None

    def holds(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def holds_block(self, first: date, last: date) -> bool:
        return self.holds(last) and (self.since is None or self.since <= first)

    def includes(self, kind: str) -> bool:
        return kind in (self.reading.include if self.reading else (COUNTED,))

    def usable_in(self, bins: Mapping[str, int]) -> int:
        """How many of a block's answers count."""
        return self.reading.usable_in(bins) if self.reading else sum(n for value, n in bins.items() if value)


@dataclass(slots=True)
class InBlocks:
    """Which days the blocks have that a sum is made of, and how many usable answers are in none of them."""

    first: date | None = None
    last: date | None = None
    waiting: dict[date, int] = field(default_factory=dict)
    late: dict[date, int] = field(default_factory=dict)
    corrections: int = 0
    being_prepared: bool = False
    threshold: int = 0
    pks: list[int] = field(default_factory=list)

    @classmethod
    def together(cls, questions: Iterable[Sequence[InBlocks]]) -> InBlocks:
        """Of several questions, each as several items see it; an answer that waits for all of these waits once."""
        whole = cls()
        for items in questions:
            for room, ours in (("waiting", whole.waiting), ("late", whole.late)):
                days = {day for each in items for day in getattr(each, room)}
                for day in days:
                    ours[day] = ours.get(day, 0) + max(getattr(each, room).get(day, 0) for each in items)
            whole.corrections += max(each.corrections for each in items)
            whole.being_prepared |= any(each.being_prepared for each in items)
            for each in items:
                whole.threshold = each.threshold
                if each.first and each.last:
                    whole.see(each.first, each.last)
        return whole

    @property
    def hides(self) -> bool:
        """Whether there are answers that are not shown."""
        return self.being_prepared or bool(self.waiting or self.late)

    @property
    def earliest(self) -> date | None:
        """The first day of which there are answers, shown or waiting."""
        return min([*self.waiting, *self.late, *([self.first] if self.first else [])], default=None)

    def see(self, first: date, last: date) -> None:
        self.first = min(first, self.first or first)
        self.last = max(last, self.last or last)

    def waiting_in(self, first: date, last: date) -> int:
        """How many wait of these days."""
        days = (*self.waiting.items(), *self.late.items())
        return sum(n for day, n in days if first <= day <= last)


@dataclass(slots=True)
class Sum:
    """What a span holds: the counts of each of its buckets, by first day (one bucket if it is a whole)."""

    buckets: dict[date, dict[str, dict[str, int]]] = field(default_factory=dict)
    # First and last day of each answer, by class of response.
    firsts: dict[str, dict[str, date]] = field(default_factory=dict)
    lasts: dict[str, dict[str, date]] = field(default_factory=dict)
    in_blocks: InBlocks | None = None  # None: of days

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

    def see_block(self, first: date, last: date, kind: str, bins: Mapping[str, int]) -> None:
        """Take note of a block's days: closer than that nobody learns when an answer came. Blocks come by their last day."""
        firsts, lasts = self.firsts.setdefault(kind, {}), self.lasts.setdefault(kind, {})
        for value in bins:
            firsts[value] = min(first, firsts.get(value, first))
            lasts[value] = last


def sums_of(spans: Iterable[Span], threshold: int | None) -> dict[Span, Sum]:
    """The sum of every span, in a few queries: of blocks where there is a threshold, else of days."""
    wanted = set(spans)
    if not wanted:
        return {}
    if threshold:
        return _sums_of_blocks(wanted, threshold)
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


def by_day(span: Span, threshold: int | None) -> dict[date, Counts]:
    """The histograms of one question, day by day; under a threshold a block's answers are those of its last day."""
    if threshold:
        return dict(_sums_of_blocks({span._replace(by="day")}, threshold)[span._replace(by="day")].buckets)
    rows = DayHistogram.objects.filter(_within([span]))
    return dict(rows.order_by("day").values_list("day", "counts"))


def _sums_of_blocks(spans: Collection[Span], threshold: int) -> dict[Span, Sum]:
    sums = {span: Sum(in_blocks=InBlocks(threshold=threshold)) for span in spans}
    of_question: dict[int, list[tuple[Span, Sum, InBlocks]]] = defaultdict(list)
    for span, found in sums.items():
        if found.in_blocks:
            of_question[span.question_id].append((span, found, found.in_blocks))
    streams = _ready_streams(of_question, threshold)
    rows = Block.objects.filter(stream__in=list(streams), replaced_at=None).annotate(text=Cast("counts", TextField()))
    for pk, stream_pk, first, last, text in rows.order_by("last", "first", "pk").values_list(
        "pk", "stream", "first", "last", "text"
    ):
        question_id, kind = streams[stream_pk]
        bins = orjson.loads(text)
        for span, found, blocks in of_question[question_id]:
            if not span.holds_block(first, last):
                continue
            if span.includes(kind):
                if (n := span.usable_in(bins)) < threshold:
                    if n:
                        blocks.waiting[last] = blocks.waiting.get(last, 0) + n
                    continue
                blocks.see(first, last)
                blocks.pks.append(pk)
                found.see_block(first, last, kind, bins)
            _put(found.buckets.setdefault(_start(last, span), {}), {kind: bins})
    return sums


def _ready_streams(
    of_question: Mapping[int, list[tuple[Span, Sum, InBlocks]]], threshold: int
) -> dict[int, tuple[int, str]]:
    """The streams whose blocks are large enough, each with its question and its kind of responses; what waits is noted."""
    ready: dict[int, tuple[int, str]] = {}
    unknown = set(of_question)
    rows = Stream.objects.filter(question__in=list(of_question)).values_list(
        "pk", "question", "finished", "waiting", "waiting_corrections", "question__survey__counting__threshold"
    )
    for pk, question_id, finished, waiting, corrections, kept in rows:
        if (kept or 0) < threshold:
            continue
        unknown.discard(question_id)
        kind = COUNTED if finished else UNFINISHED
        ready[pk] = question_id, kind
        for span, _found, blocks in of_question[question_id]:
            if span.includes(kind):
                blocks.corrections += corrections
                _note_waiting(span, waiting.get("open", {}), blocks.waiting)
                _note_waiting(span, waiting.get("late", {}), blocks.late)
    if unknown:
        counted = DayHistogram.objects.filter(question__in=unknown).order_by().values_list("question", flat=True)
        for question_id in set(counted.distinct()):
            for _span, _found, blocks in of_question[question_id]:
                blocks.being_prepared = True
    return ready


def _note_waiting(span: Span, room: Mapping[str, Mapping[str, int]], into: dict[date, int]) -> None:
    for text, bins in room.items():
        day = date.fromisoformat(text)
        if span.holds_block(day, day) and (n := span.usable_in(bins)):
            into[day] = into.get(day, 0) + n


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
