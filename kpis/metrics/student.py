"""Quantiles of Student's t distribution, without a numerical library."""

from __future__ import annotations

import math
from functools import lru_cache

# The two-sided 95 % point of the normal distribution, as rounded in the formulas that we follow.
Z95 = 1.96

_NORMAL_975 = 1.959963984540054
_EXACT_UP_TO = 200


@lru_cache(maxsize=8192)
def t975(df: int) -> float:
    """t(0.975, df): half the width of a 95 % interval in standard errors.

    Up to 200 degrees of freedom the distribution function is a finite sum (Abramowitz & Stegun 26.7.3 and 26.7.4),
    solved by bisection; above, the expansion 26.7.5 around the normal quantile, whose error there is below 1e-11.
    """
    if df < 1:
        raise ValueError("Degrees of freedom start at 1.")
    if df > _EXACT_UP_TO:
        return _expansion(df)
    low, high = 1.9, 13.0
    while low < (middle := (low + high) / 2) < high:
        if _within(middle, df) < 0.95:
            low = middle
        else:
            high = middle
    return high


def _within(t: float, df: int) -> float:
    """The probability of a value between -t and t."""
    angle = math.atan(t / math.sqrt(df))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = df % 2
    if df == 1:
        return 2 * angle / math.pi
    term = cosine if odd else 1.0
    series = term
    for k in range(2 + odd, df, 2):
        term *= cosine * cosine * (k - 1) / k
        series += term
    return 2 / math.pi * (angle + sine * series) if odd else sine * series


def _expansion(df: int) -> float:
    x = _NORMAL_975
    return (
        x
        + (x**3 + x) / (4 * df)
        + (5 * x**5 + 16 * x**3 + 3 * x) / (96 * df**2)
        + (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / (384 * df**3)
        + (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / (92160 * df**4)
    )
