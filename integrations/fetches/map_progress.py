"""While data are being retrieved for a map, its heading shows how far; the map is drawn anew when its numbers change."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.template.loader import render_to_string

from feedback.models import Survey
from integrations.fetches.ledger import fetches
from integrations.fetches.progress import Progress, progress_of
from integrations.models import Fetch, ResponseWatch
from journeys.drawing.lanes import MapContext
from journeys.drawing.summaries import Heading, register_heading
from journeys.models import Journey

# Seconds between two questions of an open map, if a survey of it is watched, and if none is.
ASK_WATCHED, ASK_OTHERS = 3, 30


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


def data_version(journey_pk: int) -> str:
    """Another one as soon as a number of this map may be another. One query along the few surveys of the map."""
    return _version(_surveys(journey_pk))


def news_heading(context: MapContext) -> Heading:
    """What makes an open map ask for news; nothing on maps that no survey feeds."""
    surveys = _surveys(context.journey.pk)
    if not surveys:
        return Heading()
    is_watched = any(watched for _pk, _recounts, watched in surveys)
    arguments = {
        "journey": context.journey,
        "version": _version(surveys),
        "seconds": ASK_WATCHED if is_watched else ASK_OTHERS,
    }
    return Heading(journey=render_to_string("integrations/_map_news.html", arguments))


def _surveys(journey_pk: int) -> list[tuple[int, int | None, bool]]:
    """(primary key, recounts so far, whether it is watched) of each survey that feeds the map."""
    watched = ResponseWatch.objects.filter(survey=OuterRef("pk"), is_ending=False)
    rows = Survey.objects.filter(items__card__lane__journey=journey_pk).order_by("pk").distinct()
    return list(rows.values_list("pk", "counting__version", Exists(watched)))


def _version(surveys: list[tuple[int, int | None, bool]]) -> str:
    return f"{len(surveys)}.{sum(recounts or 0 for _pk, recounts, _watched in surveys)}"


def progress_heading(context: MapContext) -> Heading:
    """A bar for each fetch; nothing for people who may not change the map, and so may not ask for progress either."""
    running = running_for(context.journey) if context.can_change else []
    if not running:
        return Heading()
    arguments = {"journey": context.journey, "running": running}
    return Heading(journey=render_to_string("integrations/_map_progress.html", arguments))


def register() -> None:
    register_heading(news_heading)
    register_heading(progress_heading)
