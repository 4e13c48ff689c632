"""Verdicts: whether a target is met, whether a KPI has changed, and which of many changes may be flagged.

Unrounded figures decide. Both the effective number of answers and the people behind them must reach ten; with fewer, the
verdict says so and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from kpis.counting.periods import Window
from kpis.metrics.formulas import Formula, Measure
from kpis.metrics.intervals import Interval, Spread, around
from kpis.metrics.student import Z95, beyond, beyond_normal, t975

ENOUGH = 10  # effective answers, and people, on each side
FALSE_FLAGS = 0.10  # of the flags that are shown together, at most this share is expected to be false
_WEEK_HOLDS = 100  # answers, before a change from week to week may be flagged


@dataclass(frozen=True)
class Change:
    """From an earlier period to a later one: `up`, `down`, `none` (not detectable), `too_few`, or `unknown` (no data)."""

    kind: str
    delta: float | None = None  # later minus earlier, in the value's unit
    ci95: Interval | None = None  # of the difference
    p: float | None = None  # how likely chance alone makes such a difference
    smallest: float | None = None  # a smaller change would not show with these n
    df: float | None = None  # of Welch's t; None: another test

    @property
    def is_one(self) -> bool:
        return self.kind in ("up", "down")

    def is_good(self, formula: Formula) -> bool | None:
        """Whether the change is good news; None without a change."""
        return (self.kind == "up") == formula.higher_is_better if self.is_one else None


def compare(formula: Formula, before: Measure, after: Measure) -> Change:
    """A change is one only if it is larger than chance explains.

    Means and NPS compare the adjusted figures that their intervals are made of: a difference of plain values over an
    adjusted error finds changes where there are none. Shares follow Newcombe (1998).
    """
    if before.value is None or after.value is None:
        return Change("unknown")
    delta = after.value - before.value
    if before.base is None or after.base is None:
        return Change("unknown", delta)
    a, b = before.spread, after.spread
    if min(before.base, after.base) < ENOUGH or a is None or b is None:
        return Change("too_few", delta)
    if formula.is_share:
        return _newcombe(formula, before.value, a, after.value, b)
    smaller = min(before.n_effective or 0.0, after.n_effective or 0.0)
    return _welch(formula, delta, a, b, smaller)


def _welch(formula: Formula, delta: float, a: Spread, b: Spread, smaller_n: float) -> Change:
    """Means by Welch's t; where the degrees of freedom are not counted, as of NPS and weighted values, by the normal one."""
    se, difference = math.hypot(a.se, b.se), b.middle - a.middle
    shares = [spread.se**4 / spread.df for spread in (a, b) if spread.df is not None]
    df = se**4 / math.fsum(shares) if shares and math.fsum(shares) > 0 else None
    quantile = Z95 if df is None else t975(df)
    reach = quantile * se
    if se == 0:
        p = 1.0 if difference == 0 else 0.0
    else:
        p = beyond_normal(difference / se) if df is None else beyond(difference / se, df)
    lowest, highest = formula.value_range
    width = None if lowest is None or highest is None else highest - lowest
    # Pseudo-answers pull the middles together: so much more must a difference of plain values be.
    padding = 3 if formula.metric == "nps" else 2 if width is not None else 0
    return Change(
        kind=_kind(difference, abs(difference) > reach),
        delta=delta,
        ci95=around(delta, difference - reach, difference + reach, None if width is None else -width, width),
        p=p,
        smallest=reach * (1 + padding / smaller_n),
        df=df,
    )


def _newcombe(formula: Formula, before: float, a: Spread, after: float, b: Spread) -> Change:
    delta = after - before
    low = delta - math.hypot(after - b.low, a.high - before)
    high = delta + math.hypot(b.high - after, before - a.low)
    to_zero = delta - low if delta > 0 else high - delta
    p = 1.0 if delta == 0 else beyond_normal(Z95 * delta / to_zero) if to_zero > 0 else 0.0
    return Change(
        kind=_kind(delta, not low <= 0 <= high),
        delta=delta,
        ci95=around(delta, low, high, -100.0, 100.0),
        p=p,
        smallest=max(delta - low, high - delta),
    )


def _kind(difference: float, is_beyond_chance: bool) -> str:
    return "none" if not is_beyond_chance else "up" if difference > 0 else "down"


def judge(measure: Measure, target: float, direction: str = "at_least") -> str:
    """`met` or `missed` if the whole interval is on that side of the target, else `undecided`; `too_few` or `no_data`.

    A value that just reaches the target meets it.
    """
    if direction not in ("at_least", "at_most"):
        raise ValueError(f"There is no direction {direction!r}.")
    if measure.value is None:
        return "no_data"
    if measure.base is None:
        return "undecided"  # entered without its n
    if measure.base < ENOUGH or measure.ci95 is None:
        return "too_few"
    return side(measure.ci95, target, direction) or "undecided"


def side(limits: Interval, target: float, direction: str) -> str | None:
    """`met` or `missed` where both limits are on that side of the target."""
    low, high = limits
    if direction == "at_most":
        low, high, target = -high, -low, -target
    if low >= target:
        return "met"
    return "missed" if high < target else None


def may_flag(window: Window, today: date, before: Measure, after: Measure) -> bool:
    """Whether a change may be flagged in this window: complete months and quarters, or weeks with many answers.

    Looked at every day, nearly every item that never changed would be flagged once within a year.
    """
    if window.end is None or window.end >= today:
        return False
    if window.unit == "week":
        return all((each.base or 0) >= _WEEK_HOLDS for each in (before, after))
    return window.unit in ("month", "quarter")


@dataclass(frozen=True)
class Flags:
    """Of changes that are shown together: how many were looked at, and the places of those to flag."""

    looked_at: int
    flagged: Sequence[int]


def many_at_once(changes: Sequence[Change]) -> Flags:
    """Those that are changes by themselves and pass the procedure of Benjamini and Hochberg (1995) among all looked at."""
    looked_at = sorted((change.p, place) for place, change in enumerate(changes) if change.p is not None)
    passed = 0
    for rank, (p, _place) in enumerate(looked_at, 1):
        if p <= FALSE_FLAGS * rank / len(looked_at):
            passed = rank
    return Flags(len(looked_at), sorted(place for _p, place in looked_at[:passed] if changes[place].is_one))
