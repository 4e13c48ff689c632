"""Student's t distribution without a numerical library, for any degrees of freedom from 1 up."""

from __future__ import annotations

import math
from functools import lru_cache

# The two-sided 95 % point of the normal distribution, as rounded in the formulas that we follow.
Z95 = 1.96

_NORMAL_975 = 1.959963984540054
_EXACT_UP_TO = 200
_TINY = 1e-300


@lru_cache(maxsize=8192)
def t975(df: float) -> float:
    """t(0.975, df): half the width of a 95 % interval in standard errors; `df` may be a fraction.

    Above 200 degrees of freedom the expansion of Abramowitz & Stegun 26.7.5 around the normal quantile, whose error there
    is below 1e-11. Up to there the distribution function is solved from it by Newton's method: what lies beyond t falls
    ever more slowly, so that from the first step on no step goes too far.
    """
    if df < 1:
        raise ValueError("Degrees of freedom start at 1.")
    t = _expansion(df)
    if df > _EXACT_UP_TO:
        return t
    height = 2 * math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    for _ in range(50):
        step = (beyond(t, df) - 0.05) / (height * (1 + t * t / df) ** (-(df + 1) / 2))
        t += step
        if abs(step) < 1e-13 * t:
            break
    return t


def beyond(t: float, df: float) -> float:
    """The probability of a value farther from 0 than t, on either side: the regularised incomplete beta function."""
    x = df / (df + t * t)
    a, b = df / 2, 0.5
    if x < (a + 1) / (a + b + 2):
        return _front(x, a, b) * _continued_fraction(x, a, b) / a
    return 1 - _front(x, a, b) * _continued_fraction(1 - x, b, a) / b


def beyond_normal(z: float) -> float:
    """The same for the normal distribution."""
    return math.erfc(abs(z) / math.sqrt(2))


def _front(x: float, a: float, b: float) -> float:
    if x <= 0 or x >= 1:
        return 0.0
    # Of large arguments the logarithms are large and their difference is not: the series keeps its digits.
    ratio = (
        0.5 * math.log(a) - 1 / (8 * a) + 1 / (192 * a**3) - 1 / (640 * a**5)
        if a > 50
        else math.lgamma(a + b) - math.lgamma(a)
    )
    return math.exp(ratio - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Lentz's method, for x below (a + 1)/(a + b + 2), where it converges fast."""
    c, d = 1.0, 1 / _off_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / _off_zero(1 + even * d), _off_zero(1 + even / c)
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / _off_zero(1 + odd * d), _off_zero(1 + odd / c)
        value *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return value


def _off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _expansion(df: float) -> float:
    x = _NORMAL_975
    return (
        x
        + (x**3 + x) / (4 * df)
        + (5 * x**5 + 16 * x**3 + 3 * x) / (96 * df**2)
        + (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / (384 * df**3)
        + (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / (92160 * df**4)
    )
