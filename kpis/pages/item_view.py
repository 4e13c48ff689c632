"""What page and API say about one item: its figure, how it moved, which answers were given, where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from feedback.mapping.entries import labels_by_value, read_entries
from feedback.mapping.values import number
from feedback.models import FeedbackItem, ManualValue
from feedback.states import explain
from kpis.counting.histograms import usable
from kpis.counting.periods import Window
from kpis.counting.sums import Span, by_day
from kpis.flags.showing import Flags, Shown, flag_json
from kpis.flags.showing import shown as shown_flag
from kpis.metrics import wording
from kpis.metrics.comparison import Change, compare, judge, may_flag
from kpis.metrics.formulas import MIXED, Band, Formula, Measure, is_suppressed
from kpis.metrics.trends import Bucket, buckets, rolling, suppress_buckets
from kpis.pages.comments import sentiment_words
from kpis.scoring.figures import Figure
from kpis.scoring.restating import restated_at
from kpis.scoring.scores import (
    ItemScore,
    Scores,
    classes_of,
    items_with_facts,
    mapping_of,
    measured_by_hand,
    read_items,
    span_of,
    window_of,
)

# A series with more buckets than this cannot be read as a line; a coarser one can.
_MOST_BUCKETS = {"day": 120, "week": 160, "month": 1200}
_DAYS = {"day": 1, "week": 7, "month": 30}
# With fewer answers a bucket's value is mostly chance. Where months hold fewer, days of a long window are drawn instead.
_ENOUGH_IN_BUCKET = 30
ROLLING = "rolling"
ROLLING_DAYS = (91, 365)
_MOST_POINTS = 120


@dataclass(frozen=True)
class AnswerBar:
    """One answer value: how many gave it, and what it counts as."""

    value: str
    label: str
    n: int
    value_text: str
    share_text: str  # of the answers that count
    counts_as: str
    tone: str  # good, bad, neutral
    length: str  # of its bar, in percent of the longest, as SVG writes numbers


@dataclass(frozen=True)
class SeriesRow:
    """A bucket of the trend, in words."""

    period: str
    value: str
    interval: str
    n: int | None
    partial: bool


@dataclass(frozen=True)
class EnteredRow:
    """A value that a person entered."""

    day: date
    iso: str
    value_text: str
    hidden: bool
    n: int | None
    note: str


@dataclass(frozen=True)
class Target:
    """The target and the verdict on it."""

    text: str
    verdict: str
    label: str
    tone: str


@dataclass(frozen=True)
class Comparison:
    """Against the previous period of the same length."""

    change: Change
    text: str
    certainty: str
    previous: Figure
    flag: Shown | None  # as it was raised
    may_be_flagged: bool  # in a window like this one


class ItemView:
    """One item in one window."""

    def __init__(self, item: FeedbackItem, window: Window) -> None:
        """`item` comes from `find`."""
        self.item, self.window = item, window
        self.scores: Scores = read_items([item], window)
        self.score: ItemScore = self.scores.of_item(item)
        self.rules = self.scores.rules

    @property
    def figure(self) -> Figure | None:
        return self.score.figure

    @property
    def formula(self) -> Formula | None:
        return self.score.figure.formula if self.score.figure else None

    @property
    def state(self) -> str:
        return self.score.state.value

    @property
    def explanation(self) -> str:
        return explain(self.score.state, self.score.facts)

    @property
    def is_hidden(self) -> bool:
        return self.figure is not None and self.figure.is_suppressed

    @cached_property
    def restated_at(self) -> datetime | None:
        """When the blocks of its survey were made anew; None without a threshold, or if they never were."""
        return restated_at(self.item.survey) if self.rules.threshold and self.item.survey else None

    @property
    def keeps_blocks(self) -> bool:
        return self.figure is not None and self.figure.in_blocks is not None

    # --- How it moved -----------------------------------------------------------------------------

    @cached_property
    def target(self) -> Target | None:
        """The target in words, and whether it is met."""
        if self.item.target is None or self.figure is None or self.formula is None:
            return None
        verdict = judge(self.figure.measure, self.item.target, self.item.target_direction)
        goal = wording.goal_text(self.formula, self.item.target)
        at_most = self.item.target_direction == FeedbackItem.Direction.AT_MOST
        text = (_("Target: at most %(goal)s") if at_most else _("Target: at least %(goal)s")) % {"goal": goal}
        tone = {"met": "good", "missed": "bad"}.get(verdict, "neutral")
        return Target(text, verdict, str(wording.VERDICT_LABELS[verdict]), tone)

    @cached_property
    def comparison(self) -> Comparison | None:
        """The change against the previous period; None where the window is open, or a value may not be shown."""
        before = self.window.previous()
        if before is None or self.formula is None or self.figure is None or self.score.part is None:
            return None
        previous = read_items([self.item], before).of_item(self.item).figure
        if previous is None:
            return None
        now, then = self.figure.measure, previous.measure
        change = compare(self.formula, then, now)
        row = self._flags.of(self._subject, self.formula)
        flag = shown_flag(row, self.formula) if row else None
        may_be_flagged = may_flag(self.window, self.rules.today, then, now)
        no_change = may_be_flagged and not change.is_one
        return Comparison(
            change,
            flag.text if flag else wording.change_text(self.formula, change, then.value, now.value, flagged=no_change),
            wording.certainty_text(self.formula, change, now.value),
            previous,
            flag,
            may_be_flagged,
        )

    @property
    def _subject(self) -> str:
        return f"item:{self.item.pk}"

    @cached_property
    def _flags(self) -> Flags:
        return Flags.of_window(self.item.card.lane.journey_id, self.window)

    @property
    def looked_at_text(self) -> str:
        """How many KPIs of its journey were looked at together with it."""
        return self._flags.text

    def change_json(self) -> dict[str, Any] | None:
        """The comparison for the API; None where there is none."""
        comparison = self.comparison
        if comparison is None or self.figure is None:
            return None
        change = comparison.change
        row = self._flags.of(self._subject, self.figure.formula)
        return {
            "kind": change.kind,
            "difference": change.delta,
            "ci95": list(change.ci95) if change.ci95 else None,
            "p": change.p,
            "smallest_that_would_show": change.smallest,
            "flagged": row is not None,
            "flag": flag_json(row) if row else None,
            "before": comparison.previous.as_json(),
            "after": self.figure.as_json(),
        }

    def trend(self, by: str) -> list[Bucket]:
        """The KPI by day, week or month, or rolling. Under a threshold a bucket has the blocks that end in it."""
        if self.formula is None or self.score.part is None:
            return []
        if self.item.origin == FeedbackItem.Origin.MANUAL:
            return suppress_buckets(self._entered(), self.rules.threshold)
        days = window_of(self.item, self.window)
        span = span_of(self.item, days) if days else None
        if days is None or span is None:
            return []
        last = min(days.end or self.rules.today, self.rules.today)
        how: dict[str, Any] = {
            "first": days.start or (self.score.part.in_blocks.earliest if self.score.part.in_blocks else None),
            "last": last,
            "today": self.rules.today,
            "mapping": mapping_of(self.item),
            "include": classes_of(self.item),
        }
        span = span._replace(last=last)
        if by == ROLLING:
            return self._rolling(self.formula, span, days.start, how)
        return buckets(by_day(span, self.rules.threshold), self.formula, by=by, **how)

    def _rolling(self, formula: Formula, span: Span, start: date | None, how: dict[str, Any]) -> list[Bucket]:
        """A point for each day, or for as many of them as can be drawn, the last one among them."""
        # What lies before the window belongs to its first points, but not what lies before the item's first day.
        before = start - timedelta(days=self.rolling_days - 1) if start else None
        first = max(filter(None, (before, self.item.count_from)), default=None)
        counts = by_day(span._replace(first=first), self.rules.threshold)
        series = rolling(counts, formula, days=self.rolling_days, **how)
        step = -(-len(series) // _MOST_POINTS)
        return series[::-1][::step][::-1] if step > 1 else series

    @cached_property
    def _answers_a_day(self) -> float | None:
        """On average, over the days from the oldest answer on; None without answers."""
        n = self.figure.measure.n if self.figure else None
        return n / self._length if n and self._length else None

    @cached_property
    def _length(self) -> int:
        """Days that a series has."""
        oldest = self.score.part.oldest if self.score.part else None
        first = max(filter(None, (self.window.start, self.item.count_from)), default=None) or oldest
        last = min(self.window.end or self.rules.today, self.rules.today)
        return max((last - first).days + 1, 0) if first else 0

    @cached_property
    def rolling_days(self) -> int:
        """The length of the rolling window: as short as holds enough answers."""
        a_day = self._answers_a_day or 0
        return next((days for days in ROLLING_DAYS if days * a_day >= _ENOUGH_IN_BUCKET), ROLLING_DAYS[-1])

    def bucket_for(self, asked: str | None) -> str:
        """Days, weeks, months or rolling: what was asked for, or the finest whose buckets hold enough answers.

        Never more than can be drawn; values entered by hand have no buckets.
        """
        fits = [by for by, most in _MOST_BUCKETS.items() if self._length / _DAYS[by] <= most]
        if asked in (*fits, "month", ROLLING):
            return str(asked)
        if self._answers_a_day is None or self.item.origin == FeedbackItem.Origin.MANUAL:
            return fits[0] if fits else "month"
        # A bucket that is longer than the series would be one point, and no line.
        full = [by for by in fits if self._answers_a_day * _DAYS[by] >= _ENOUGH_IN_BUCKET and _DAYS[by] < self._length]
        return full[0] if full else ROLLING

    @property
    def bucket_options(self) -> list[tuple[str, str]]:
        """The lengths of buckets that can be drawn for this window."""
        labels = {"day": _("Day"), "week": _("Week"), "month": _("Month")}
        options = [(by, label) for by, label in labels.items() if self.bucket_for(by) == by]
        return [*options, (ROLLING, _("Rolling, %(days)s days") % {"days": self.rolling_days})]

    def rows(self, series: Sequence[Bucket]) -> list[SeriesRow]:
        """A trend as a table, newest first."""
        formula = self.formula
        if formula is None:
            return []
        return [
            SeriesRow(
                period=wording.period_text(bucket.start, bucket.end),
                value=self._value_text(formula, bucket),
                interval=wording.interval_text(formula, bucket.measure.ci95, value=bucket.measure.value),
                n=bucket.measure.n,
                partial=bucket.partial,
            )
            for bucket in reversed(series)
        ]

    def _value_text(self, formula: Formula, bucket: Bucket) -> str:
        if bucket.measure.value is None:
            blocks = self.figure.in_blocks if self.figure else None
            waiting = blocks.waiting_in(bucket.start, bucket.end) if blocks else bucket.measure.n or 0
            if waiting:
                return wording.hidden_text(waiting if blocks else 0)
            if blocks:
                return _("No block ends in this period")
        return wording.value_text(formula, bucket.measure.value)

    @cached_property
    def _values_by_hand(self) -> list[tuple[ManualValue, Measure]]:
        formula = self.formula
        if formula is None:
            return []
        return [(value, measured_by_hand(formula, value)) for value in self.item.manual_values.order_by("day")]

    def _entered(self) -> list[Bucket]:
        return [
            Bucket(value.day, value.day, measured)
            for value, measured in self._values_by_hand
            if value.day in self.window
        ]

    @property
    def entered(self) -> list[EnteredRow]:
        """All values entered by hand, newest first."""
        return [
            EnteredRow(
                day=value.day,
                iso=value.day.isoformat(),
                value_text=wording.value_text(self.formula, value.value) if self.formula else "",
                hidden=is_suppressed(measured, self.rules.threshold),
                n=value.n,
                note=value.note,
            )
            for value, measured in reversed(self._values_by_hand)
        ]

    # --- How answers were given -------------------------------------------------------------------

    @cached_property
    def answers(self) -> list[AnswerBar]:
        """The answers that count, by value; nothing where too few stand behind them."""
        formula, part = self.formula, self.score.part
        if formula is None or part is None or part.manual is not None or self.is_hidden:
            return []
        found, _excluded = usable(part.counts, formula, mapping=part.mapping, include=part.include)
        # Mixed comments are a reason, not an answer with a place on the scale: so the rows add up to n.
        histogram = {value: n for value, n in found.items() if value != MIXED}
        n, longest = sum(histogram.values()), max(histogram.values(), default=0)
        labels = labels_by_value(read_entries(self.item.mapping))
        if formula.metric == "sentiment":
            labels = {value: sentiment_words(value)[0] for value in ("-2", "-1", "0", "1", "2")}
        return [
            AnswerBar(
                value=value,
                value_text=wording.scale_point(float(number(value) or 0)),
                label=labels.get(value, "") if labels.get(value, "") != value else "",
                n=histogram.get(value, 0),
                share_text=wording.percent_text(100 * histogram.get(value, 0) / n),
                counts_as=str(wording.BAND_LABELS[formula.band(value)]),
                tone=_TONES.get(formula.band(value), "neutral"),
                length=f"{100 * histogram.get(value, 0) / longest:.2f}",
            )
            for value in self._values(formula, histogram)
            if n
        ]

    def _values(self, formula: Formula, histogram: dict[str, int]) -> list[str]:
        """Every point of a short scale, even if nobody chose it; else the values that were given."""
        low, high = formula.scale_min, formula.scale_max
        values = set(histogram)
        if low is not None and high is not None and high - low <= 10 and float(low).is_integer():
            values |= {str(point) for point in range(int(low), int(high) + 1)}
        return sorted(values, key=lambda value: number(value) or 0)

    # --- Where it comes from ----------------------------------------------------------------------

    @property
    def positive_text(self) -> str:
        """The values that count as positive, with their labels."""
        return named_values(self.formula.positive_values, self.item.mapping) if self.formula else ""


def named_values(values: Iterable[str], mapping: Iterable[Mapping[str, Any]] | None) -> str:
    """Values with the labels of their choices, where these say more."""
    labels = labels_by_value(read_entries(mapping))
    return ", ".join(
        f"{value} ({labels[value]})" if labels.get(value, value) not in ("", value) else value for value in values
    )


_TONES = {Band.PROMOTER: "good", Band.POSITIVE: "good", Band.DETRACTOR: "bad", Band.NEGATIVE: "bad"}


def find(pk: int) -> FeedbackItem | None:
    """An item with all that its view needs."""
    surroundings = ("card__lane__journey__parent", "question__about", "survey__source", "mapped_by")
    return next(iter(items_with_facts(Q(pk=pk), *surroundings)), None)
