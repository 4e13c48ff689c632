"""What a KPI is: a pure function from a histogram of answer values to a value, its n and its 95 % interval.

Values are never rounded here. Sums are exact (integers and fractions): the order of answers cannot move the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from kpis.counting.histograms import (
    COUNTED,
    OUT_OF_SCALE,
    UNANSWERED,
    Counts,
    Histogram,
    in_order,
    number,
    usable,
    value_key,
)
from kpis.metrics import intervals
from kpis.metrics.intervals import Interval

METRICS = ("nps", "csat", "ces", "mean", "sentiment")
MIXED = "mixed"  # a comment with both sentiments: no place on -2…+2, so a bin of its own

_FIXED_SCALES: dict[str, tuple[int, int]] = {"nps": (0, 10), "sentiment": (-2, 2)}
_SHARES = ("csat", "ces")


class FormulaError(ValueError):
    """These fields do not make a formula."""


class Band(StrEnum):
    """What one answer counts as."""

    PROMOTER = "promoter"
    PASSIVE = "passive"
    DETRACTOR = "detractor"
    POSITIVE = "positive"
    NOT_POSITIVE = "not_positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    MIXED = "mixed"
    VALUE = "value"


@dataclass(frozen=True)
class Formula:
    """A metric on a scale. Two KPIs may be consolidated exactly if their formulas are equal.

    `positive_values` are the answers that count as positive (CSAT, CES), as the respondents gave them: answers are
    never recoded. `reverse` says that a low answer is good (CES 1.0); for a mean, a low value is then the better one.
    """

    metric: str
    scale_min: float | None = None
    scale_max: float | None = None
    positive_values: tuple[str, ...] = ()
    reverse: bool = False

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise FormulaError(f"There is no metric {self.metric!r}.")
        low, high = (_bound(self.scale_min), _bound(self.scale_max))
        if self.metric in _FIXED_SCALES:
            fixed = _FIXED_SCALES[self.metric]
            if (low, high) not in (fixed, (None, None)):
                raise FormulaError(f"The scale of {self.metric} is {fixed[0]} to {fixed[1]}.")
            low, high = fixed
        if self.metric in _SHARES and (low is None or high is None):
            raise FormulaError(f"{self.metric} needs both ends of its scale.")
        if low is not None and high is not None and low >= high:
            raise FormulaError("A scale runs from a lower to a higher value.")
        object.__setattr__(self, "scale_min", low)
        object.__setattr__(self, "scale_max", high)
        object.__setattr__(self, "positive_values", self._checked_positive_values(low, high))
        object.__setattr__(self, "reverse", bool(self.reverse) and self.metric in (*_SHARES, "mean"))

    def _checked_positive_values(self, low: float | None, high: float | None) -> tuple[str, ...]:
        if self.metric not in _SHARES:
            return ()
        keys = {value_key(value) for value in self.positive_values}
        if not keys:
            raise FormulaError(f"{self.metric} needs the values that count as positive.")
        for key in keys:
            exact = number(key)
            if exact is None or low is None or high is None or not low <= exact <= high:
                raise FormulaError("A value that counts as positive lies outside the scale.")
        return tuple(sorted(keys, key=_exact))

    @property
    def name(self) -> str:
        """A short, stable name, such as `nps_0_10` or `csat_4_5_of_1_5`; equal exactly where formulas are."""
        if self.metric == "sentiment":
            return "sentiment"
        scale = f"{_name(self.scale_min)}_{_name(self.scale_max)}"
        if self.metric == "nps":
            return f"nps_{scale}"
        if self.metric == "mean":
            base = "mean_reverse" if self.reverse else "mean"
            return base if self.scale_min is None and self.scale_max is None else f"{base}_{scale}"
        prefix = {"ces": "ces1", "csat": "csat_reverse"}[self.metric] if self.reverse else self.metric
        return f"{prefix}_{_runs(self.positive_values)}_of_{scale}"

    def band(self, value: str) -> Band:
        """What an answer with this canonical value, which the formula accepts, counts as."""
        if self.is_share:
            return Band.POSITIVE if value in self.positive_values else Band.NOT_POSITIVE
        if self.metric == "sentiment" and value == MIXED:
            return Band.MIXED
        exact = _exact(value)
        if self.metric == "nps":
            return Band.PROMOTER if exact >= 9 else Band.PASSIVE if exact >= 7 else Band.DETRACTOR
        if self.metric == "sentiment":
            return Band.POSITIVE if exact > 0 else Band.NEGATIVE if exact < 0 else Band.NEUTRAL
        return Band.VALUE

    @property
    def higher_is_better(self) -> bool:
        """Whether a rising value is good news: for a share of positive answers it always is."""
        return not (self.metric == "mean" and self.reverse)

    @property
    def is_share(self) -> bool:
        """Whether the value is a percentage of answers."""
        return self.metric in _SHARES

    @property
    def value_range(self) -> tuple[float | None, float | None]:
        """The lowest and the highest value that the KPI can take."""
        if self.metric == "nps":
            return -100, 100
        return (0, 100) if self.is_share else (self.scale_min, self.scale_max)

    def accepts(self, value: str) -> bool:
        """Whether an answer with this canonical value is on the scale."""
        exact = number(value)
        if exact is None:
            return self.metric == "sentiment" and value == MIXED
        if self.metric == "nps" and not isinstance(exact, int):
            return False
        return (self.scale_min is None or exact >= self.scale_min) and (
            self.scale_max is None or exact <= self.scale_max
        )


def _bound(value: float | Decimal | str | None) -> float | None:
    """A scale's end as int where it is whole: 1, 1.0 and Decimal("1.00") make the same formula."""
    if value is None:
        return None
    exact = number(value_key(value))
    if exact is None:
        raise FormulaError(f"{value!r} is not the end of a scale.")
    return exact if isinstance(exact, int) else float(exact)


