"""Histograms of answer values: the sufficient statistic that every KPI is computed from.

`Counts` is what is stored per question and local day: `{"counted": {"9": 3, "": 1}, "unfinished": {...}}`. The
outer keys are classes of responses, the inner ones canonical answer values; "" is asked but unanswered.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Protocol

Histogram = Mapping[str, int]
Counts = Mapping[str, Mapping[str, int]]

COUNTED = "counted"
UNFINISHED = "unfinished"
UNANSWERED = "unanswered"
OUT_OF_SCALE = "out_of_scale"
NOT_APPLICABLE = "not_applicable"
MIXED = "mixed"  # a comment with both sentiments: no place on -2…+2, so a bin of its own
# Why an answer is not in n, in the order in which reasons are shown: the class of its response first, then its value.
REASONS = (UNFINISHED, "preview", "test", "spam", "synthetic", UNANSWERED, NOT_APPLICABLE, OUT_OF_SCALE, MIXED)

# Longer digits come from free text (a phone number, a paste); no scale reaches them.
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,30})?")


class Scale(Protocol):
    """What decides whether a value can be counted; a `Formula` is one."""

    def accepts(self, value: str) -> bool: ...


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


def add(*counts: Counts) -> dict[str, dict[str, int]]:
    """The sum of several counts."""
    return total(counts)


def total(many: Iterable[Counts]) -> dict[str, dict[str, int]]:
    """The sum of any number of counts, values made canonical and empty bins left out."""
    result: dict[str, dict[str, int]] = {}
    for counts in many:
        for response_class, histogram in counts.items():
            bins = result.setdefault(response_class, {})
            for value, count in histogram.items():
                key = value_key(value)
                bins[key] = bins.get(key, 0) + count
    return _without_empty_bins(result)


def union(many: Iterable[Counts]) -> dict[str, dict[str, int]]:
    """The answers of one question as several items see it, each answer once.

    Items may count from different days, so one sees a part of what the other sees: the larger bin holds the smaller.
    """
    result: dict[str, dict[str, int]] = {}
    for counts in many:
        for response_class, histogram in total([counts]).items():
            bins = result.setdefault(response_class, {})
            for value, count in histogram.items():
                bins[value] = max(bins.get(value, 0), count)
    return result


def without(counts: Counts, overlapping: Counts, others: Counts) -> dict[str, dict[str, int]]:
    """The counts less those of the `overlapping` ones, a part of them, which `others` hold as well."""
    result = {name: dict(bins) for name, bins in total([counts]).items()}
    for name, bins in total([overlapping]).items():
        for value, count in bins.items():
            result[name][value] -= min(count, others.get(name, {}).get(value, 0))
    return _without_empty_bins(result)


def _without_empty_bins(counts: Counts) -> dict[str, dict[str, int]]:
    kept = {name: {value: n for value, n in bins.items() if n} for name, bins in counts.items()}
    return {name: bins for name, bins in kept.items() if bins}


def usable(
    counts: Counts,
    formula: Scale,
    *,
    not_applicable: Collection[str] = frozenset(),
    include: Collection[str] = (COUNTED,),
) -> tuple[dict[str, int], dict[str, int]]:
    """What of the counts a formula may use, and how many answers are left out for which reason.

    `include` names the classes of responses that count: `("counted", "unfinished")` where unfinished ones do too.
    Each answer is in exactly one place: in the histogram, or under one reason (its class first, then its value).
    """
    histogram: dict[str, int] = {}
    left_out: dict[str, int] = {}
    not_applicable = {value_key(value) for value in not_applicable}
    for response_class, bins in counts.items():
        for value, count in bins.items():
            key = value_key(value)
            if response_class not in include:
                reason = response_class
            elif key == "":
                reason = UNANSWERED
            elif key in not_applicable:
                reason = NOT_APPLICABLE
            elif formula.accepts(key):
                histogram[key] = histogram.get(key, 0) + count
                continue
            else:
                reason = OUT_OF_SCALE
            left_out[reason] = left_out.get(reason, 0) + count
    return {value: n for value, n in histogram.items() if n}, in_order(left_out)


def is_usable(
    response_class: str, value: str, scale: Scale, *, not_applicable: Collection[str], include: Collection[str]
) -> bool:
    """Whether `usable` keeps answers of this value in responses of this class."""
    key = value_key(value)
    if response_class not in include or not key or not scale.accepts(key):
        return False
    return key not in {value_key(each) for each in not_applicable}


def in_order(left_out: Mapping[str, int]) -> dict[str, int]:
    """The same reasons in the order in which they are shown, without those that hold nobody."""
    known = {reason: left_out[reason] for reason in REASONS if left_out.get(reason)}
    return known | {reason: n for reason, n in sorted(left_out.items()) if n and reason not in known}
