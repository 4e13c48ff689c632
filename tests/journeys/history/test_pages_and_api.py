"""Undo, redo and the history of a map on pages, in the REST API, and by keyboard."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from journeys.editing import actions as editing
from journeys.models import Card, Journey
from tests.journeys.cast import card, lane, stage, stages, weekend

pytestmark = pytest.mark.django_db
TAB = {"X-Parcours-Tab": "one"}


@pytest.fixture
def trip() -> Journey:
    return weekend()


def rename(client, trip: Journey, name: str, **headers: str) -> None:
    plan = stage(trip, "Plan")
    address = reverse("api:stage-detail", args=[plan.pk])
    answer = client.patch(address, {"name": name, "version": plan.version}, format="json", headers=headers)
    assert answer.status_code == 200


class TestApi:
    def test_an_operation_is_taken_back_and_done_again_in_its_tab(self, trip, analyst, api_of):
        client = api_of(analyst)
        rename(client, trip, "Dream", **TAB)
        undo, redo = (reverse(f"api:journey-{way}", args=[trip.pk]) for way in ("undo", "redo"))
        assert client.post(undo, headers={"X-Parcours-Tab": "two"}).status_code == 404
        answer = client.post(undo, headers=TAB).json()
        assert (answer["number"], answer["kind"], answer["name"], answer["undone"]) == (1, "edit", "Plan", True)
        assert answer["actor"] == analyst.email
        assert stage(trip, "Plan")
        assert client.post(redo, headers=TAB).json()["undone"] is False
        assert stage(trip, "Dream")

    def test_the_history_is_read_by_viewers_and_changed_by_nobody_else(self, trip, analyst, viewer, api_of):
        rename(api_of(analyst), trip, "Dream")
        found = api_of(viewer).get(reverse("api:journey-operations", args=[trip.pk])).json()["results"]
        assert [(each["number"], each["kind"], each["tab"]) for each in found] == [(1, "edit", "")]
        assert api_of(viewer).post(reverse("api:journey-undo", args=[trip.pk])).status_code == 403

    def test_what_others_changed_is_a_conflict_that_shows_both(self, trip, analyst, admin, api_of):
        rename(api_of(analyst), trip, "Dream")
        dream = stage(trip, "Dream")
        editing.change(dream, dream.version, name="Wish")
        undo = reverse("api:journey-undo", args=[trip.pk])
        answer = api_of(analyst).post(undo)
        assert (answer.status_code, answer.json()["code"]) == (409, "changed_since")
        assert answer.json()["conflicts"] == [
            {"object": "stage", "id": dream.pk, "field": "name", "left": "Dream", "now": "Wish"}
        ]
        assert api_of(analyst).post(undo, {"anyway": True}, format="json").status_code == 200
        assert stage(trip, "Plan")

    def test_any_operation_is_taken_back_by_number(self, trip, analyst, admin, api_of):
        editing.delete(card(trip, "Buys"), 1)
        answer = api_of(admin).post(reverse("api:journey-undo", args=[trip.pk]), {"number": 1}, format="json")
        assert answer.status_code == 200
        assert card(trip, "Buys")

    def test_what_cannot_come_back_is_a_sentence(self, trip, analyst, api_of):
        editing.delete(card(trip, "Buys"), 1)
        editing.delete(lane(trip, "text"), lane(trip, "text").version)
        answer = api_of(analyst).post(reverse("api:journey-undo", args=[trip.pk]), {"number": 1}, format="json")
        assert answer.status_code == 400
        assert "Restore that first" in str(answer.json())


class TestPages:
    def test_the_history_names_what_was_done_and_takes_it_back(self, trip, analyst, viewer, client_of):
        client = client_of(analyst)
        address = reverse("journeys:card_delete", args=[trip.pk, card(trip, "Buys").pk])
        client.post(address, {"seen_version": 1})
        page = client.get(reverse("journeys:history", args=[trip.pk])).content.decode()
        assert "Deleted: Buys" in page
        assert analyst.first_name in page
        assert "Undo: " not in client_of(viewer).get(reverse("journeys:history", args=[trip.pk])).content.decode()
        client.post(reverse("journeys:undo", args=[trip.pk]), {"number": "1"})
        assert card(trip, "Buys")
        assert "Undone" in client.get(reverse("journeys:history", args=[trip.pk])).content.decode()

    def test_nothing_to_take_back_is_said(self, trip, analyst, client_of):
        for way, said in (("undo", "There is nothing to undo."), ("redo", "There is nothing to redo.")):
            address = reverse(f"journeys:{way}", args=[trip.pk])
            assert said in client_of(analyst).post(address, follow=True).content.decode()
            part = client_of(analyst).post(address, headers={"HX-Request": "true"})
            assert (part.status_code, json.loads(part["HX-Trigger"])["toast"]) == (
                200,
                {"level": "info", "message": said},
            )

    @pytest.mark.parametrize("htmx", [False, True])
    def test_what_others_changed_is_asked_about(self, trip, analyst, client_of, htmx):
        client, plan = client_of(analyst), stage(trip, "Plan")
        fields = {"name": "Dream", "description": "", "phase": plan.phase_id, "seen_version": 1}
        client.post(reverse("journeys:stage_edit", args=[trip.pk, plan.pk]), fields)
        dream = stage(trip, "Dream")
        editing.change(dream, dream.version, name="Wish")
        undo, headers = reverse("journeys:undo", args=[trip.pk]), {"HX-Request": "true"} if htmx else {}
        asked = client.post(undo, headers=headers).content.decode()
        assert "“Dream” is “Wish” now" in asked
        assert "Edited: “Plan”" in asked
        assert 'name="anyway"' in asked
        client.post(undo, {"anyway": "on"}, headers=headers)
        assert stages(trip).startswith("Prepare: Plan")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_keys_take_back_and_do_again_in_this_tab(live_server, analyst, client_of, chromium):
    trip = weekend()
    context = chromium.new_context()
    cookie = client_of(analyst).cookies["parcours_session"].value
    context.add_cookies([{"name": "parcours_session", "value": cookie, "url": live_server.url}])
    try:
        page = context.new_page()
        page.goto(live_server.url + reverse("journeys:detail", args=[trip.pk]))
        buys = card(trip, "Buys")
        page.goto(live_server.url + reverse("journeys:card_edit", args=[trip.pk, buys.pk]))
        page.goto(live_server.url + reverse("journeys:detail", args=[trip.pk]))
        page.locator(f'[href$="cards/{buys.pk}/edit/"]').first.click()
        page.get_by_label("Title").fill("Buys tickets")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Buys tickets").first.wait_for()
        page.keyboard.press("Control+z")
        page.get_by_text("Undone: ").wait_for()
        assert Card.objects.get(pk=buys.pk).title == "Buys"
        page.keyboard.press("Control+Shift+z")
        page.get_by_text("Redone: ").wait_for()
        assert Card.objects.get(pk=buys.pk).title == "Buys tickets"
    finally:
        context.close()
