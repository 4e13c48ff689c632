"""Stored tokens that were tampered with, and keys that were lost or changed: one connection stops, nothing else does."""

from __future__ import annotations

import base64
import os

import pytest
from django.db import connection as database
from django.urls import reverse

from feedback.models import Response
from integrations.connections import editing
from integrations.models import Connection, Fetch, SurveyFeed
from integrations.qualtrics.hosts import normalise_host
from integrations.sync import closing, requests
from integrations.vault.secret import Secret
from sandbox.demo import BANK_TOKEN, RAILWAY_TOKEN
from tests.integrations.sync.conftest import mirrored, work

pytestmark = pytest.mark.django_db
OTHER_KEY = "k9:" + base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
def bank(sandbox) -> Connection:
    return editing.create_connection(
        host=normalise_host(sandbox.other_host), token=Secret(BANK_TOKEN), name="Banque Méridian"
    )


def write(connection: Connection, column: str, value: str) -> None:
    """By SQL, as somebody with a database client would."""
    with database.cursor() as cursor:
        cursor.execute(
            f"UPDATE integrations_connection SET {column} = %s WHERE id = %s",  # noqa: S608 (names of this test)
            [value, connection.pk],
        )


def flipped(envelope: str, place: int) -> str:
    return envelope[:place] + ("A" if envelope[place] != "A" else "B") + envelope[place + 1 :]


MANIPULATIONS = {
    "copied from another row": (lambda own, other: other.token_envelope, "envelope_broken"),
    "a bit flipped": (lambda own, other: flipped(own.token_envelope, -9), "envelope_broken"),
    "cut": (lambda own, other: own.token_envelope[:-7], "envelope_broken"),
    "of an unknown key": (lambda own, other: "enc:v1:lost:" + own.token_envelope.split(":")[3], "key_missing"),
    "in plain text": (lambda own, other: RAILWAY_TOKEN, "envelope_broken"),
    "emptied": (lambda own, other: "", "envelope_broken"),
}


@pytest.mark.parametrize(("manipulate", "code"), MANIPULATIONS.values(), ids=MANIPULATIONS.keys())
def test_a_manipulated_token_stops_its_connection_without_a_call(
    sandbox, survey, add_item, connection, bank, manipulate, code
):
    add_item(survey)
    theirs = mirrored(bank, sandbox, "onboarding")
    add_item(theirs, "QID1")
    write(connection, "token_envelope", manipulate(connection, bank))
    sandbox.control.forget_calls()
    fetch = work(survey)
    assert (fetch.state, fetch.error_code) == (Fetch.State.FAILED, code)
    assert sandbox.control.calls() == []
    connection.refresh_from_db()
    survey.refresh_from_db()
    assert (connection.stopped_code, survey.attention_code) == (code, code)
    assert work(theirs).state == Fetch.State.DONE


def test_with_another_host_written_into_its_row_the_token_does_not_go_there(sandbox, survey, add_item, connection):
    add_item(survey)
    write(connection, "host", sandbox.other_host)
    sandbox.control.forget_calls()
    assert work(survey).error_code == "envelope_broken"
    assert sandbox.control.calls() == []


def test_a_lost_key_leaves_maps_readable_and_a_new_token_goes_on(
    sandbox, survey, add_item, connection, client_of, admin, settings
):
    item = add_item(survey)
    work(survey)
    settings.ENCRYPTION_KEYS = [OTHER_KEY]
    requests.ask_for_fetch(SurveyFeed.objects.get(survey=survey), Fetch.Trigger.MANUAL)
    sandbox.control.forget_calls()
    assert work(survey).error_code == "key_missing"
    assert sandbox.control.calls() == []
    alice = client_of(admin)
    journey = item.card.lane.journey
    for address in (
        reverse("journeys:detail", args=[journey.pk]), reverse("kpis:item", args=[item.pk]),
        reverse("kpis:journey", args=[journey.pk]),
    ):  # fmt: skip
        assert alice.get(address).status_code == 200
    assert Response.objects.filter(survey=survey).count() == len(sandbox.control.truth("post-journey"))
    page = alice.get(reverse("integrations:connection", args=[connection.pk])).content.decode()
    assert "The key that opens the stored token or client secret is missing." in page
    connection.refresh_from_db()
    editing.change_connection(connection, connection.version, token=Secret(RAILWAY_TOKEN))
    closing.restart(connection)
    requests.ask_for_fetch(
        SurveyFeed.objects.select_related("connection", "survey").get(survey=survey), Fetch.Trigger.MANUAL
    )
    assert work(survey).state == Fetch.State.DONE


@pytest.mark.parametrize("keys", [[], [OTHER_KEY.replace("k9", "embedded")]], ids=["none", "another"])
def test_pages_and_api_live_without_the_key(connection, client_of, api_of, admin, settings, keys, sandbox):
    settings.ENCRYPTION_KEYS = keys
    sandbox.control.forget_calls()
    alice, api = client_of(admin), api_of(admin)
    for name in ("connection", "connection_edit"):
        assert alice.get(reverse(f"integrations:{name}", args=[connection.pk])).status_code == 200
    assert alice.get(reverse("integrations:connection_list")).status_code == 200
    alice.post(reverse("integrations:connection_test", args=[connection.pk]))
    assert api.get(f"/api/v1/connections/{connection.pk}/").status_code == 200
    assert api.get(f"/api/v1/connections/{connection.pk}/surveys/").json()["code"] in ("key_missing", "envelope_broken")
    assert sandbox.control.calls() == []


def test_another_secret_key_of_django_loses_no_token(sandbox, survey, add_item, settings):
    add_item(survey)
    settings.SECRET_KEY = "another-secret-key-0123456789-abcdefghijklmnopqrstuvwxyz"
    assert work(survey).state == Fetch.State.DONE
