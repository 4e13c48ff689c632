"""An open map asks whether its numbers changed, and is drawn anew when they did."""

from __future__ import annotations

from django.db.models import Exists, OuterRef
from django.template.loader import render_to_string

from feedback.models import Survey
from integrations.models import ResponseWatch
from journeys.drawing.lanes import MapContext
from journeys.drawing.summaries import Heading, register_heading

# Seconds between two questions of an open map, if a survey of it is watched, and if none is.
ASK_WATCHED, ASK_OTHERS = 3, 30


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


def register() -> None:
    register_heading(news_heading)
