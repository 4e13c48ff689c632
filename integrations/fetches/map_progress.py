"""While data are being retrieved for a map, its heading shows how far; a bar for each fetch that somebody waits for."""

from __future__ import annotations

from django.db.models import Q
from django.template.loader import render_to_string

from integrations.fetches.ledger import fetches
from integrations.fetches.progress import Progress, progress_of
from integrations.models import Fetch
from journeys.drawing.lanes import MapContext
from journeys.drawing.summaries import Heading, register_heading
from journeys.models import Journey


def running_for(journey: Journey) -> list[tuple[Fetch, Progress]]:
    """The open fetches of the surveys that items of this map live from, oldest first.

    Only those that somebody waits for: a scheduled one that brings a handful of responses needs no bar.
    """
    if not Fetch.objects.filter(state__in=Fetch.OPEN).exists():  # as a rule: then the long question need not be asked
        return []
    surveys = journey.lanes.filter(cards__feedback_item__chosen_state="retrieving").values(
        "cards__feedback_item__survey"
    )
    awaited = Q(full=True) | Q(trigger__in=[Fetch.Trigger.MANUAL, Fetch.Trigger.FIRST, Fetch.Trigger.MAPPING])
    found = fetches().filter(awaited, feed__survey__in=surveys, state__in=Fetch.OPEN).order_by("pk")
    return [(fetch, progress_of(fetch)) for fetch in found]


def progress_heading(context: MapContext) -> Heading:
    """A bar for each fetch; nothing for people who may not change the map, and so may not ask for progress either."""
    running = running_for(context.journey) if context.can_change else []
    if not running:
        return Heading()
    arguments = {"journey": context.journey, "running": running}
    return Heading(journey=render_to_string("integrations/_map_progress.html", arguments))


def register() -> None:
    register_heading(progress_heading)
