"""Whole numbers in what a browser or a program sends: ids, versions, pages."""

from __future__ import annotations

LARGEST_ID = 2**63 - 1  # of a primary key


def whole_number(text: str | None, *, most: int = LARGEST_ID) -> int | None:
    """The number from 0 to `most` that `text` writes in ASCII digits and nothing else; None for any other text."""
    # The length first: Python refuses to read thousands of digits.
    if not text or len(text) > len(str(most)) or not (text.isascii() and text.isdecimal()):
        return None
    number = int(text)
    return number if number <= most else None
