"""The rules of blocks: which answers make one, which block holds an answer, when blocks are corrected or joined. Pure.

Under a threshold, answers are counted in blocks of at least that many, and every figure is made of whole blocks: so what any
figures tell, however they are combined, concerns at least so many answers. What waits for a block is in no figure.

A response's place is the moment it was recorded and the round in which it arrived; a block has days and the round in which it
was closed. From these two it follows which block holds an answer: nothing is stored with the answer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, TypeVar

Bins = dict[str, int]
Usable = Callable[[str], bool]
T = TypeVar("T")


def usable_in(bins: Mapping[str, int], usable: Usable) -> int:
    """How many of these answers count for the threshold."""
    return sum(n for value, n in bins.items() if usable(value))


def add(into: Bins, bins: Mapping[str, int]) -> None:
    """Add answers to others."""
    for value, n in bins.items():
        into[value] = into.get(value, 0) + n


class Packed(NamedTuple):
    """Answers of consecutive days that have become a block."""

    first: date
    last: date
    bins: Bins
    n: int


def pack(room: Mapping[date, Bins], threshold: int, usable: Usable) -> tuple[list[Packed], dict[date, Bins]]:
    """Close blocks of a room's answers, days forward; the blocks, and what goes on waiting.

    All answers of a day go together, those that do not count for the threshold with those that do.
    """
    packed: list[Packed] = []
    taken: dict[date, Bins] = {}
    n = 0
    for day in sorted(room):
        taken[day] = room[day]
        n += usable_in(room[day], usable)
        if n >= threshold:
            bins: Bins = {}
            for of_day in taken.values():
                add(bins, of_day)
            packed.append(Packed(min(taken), day, bins, n))
            taken, n = {}, 0
    return packed, taken


class Closed(NamedTuple):
    """A block as it was closed: all that decides which answers it holds."""

    pk: int
    late: bool
    round: int
    starts_at: datetime  # of its first day
    last_at: datetime  # the beginning of its last day
    ends_at: datetime


@dataclass(slots=True)
class Places:
    """Finds the block that holds an answer of one stream; made of the blocks whose days reach beyond the first moment asked."""

    from_round: int
    closed: Sequence[Closed]
    _ends: list[tuple[int, datetime]] = field(init=False)  # by round: the latest last day that open answers had reached
    _of_list: dict[bool, list[Closed]] = field(init=False)

    def __post_init__(self) -> None:
        of_list: dict[bool, list[Closed]] = defaultdict(list)
        for block in sorted(self.closed, key=lambda block: block.round):
            if block.round >= self.from_round:
                of_list[block.late].append(block)
        self._of_list = of_list
        self._ends = []
        for block in of_list[False]:
            latest = max(block.last_at, self._ends[-1][1]) if self._ends else block.last_at
            self._ends.append((block.round, latest))

    def room_of(self, moment: datetime, arrived: int) -> str:
        """`late` if blocks had gone beyond its day before it arrived, else `open`."""
        before = bisect_left(self._ends, max(arrived, self.from_round), key=lambda end: end[0])
        return "late" if before and moment < self._ends[before - 1][1] else "open"

    def block_of(self, moment: datetime, arrived: int) -> int | None:
        """The block that took it, as it was closed first; None: it waits."""
        arrived = max(arrived, self.from_round)
        blocks = self._of_list.get(self.room_of(moment, arrived) == "late", [])
        for block in blocks[bisect_left(blocks, arrived, key=lambda block: block.round) :]:
            if block.starts_at <= moment < block.ends_at:
                return block.pk
        return None


class Touched(NamedTuple):
    """A block with answers that have changed since: how many usable ones it holds, how many of these changed, and how many
    usable answers there are in their stead."""

    n: int
    changed: int
    new: int

    @property
    def weight(self) -> int:
        """Of how many answers the difference between the block and its correction tells at least."""
        return min(self.changed, max(self.n - self.changed, 0)) + self.new

    @property
    def is_gone(self) -> bool:
        """Whether none of its answers is left."""
        return self.changed >= self.n and not self.new


def may_correct(touched: Iterable[Touched], threshold: int) -> bool:
    """Whether these blocks may become one that tells what is true now.

    It is so exactly when no combination of the former figures and the new ones concerns fewer answers than the threshold.
    """
    return sum(each.weight for each in touched) >= threshold


def joined(blocks: Sequence[tuple[T, int]], threshold: int) -> Iterator[list[T]]:
    """Consecutive blocks, each with its n, put together until each has enough; what is left over joins the last."""
    groups: list[list[T]] = []
    some: list[T] = []
    total = 0
    for block, n in blocks:
        some.append(block)
        total += n
        if total >= threshold:
            groups.append(some)
            some, total = [], 0
    if some and groups:
        groups[-1] += some
    elif some:
        groups.append(some)
    return (group for group in groups if len(group) > 1)
