"""The list of distributions, and the lists to choose from."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.models import Distribution
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/api/v1/distributions/"


@pytest.fixture
def alice(client_of, admin):
    return client_of(admin)


def make(connection, state="sent", kind="email", **fields):
    return Distribution.objects.create(
        connection=connection, kind=kind, state=state, survey_external_id="SV_1", survey_name=f"{kind} {state}",
        request={"sendDate": "2026-11-25T08:00:00Z"}, recipients=3, confirmed_at=timezone.now(), **fields,
    )  # fmt: skip


@pytest.fixture
def several(db):
    one, other = factories.make_connection(), factories.make_connection()
    for state in ("draft", "sent", "failed", "unknown"):
        make(one, state)
    make(other, "sent", "sms")
    return other


def shown(client, **query):
    page = client.get(reverse("integrations:distributions"), query)
    return [row.survey_name for row, _tone, _icon in page.context["rows"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["sms sent", "email unknown", "email failed", "email sent", "email draft"]),
        ({"state": "sent"}, ["sms sent", "email sent"]),
        ({"kind": "sms"}, ["sms sent"]),
        ({"state": "unknown"}, ["email unknown"]),
        ({"state": "sending"}, []),
    ],
)
def test_page_and_api_narrow_the_list_down(alice, api_of, admin, several, query, expected):
    assert shown(alice, **query) == expected
    rows = api_of(admin).get(URL, query).json()["results"]
    assert [row["survey_name"] for row in rows] == expected


def test_by_connection(alice, api_of, admin, several):
    assert shown(alice, connection=several.pk) == ["sms sent"]
    assert len(api_of(admin).get(URL, {"connection": several.pk}).json()["results"]) == 1


def test_a_state_that_does_not_exist_is_refused_by_the_api(api_of, admin, several):
    assert api_of(admin).get(URL, {"state": "flying"}).status_code == 400


def test_nothing_of_this_choice_is_told_apart_from_nothing_at_all(alice, several):
    address = reverse("integrations:distributions")
    assert "No distribution matches this choice." in alice.get(address, {"state": "sending"}).content.decode()
    Distribution.objects.all().delete()
    assert "Nothing has been distributed yet" in alice.get(address).content.decode()


def test_the_list_is_turned_page_by_page_and_keeps_the_choice(alice, db):
    connection = factories.make_connection()
    for _ in range(30):
        make(connection)
    make(connection, "draft")
    address = reverse("integrations:distributions")
    page = alice.get(address, {"state": "sent"})
    assert len(page.context["rows"]) == 25
    assert "?state=sent&amp;page=2" in page.content.decode()
    assert len(alice.get(address, {"state": "sent", "page": 2}).context["rows"]) == 5


def test_the_list_costs_the_same_for_one_and_for_many(client_of, api_of, admin):
    connection, client, api = factories.make_connection(), client_of(admin), api_of(admin)
    address = reverse("integrations:distributions")

    def cost(get, url: str) -> int:
        with CaptureQueriesContext(database) as queries:
            assert get(url).status_code == 200
        return len(queries)

    make(connection, confirmed_by=admin)
    client.get(address), api.get(URL)  # who they are is read at their first call
    for_one = [cost(client.get, address), cost(api.get, URL)]
    for _ in range(4):
        make(connection, confirmed_by=admin)
    assert [cost(client.get, address), cost(api.get, URL)] == for_one


def choices_of(connection):
    return f"/api/v1/connections/{connection.pk}/distribution-choices/"


def test_the_api_offers_what_the_form_offers(api, connection, there):
    told = api.get(choices_of(connection), {"kind": "sms", "survey": there.survey}).json()
    assert {"id": there.pilot.id, "name": "Pilot group", "size": 3} in told["mailing_lists"]
    assert told["samples"] == [{"id": there.sample, "name": "One in ten", "size": 13}]
    assert there.batch in [row["id"] for row in told["transaction_batches"]]
    assert there.survey in [row["id"] for row in told["surveys"]]
    [shelf] = [each for each in told["libraries"] if each["id"] == there.library]
    assert there.invite in [row["id"] for row in shelf["messages"]]
    assert told["directories"][0]["id"] == there.book.id
    assert told["parents"] == []


def test_parents_are_the_sms_of_this_survey_that_were_invitations(alice, api, connection, sms, there, sandbox):
    def send(**changes):
        draft = api.post(URL, sms(**changes)).json()
        return api.post(f"{URL}{draft['id']}/send/", {"version": 1}).json()["external_id"]

    first = send(name="Wave 7")
    send(name="Reminder of wave 7", method="Reminder", parent=first)
    other = sandbox.control.survey_id("post-journey")
    send(name="Elsewhere", survey=other)
    offered = api.get(choices_of(connection), {"kind": "sms", "survey": there.survey}).json()["parents"]
    assert {"id": first, "name": "Wave 7", "size": None} in offered
    assert {"Reminder of wave 7", "Elsewhere"} & {row["name"] for row in offered} == set()
    place = {"kind": "sms", "connection": connection.pk, "survey": there.survey}
    page = alice.get(reverse("integrations:distribution_new"), place)
    assert first in dict(page.context["form"].fields["parent"].choices)


@pytest.mark.parametrize("query", [{}, {"kind": "post"}, {"kind": "sms", "directory": "a\r\nb"}])
def test_choices_of_nothing_known_are_refused(api, connection, query):
    assert api.get(choices_of(connection), query).status_code == 400


def test_choices_with_the_vendor_in_trouble_or_the_connection_off(api, connection, sandbox):
    sandbox.control.switch_fault_on("503", path="*/mailinglists")
    assert api.get(choices_of(connection), {"kind": "email"}).status_code == 502
    type(connection).objects.update(enabled=False)
    assert api.get(choices_of(connection), {"kind": "email"}).status_code == 409


def test_choices_are_for_admins(api_of, analyst, viewer, connection):
    for user in (analyst, viewer):
        assert api_of(user).get(choices_of(connection), {"kind": "email"}).status_code == 403
