"""Reading a list page after page: what one page says, and that the pages have an end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integrations.troubles.errors import ListCutShort, UnexpectedAnswer

MOST_PAGES = 1000
LONGEST = 120.0  # seconds for all pages of a list


def rows_of(page: Any) -> list[dict[str, Any]]:
    """The elements of a page. Raises `UnexpectedAnswer`."""
    rows = page.get("elements") if isinstance(page, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnexpectedAnswer("The answer is not a list.", code="unexpected_shape")
    return rows


class Pages:
    """The pages of one list that were asked for so far, `first` among them. `monotonic` counts seconds."""

    def __init__(self, first: str, monotonic: Callable[[], float]) -> None:
        self._seen = {first}
        self._monotonic = monotonic
        self._until = monotonic() + LONGEST

    def turn(self, following: str) -> str:
        """The next page, which is asked for now. Raises `ListCutShort` if there is no sense in it."""
        if following in self._seen:
            raise ListCutShort("A page leads back to one that was read.", code="pages_repeat")
        if len(self._seen) >= MOST_PAGES or self._monotonic() > self._until:
            raise ListCutShort(f"After {len(self._seen)} pages there is no end.", code="pages_endless")
        self._seen.add(following)
        return following
