"""How an answer of the REST API differs from the one that an earlier version gave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Sentences for people, which may be worded anew.
PROSE = frozenset({"sentence", "what_to_do", "explanation", "label", "live_label", "kind_label", "message", "summary"})


def differences(before: Any, now: Any, place: str = "") -> Iterator[str]:
    """Where `now` lacks something or has another value. What it has besides is no difference, nor is the order of a list."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key, value in before.items():
            if key not in now:
                yield f"{place}/{key} is missing"
            elif key not in PROSE:
                yield from differences(value, now[key], f"{place}/{key}")
    elif isinstance(before, list) and isinstance(now, list):
        if len(before) != len(now):
            yield f"{place} has {len(now)} instead of {len(before)}"
        for number, (old, new) in enumerate(zip(_in_order(before), _in_order(now), strict=False)):
            yield from differences(old, new, f"{place}/{number}")
    elif before != now or type(before) is not type(now):
        yield f"{place} is {now!r} instead of {before!r}"


def _in_order(values: list[Any]) -> list[Any]:
    """By id where there is one: databases do not agree on the order of names."""
    if all(isinstance(each, dict) and "id" in each for each in values):
        return sorted(values, key=lambda each: str(each["id"]))
    return values
