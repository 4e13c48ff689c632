"""Histograms of answer values: the sufficient statistic that every KPI is computed from.

`Counts` is what is stored per question and local day: `{"counted": {"9": 3, "": 1}, "unfinished": {...}}`. The
outer keys are classes of responses, the inner ones canonical answer values; "" is asked but unanswered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from feedback.mapping.entries import AMBIGUOUS, NOT_ANALYSED, NOT_APPLICABLE, OFF_SCALE
from feedback.mapping.values import UNREADABLE_BIN, value_key
from kpis.counting.mapped import AS_THEY_CAME, Mapped

Histogram = Mapping[str, int]
Counts = Mapping[str, Mapping[str, int]]

COUNTED = "counted"
UNFINISHED = "unfinished"
UNANSWERED = "unanswered"
OUT_OF_SCALE = OFF_SCALE
UNREADABLE = "unreadable"
MIXED = "mixed"  # a comment with both sentiments: no place on -2…+2, so a bin of its own
# Why an answer is not in n, in the order in which reasons are shown: the class of its response first, then its value.
REASONS = (
    "unfinished", "preview", "test", "spam", "synthetic", UNANSWERED, NOT_APPLICABLE, NOT_ANALYSED, AMBIGUOUS, OUT_OF_SCALE,
    UNREADABLE, MIXED,
)  # fmt: skip


class Scale(Protocol):
    """What decides whether a value can be counted; a `Formula` is one."""

    def accepts(self, value: str) -> bool: ...


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
    counts: Counts, formula: Scale, *, mapping: Mapped = AS_THEY_CAME, include: Collection[str] = (COUNTED,)
) -> tuple[dict[str, int], dict[str, int]]:
    """From raw counts by code to what a formula may use, by value, and how many answers are left out for which reason.

    `include` names the classes of responses that count: `("counted", "unfinished")` where unfinished ones do too.
    Each answer is in exactly one place: in the histogram, or under one reason (its class first, then its value).
    """
    histogram: dict[str, int] = {}
    left_out: dict[str, int] = {}
    for response_class, bins in counts.items():
        for code, count in bins.items():
            value, reason = _counted_as(response_class, value_key(code), formula, mapping, include)
            into, key = (left_out, reason) if reason else (histogram, value)
            into[key] = into.get(key, 0) + count
    return {value: n for value, n in histogram.items() if n}, in_order(left_out)


def is_usable(response_class: str, code: str, scale: Scale, *, mapping: Mapped, include: Collection[str]) -> bool:
    """Whether `usable` keeps answers with this code in responses of this class."""
    return not _counted_as(response_class, value_key(code), scale, mapping, include)[1]


def _counted_as(
    response_class: str, code: str, scale: Scale, mapping: Mapped, include: Collection[str]
) -> tuple[str, str]:
    """The value that an answer counts as; or, second, the reason why it is left out."""
    if response_class not in include:
        return "", response_class
    if code == "":
        return "", UNANSWERED
    if code == UNREADABLE_BIN:
        return "", UNREADABLE
    if reason := mapping.left_out.get(code):
        return "", reason
    value = mapping.value_of(code)
    return (value, "") if value is not None and scale.accepts(value) else ("", OUT_OF_SCALE)


def in_order(left_out: Mapping[str, int]) -> dict[str, int]:
    """The same reasons in the order in which they are shown, without those that hold nobody."""
    known = {reason: left_out[reason] for reason in REASONS if left_out.get(reason)}
    return known | {reason: n for reason, n in sorted(left_out.items()) if n and reason not in known}
