"""What the pages say about each part of a map, in whole sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


@dataclass(frozen=True)
class Words:
    add: StrPromise | str
    added: StrPromise | str
    edit: StrPromise | str
    changed: StrPromise | str
    moved: StrPromise | str
    delete: StrPromise | str
    deleted: StrPromise | str
    gone: StrPromise | str
    stays: StrPromise | str = ""


WORDS = {
    "phase": Words(
        add=_("Add a phase"),
        added=_("The phase has been added."),
        edit=_("Edit the phase"),
        changed=_("The phase has been changed."),
        moved=_("The phase has been moved."),
        delete=_("Delete the phase"),
        deleted=_("The phase has been deleted."),
        gone=_("Somebody else has deleted this phase. The map is shown as it is now."),
        stays=_("Its stages stay on the map, without a phase."),
    ),
    "stage": Words(
        add=_("Add a stage"),
        added=_("The stage has been added."),
        edit=_("Edit the stage"),
        changed=_("The stage has been changed."),
        moved=_("The stage has been moved."),
        delete=_("Delete the stage"),
        deleted=_("The stage has been deleted."),
        gone=_("Somebody else has deleted this stage. The map is shown as it is now."),
    ),
    "lane": Words(
        add=_("Add a lane"),
        added=_("The lane has been added."),
        edit=_("Edit the lane"),
        changed=_("The lane has been changed."),
        moved=_("The lane has been moved."),
        delete=_("Delete the lane"),
        deleted=_("The lane has been deleted."),
        gone=_("Somebody else has deleted this lane. The map is shown as it is now."),
    ),
    "card": Words(
        add=_("Add a card"),
        added=_("The card has been added."),
        edit=_("Edit the card"),
        changed=_("The card has been changed."),
        moved=_("The card has been moved."),
        delete=_("Delete the card"),
        deleted=_("The card has been deleted."),
        gone=_("Somebody else has deleted this card. The map is shown as it is now."),
    ),
}
