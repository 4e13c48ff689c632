"""A map is drawn anew when something that it shows has changed, and only then."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from accounts.models import Organisation
from feedback.intake import note_days
from feedback.models import ManualValue
from journeys.drawing import drawn, summaries
from journeys.drawing import map as maps
from journeys.drawing.lanes import MapContext
from journeys.editing import actions as editing
from journeys.models import Card
from kpis.counting.refresh import refresh_changed_days
from kpis.models import Consolidation, Counting, DayHistogram
from tests.factories import make_item, make_manual_item, make_response
from tests.journeys.cast import card, stage, weekend

pytestmark = pytest.mark.django_db


@pytest.fixture
def drawings(monkeypatch) -> list[int]:
    """The maps that were drawn, one after the other."""
    drawn_maps: list[int] = []
    draw = drawn._draw

    def noted(context, live, user):
        drawn_maps.append(context.journey.pk)
        return draw(context, live, user)

    monkeypatch.setattr(drawn, "_draw", noted)
    return drawn_maps


def page(client, journey) -> str:
    answer = client.get(reverse("journeys:detail", args=[journey.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def body(client, journey) -> str:
    """The page without what every answer has of its own."""
    return "\n".join(line for line in page(client, journey).splitlines() if "csrf" not in line.lower())


def test_a_map_that_has_not_changed_is_not_drawn_again(client_of, analyst, drawings):
    client, journey = client_of(analyst), weekend()
    make_item(stage=stage(journey, "Plan"))
    first = body(client, journey)
    assert body(client, journey) == first
    assert drawings == [journey.pk]


def test_each_map_is_a_drawing_of_its_own(client_of, viewer, drawings):
    client, one, other = client_of(viewer), weekend(), weekend(name="Another trip")
    assert "Another trip" not in page(client, one)
    assert "Another trip" in page(client, other)
    assert drawings == [one.pk, other.pk]


def test_nobody_is_shown_what_was_drawn_for_another_role(client_of, analyst, viewer, drawings):
    journey = weekend()
    assert "formaction" in page(client_of(analyst), journey)
    assert "formaction" not in page(client_of(viewer), journey)
    assert "formaction" in page(client_of(analyst), journey)
    assert len(drawings) == 2


def test_a_right_that_is_taken_away_shows_at_once(client_of, analyst):
    client, journey = client_of(analyst), weekend()
    assert "formaction" in page(client, journey)
    analyst.groups.clear()
    analyst.user_permissions.clear()
    assert client.get(reverse("journeys:detail", args=[journey.pk])).status_code == 403


def test_each_language_and_time_zone_has_its_own(client_of, viewer, drawings):
    client, journey = client_of(viewer), weekend()
    assert "Very negative" in page(client, journey)
    viewer.language = "fr"
    viewer.save()
    with translation.override("fr"):
        assert "Très négatif" in page(client, journey)
    viewer.time_zone = "Asia/Tokyo"
    viewer.save()
    page(client, journey)
    assert len(drawings) == 3


def test_a_change_shows_at_once_and_so_does_taking_it_back(client_of, viewer):
    client, journey = client_of(viewer), weekend()
    page(client, journey)
    buys = card(journey, "Buys")
    for title in ("Hesitates", "Buys", "Gives up"):
        editing.change(buys, buys.version, title=title)
        assert title in page(client, journey)
    editing.delete(buys, buys.version)
    assert "Gives up" not in page(client, journey)


def test_what_moves_without_a_new_version_shows(client_of, viewer, drawings):
    client, journey = client_of(viewer), weekend()
    page(client, journey)
    neighbour = card(journey, "Adds a bicycle")
    neighbour.position = 7
    Card.objects.bulk_update([neighbour], ["position"])
    page(client, journey)
    assert len(drawings) == 2


def furnished():
    """A map on which rows of every registered kind stand."""
    journey = weekend(parent=weekend(name="All trips"))
    item = make_item(stage=stage(journey, "Plan"))
    Counting.objects.create(survey=item.survey, time_zone="UTC")
    make_manual_item(stage(journey, "Book"), {"2026-11-01": (40, 120)})
    Consolidation.objects.create(journey=journey)
    Organisation.current()
    return journey


CHANGES: dict[str, dict[str, object]] = {
    "journeys.Journey": {"name": "Another name"},
    "journeys.Phase": {"name": "Another name"},
    "journeys.Stage": {"description": "Another text"},
    "journeys.Lane": {"kind": "gains"},
    "journeys.Card": {"title": "Another title"},
    "journeys.Persona": {"name": "Another name"},
    "journeys.JourneyPersona": {},
    "journeys.AssumedSentiment": {"value": 0},
    "feedback.FeedbackItem": {"chosen_state": "paused"},
    "feedback.Question": {"gone_at": timezone.now()},
    "feedback.Survey": {"failure_code": "server_error"},
    "feedback.ManualValue": {"value": 41},
    "kpis.Counting": {"version": 7},
    "kpis.Consolidation": {"weighting": "equal_items"},
    "accounts.Organisation": {"suppression_threshold": 10},
}


def test_every_row_that_a_map_is_drawn_from_counts():
    journey = furnished()
    before = drawn._rows_of(journey.pk)
    assert {row[0] for row in before} == CHANGES.keys()
    for label, pk in sorted({row[:2] for row in before}):
        if change := CHANGES[label]:
            apps.get_model(label)._base_manager.filter(pk=pk).update(**change)
            after = drawn._rows_of(journey.pk)
            assert after != before, (label, pk)
            before = after


def test_drawing_reads_no_table_whose_rows_do_not_count():
    journey = furnished()
    with CaptureQueriesContext(connection) as queries:
        context = MapContext(journey, can_change=True)
        maps.draw(journey, context=context, heading=summaries.kept_heading(context))
    read = {table for query in queries for table in re.findall(r'(?:FROM|JOIN) "(\w+)"', query["sql"])}
    counting = {model._meta.db_table for model, _where in drawn._rows}
    assert read - counting == {DayHistogram._meta.db_table}  # a recount writes a new version of `Counting`


def test_a_row_that_goes_counts():
    journey = furnished()
    before = drawn._rows_of(journey.pk)
    for row in (journey.journey_personas.first(), card(journey, "Buys"), ManualValue.objects.get()):
        row.delete()
        after = drawn._rows_of(journey.pk)
        assert after != before
        before = after


def test_maps_elsewhere_do_not_count():
    journey = furnished()
    before = drawn._rows_of(journey.pk)
    other = weekend(name="Somewhere else")
    make_item(stage=stage(other, "Plan"))
    assert drawn._rows_of(journey.pk) == before


def test_the_number_of_a_journey_below_shows_above(client_of, viewer):
    client, parent = client_of(viewer), weekend(name="All trips")
    item = make_item(stage=stage(weekend(parent=parent), "Plan"))
    assert "+100" not in page(client, parent)
    answer(item)
    assert "+100" in page(client, parent)


def answer(item, score: int = 9) -> None:
    """One response to the item's question, counted."""
    make_response(item.survey, timezone.now(), {item.question: score})
    note_days(item.survey, [timezone.now().date()])
    refresh_changed_days(item.survey)