def _name(value: float | str | None) -> str:
    return "any" if value is None else value_key(value).replace("-", "m").replace(".", "p")


def _runs(values: tuple[str, ...]) -> str:
    """4, 5, 6 as `4_6`; a gap as `and`: 1, 3, 4 is `1_and_3_4`."""
    runs: list[list[str]] = []
    for value in values:
        if runs and Fraction(value) - Fraction(runs[-1][-1]) == 1:
            runs[-1] = [runs[-1][0], value]
        else:
            runs.append([value])
    return "_and_".join("_".join(map(_name, run)) for run in runs)


@dataclass(frozen=True)
class Measure:
    """What a formula says about a histogram. Without data: value None, n 0, no interval; never zero."""

    value: float | None = None
    n: int | None = 0  # usable answers; None where a person entered a value and not its base
    ci95: Interval | None = None
    ci_method: str | None = None
    se: float | None = None  # adjusted standard error, in the value's unit: for comparisons and weighted sums
    secondary: Mapping[str, Any] = field(default_factory=dict)
    excluded: Mapping[str, int] = field(default_factory=dict)  # reason -> answers left out


def measure(formula: Formula, histogram: Histogram, excluded: Mapping[str, int] | None = None) -> Measure:
    """Apply a formula to a histogram. Answers that it cannot count join what came in as `excluded`."""
    bins: dict[str, int] = {}
    left_out = dict(excluded or {})
    for value, count in histogram.items():
        key = value_key(value)
        if formula.accepts(key):
            bins[key] = bins.get(key, 0) + count
        else:
            reason = OUT_OF_SCALE if key else UNANSWERED
            left_out[reason] = left_out.get(reason, 0) + count
    return _MEASURES[formula.metric](formula, bins, in_order(left_out))


def measure_counts(
    formula: Formula,
    counts: Counts,
    *,
    not_applicable: Collection[str] = frozenset(),
    include: Collection[str] = (COUNTED,),
) -> Measure:
    """Apply a formula to counts per class of response, as they are stored."""
    return measure(formula, *usable(counts, formula, not_applicable=not_applicable, include=include))


def measure_manual(formula: Formula, value: float, n: int | None = None) -> Measure:
    """A value that a person entered. With its n it gets an interval: the widest that such answers could have.

    A share fixes how many answers were positive, so there the interval is the usual one. An NPS and a mean do not fix
    the spread of the answers; taking all of them at the two ends of the scale errs on the careful side.
    """
    low, high = formula.value_range
    if n == 0 or not math.isfinite(value):
        return Measure()
    if (low is not None and value < low) or (high is not None and value > high):
        raise FormulaError("The value lies outside the scale.")
    if n is None:
        return Measure(value=float(value), n=None)
    if formula.is_share:
        share = intervals.wilson(n * value / 100, n)
        return Measure(float(value), n, share.ci95, "wilson", share.se)
    if formula.metric == "nps":
        score = intervals.adjusted_wald(n * (100 + value) / 200, n * (100 - value) / 200, n)
        return Measure(float(value), n, score.ci95, "adjusted_wald_widest", score.se)
    if low is None or high is None or n < 2:
        return Measure(float(value), n)
    widest = Fraction((high - value) * (value - low)) / (n - 1)
    spread = intervals.student(value, math.sqrt(widest), n, low, high)
    return Measure(float(value), n, spread.ci95, "student_t_widest", spread.se)


