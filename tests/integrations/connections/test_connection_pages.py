"""Connections as an admin makes, changes, switches and deletes them on pages."""

from __future__ import annotations

import pytest
from django.db import connection as db
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from feedback.models import Source
from integrations.models import Connection
from integrations.vendor.tokens import token_of
from tests import factories

CANARY = "CanaryTokenThatNobodyMaySee0123456789abcd"[:40]
pytestmark = pytest.mark.django_db


def typed(**changes):
    values = {
        "name": "Coastline Rail", "host": "fra1", "token": CANARY, "frequency": "daily", "at_time": "05:00",
        "weekday": "0", "enabled": "on",
    }  # fmt: skip
    return values | changes


def add(client, **changes):
    return client.post(reverse("integrations:connection_new"), typed(**changes))


@pytest.fixture
def alice(client_of, admin):
    return client_of(admin)


def test_a_new_connection_is_stored_with_its_source_and_an_encrypted_token(alice, admin):
    response = add(alice)
    made = Connection.objects.get()
    assert response.url == reverse("integrations:connection", args=[made.pk])
    assert (made.name, made.host, made.frequency, made.created_by) == (
        "Coastline Rail", "fra1.qualtrics.com", "daily", admin,
    )  # fmt: skip
    assert made.source.name == "Coastline Rail"
    assert CANARY not in made.token_envelope
    assert token_of(made).reveal() == CANARY


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("fra1", "fra1.qualtrics.com"),
        ("FRA1.qualtrics.com", "fra1.qualtrics.com"),
        ("https://acme.eu.qualtrics.com/homepage/ui", "acme.eu.qualtrics.com"),
    ],
)
def test_the_host_is_normalised(alice, written, stored):
    add(alice, host=written)
    assert Connection.objects.get().host == stored


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"host": "evil.example"}, "host", "Only hosts that end in qualtrics.com can be connected."),
        ({"host": "http://fra1.qualtrics.com"}, "host", "Qualtrics is reached over https only."),
        ({"host": "127.0.0.1:8900"}, "host", "This is not the host of a Qualtrics instance."),
        ({"host": ""}, "host", "This field is required."),
        ({"token": ""}, "token", "This field is required."),
        ({"token": "two words"}, "token", "This is not an API token"),
        ({"token": "short"}, "token", "This is not an API token"),
        ({"name": ""}, "name", "This field is required."),
        ({"frequency": "yearly"}, "frequency", "Select a valid choice."),
        ({"frequency": "daily", "at_time": "25:99"}, "at_time", "Enter a valid time."),
        ({"weekday": "9"}, "weekday", "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(alice, changes, field, words):
    response = add(alice, **changes)
    assert response.status_code == 422
    assert any(words in error for error in response.context["form"].errors[field])
    assert words in response.content.decode()
    assert not Connection.objects.exists()
    assert not Source.objects.exists()


def test_a_name_is_taken_once(alice):
    add(alice)
    response = add(alice, host="syd1")
    assert "already exists" in str(response.context["form"].errors["name"])
    assert Connection.objects.count() == 1


def test_times_may_be_missing_where_the_frequency_does_not_need_them(alice):
    add(alice, frequency="hourly", at_time="", weekday="")
    assert Connection.objects.get().frequency == "hourly"


def test_the_token_is_never_sent_back(alice):
    """Neither after an error, nor on the edit page, nor anywhere else."""
    pages = [add(alice, host="evil.example"), add(alice, host=f"https://{CANARY}/"), add(alice)]
    made = Connection.objects.get()
    for name in ("connection", "connection_edit", "connection_delete"):
        pages.append(alice.get(reverse(f"integrations:{name}", args=[made.pk])))
    pages.append(
        alice.post(
            reverse("integrations:connection_edit", args=[made.pk]), typed(seen_version="1", host="evil.example")
        )
    )
    for page in pages:
        assert CANARY not in page.content.decode()
        assert made.token_envelope not in page.content.decode()


def test_a_host_that_was_refused_is_shown_again(alice):
    assert 'value="evil.example"' in add(alice, host="evil.example").content.decode()


def test_an_empty_token_keeps_the_stored_one(alice):
    add(alice)
    made = Connection.objects.get()
    alice.post(
        reverse("integrations:connection_edit", args=[made.pk]), typed(token="", name="Rail", seen_version=made.version)
    )
    made.refresh_from_db()
    assert (made.name, made.source.name, made.version) == ("Rail", "Rail", 2)
    assert token_of(made).reveal() == CANARY


def test_another_host_asks_for_the_token_again(alice):
    add(alice)
    made = Connection.objects.get()
    address = reverse("integrations:connection_edit", args=[made.pk])
    response = alice.post(address, typed(token="", host="syd1", seen_version=made.version))
    assert response.status_code == 422
    assert "Type the API token again" in str(response.context["form"].errors["token"])
    made.refresh_from_db()
    assert made.host == "fra1.qualtrics.com"
    alice.post(address, typed(token="Another-token-of-the-new-host", host="syd1", seen_version=made.version))
    made.refresh_from_db()
    assert made.host == "syd1.qualtrics.com"
    assert token_of(made).reveal() == "Another-token-of-the-new-host"


def test_a_new_token_lets_a_stopped_connection_go_on(alice):
    add(alice)
    Connection.objects.update(stopped_code="token_refused", failures_in_a_row=9, owner_name="Ana")
    made = Connection.objects.get()
    alice.post(reverse("integrations:connection_edit", args=[made.pk]), typed(seen_version=made.version))
    made.refresh_from_db()
    assert (made.stopped_code, made.failures_in_a_row, made.owner_name) == ("", 0, "")


def test_somebody_elses_change_is_shown_and_not_overwritten(alice):
    add(alice)
    made = Connection.objects.get()
    Connection.objects.filter(pk=made.pk).update(name="Their name", version=made.version + 1)
    response = alice.post(
        reverse("integrations:connection_edit", args=[made.pk]),
        typed(name="My name", token="", seen_version=made.version),
    )
    page = response.content.decode()
    assert response.status_code == 409
    assert "Their name" in page
    assert "My name" in page
    assert Connection.objects.get().name == "Their name"
    # Saving again, in knowledge of theirs, replaces it.
    seen = response.context["form"]["seen_version"].value()
    alice.post(
        reverse("integrations:connection_edit", args=[made.pk]), typed(name="My name", token="", seen_version=seen)
    )
    assert Connection.objects.get().name == "My name"


def test_switching_off_stops_the_timetable_and_enabling_starts_it(alice, woken):
    add(alice)
    made = Connection.objects.get()
    survey = factories.make_survey(made.source)
    factories.make_item(factories.make_question(survey))
    feed = factories.make_feed(made, survey, next_due_at=timezone.now())
    address = reverse("integrations:connection_switch", args=[made.pk])
    alice.post(address, {"enabled": "0", "seen_version": made.version})
    made.refresh_from_db()
    feed.refresh_from_db()
    assert (made.enabled, feed.next_due_at) == (False, None)
    alice.post(address, {"enabled": "1", "seen_version": made.version})
    made.refresh_from_db()
    feed.refresh_from_db()
    assert made.enabled
    assert feed.next_due_at > timezone.now()


def test_a_connection_in_use_is_not_deleted_and_says_who_uses_it(alice):
    add(alice)
    made = Connection.objects.get()
    item = factories.make_item(factories.make_question(factories.make_survey(made.source)))
    address = reverse("integrations:connection_delete", args=[made.pk])
    assert item.card.title in alice.get(address).content.decode()
    response = alice.post(address, {"seen_version": made.version})
    assert "cannot be deleted while items on a map use it" in response.content.decode()
    assert Connection.objects.filter(pk=made.pk).exists()


def test_deleting_takes_surveys_and_responses_and_leaves_drafts_without_survey(alice):
    add(alice)
    made = Connection.objects.get()
    survey = factories.make_survey(made.source)
    question = factories.make_question(survey)
    factories.make_response(survey, "2026-11-01 09:00", {question: 9})
    draft = factories.make_item(question, chosen_state="draft")
    address = reverse("integrations:connection_delete", args=[made.pk])
    page = alice.get(address).content.decode()
    assert "1 stored response is deleted" in page
    assert draft.card.title in page
    alice.post(address, {"seen_version": made.version})
    draft.refresh_from_db()
    assert not Connection.objects.exists()
    assert not Source.objects.exists()
    assert (draft.survey, draft.question, draft.source) == (None, None, None)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "No survey is retrieved through it yet."),
        ({"enabled": False}, "Nothing is retrieved until it is enabled again."),
        ({"stopped_code": "token_refused"}, "Qualtrics refused the API token."),
        ({"token_envelope": ""}, "There is no API token."),
        ({"open_until": "2099-01-01 00:00Z"}, "failed to answer several times in a row"),
    ],
)
def test_the_list_says_how_a_connection_is(alice, facts, words):
    add(alice)
    Connection.objects.update(**facts)
    assert words in alice.get(reverse("integrations:connection_list")).content.decode()


def test_the_list_takes_the_same_queries_for_one_and_three(alice):
    def queries() -> int:
        with CaptureQueriesContext(db) as captured:
            assert alice.get(reverse("integrations:connection_list")).status_code == 200
        return len(captured)

    factories.make_connection()
    queries()  # what is remembered from the first request on
    first = queries()
    for _ in range(2):
        factories.make_feed(factories.make_connection())
    assert queries() == first


def test_an_empty_list_says_what_is_needed(alice):
    assert "No connection yet" in alice.get(reverse("integrations:connection_list")).content.decode()
