"""95 % intervals and the adjusted standard errors that go with them, in the unit of the KPI."""

from __future__ import annotations

import math
from typing import NamedTuple

from kpis.metrics.student import Z95, t975

Interval = tuple[float, float]


class Spread(NamedTuple):
    """An interval, and the standard error to compare and combine with."""

    ci95: Interval
    se: float


def adjusted_wald(positive: float, negative: float, n: int) -> Spread:
    """For a difference of two shares of the same answers (NPS, net sentiment), after Rocks (2016).

    Three answers are added, 3/4 positive, 3/2 neutral and 3/4 negative, so that five equal answers do not look certain.
    """
    padded = n + 3
    p, d = (positive + 0.75) / padded, (negative + 0.75) / padded
    middle = p - d
    se = math.sqrt((p + d - middle * middle) / padded)
    low, high = max(middle - Z95 * se, -1.0), min(middle + Z95 * se, 1.0)
    return Spread((100 * low, 100 * high), 100 * se)


def wilson(positive: float, n: int) -> Spread:
    """For one share. The standard error is that of Agresti and Coull, which has the same middle."""
    square = Z95 * Z95
    share = positive / n
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z95 / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    # At the ends the bound is the end itself, which floating point would miss by a hair.
    low = 0.0 if positive == 0 else max(middle - half, 0.0)
    high = 1.0 if positive == n else min(middle + half, 1.0)
    return Spread((100 * low, 100 * high), 100 * math.sqrt(middle * (1 - middle) / (n + square)))


def student(mean: float, se: float, n: int, lowest: float | None, highest: float | None) -> Spread:
    """For a mean of at least two answers, clipped to the scale where it has ends."""
    half = t975(n - 1) * se
    low = mean - half if lowest is None else max(mean - half, float(lowest))
    high = mean + half if highest is None else min(mean + half, float(highest))
    return Spread((low, high), se)


def normal(value: float, se: float, lowest: float | None, highest: float | None) -> Spread:
    """For a weighted sum of independent values, whose standard error is known."""
    low = value - Z95 * se if lowest is None else max(value - Z95 * se, float(lowest))
    high = value + Z95 * se if highest is None else min(value + Z95 * se, float(highest))
    return Spread((low, high), se)
