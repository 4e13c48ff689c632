"""Keeps sums from telling what is hidden: whoever subtracts the items that are shown from a stage, or the stages from a
journey, must be left with nothing, or with as many answers as it takes for a value to be shown.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hidden:
    """An item whose value is hidden. `places`: the smaller sums that it is in, from the smallest up: stage, phase, …"""

    item_id: Hashable
    question_key: Hashable
    n: int
    places: tuple[Hashable, ...] = ()


def held_back(hidden: Iterable[Hidden], threshold: int) -> set[Hashable]:
    """The items that a sum must leave out: those which no smaller sum holds either, if all of them together are too few.

    As soon as hidden items of one place have enough answers together, they are in its sum and in each larger one.
    """
    left = list(hidden)
    levels = max((len(each.places) for each in left), default=0)
    for level in range(levels + 1):
        groups: dict[Hashable, list[Hidden]] = {}
        for each in left:
            groups.setdefault(each.places[level] if level < levels else None, []).append(each)
        left = [each for group in groups.values() if _answers(group) < threshold for each in group]
    return {each.item_id for each in left}


def _answers(group: Sequence[Hidden]) -> int:
    """Answers behind these items, each counted once."""
    by_question: dict[Hashable, int] = {}
    for each in group:
        by_question[each.question_key] = max(by_question.get(each.question_key, 0), each.n)
    return sum(by_question.values())
