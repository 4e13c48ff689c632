"""The map as it is shown: drawn anew only when something that it shows has changed.

One statement reads every row that a map is drawn from. Their digest, with the reader's language, time zone and rights, is
the name under which the drawing is kept in this process. A changed row gives another name, so nothing has to be
invalidated, and whoever sees a map sees it as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import orjson
from django.contrib.auth.context_processors import PermWrapper
from django.core.cache import caches
from django.db import connection
from django.db.models import Model
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from accounts.models import User
from journeys.drawing import map as maps
from journeys.drawing.lanes import MapContext
from journeys.drawing.summaries import Heading, joined, kept_heading, live_heading
from journeys.models import AssumedSentiment, Card, Journey, JourneyPersona, Lane, Persona, Phase, Stage

KEPT_FOR = timedelta(hours=1)
_INDENTATION = re.compile(r"\n\s+(?=<)")

# The journey and all journeys below it, whose numbers it consolidates.
_FAMILY = f"""WITH RECURSIVE family (id) AS (
    SELECT id FROM {Journey._meta.db_table} WHERE id = %(journey)s
    UNION SELECT child.id FROM {Journey._meta.db_table} AS child JOIN family ON child.parent_id = family.id)
"""  # noqa: S608
_rows: list[tuple[type[Model], str]] = []


def register_rows(model: type[Model], where: str) -> None:
    """Let maps be drawn anew when such a row changes, comes or goes: those of `model` for which `where` holds.

    `where` is SQL. It may use `%(journey)s`, the map's key, and the table `family`, the `id` of it and of all maps below it.
    """
    if (model, where) not in _rows:
        _rows.append((model, where))


def register_all() -> None:
    here = "journey_id = %(journey)s"
    lanes = f"SELECT id FROM {Lane._meta.db_table} WHERE {here}"  # noqa: S608
    travelling = f"FROM {JourneyPersona._meta.db_table} WHERE {here}"
    above = f"(SELECT parent_id FROM {Journey._meta.db_table} WHERE id = %(journey)s)"  # noqa: S608
    register_rows(Journey, f"id IN (SELECT id FROM family) OR id = {above}")  # noqa: S608
    register_rows(Stage, "journey_id IN (SELECT id FROM family)")
    register_rows(Phase, here)
    register_rows(Lane, here)
    register_rows(Card, f"lane_id IN ({lanes})")
    register_rows(JourneyPersona, here)
    register_rows(Persona, f"id IN (SELECT persona_id {travelling})")
    register_rows(AssumedSentiment, f"journey_persona_id IN (SELECT id {travelling})")


@dataclass(frozen=True, slots=True)
class DrawnMap:
    """A map's page, apart from what surrounds every page."""

    journey: Journey
    url: str
    header: SafeString
    heading: SafeString
    table: SafeString


def show(journey: Journey, user: User, *, can_change: bool) -> DrawnMap:
    """The map as this person may see it, in the language and the time zone of this moment."""
    context = MapContext(journey, can_change)
    live = live_heading(context)
    reader = [get_language(), timezone.get_current_timezone_name(), can_change, sorted(user.get_all_permissions())]
    # The rows are read before the map is drawn: what changes meanwhile is drawn already, or changes the digest.
    key = _digest([reader, list(live.phases.items()), list(live.stages.items()), _rows_of(journey.pk)])
    kept = caches["drawings"].get(key)
    if kept is None:
        kept = _draw(context, live, user)
        left = context.good_until - timezone.now() if context.good_until else KEPT_FOR
        caches["drawings"].set(key, kept, min(left, KEPT_FOR).total_seconds())
    header, heading, table = kept
    url = reverse("journeys:detail", args=[journey.pk])
    return DrawnMap(journey, url, header, mark_safe(live.journey + heading), table)  # noqa: S308 (both parts are safe)


def _draw(context: MapContext, live: Heading, user: User) -> tuple[SafeString, SafeString, SafeString]:
    kept = kept_heading(context)
    drawn = maps.draw(context.journey, context=context, heading=joined([live, kept]))
    values = {"map": drawn, "perms": PermWrapper(user)}
    header, table = (_slim(render_to_string(f"journeys/_drawn.html#{part}", values)) for part in ("header", "table"))
    return header, kept.journey, table


def _slim(drawing: str) -> SafeString:
    """Without the indentation of the templates, a fifth of a large map: it is kept in memory and sent at each opening."""
    return mark_safe(_INDENTATION.sub("\n", drawing))  # noqa: S308 (white space before tags goes, nothing else)


def _digest(facts: object) -> str:
    return hashlib.blake2b(orjson.dumps(facts), digest_size=20).hexdigest()


def _rows_of(journey_id: int) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_statement(tuple(_rows)), {"journey": journey_id})
        return sorted(cursor.fetchall())


@lru_cache(maxsize=8)
def _statement(rows: tuple[tuple[type[Model], str], ...]) -> str:
    """All columns of all these rows, as text; a table with fewer columns than another is filled up."""
    width = max(len(model._meta.concrete_fields) for model, _where in rows)
    return _FAMILY + " UNION ALL ".join(_select(model, where, width) for model, where in rows)


def _select(model: type[Model], where: str, width: int) -> str:
    return f"SELECT {', '.join(_columns(model, width))} FROM {model._meta.db_table} WHERE {where}"  # noqa: S608


def _columns(model: type[Model], width: int) -> Iterator[str]:
    fields = model._meta.concrete_fields
    yield f"'{model._meta.label}'"
    yield from (f"COALESCE(CAST({field.column} AS text), '')" for field in fields)
    yield from ["''"] * (width - len(fields))
