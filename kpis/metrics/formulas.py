"""What a KPI is: a pure function from a histogram of answer values to a value, its n and its 95 % interval.

Values are never rounded here. Sums are exact (integers and fractions): the order of answers cannot move the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from feedback.mapping.values import number, value_key
from kpis.counting.histograms import (
    COUNTED,
    MIXED,
    OUT_OF_SCALE,
    UNANSWERED,
    Counts,
    Histogram,
    in_order,
    usable,
)
from kpis.counting.mapped import AS_THEY_CAME, Mapped
from kpis.metrics import intervals
from kpis.metrics.intervals import Interval, Spread

METRICS = ("nps", "csat", "ces", "mean", "sentiment")
TOO_FEW = "too_few"  # the method of an interval that is not there
FEW_EXPECTED = 5  # of the rarer answer: below, the intervals of shares hold the truth less often
LOW_BASE = 30  # with fewer answers, or people, a value is marked

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


_NPS_SCORES = {Band.PROMOTER: 1, Band.PASSIVE: 0, Band.DETRACTOR: -1}


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

    def score(self, value: str) -> int | Fraction:
        """What one answer counts in the KPI: ±1 or 0 of an NPS, 1 or 0 of a share, itself in a mean."""
        if self.is_share:
            return int(value in self.positive_values)
        return _NPS_SCORES[self.band(value)] if self.metric == "nps" else _exact(value)

    @property
    def unit(self) -> int:
        """What a score of 1 is in the KPI's unit."""
        return 100 if self.metric == "nps" or self.is_share else 1

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
    spread: Spread | None = None  # for comparisons and weighted sums; also of a single answer, which shows no interval
    secondary: Mapping[str, Any] = field(default_factory=dict)
    excluded: Mapping[str, int] = field(default_factory=dict)  # reason -> answers left out
    people: int | None = None  # responses behind the answers; None where it is not known
    n_effective: float | None = None  # as many independent answers would tell as much

    @property
    def se(self) -> float | None:
        """The adjusted standard error, in the value's unit."""
        return self.spread.se if self.spread else None

    @property
    def base(self) -> float | None:
        """What must reach a number before anything is said: effective answers and people. None without a stated n."""
        known = [each for each in (self.n_effective, self.people) if each is not None]
        return min(known, default=None)


@dataclass(frozen=True)
class Tally:
    """Sums over answers: all that a value and its interval need. Exact, so that they add up in any order.

    `n` may be a fraction where a value was typed by hand. `first` sums the scores; of an NPS `second` counts promoters and
    detractors; of a mean `second` and `third` sum squares and cubes, None where they are not known.
    """

    n: int | Fraction = 0
    first: int | Fraction = 0
    second: int | Fraction | None = 0
    third: int | Fraction | None = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.n + other.n, self.first + other.first, _sum(self.second, other.second), _sum(self.third, other.third)
        )

    @property
    def mean(self) -> Fraction:
        """The mean score."""
        return Fraction(self.first) / self.n

    @property
    def variance(self) -> Fraction | None:
        """The mean square of what scores are away from their mean."""
        return None if self.second is None else Fraction(self.second) / self.n - self.mean**2


def _sum(a: int | Fraction | None, b: int | Fraction | None) -> int | Fraction | None:
    return None if a is None or b is None else a + b


def tally(formula: Formula, bins: Histogram) -> Tally:
    """The sums over a histogram of usable answers."""
    scored = [(formula.score(value), count) for value, count in bins.items() if value != MIXED]
    # Cubes are needed only where a scale has no ends.
    cubes = formula.metric == "mean" and None in formula.value_range
    return Tally(
        sum(count for _, count in scored),
        sum(score * count for score, count in scored),
        sum(score * score * count for score, count in scored),
        sum(score**3 * count for score, count in scored) if cubes else None,
    )


def tally_by_hand(formula: Formula, value: float, n: int) -> Tally:
    """The answers behind a value typed by hand: all at the two ends of the scale, the widest that they could be."""
    mean = Fraction(value) / formula.unit
    low, high = (-1, 1) if formula.metric == "nps" else (0, 1) if formula.is_share else formula.value_range
    if low is None or high is None:
        return Tally(n, mean * n, None, None)
    least, most = Fraction(low), Fraction(high)
    at_most = n * (mean - least) / (most - least)
    return Tally(n, mean * n, at_most * most**2 + (n - at_most) * least**2, None)


def spread_of(formula: Formula, of: Tally, effect: float = 1.0) -> tuple[Spread | None, str | None]:
    """The interval of a formula over these sums and its method; `effect` divides n where people answered several times.

    None where nothing can be said: an unbounded mean of fewer than 30 answers, or with a value typed by hand.
    """
    n = float(of.n) / effect
    if formula.metric == "nps":
        share = Fraction(of.second or 0) / of.n
        return intervals.adjusted_wald(float((share + of.mean) / 2), float((share - of.mean) / 2), n), "adjusted_wald"
    if formula.is_share:
        return intervals.wilson(float(of.mean), n), "wilson"
    low, high = formula.value_range
    variance = of.variance
    if variance is None:
        return None, None
    if low is not None and high is not None:
        return intervals.padded_t(float(of.mean), float(variance), n, low, high), "padded_t"
    if of.third is None:
        return None, None
    mean = of.mean
    third = float(Fraction(of.third) / of.n - 3 * mean * variance - mean**3)
    spread = intervals.t_or_hall(float(mean), float(variance), third, n, low, high)
    return spread, "t_or_hall" if spread else TOO_FEW


