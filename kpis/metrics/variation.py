"""Ordinary variation: process behaviour charts (XmR), which tell a signal from what happens in every bucket.

Only closed buckets count; gaps are passed over. The limits of a point are never narrower than the sampling error of its
answers: a KPI that rests on few answers moves without anything having happened.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from kpis.metrics.comparison import side
from kpis.metrics.formulas import Formula, Measure
from kpis.metrics.intervals import Interval
from kpis.metrics.student import Z95

TRIAL_BELOW = 13  # points: limits made of fewer still move
_SCALING = 2.66  # from the mean moving range of two to three standard deviations
_SCREEN = 3.267  # times the mean: larger moving ranges are left out once
_IN_A_ROW = 7
_FEWEST_EXPECTED = 2  # of the rarer answer at the median n, or a share gives no signals


@dataclass(frozen=True)
class Variation:
    """The limits of ordinary variation. `limits` and `signals` have a place for each point; a gap has no limits.

    Signals: `outside`, `side` (seven on one side of the centre), `trend` (seven rising or falling), `two_of_three`.
    """

    centre: float | None
    moving_range: float | None
    limits: Sequence[Interval | None]
    signals: Sequence[Sequence[str]]
    trial: bool
    quiet: bool = False  # signals are withheld


def sigma_of(formula: Formula, whole: Measure) -> float:
    """The standard deviation of one answer, from all answers of the buckets together."""
    if whole.spread is None or whole.n_effective is None:
        return 0.0
    added = 3.0 if formula.metric == "nps" else Z95**2 if formula.is_share else 0.0
    if not added and None not in formula.value_range:
        added = 2.0
    return whole.spread.se * math.sqrt(whole.n_effective + added)


def variation(formula: Formula, points: Sequence[Measure], whole: Measure) -> Variation:
    """The ordinary variation of a KPI over closed buckets; `whole` is the KPI over all their answers."""
    sigma = sigma_of(formula, whole)
    floors = [3 * sigma / math.sqrt(each.n_effective) if each.n_effective else 0.0 for each in points]
    found = xmr([each.value for each in points], floors)
    sizes = [each.n_effective for each in points if each.value is not None and each.n_effective]
    if not formula.is_share or whole.value is None or not sizes:
        return found
    expected = median(sizes) * min(whole.value, 100 - whole.value) / 100
    if expected >= _FEWEST_EXPECTED:
        return found
    return Variation(found.centre, found.moving_range, found.limits, [[] for _ in points], found.trial, quiet=True)


def xmr(values: Sequence[float | None], floors: Sequence[float] | None = None) -> Variation:
    """Limits and signals of a series; `floors` are what the limits of each point are away from the centre at least."""
    places = [place for place, value in enumerate(values) if value is not None]
    known = [value for value in values if value is not None]
    trial = len(known) < TRIAL_BELOW
    signals: list[list[str]] = [[] for _ in values]
    if len(known) < 2:
        return Variation(None, None, [None] * len(values), signals, trial)
    centre, moving_range = fmean(known), _moving_range(known)
    reach = [_SCALING * moving_range] * len(known)
    if floors is not None:
        reach = [max(half, floors[place]) for half, place in zip(reach, places, strict=True)]
    limits: list[Interval | None] = [None] * len(values)
    for place, half in zip(places, reach, strict=True):
        limits[place] = (centre - half, centre + half)
    away = [value - centre for value in known]
    marks = {
        "outside": _outside(away, reach),
        "side": _runs([_sign(each) for each in away]),
        "trend": _trends(known),
        "two_of_three": _two_of_three(away, reach),
    }
    for name, marked in marks.items():
        for index in marked:
            signals[places[index]].append(name)
    return Variation(centre, moving_range, limits, signals, trial)


def assurance(found: Variation, target: float, direction: str) -> str | None:
    """What may be expected of a target: `consistently_met`, `consistently_missed` or `hit_or_miss`, by the last limits."""
    limits = [each for each in found.limits if each is not None]
    if not limits:
        return None
    verdict = side(limits[-1], target, direction)
    return f"consistently_{verdict}" if verdict else "hit_or_miss"


def _moving_range(values: Sequence[float]) -> float:
    ranges = [abs(b - a) for a, b in pairwise(values)]
    most = _SCREEN * fmean(ranges)
    kept = [each for each in ranges if each < most]
    return fmean(kept) if kept else 0.0


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _outside(away: Sequence[float], reach: Sequence[float]) -> set[int]:
    return {index for index, (value, half) in enumerate(zip(away, reach, strict=True)) if abs(value) > half}


def _runs(signs: Sequence[int]) -> set[int]:
    """Places in runs of at least seven on one side."""
    marked: set[int] = set()
    for end in range(_IN_A_ROW, len(signs) + 1):
        run = signs[end - _IN_A_ROW : end]
        if abs(sum(run)) == _IN_A_ROW:
            marked |= set(range(end - _IN_A_ROW, end))
    return marked


def _trends(values: Sequence[float]) -> set[int]:
    steps = [_sign(b - a) for a, b in pairwise(values)]
    marked: set[int] = set()
    for end in range(_IN_A_ROW, len(values) + 1):
        if abs(sum(steps[end - _IN_A_ROW : end - 1])) == _IN_A_ROW - 1:
            marked |= set(range(end - _IN_A_ROW, end))
    return marked


def _two_of_three(away: Sequence[float], reach: Sequence[float]) -> set[int]:
    marked: set[int] = set()
    for first in range(len(away) - 2):
        three = range(first, first + 3)
        if abs(sum(_sign(away[index]) for index in three)) < 3:
            continue
        far = {index for index in three if reach[index] * 2 / 3 < abs(away[index]) <= reach[index]}
        if len(far) >= 2:
            marked |= far
    return marked
