"""The kinds of lane whose cards people write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django.urls import reverse

from journeys.drawing.lanes import Cell, CellKey, MapContext, register
from journeys.models import Card, Journey, Lane

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

CHANNEL_ICONS = {
    Card.Channel.WEB: "globe",
    Card.Channel.APP: "smartphone",
    Card.Channel.EMAIL: "mail",
    Card.Channel.SMS: "message-square",
    Card.Channel.PHONE: "phone",
    Card.Channel.CHAT: "messages-square",
    Card.Channel.IN_PERSON: "users",
    Card.Channel.POST: "mailbox",
    Card.Channel.SOCIAL: "share-2",
    Card.Channel.OTHER: "circle-dot",
}


@dataclass(frozen=True)
class CardLane:
    """A lane of plain cards; the kinds differ by icon and look only, so a card may move between them."""

    name: str
    label: str | StrPromise
    icon: str
    template: str = "journeys/cells/cards.html"
    holds: Literal["cards"] = "cards"

    def cells(self, journey: Journey, lanes: Sequence[Lane], context: MapContext) -> Mapping[CellKey, Cell]:
        mine = {lane.pk for lane in lanes}
        return {key: Cell(cards) for key, cards in context.cards.items() if key[0] in mine}

    def add_url(self, journey: Journey) -> str | None:
        return reverse("journeys:card_new", args=[journey.pk])


class InteractionsLane(CardLane):
    """Touchpoints: each card shows the channel it happens in."""

    def cells(self, journey: Journey, lanes: Sequence[Lane], context: MapContext) -> Mapping[CellKey, Cell]:
        cells = super().cells(journey, lanes, context)
        for cell in cells.values():
            for card in cell.items:
                card.channel_icon = CHANNEL_ICONS.get(card.channel, "")
        return cells


_ICONS = {
    Lane.Kind.TEXT: "text-initial",
    Lane.Kind.PAINS: "circle-minus",
    Lane.Kind.GAINS: "circle-plus",
    Lane.Kind.INSIGHTS: "lightbulb",
    Lane.Kind.OPPORTUNITIES: "sparkles",
    Lane.Kind.SOLUTIONS: "puzzle",
    Lane.Kind.ACTIONS: "list-checks",
    Lane.Kind.IMAGES: "image",
}


def register_all() -> None:
    for kind, icon in _ICONS.items():
        register(CardLane(name=kind.value, label=kind.label, icon=icon))
    interactions = Lane.Kind.INTERACTIONS
    register(InteractionsLane(name=interactions.value, label=interactions.label, icon="route"))
