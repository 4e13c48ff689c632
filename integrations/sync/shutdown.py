"""Says that this worker is about to end, so that a slice puts its fetch back after the batch at hand.

The word must reach pool processes, which were forked before it was spoken: a page of memory that all of them share.
"""

from __future__ import annotations

import mmap

_page = mmap.mmap(-1, 1)


def announce(**_kwargs: object) -> None:
    """The worker is shutting down."""
    _page[0] = 1


def is_announced() -> bool:
    """Whether work is to end soon."""
    return _page[0] == 1


def take_back() -> None:
    """For tests in one process."""
    _page[0] = 0
