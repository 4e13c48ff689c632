"""Things in a row: positions count from 0 without gaps, whatever is added, moved or removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.db.models import QuerySet

from journeys.models import Journey, Positioned

Item = TypeVar("Item")
Row = TypeVar("Row", bound=Positioned)


def moved(items: Sequence[Item], item: Item, to: int) -> list[Item]:
    """The items with this one at index `to`; an index beyond an end means that end."""
    rest = [other for other in items if other != item]
    to = max(0, min(to, len(rest)))
    return [*rest[:to], item, *rest[to:]]


def renumber(rows: Iterable[Row]) -> None:
    """Write the order of these rows as their positions, in one statement, touching only what differs.

    A neighbour that is pushed aside keeps its version: whoever edits its name at this moment has not missed anything.
    """
    changed: list[Row] = []
    for position, row in enumerate(rows):
        if row.position != position:
            row.position = position
            changed.append(row)
    if changed:
        type(changed[0])._base_manager.bulk_update(changed, ["position"])


def reorder(siblings: QuerySet[Row], row: Row, to: int) -> None:
    """Put the row at index `to` among its siblings."""
    rows = list(siblings)
    renumber(moved(rows, next(sibling for sibling in rows if sibling.pk == row.pk), to))


def hold(journey_id: int) -> Journey:
    """Keep other writers of this map out until the transaction ends, so that two moves cannot mix."""
    return Journey.objects.select_for_update().get(pk=journey_id)