def measure_tally(
    formula: Formula,
    of: Tally,
    *,
    people: int | None,
    effect: float = 1.0,
    secondary: Mapping[str, Any] | None = None,
    excluded: Mapping[str, int] | None = None,
) -> Measure:
    """The KPI of these sums. `people` gave the answers; one answer, or one person, has no interval."""
    if of.n == 0:
        return Measure(secondary=secondary or {}, excluded=excluded or {})
    spread, method = spread_of(formula, of, effect)
    alone = of.n < 2 or people == 1
    return Measure(
        value=float(formula.unit * of.mean),
        n=int(of.n),
        ci95=None if alone or spread is None else spread.ci95,
        ci_method=None if alone else method,
        spread=spread,
        secondary=secondary or {},
        excluded=excluded or {},
        people=people,
        n_effective=float(of.n) / effect,
    )


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
    return measure_bins(formula, bins, left_out, people=_scored(bins))


def measure_bins(
    formula: Formula,
    bins: Histogram,
    excluded: Mapping[str, int] | None = None,
    *,
    people: int | None,
    effect: float = 1.0,
) -> Measure:
    """Apply a formula to answers that are known to be on its scale, as `measure_tally` does."""
    left_out = dict(excluded or {})
    if mixed := bins.get(MIXED, 0):
        left_out[MIXED] = left_out.get(MIXED, 0) + mixed  # in the net below, not in the mean
    of = tally(formula, bins)
    return measure_tally(
        formula,
        of,
        people=people,
        effect=effect,
        secondary=_secondary(formula, bins, of, effect),
        excluded=in_order(left_out),
    )


def measure_counts(
    formula: Formula,
    counts: Counts,
    *,
    mapping: Mapped = AS_THEY_CAME,
    include: Collection[str] = (COUNTED,),
) -> Measure:
    """Apply a formula to counts per class of response, as they are stored."""
    bins, left_out = usable(counts, formula, mapping=mapping, include=include)
    return measure_bins(formula, bins, left_out, people=_scored(bins))


def _scored(bins: Histogram) -> int:
    """Answers with a place on the scale, each of another person."""
    return sum(count for value, count in bins.items() if value != MIXED)


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
    found = measure_tally(formula, tally_by_hand(formula, value, n), people=n)
    method = found.ci_method and (found.ci_method if formula.is_share else f"{found.ci_method}_widest")
    return replace(found, value=float(value), ci_method=method)


def is_suppressed(of: Measure, threshold: int | None) -> bool:
    """Whether so few answers stand behind the value that it may not be shown. A base that is not stated is not enough."""
    return bool(threshold) and of.value is not None and (of.n is None or of.n < (threshold or 0))


def suppress(of: Measure, threshold: int | None) -> Measure:
    """The measure as it may be shown: below the threshold only n stays, and nothing that the value could be told from."""
    return Measure(n=of.n) if is_suppressed(of, threshold) else of


def is_low_base(formula: Formula, of: Measure) -> bool:
    """Whether few stand behind a value: effective answers, people, or the rarer of the two answers that make a share."""
    if of.value is None or of.base is None or of.n_effective is None:
        return False
    if of.base < LOW_BASE:
        return True
    rarer = min(of.value, 100 - of.value) / 100
    return formula.is_share and of.n_effective * rarer < FEW_EXPECTED


def _secondary(formula: Formula, bins: Histogram, of: Tally, effect: float) -> dict[str, Any]:
    """Second figures: the groups of an NPS, the mean beside a CES, net and counts beside a sentiment."""
    n = of.n
    if formula.metric == "sentiment":
        return _net(bins, effect)
    if n == 0:
        return {}
    if formula.metric == "nps":
        promoters = sum(count for value, count in bins.items() if formula.score(value) > 0)
        detractors = promoters - int(of.first)
        return {"promoters": promoters, "passives": int(n) - promoters - detractors, "detractors": detractors}
    if formula.metric == "mean":
        variance = of.variance
        return {"standard_deviation": math.sqrt(variance * n / (n - 1))} if variance is not None and n > 1 else {}
    second: dict[str, Any] = {"positive": int(of.first)}
    if formula.metric == "ces":
        mean = measure_bins(Formula("mean", formula.scale_min, formula.scale_max), bins, people=None, effect=effect)
        second |= {"mean": mean.value, "mean_ci95": mean.ci95}
    return second


def _net(bins: Histogram, effect: float) -> dict[str, Any]:
    """The mean stands on the comments with a place on the scale; the net also on mixed ones, on neither side."""
    scored = [(_exact(value), count) for value, count in bins.items() if value != MIXED]
    positive = sum(count for score, count in scored if score > 0)
    negative = sum(count for score, count in scored if score < 0)
    n = sum(bins.values())
    spread = intervals.adjusted_wald(positive / n, negative / n, n / effect) if n > 1 else None
    return {
        "net": 100 * (positive - negative) / n if n else None,
        "net_n": n,
        "net_ci95": spread.ci95 if spread else None,
        "positive": positive,
        "neutral": sum(count for score, count in scored if score == 0),
        "negative": negative,
        "mixed": bins.get(MIXED, 0),
    }


def _exact(value: str) -> int | Fraction:
    exact = number(value)
    if exact is None:
        raise ValueError(f"{value!r} is not a number.")
    return exact