def test_a_response_shows_as_soon_as_it_is_counted(client_of, viewer):
    client, journey = client_of(viewer), weekend()
    item = make_item(stage=stage(journey, "Plan"))
    assert "No data yet" in page(client, journey)
    for n in range(1, 4):
        answer(item)
        assert f"{n} answer" in page(client, journey)


def test_data_become_old_although_no_row_changes(client_of, viewer, drawings):
    journey = weekend()
    item = make_item(stage=stage(journey, "Plan"))
    now = timezone.now().replace(hour=1)
    item.survey.retrieve_every, item.survey.last_good_fetch_at = timedelta(hours=1), now
    item.survey.save()
    with time_machine.travel(now, tick=False) as clock:
        client = client_of(viewer)
        page(client, journey)
        clock.shift(timedelta(minutes=30))
        assert "Old data" not in page(client, journey)
        assert len(drawings) == 1
        clock.shift(timedelta(minutes=91))
        assert "Old data" in page(client, journey)


def test_a_new_day_is_drawn_anew(client_of, viewer, drawings):
    journey = weekend()
    make_item(stage=stage(journey, "Plan"))
    with time_machine.travel(timezone.now().replace(hour=23, minute=59, second=30), tick=False) as clock:
        client = client_of(viewer)  # signed in now: a session does not last all day
        page(client, journey)
        clock.shift(timedelta(minutes=1))
        page(client, journey)
    assert len(drawings) == 2


def test_live_pieces_are_asked_for_each_time(monkeypatch, client_of, viewer, drawings):
    client, journey = client_of(viewer), weekend()
    plan, asked = stage(journey, "Plan"), []

    def progress(context):
        asked.append(len(asked))
        note = format_html("<b>asked {}</b>", len(asked))
        return summaries.Heading(note, stages={plan.pk: mark_safe("<i>late</i>")} if len(asked) > 2 else {})

    monkeypatch.setattr(summaries, "_headings", [progress])
    for n in (1, 2):
        html = page(client, journey)
        assert html.count(f"<b>asked {n}</b>") == 1
        assert "<i>late</i>" not in html
    assert len(drawings) == 1
    assert page(client, journey).count("<i>late</i>") == 1  # what stands inside the table has the table drawn anew


def test_what_htmx_asks_for_is_kept_as_well(client_of, analyst, drawings):
    client, journey = client_of(analyst), weekend()
    whole = page(client, journey)
    address = reverse("journeys:detail", args=[journey.pk])
    part = client.get(address, headers={"HX-Request": "true", "HX-Target": "map"}).content.decode()
    assert "<!doctype html>" not in part
    table = part[part.index("<table") : part.index("</table>")]
    assert table in whole
    assert len(drawings) == 1
