"""The ledger, one fetch with its progress, and "Retrieve now"."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as db
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.models import Connection, Fetch, RejectedRecord
from tests import factories

pytestmark = pytest.mark.django_db


def make_fetch(feed=None, **fields):
    fields = {"trigger": "schedule", "due_at": timezone.now(), "state": "done"} | fields
    return Fetch.objects.create(feed=feed or factories.make_feed(), **fields)


@pytest.fixture
def fed(db):
    """A feed of a connection with a token, and an item that asks for its data."""
    connection = factories.make_connection(token_envelope="enc:v1:k1:AAAA")
    survey = factories.make_survey(connection.source, name="Post-journey")
    factories.make_item(factories.make_question(survey))
    return factories.make_feed(connection, survey, next_due_at=timezone.now() + timedelta(hours=1))


@pytest.fixture
def amir(client_of, analyst):
    return client_of(analyst)


def page_of(client, fetch) -> str:
    return client.get(reverse("integrations:fetch", args=[fetch.pk])).content.decode()


def test_a_fetch_shows_its_equation_and_why_records_were_rejected(amir, fed):
    fetch = make_fetch(
        fed, state="partial", received=1240, new=1200, changed=10, unchanged=27, rejected=3, calls=6,
        rejected_by_reason={"broken_json": 2, "no_response_id": 1}, started_at=timezone.now(),
        finished_at=timezone.now() + timedelta(seconds=75),
    )  # fmt: skip
    RejectedRecord.objects.create(fetch=fetch, line=17, external_id="R_17", reason="broken_json")
    page = page_of(amir, fetch)
    for words in ("1,240", "1,200", ">10<", ">27<", ">3<", "The record cannot be read.", "R_17", "1 min 15 s"):
        assert words in page
    assert "2 more are counted but not listed." in page


def test_an_error_is_explained_with_what_the_vendor_said(amir, fed):
    detail = {"status": 401, "error_code": "DCD_7", "error_message": "Unrecognized X-API-TOKEN.", "request_id": "r-1"}
    page = page_of(amir, make_fetch(fed, state="failed", error_code="token_refused", error_detail=detail))
    for words in (
        "Qualtrics refused the API token.",
        "copy the API token",
        "DCD_7",
        "Unrecognized X-API-TOKEN.",
        "r-1",
    ):
        assert words in page


def test_an_error_is_explained_in_french_too(client_of, analyst, fed):
    analyst.language = "fr"
    analyst.save()
    page = page_of(client_of(analyst), make_fetch(fed, state="failed", error_code="token_refused"))
    assert '<html lang="fr"' in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"full": True}, "Everything ever recorded"),
        ({"used_token": True}, "What changed since the fetch before"),
        ({"window_from": factories.at("2026-11-01 09:00")}, "What changed since"),
        ({"window_from": factories.at("2026-11-01 09:00"), "full": True}, "Everything since"),
    ],
)
def test_the_window_is_told(amir, fed, fields, words):
    assert words in page_of(amir, make_fetch(fed, started_at=timezone.now(), **fields))


class TestProgress:
    def bar(self, client, fetch):
        return client.get(reverse("integrations:fetch_progress", args=[fetch.pk]))

    @pytest.mark.parametrize(
        ("step", "words"),
        [
            ("start", "Qualtrics is asked for an export."),
            ("poll", "Qualtrics is preparing the export."),
            ("download", "The export is being downloaded."),
            ("load", "Loading: 1,200 records so far."),
        ],
    )
    def test_each_step_has_its_sentence_and_a_running_bar_asks_again(self, amir, fed, step, words):
        fetch = make_fetch(fed, state="running", step=step, started_at=timezone.now(), received=1200, new=1200)
        page = self.bar(amir, fetch).content.decode()
        assert words in page
        assert 'hx-trigger="every 1500ms"' in page

    def test_the_bar_only_moves_forward(self, amir, fed):
        fetch = make_fetch(fed, state="running")
        shares = []
        for step in ("start", "poll", "download", "load"):
            Fetch.objects.update(step=step)
            shares.append(int(self.bar(amir, fetch).content.decode().split('value="')[1].split('"')[0]))
        assert shares == sorted(set(shares))
        assert shares[-1] < 100

    @pytest.mark.parametrize(("done", "percent"), [(0, 40), (500, 69), (1000, 99), (5000, 99)])
    def test_while_loading_it_shows_the_share_of_the_file(self, amir, fed, done, percent):
        fetch = make_fetch(fed, state="running", step="load", bytes_done=done, bytes_total=1000)
        assert f'value="{percent}"' in self.bar(amir, fetch).content.decode()

    def test_a_closed_fetch_stops_asking_and_tells_the_page(self, amir, fed):
        response = self.bar(amir, make_fetch(fed, state="done", received=3, new=3))
        assert "hx-get" not in response.content.decode()
        assert 'value="100"' in response.content.decode()
        assert "fetch-ended" in response["HX-Trigger"]

    def test_a_failed_fetch_is_not_shown_as_done(self, amir, fed):
        page = self.bar(amir, make_fetch(fed, state="failed", step="poll")).content.decode()
        assert 'value="100"' not in page
        assert "Failed" in page


class TestRetrieveNow:
    def ask(self, client, feed, **headers):
        return client.post(reverse("integrations:feed_retrieve", args=[feed.pk]), {"next": "/journeys/"}, **headers)

    def test_it_opens_a_fetch_and_wakes_a_worker(self, amir, analyst, fed, woken, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            response = self.ask(amir, fed)
        fetch = Fetch.objects.get()
        assert (fetch.state, fetch.is_open) == ("pending", True)
        assert woken == [fetch]
        assert response.url == "/journeys/"

    def test_asking_by_hand_is_noted_with_the_person(self, amir, analyst, fed, woken):
        question = fed.survey.questions.get()
        fed.covered_questions, fed.modified_until = {str(question.pk): None}, timezone.now()
        fed.save()
        self.ask(amir, fed)
        fetch = Fetch.objects.get()
        assert (fetch.trigger, fetch.asked_by) == ("manual", analyst)

    def test_asking_twice_gives_one_fetch(self, amir, fed, woken):
        self.ask(amir, fed)
        self.ask(amir, fed)
        assert Fetch.objects.count() == 1

    def test_with_htmx_the_bar_takes_the_buttons_place(self, amir, fed, woken):
        page = self.ask(amir, fed, headers={"HX-Request": "true"}).content.decode()
        assert "<progress" in page
        assert "<html" not in page

    @pytest.mark.parametrize(
        ("facts", "code"),
        [({"enabled": False}, "connection_disabled"), ({"stopped_code": "token_refused"}, "token_refused")],
    )
    def test_what_stands_in_the_way_is_said(self, amir, fed, woken, facts, code):
        Connection.objects.update(**facts)
        response = self.ask(amir, fed, headers={"HX-Request": "true"})
        assert response.status_code == 204
        assert "toast" in response["HX-Trigger"]
        assert not Fetch.objects.exists()
        assert not woken

    def test_it_never_leads_to_another_site(self, amir, fed, woken):
        address = reverse("integrations:feed_retrieve", args=[fed.pk])
        for trick in ("//evil.example", "https://evil.example", "/\\evil.example"):
            assert amir.post(address, {"next": trick}).url.startswith("/settings/")

    def test_a_viewer_may_not(self, client_of, viewer, fed):
        assert self.ask(client_of(viewer), fed).status_code == 403
        assert not Fetch.objects.exists()


class TestList:
    def lines(self, client, **choice) -> list[int]:
        return [fetch.pk for fetch in client.get(reverse("integrations:ledger"), choice).context["ledger"]]

    def test_newest_first_and_narrowed_by_connection_and_state(self, amir, fed):
        failed, done = make_fetch(fed, state="failed"), make_fetch(fed)
        other = make_fetch()
        assert self.lines(amir) == [other.pk, done.pk, failed.pk]
        assert self.lines(amir, connection=fed.connection.pk) == [done.pk, failed.pk]
        assert self.lines(amir, connection=fed.connection.pk, state="failed") == [failed.pk]

    def test_pages_follow_one_another(self, amir, fed):
        for _ in range(31):
            make_fetch(fed)
        assert len(self.lines(amir)) == 30
        assert len(self.lines(amir, page=2)) == 1

    def test_the_same_queries_for_one_and_three(self, amir):
        def queries() -> int:
            with CaptureQueriesContext(db) as captured:
                amir.get(reverse("integrations:ledger"))
            return len(captured)

        make_fetch()
        queries()
        first = queries()
        make_fetch()
        make_fetch()
        assert queries() == first

    def test_an_empty_ledger_says_so(self, amir):
        assert "Nothing has been fetched yet" in amir.get(reverse("integrations:ledger")).content.decode()


def test_the_connections_page_shows_feeds_running_fetches_and_the_ledger(client_of, admin, fed):
    running = make_fetch(fed, state="running", step="load", received=5, new=5)
    page = client_of(admin).get(reverse("integrations:connection", args=[fed.connection.pk])).content.decode()
    assert "Post-journey" in page
    assert reverse("integrations:fetch_progress", args=[running.pk]) in page
    assert reverse("integrations:feed_retrieve", args=[fed.pk]) not in page
    Fetch.objects.update(state="done")
    page = client_of(admin).get(reverse("integrations:connection", args=[fed.connection.pk])).content.decode()
    assert reverse("integrations:feed_retrieve", args=[fed.pk]) in page