def is_suppressed(of: Measure, threshold: int | None) -> bool:
    """Whether so few answers stand behind the value that it may not be shown. A base that is not stated is not enough."""
    return bool(threshold) and of.value is not None and (of.n is None or of.n < (threshold or 0))


def suppress(of: Measure, threshold: int | None) -> Measure:
    """The measure as it may be shown: below the threshold only n stays, and nothing that the value could be told from."""
    return Measure(n=of.n) if is_suppressed(of, threshold) else of


def _nps(formula: Formula, bins: dict[str, int], excluded: dict[str, int]) -> Measure:
    groups = {"promoters": 0, "passives": 0, "detractors": 0}
    for value, count in bins.items():
        groups[f"{formula.band(value)}s"] += count
    n = sum(groups.values())
    if n == 0:
        return Measure(excluded=excluded)
    interval = intervals.adjusted_wald(groups["promoters"], groups["detractors"], n)
    score = 100 * (groups["promoters"] - groups["detractors"]) / n
    return Measure(score, n, interval.ci95, "adjusted_wald", interval.se, groups, excluded)


def _share(formula: Formula, bins: dict[str, int], excluded: dict[str, int]) -> Measure:
    n = sum(bins.values())
    if n == 0:
        return Measure(excluded=excluded)
    positive = sum(bins.get(value, 0) for value in formula.positive_values)
    interval = intervals.wilson(positive, n)
    secondary: dict[str, Any] = {"positive": positive}
    if formula.metric == "ces":
        secondary["mean"] = float(_moments(bins)[1])
    return Measure(100 * positive / n, n, interval.ci95, "wilson", interval.se, secondary, excluded)


def _mean(formula: Formula, bins: dict[str, int], excluded: dict[str, int]) -> Measure:
    n, mean, variance = _moments(bins)
    if n == 0:
        return Measure(excluded=excluded)
    if variance is None:
        return Measure(float(mean), n, excluded=excluded)
    interval = intervals.student(float(mean), math.sqrt(variance / n), n, formula.scale_min, formula.scale_max)
    secondary = {"standard_deviation": math.sqrt(variance)}
    return Measure(float(mean), n, interval.ci95, "student_t", interval.se, secondary, excluded)


def _sentiment(formula: Formula, bins: dict[str, int], excluded: dict[str, int]) -> Measure:
    """The mean stands on the comments with a place on the scale; the net also on mixed ones, on neither side."""
    scored = {value: count for value, count in bins.items() if value != MIXED}
    of_mean = _mean(formula, scored, excluded)
    mixed = bins.get(MIXED, 0)
    positive = sum(count for value, count in scored.items() if _exact(value) > 0)
    negative = sum(count for value, count in scored.items() if _exact(value) < 0)
    net_n = sum(bins.values())
    net = intervals.adjusted_wald(positive, negative, net_n) if net_n else None
    secondary = {
        "net": 100 * (positive - negative) / net_n if net_n else None,
        "net_n": net_n,
        "net_ci95": net.ci95 if net else None,
        "positive": positive,
        "neutral": scored.get("0", 0),
        "negative": negative,
        "mixed": mixed,
    }
    return Measure(of_mean.value, of_mean.n, of_mean.ci95, of_mean.ci_method, of_mean.se, secondary, excluded)


def _exact(value: str) -> int | Fraction:
    exact = number(value)
    if exact is None:
        raise ValueError(f"{value!r} is not a number.")
    return exact


def _moments(bins: Histogram) -> tuple[int, Fraction, Fraction | None]:
    """n, the exact mean, and the exact sample variance (None below two answers)."""
    n = sum(bins.values())
    if n == 0:
        return 0, Fraction(0), None
    first = sum(_exact(value) * count for value, count in bins.items())
    second = sum(_exact(value) ** 2 * count for value, count in bins.items())
    variance = (Fraction(n) * second - Fraction(first) ** 2) / (n * (n - 1)) if n > 1 else None
    return n, Fraction(first) / n, variance


_MEASURES = {"nps": _nps, "csat": _share, "ces": _share, "mean": _mean, "sentiment": _sentiment}
