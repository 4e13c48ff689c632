"""A survey fetched by an OAuth client, whose access tokens end and whose scopes are taken away."""

from __future__ import annotations

import pytest

from feedback.models import Response
from integrations.connections import editing
from integrations.models import Fetch, SurveyFeed
from integrations.qualtrics.hosts import normalise_host
from integrations.qualtrics.oauth import AccessTokens
from integrations.sync import engine, requests
from integrations.vault.secret import Secret
from tests.integrations.sync.conftest import work

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_access_token_is_kept_from_another_test(monkeypatch):
    monkeypatch.setattr("integrations.qualtrics.gateway.access_tokens", AccessTokens())


@pytest.fixture
def connection(sandbox, db):
    return editing.create_connection(
        host=normalise_host(sandbox.host), name="Coastline Rail", frequency="hourly", client_id="sandbox-railway-client",
        client_secret=Secret("sandbox-railway-secret"), scopes="read:surveys read:survey_responses",
    )  # fmt: skip


def is_whole(sandbox) -> bool:
    truth = {row["id"] for row in sandbox.control.truth("post-journey")}
    return set(Response.objects.values_list("external_id", flat=True)) == truth


def test_every_response_arrives_with_two_scopes_and_one_access_token(sandbox, survey, add_item):
    add_item(survey)
    sandbox.control.forget_calls()
    assert work(survey).state == Fetch.State.DONE
    assert is_whole(sandbox)
    assert len(sandbox.control.calls(path="/oauth2/token")) == 0  # the one that read the list still holds


def test_access_tokens_that_end_again_and_again_lose_nothing(sandbox, survey, add_item):
    add_item(survey)
    sandbox.control.change_settings(export_mode="normal", export_polls=3)
    fetch = Fetch.objects.get(feed__survey=survey)
    while fetch.is_open:
        sandbox.control.end_access_tokens()
        Fetch.objects.filter(pk=fetch.pk).update(due_at=fetch.created_at)
        engine.run(fetch.uuid)
        fetch.refresh_from_db()
    assert fetch.state == Fetch.State.DONE
    assert is_whole(sandbox)
    assert len(sandbox.control.calls(path="/oauth2/token")) > 2


def test_a_client_revoked_in_mid_run_stops_and_a_new_secret_goes_on(sandbox, survey, add_item, connection):
    add_item(survey)
    sandbox.control.change_settings(export_mode="normal", export_polls=1)
    engine.run(Fetch.objects.get(feed__survey=survey).uuid)
    sandbox.control.revoke_token("sandbox-railway-client")
    fetch = work(survey)
    connection.refresh_from_db()
    assert (fetch.state, fetch.error_code) == (Fetch.State.FAILED, "oauth_client_refused")
    assert connection.stopped_code == "oauth_client_refused"
    sandbox.control.restore_token("sandbox-railway-client")
    editing.change_connection(connection, connection.version, client_secret=Secret("sandbox-railway-secret"))
    feed = SurveyFeed.objects.select_related("connection", "survey").get(survey=survey)
    requests.ask_for_fetch(feed, Fetch.Trigger.MANUAL)
    assert work(survey).state == Fetch.State.DONE
    assert is_whole(sandbox)


def test_without_the_scope_the_survey_needs_attention_and_the_connection_goes_on(sandbox, survey, add_item, connection):
    add_item(survey)
    editing.change_connection(connection, connection.version, scopes="read:surveys")
    assert work(survey).error_code == "oauth_scope_missing"
    connection.refresh_from_db()
    survey.refresh_from_db()
    assert (connection.stopped_code, survey.attention_code) == ("", "oauth_scope_missing")
