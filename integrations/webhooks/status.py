"""How a watch is doing, in one sentence: derived from the facts, never stored."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from integrations.models import ResponseWatch
from integrations.troubles.table import explain


@dataclass(frozen=True, slots=True)
class WatchState:
    """`key` is stable, for programs; tone and icon are those of its badge."""

    key: str
    label: str
    tone: str
    icon: str
    sentence: str
    what_to_do: str = ""


def state_of(watch: ResponseWatch) -> WatchState:
    """What holds now."""
    if watch.trouble_code:
        title, what_to_do = explain(watch.trouble_code)
        return WatchState("failing", _("Not working"), "bad", "circle-x", title, what_to_do)
    if not watch.subscription_id:
        return WatchState(
            "being_made", _("Being set up"), "info", "hourglass", _("Qualtrics has not confirmed the subscription yet.")
        )
    if watch.last_delivery_at is None:
        return WatchState(
            "waiting",
            _("Watching"),
            "good",
            "radio",
            _("No message has come yet. The first one comes with the next completed response."),
        )
    return WatchState("working", _("Watching"), "good", "radio", _("New responses show on open maps within seconds."))
