"""Watches on the pages and over the REST API, and what makes an open map draw itself anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from feedback.models import Survey
from integrations.models import Delivery, Fetch, ResponseWatch
from integrations.qualtrics.events import Completed
from integrations.webhooks import inbox
from kpis.counting.refresh import rebuild
from tests import factories
from tests.integrations.webhooks.conftest import make_watch


@pytest.fixture(autouse=True)
def _no_leftovers(sandbox):
    sandbox.site.services.webhooks.subscriptions.clear()


@pytest.fixture
def survey(connection, sandbox) -> Survey:
    survey = factories.make_survey(
        connection.source, name="Post-journey", external_id=sandbox.control.survey_id("post-journey")
    )
    factories.make_feed(connection, survey)
    return survey


def subscriptions(sandbox) -> int:
    return len(sandbox.site.services.webhooks.subscriptions)


class TestPages:
    def test_on_and_off_from_the_connections_page(self, client_of, admin, sandbox, connection, survey):
        client = client_of(admin)
        page = reverse("integrations:connection", args=[connection.pk])
        assert "Watch new responses: Post-journey" in client.get(page).content.decode()
        answer = client.post(
            reverse("integrations:watch_new", args=[connection.pk]), {"survey": survey.pk}, follow=True
        )
        watch = ResponseWatch.objects.get()
        assert answer.redirect_chain[-1][0] == reverse("integrations:watch", args=[watch.pk])
        assert "New responses of “Post-journey” are watched now." in answer.content.decode()
        assert watch.subscription_id in answer.content.decode()
        assert reverse("integrations:watch", args=[watch.pk]) in client.get(page).content.decode()
        assert subscriptions(sandbox) == 1
        end = reverse("integrations:watch_end", args=[watch.pk])
        client.post(end, {"seen_version": 99})
        assert subscriptions(sandbox) == 1
        client.post(end, {"seen_version": watch.version})
        assert subscriptions(sandbox) == 0
        assert "Watch new responses: Post-journey" in client.get(page).content.decode()

    def test_it_shows_deliveries_with_verdicts_and_never_the_key(self, client_of, admin, survey):
        watch = make_watch(survey, successful_calls=4)
        inbox.keep(watch, Completed(survey.external_id, "R_1"))
        inbox.keep(watch, Completed("SV_other", "R_2"))
        Delivery.objects.filter(response_id="R_1").update(verdict="left", error_code="response_not_ready")
        page = client_of(admin).get(reverse("integrations:watch", args=[watch.pk])).content.decode()
        assert "R_1" in page
        assert "Left to the next fetch" in page
        assert "Qualtrics has this response but cannot give it yet." in page
        assert "Ignored: not of this survey" in page
        assert "R_2" not in page
        assert f"key of {survey.external_id}" not in page
        assert watch.key_envelope not in page

    def test_without_the_right_it_says_who_has_it(self, client_of, admin, survey):
        watch = make_watch(survey, subscription_id="", trouble_code="watch_right_missing")
        page = client_of(admin).get(reverse("integrations:watch", args=[watch.pk])).content.decode()
        assert "Only a brand administrator may have Qualtrics announce new responses." in page

    def test_without_a_public_address_it_says_what_to_set(self, client_of, admin, connection, survey, settings):
        settings.PUBLIC_URL = ""
        address = reverse("integrations:watch_new", args=[connection.pk])
        answer = client_of(admin).post(address, {"survey": survey.pk}, follow=True)
        assert "PUBLIC_URL" in answer.content.decode()
        assert not ResponseWatch.objects.exists()

    def test_rename_change_the_key_and_check(self, client_of, admin, sandbox, connection, survey):
        client = client_of(admin)
        client.post(reverse("integrations:watch_new", args=[connection.pk]), {"survey": survey.pk})
        watch = ResponseWatch.objects.get()
        client.post(reverse("integrations:watch", args=[watch.pk]), {"name": "Trains", "seen_version": watch.version})
        renamed = ResponseWatch.objects.get()
        assert renamed.name == "Trains"
        client.post(reverse("integrations:watch_rotate", args=[watch.pk]), {"seen_version": renamed.version})
        rotated = ResponseWatch.objects.get()
        assert rotated.subscription_id not in ("", watch.subscription_id)
        sandbox.site.services.webhooks.subscriptions.clear()
        answer = client.post(reverse("integrations:watch_check", args=[watch.pk]), follow=True)
        assert "The subscription at Qualtrics is in order." in answer.content.decode()
        assert subscriptions(sandbox) == 1

    def test_a_survey_of_another_connection_is_not_found(self, client_of, admin, connection):
        stranger = factories.make_survey(factories.make_connection().source)
        address = reverse("integrations:watch_new", args=[connection.pk])
        assert client_of(admin).post(address, {"survey": stranger.pk}).status_code == 404
        assert client_of(admin).post(address, {"survey": "9" * 30}).status_code == 404


class TestApi:
    def test_made_read_renamed_deleted(self, api_of, admin, sandbox, survey):
        api = api_of(admin)
        made = api.post("/api/v1/response-watches/", {"survey": survey.pk})
        assert made.status_code == 201, made.content
        body = made.json()
        assert (body["name"], body["state"]["key"]) == ("Post-journey", "waiting")
        assert subscriptions(sandbox) == 1
        assert "envelope" not in made.content.decode()
        one = f"/api/v1/response-watches/{body['id']}/"
        assert api.get(one).json() == body
        assert api.patch(one, {"name": "x"}).status_code == 400  # names no version
        assert api.patch(one, {"name": "x", "version": 99}).status_code == 409
        renamed = api.patch(one, {"name": "Trains", "version": body["version"]}).json()
        assert renamed["name"] == "Trains"
        other = factories.make_survey(survey.source)
        assert api.patch(one, {"survey": other.pk, "version": renamed["version"]}).status_code == 400
        turned = api.post(f"{one}key/", {"version": renamed["version"]}).json()
        assert turned["subscription_id"] != body["subscription_id"]
        assert api.delete(one, headers={"If-Match": str(turned["version"])}).status_code == 204
        assert subscriptions(sandbox) == 0
        assert api.get(one).status_code == 404

    def test_a_second_watch_and_a_missing_address_are_refused(self, api_of, admin, survey, settings):
        api = api_of(admin)
        api.post("/api/v1/response-watches/", {"survey": survey.pk})
        again = api.post("/api/v1/response-watches/", {"survey": survey.pk})
        assert (again.status_code, again.json()["code"]) == (409, "already_watched")
        settings.PUBLIC_URL = ""
        other = factories.make_survey(survey.source)
        refused = api.post("/api/v1/response-watches/", {"survey": other.pk})
        assert (refused.status_code, refused.json()["code"]) == (409, "no_public_url")

    def test_deliveries(self, api_of, admin, survey):
        watch = make_watch(survey)
        inbox.keep(watch, Completed(survey.external_id, "R_1"))
        inbox.keep(watch, Completed(survey.external_id, "R_1"))
        [row] = api_of(admin).get(f"/api/v1/response-watches/{watch.pk}/deliveries/").json()["results"]
        assert (row["response_id"], row["verdict"], row["times"]) == ("R_1", "pending", 2)

    @pytest.mark.parametrize("rows", [1, 3])
    def test_the_list_costs_the_same_for_many(self, api_of, admin, connection, rows, django_assert_num_queries):
        for _ in range(rows):
            make_watch(factories.make_survey(connection.source))
        api = api_of(admin)
        with django_assert_num_queries(4):  # two for the rights, count and rows
            assert len(api.get("/api/v1/response-watches/").json()["results"]) == rows


class TestOpenMap:
    @pytest.fixture
    def item(self, survey):
        return factories.make_item(factories.make_question(survey))

    def news(self, client, item, seen: str):
        address = reverse("integrations:map_news", args=[item.card.lane.journey_id])
        return client.get(address, {"seen": seen})

    def version_on(self, page: str) -> str:
        return page.split("/news/?seen=")[1].split('"')[0]

    def test_a_viewers_map_is_drawn_anew_when_its_numbers_change(self, client_of, viewer, item):
        client = client_of(viewer)
        page = client.get(reverse("journeys:detail", args=[item.card.lane.journey_id])).content.decode()
        seen = self.version_on(page)
        quiet = self.news(client, item, seen)
        assert (quiet.status_code, quiet.headers.get("HX-Trigger")) == (204, None)
        rebuild(item.survey)
        assert "map-changed" in self.news(client, item, seen)["HX-Trigger"]
        redrawn = client.get(
            reverse("journeys:detail", args=[item.card.lane.journey_id]),
            headers={"HX-Request": "true", "HX-Target": "map"},
        ).content.decode()
        assert self.version_on(redrawn) != seen
        assert "HX-Trigger" not in self.news(client, item, self.version_on(redrawn)).headers

    def test_other_maps_are_left_alone(self, client_of, viewer, item):
        other = factories.make_item()
        client = client_of(viewer)
        rebuild(other.survey)
        page = client.get(reverse("journeys:detail", args=[item.card.lane.journey_id])).content.decode()
        rebuild(other.survey)
        assert "HX-Trigger" not in self.news(client, item, self.version_on(page)).headers

    def test_it_asks_often_only_where_a_survey_is_watched(self, client_of, viewer, item):
        address = reverse("journeys:detail", args=[item.card.lane.journey_id])
        assert "every 30s" in client_of(viewer).get(address).content.decode()
        make_watch(item.survey)
        assert "every 3s" in client_of(viewer).get(address).content.decode()

    def test_asking_is_one_query_and_does_not_prolong_the_session(
        self, client_of, viewer, item, django_assert_num_queries
    ):
        client = client_of(viewer)
        self.news(client, item, "")
        with time_machine.travel(timezone.now() + timedelta(hours=1)), django_assert_num_queries(6) as queries:
            self.news(client, item, "")
        assert len([query for query in queries if "ounting" in query["sql"]]) == 1
        assert [query for query in queries if not query["sql"].startswith("SELECT")] == []

    def test_a_map_without_surveys_asks_nothing(self, client_of, viewer):
        journey = factories.make_journey()
        assert "map-news" not in client_of(viewer).get(reverse("journeys:detail", args=[journey.pk])).content.decode()


def test_single_reads_are_told_apart_in_the_ledger(client_of, admin, survey):
    fetch = Fetch.objects.create(
        feed=survey.feed, trigger="webhook", state="done", due_at=timezone.now(), started_at=timezone.now()
    )
    page = client_of(admin).get(reverse("integrations:fetch", args=[fetch.pk])).content.decode()
    assert "Single responses, when Qualtrics told of them" in page
