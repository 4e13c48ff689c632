"""The canonical text of an answer, and the exact number that it stands for."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

# Stands for an answer that should be a number and cannot be read as one. The text itself is not kept.
UNREADABLE_BIN = "?"
# Longer digits come from free text (a phone number, a paste); no scale reaches them.
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,30})?")


@lru_cache(maxsize=4096)
def number(value: str) -> int | Fraction | None:
    """The exact number that a value's text stands for, as int where it is whole (for speed); None for other text."""
    if not _NUMBER.fullmatch(value):
        return None
    exact = Fraction(value)
    return exact.numerator if exact.denominator == 1 else exact


def value_key(value: object) -> str:
    """The canonical text of an answer: "9" for 9, 9.0, "9" and "9.0"; "" for no answer; other text stripped."""
    if value is None:
        return ""
    if isinstance(value, int):
        return _canonical(str(int(value)))
    if isinstance(value, float | Decimal):
        # Decimal writes 1e-07 in full, as a person would, and leaves "NaN" a text that no scale accepts.
        value = format(Decimal(repr(value)) if isinstance(value, float) else value, "f")
    return _canonical(str(value))


@lru_cache(maxsize=4096)
def _canonical(text: str) -> str:
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return text
    whole, point, decimals = text.removeprefix("+").partition(".")
    sign = "-" if whole.startswith("-") else ""
    digits = (whole.removeprefix("-").lstrip("0") or "0") + (point + decimals).rstrip("0").rstrip(".")
    return digits if digits == "0" else sign + digits
