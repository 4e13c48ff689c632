"""What the codes of a question's answers stand for, as the mapping of an item says: the one way from code to value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from feedback.mapping.entries import read_entries
from feedback.mapping.values import value_key


@dataclass(frozen=True)
class Mapped:
    """Codes with their values, and codes that are left out with the reason.

    Without choices a code is the value. So is a code that no choice has (any more), unless a choice stands for another
    value than its code: then such an answer is off the scale.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((frozenset(self.values.items()), frozenset(self.left_out.items())))

    @cached_property
    def are_codes(self) -> bool:
        """Whether every code is its own value."""
        return all(code == value for code, value in self.values.items())

    def value_of(self, code: str) -> str | None:
        """The value of a code that is not left out; None where it has none."""
        value = self.values.get(code)
        return value if value is not None else code if self.are_codes else None


AS_THEY_CAME = Mapped()


def mapped(stored: Sequence[Mapping[str, Any]] | None) -> Mapped:
    """From a stored mapping; without one, answers are values as they came."""
    entries = read_entries(stored)
    return Mapped(
        {value_key(entry.code): value_key(entry.value) for entry in entries if entry.value is not None},
        {value_key(entry.code): entry.left_out for entry in entries if entry.value is None},
    )


def merged(many: Iterable[Mapped]) -> Mapped:
    """One mapping for items that cite the same question: what any of them counts, counts, with the first one's value."""
    values: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for each in many:
        values = dict(each.values) | values
        left_out = dict(each.left_out) | left_out
    return Mapped(values, {code: reason for code, reason in left_out.items() if code not in values})
