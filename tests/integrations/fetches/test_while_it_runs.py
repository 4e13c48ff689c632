"""What a map and an item's page show while data are being retrieved, and afterwards."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.models import Fetch
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(db):
    connection = factories.make_connection(token_envelope="enc:v1:k1:AAAA")
    survey = factories.make_survey(connection.source, name="Post-journey", last_good_fetch_at=timezone.now())
    item = factories.make_item(factories.make_question(survey))
    factories.make_feed(connection, survey, next_due_at=timezone.now())
    return item


def run(item, **fields):
    fields = {"state": "running", "step": "load", "received": 7, "new": 7} | fields
    return Fetch.objects.create(feed=item.survey.feed, trigger="first", due_at=timezone.now(), **fields)


def map_of(client, item) -> str:
    return client.get(reverse("journeys:detail", args=[item.card.lane.journey_id])).content.decode()


class TestMap:
    def test_a_running_fetch_shows_its_bar(self, client_of, analyst, item):
        fetch = run(item)
        page = map_of(client_of(analyst), item)
        assert "Post-journey: Loading: 7 records so far." in page
        assert f"?open={fetch.pk}" in page

    def test_without_one_there_is_no_bar(self, client_of, analyst, item):
        run(item, state="done")
        assert "map-progress" not in map_of(client_of(analyst), item)

    def test_other_maps_fetches_are_not_shown(self, client_of, analyst, item):
        other = factories.make_item()
        run(item)
        assert "map-progress" not in map_of(client_of(analyst), other)

    def test_a_viewer_sees_no_bar(self, client_of, viewer, item):
        run(item)
        assert "map-progress" not in map_of(client_of(viewer), item)

    def test_when_a_fetch_ends_the_map_is_drawn_anew(self, client_of, analyst, item):
        fetch = run(item)
        address = reverse("integrations:map_progress", args=[item.card.lane.journey_id]) + f"?open={fetch.pk}"
        client = client_of(analyst)
        assert "HX-Trigger" not in client.get(address).headers
        Fetch.objects.update(state="done")
        answer = client.get(address)
        assert "map-changed" in answer["HX-Trigger"]
        assert "hx-get" not in answer.content.decode()


class TestItemPage:
    def page(self, client, item) -> str:
        return client.get(reverse("kpis:item", args=[item.pk])).content.decode()

    def test_it_shows_the_last_fetches_and_retrieve_now(self, client_of, analyst, item):
        fetch = run(item, state="done")
        page = self.page(client_of(analyst), item)
        assert reverse("integrations:fetch", args=[fetch.pk]) in page
        assert reverse("integrations:feed_retrieve", args=[item.survey.feed.pk]) in page
        assert "Next fetch:" in page

    def test_while_one_runs_the_bar_takes_the_buttons_place(self, client_of, analyst, item):
        fetch = run(item)
        page = self.page(client_of(analyst), item)
        assert reverse("integrations:fetch_progress", args=[fetch.pk]) in page
        assert reverse("integrations:feed_retrieve", args=[item.survey.feed.pk]) not in page

    def test_a_failed_fetch_is_explained(self, client_of, analyst, item):
        run(item, state="failed", error_code="survey_gone")
        assert "Qualtrics does not know this survey any more" in self.page(client_of(analyst), item)

    def test_a_viewer_sees_no_panel(self, client_of, viewer, item):
        run(item)
        assert "Retrieved data" not in self.page(client_of(viewer), item)

    def test_an_item_entered_by_hand_has_none(self, client_of, analyst):
        item = factories.make_manual_item(values={"2026-11-01": 40})
        assert "Retrieved data" not in self.page(client_of(analyst), item)
