"""What is printed of a number. Exact decimals decide, so that a page never contradicts the verdict beside it.

Everything is rounded half away from zero. Nothing here knows a language: texts are made of these decimals in `wording.py`.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Literal

# More digits than a float has before and after its point, so that nothing is inexact.
_EXACT = Context(prec=700)
_MOST_DECIMALS = 6


def exact(value: float) -> Decimal:
    """The shortest decimal that stands for this number: what a person would write."""
    return Decimal(repr(float(value)))


def _to(value: Decimal, decimals: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    rounded = value.quantize(Decimal(1).scaleb(-decimals), rounding=rounding, context=_EXACT)
    return abs(rounded) if rounded == 0 else rounded


def number(value: float, decimals: int) -> Decimal:
    """Rounded half away from zero; zero has no sign."""
    return _to(exact(value), decimals)


def share(value: float, decimals: int = 0) -> tuple[Literal["", "<", ">"], Decimal]:
    """A percentage and what stands before it: 0 and 100 are printed only for none and all."""
    whole, printed = exact(value), number(value, decimals)
    least = Decimal(1).scaleb(-decimals)
    if printed == 0 and whole > 0:
        return "<", least
    if printed == 100 and whole < 100:
        return ">", 100 - least
    return "", printed


def beside(value: float, target: float | None, decimals: int) -> Decimal:
    """A value, on its own side of the target and never on it, unless it is: with as many more decimals as that takes."""
    return _beside(exact(value), target, decimals, ())


def bound(
    value: float, target: float | None, side: Literal["low", "high"], decimals: int, *, is_share: bool = False
) -> Decimal:
    """An end of an interval, beside the target as `beside`; rounded outwards before it gets another decimal.

    Of a share also where it would be printed as none or all and is not.
    """
    outwards = ROUND_FLOOR if side == "low" else ROUND_CEILING
    whole = exact(value)
    if is_share and target is None:
        printed = _to(whole, decimals)
        return _to(whole, decimals, outwards) if printed in (0, 100) and printed != whole else printed
    return _beside(whole, target, decimals, (outwards,), avoid=(Decimal(0), Decimal(100)) if is_share else ())


def _beside(
    whole: Decimal, target: float | None, decimals: int, more: tuple[str, ...], avoid: tuple[Decimal, ...] = ()
) -> Decimal:
    if target is None:
        return _to(whole, decimals)
    goal = exact(target)
    while True:
        for rounding in (ROUND_HALF_UP, *more):
            printed = _to(whole, decimals, rounding)
            if rounding == ROUND_HALF_UP and printed in avoid and printed != whole:
                continue
            if (printed > goal, printed < goal) == (whole > goal, whole < goal):
                return printed
        decimals += 1


def difference(before: float, after: float, decimals: int) -> Decimal:
    """Of the printed values where that is the rounded difference too; else with a decimal more."""
    whole = _EXACT.subtract(exact(after), exact(before))
    printed = _EXACT.subtract(number(after, decimals), number(before, decimals))
    return printed if printed == _to(whole, decimals) else _to(whole, decimals + 1)


def decimals_of_scale(low: float, high: float) -> int:
    """Decimals of a mean on a scale: as many as make a thousand steps of it, or a few thousand; at most six."""
    return _within(3 - _ceil_log10(_EXACT.subtract(exact(high), exact(low))))


def decimals_of_value(value: float) -> int:
    """Decimals of a mean without ends of its scale: three significant digits, at most six decimals."""
    return _within(2 - exact(value).adjusted()) if value else 2


def _within(decimals: int) -> int:
    return min(max(decimals, 0), _MOST_DECIMALS)


def _ceil_log10(value: Decimal) -> int:
    return value.adjusted() + (0 if value.scaleb(-value.adjusted()) == 1 else 1)
