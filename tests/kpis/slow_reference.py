"""KPIs the slow way: one answer at a time, with fractions and 40 digits, sharing no code with the product."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

Z = Fraction(196, 100)


@dataclass(frozen=True)
class Answer:
    """One response's answer to one question."""

    response: str
    question: str
    response_class: str
    value: object  # as a vendor may write it: 9, 9.0, "9", "mixed", None


@dataclass(frozen=True)
class Expected:
    value: float | None
    n: int
    ci95: tuple[float, float] | None


def root(fraction: Fraction) -> Fraction:
    """A square root good to 40 digits."""
    with localcontext() as context:
        context.prec = 60
        return Fraction((Decimal(fraction.numerator) / Decimal(fraction.denominator)).sqrt())


def numeric(value: object) -> Fraction | None:
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        return None


def usable_numbers(answers: list[Answer], low: object, high: object, not_applicable: set[str], classes: set[str]):
    seen = {}
    for answer in answers:
        if answer.response_class not in classes or answer.value in (None, ""):
            continue
        number = numeric(answer.value)
        if number is None or any(numeric(na) == number for na in not_applicable):
            continue
        if (low is None or number >= Fraction(low)) and (high is None or number <= Fraction(high)):
            seen[answer.response, answer.question] = number
    return list(seen.values())


def nps(numbers: list[Fraction]) -> Expected:
    n = len(numbers)
    if not n:
        return Expected(None, 0, None)
    promoters = len([number for number in numbers if number >= 9])
    detractors = len([number for number in numbers if number < 7])
    p, d = (Fraction(4 * count + 3, 4 * (n + 3)) for count in (promoters, detractors))
    half = Z * root((p + d - (p - d) ** 2) / (n + 3))
    ends = [min(max(p - d + side * half, Fraction(-1)), Fraction(1)) for side in (-1, 1)]
    return Expected(float(Fraction(100 * (promoters - detractors), n)), n, shown(n, [100 * end for end in ends]))


def share(numbers: list[Fraction], positive: set[Fraction]) -> Expected:
    n = len(numbers)
    if not n:
        return Expected(None, 0, None)
    k = len([number for number in numbers if number in positive])
    p = Fraction(k, n)
    # The ends are where (p - x)² = z²·x·(1 - x)/n: the definition that the closed form is derived from.
    a, b, c = 1 + Z**2 / n, -(2 * p + Z**2 / n), p**2
    gap = root(b**2 - 4 * a * c)
    ends = [(-b - gap) / (2 * a), (-b + gap) / (2 * a)]
    return Expected(float(100 * p), n, shown(n, [100 * min(max(end, Fraction(0)), Fraction(1)) for end in ends]))


def mean(numbers: list[Fraction], low: object, high: object, t: Callable[[int], float]) -> Expected:
    """`t` gives the quantile for degrees of freedom."""
    n = len(numbers)
    if not n:
        return Expected(None, 0, None)
    value = sum(numbers) / n
    if low is None or high is None:
        return Expected(float(value), n, hall(numbers, value, t) if n >= 30 else None)
    padded = [*numbers, Fraction(low), Fraction(high)]
    middle = sum(padded) / len(padded)
    variance = sum((number - middle) ** 2 for number in padded) / (len(padded) - 1)
    half = Fraction(t(len(padded) - 1)) * root(variance / len(padded))
    ends = [min(max(middle - half, Fraction(low)), value), max(min(middle + half, Fraction(high)), value)]
    return Expected(float(value), n, shown(n, ends))


def hall(numbers: list[Fraction], value: Fraction, t: Callable[[int], float]) -> tuple[float, float]:
    """The wider of Student's and Hall's interval, by what Hall's transformation W solves: W + g·W²/3 + g²·W³/27 + g/6n = u."""
    n = len(numbers)
    second = sum((number - value) ** 2 for number in numbers) / n
    if second == 0:
        return float(value), float(value)
    s = float(root(second * n / (n - 1)))
    g = float(sum((number - value) ** 3 for number in numbers) / n) / float(second) ** 1.5
    u = t(n - 1) / math.sqrt(n)
    steep = [solve(lambda w: w + g * w * w / 3 + g * g * w**3 / 27 + g / (6 * n), end) for end in (u, -u)]
    return float(value) - s * max(u, steep[0]), float(value) - s * min(-u, steep[1])


def solve(rising: Callable[[float], float], wanted: float) -> float:
    low, high = -1e6, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return high


def shown(n: int, ends: list[Fraction]) -> tuple[float, float] | None:
    """One answer has no interval."""
    return None if n < 2 else (float(ends[0]), float(ends[1]))


def within(t: float, df: int, steps: int = 4000) -> float:
    """P(-t < T < t), by Simpson's rule on the density."""
    scale = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    width = t / steps
    total = 0.0
    for i in range(steps + 1):
        density = scale * math.exp(-(df + 1) / 2 * math.log1p((i * width) ** 2 / df))
        total += density * (1 if i in (0, steps) else 4 if i % 2 else 2)
    return 2 * total * width / 3
