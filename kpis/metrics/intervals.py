"""95 % intervals, and what comparisons and weighted sums take from them. All in the unit of the KPI.

Every interval is clipped to its scale and then stretched to hold the value: what is shown is never outside of its own
interval. `n` may be a fraction: it is an effective number of answers where some come from the same person.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from kpis.metrics.student import Z95, t975

Interval = tuple[float, float]

HALL_FROM = 30  # answers; with fewer, a mean without ends of its scale has no interval that can be trusted


class Spread(NamedTuple):
    """An interval with the adjusted middle and standard error that it was made from.

    Comparisons take `middle` and `se`, with `df` degrees of freedom; None: the normal distribution.
    """

    low: float
    high: float
    middle: float
    se: float
    df: float | None = None

    @property
    def ci95(self) -> Interval:
        return self.low, self.high


def around(value: float, low: float, high: float, lowest: float | None, highest: float | None) -> Interval:
    """Bounds clipped to the scale, then stretched to hold the value."""
    low = low if lowest is None else max(low, float(lowest))
    high = high if highest is None else min(high, float(highest))
    return min(low, value), max(high, value)


def adjusted_wald(positive: float, negative: float, n: float) -> Spread:
    """For a difference of two shares of the same answers (NPS, net sentiment), after Rocks (2016); shares of 0 to 1.

    Three answers are added, 3/4 positive, 3/2 neutral and 3/4 negative, so that five equal answers do not look certain.
    """
    padded = n + 3
    p, d = (positive * n + 0.75) / padded, (negative * n + 0.75) / padded
    middle = p - d
    # Rounding must not make a variance of nothing negative.
    se = math.sqrt(max(p + d - middle * middle, 0.0) / padded)
    low, high = around(100 * (positive - negative), 100 * (middle - Z95 * se), 100 * (middle + Z95 * se), -100.0, 100.0)
    return Spread(low, high, 100 * middle, 100 * se)


def wilson(share: float, n: float) -> Spread:
    """For one share of 0 to 1. The standard error is that of Agresti and Coull, which has the same middle."""
    square = Z95 * Z95
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z95 / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    low, high = around(100 * share, 100 * (middle - half), 100 * (middle + half), 0.0, 100.0)
    return Spread(low, high, 100 * middle, 100 * math.sqrt(middle * (1 - middle) / (n + square)))


def padded_t(mean: float, variance: float, n: float, lowest: float, highest: float) -> Spread:
    """For a mean on a scale with two ends: Student's t over the answers and one more at each end.

    So equal answers, of which a scale whose best end is popular has many, never make an interval without width.
    `variance` has the divisor n.
    """
    padded = n + 2
    middle = (n * mean + lowest + highest) / padded
    squares = n * (variance + (mean - middle) ** 2) + (lowest - middle) ** 2 + (highest - middle) ** 2
    se = math.sqrt(squares / (padded - 1) / padded)
    half = t975(padded - 1) * se
    low, high = around(mean, middle - half, middle + half, lowest, highest)
    return Spread(low, high, middle, se, padded - 1)


def t_or_hall(
    mean: float, variance: float, third: float, n: float, lowest: float | None = None, highest: float | None = None
) -> Spread | None:
    """For a mean without two ends of its scale: each side the wider of Student's t and Hall's (1992), made for skewed data.

    `variance` and `third` are the second and third central moments, with the divisor n. None below 30 answers.
    """
    if n < HALL_FROM:
        return None
    deviation = math.sqrt(variance * n / (n - 1))
    skewness = third / variance**1.5 if variance > 0 else 0.0
    t, root = t975(n - 1), math.sqrt(n)
    lows, highs = [mean - t * deviation / root], [mean + t * deviation / root]
    lows.append(mean - deviation * _hall(t / root, skewness, n))
    highs.append(mean - deviation * _hall(-t / root, skewness, n))
    low, high = around(mean, min(lows), max(highs), lowest, highest)
    return Spread(low, high, mean, deviation / root, n - 1)


def _hall(u: float, skewness: float, n: float) -> float:
    cube = skewness * (u - skewness / (6 * n))
    if cube == 0:
        return u
    # (∛(1 + x) − 1), without losing the digits of a small x.
    root = math.expm1(math.log1p(cube) / 3) if cube > -1 else -((-1 - cube) ** (1 / 3)) - 1
    return 3 / skewness * root
