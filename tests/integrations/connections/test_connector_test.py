"""Test the connector, on the page and over real HTTP."""

from __future__ import annotations

import pytest
from django.urls import reverse

from integrations.connections.editing import create_connection
from integrations.models import Connection
from integrations.qualtrics.hosts import normalise_host
from integrations.vault.secret import Secret
from integrations.vendor.tokens import token_of
from sandbox.demo import RAILWAY_TOKEN, VIEWER_TOKEN

pytestmark = pytest.mark.django_db


def run(client, connection, **headers) -> str:
    return client.post(reverse("integrations:connection_test", args=[connection.pk]), **headers).content.decode()


def results(connection) -> dict[str, str]:
    connection.refresh_from_db()
    return {check["key"]: check["result"] for check in connection.test_results}


def test_every_check_passes_and_the_owner_is_remembered(client_of, admin, connection):
    page = run(client_of(admin), connection, headers={"HX-Request": "true"})
    assert results(connection) == dict.fromkeys(
        ["host", "token", "brand", "data_centre", "surveys", "export", "webhooks"], "ok"
    )
    assert (connection.owner_name, connection.brand, connection.account_type) == (
        "Ana Ruiz", "coastline", "UT_BRANDADMIN",
    )  # fmt: skip
    assert connection.version == 1
    assert "Token accepted" in page
    assert RAILWAY_TOKEN not in page
    # Every card is drawn anew, with what the test found.
    assert page.count("not tested yet") == 0
    assert "Owner of the token" in page.split('id="test"')[0].split("Health")[-1]


def test_the_results_are_told_in_the_language_of_whoever_reads_them(client_of, admin, connection, sandbox):
    sandbox.control.revoke_token(RAILWAY_TOKEN)
    assert "Token accepted" in run(client_of(admin), connection, headers={"HX-Request": "true"})
    page = client_of(admin).get(
        reverse("integrations:connection", args=[connection.pk]), headers={"Accept-Language": "fr"}
    )
    for words in ("Token accepté", "Qualtrics a refusé le token d’API.", "copiez le token d’API", "répond."):
        assert words in page.content.decode()
    assert "Token accepted" not in page.content.decode()


def test_without_the_script_the_page_comes_back(client_of, admin, connection):
    response = client_of(admin).post(reverse("integrations:connection_test", args=[connection.pk]), follow=True)
    assert "Ana Ruiz" in response.content.decode()


def test_a_refused_token_says_what_to_do(client_of, admin, connection, sandbox):
    sandbox.control.revoke_token(RAILWAY_TOKEN)
    page = run(client_of(admin), connection, headers={"HX-Request": "true"})
    assert results(connection)["token"] == "failed"
    assert results(connection)["surveys"] == "skipped"
    assert "Qualtrics refused the API token." in page
    assert "copy the API token" in page


def test_missing_rights_fail_their_own_check(client_of, admin, sandbox):
    connection = create_connection(host=normalise_host(sandbox.host), token=Secret(VIEWER_TOKEN), name="Ida")
    run(client_of(admin), connection)
    found = results(connection)
    assert found["token"] == "ok"
    assert found["surveys"] == "failed"


def test_an_unreadable_token_is_a_failed_check_not_a_crash(client_of, admin, connection):
    Connection.objects.update(token_envelope="enc:v1:gone:AAAA")
    page = run(client_of(admin), connection, headers={"HX-Request": "true"})
    assert results(connection) == {"token": "failed"}
    assert "API token" in page


def test_a_passed_test_heals_a_stopped_connection(client_of, admin, connection):
    Connection.objects.update(stopped_code="token_refused", failures_in_a_row=7)
    run(client_of(admin), connection)
    connection.refresh_from_db()
    assert (connection.stopped_code, connection.failures_in_a_row) == ("", 0)


def test_a_failed_test_heals_nothing(client_of, admin, connection, sandbox):
    Connection.objects.update(stopped_code="token_refused")
    sandbox.control.revoke_token(RAILWAY_TOKEN)
    run(client_of(admin), connection)
    connection.refresh_from_db()
    assert connection.stopped_code == "token_refused"


class TestAnotherDataCentre:
    """Qualtrics names the host where the account lives."""

    @pytest.fixture
    def moved(self, db):
        connection = create_connection(host=normalise_host("fra1"), token=Secret(RAILWAY_TOKEN), name="Moved")
        connection.test_results = [{"key": "data_centre", "result": "failed", "suggested_host": "syd1.qualtrics.com"}]
        connection.save()
        return connection

    @pytest.fixture(autouse=True)
    def _no_calls(self, monkeypatch):
        monkeypatch.setattr("integrations.connections.views.test_and_keep", lambda connection: [])

    def correct(self, client, connection, host="syd1.qualtrics.com", version=1):
        return client.post(
            reverse("integrations:connection_correct_host", args=[connection.pk]),
            {"host": host, "seen_version": version},
        )

    def test_one_click_moves_host_and_token(self, client_of, admin, moved):
        page = client_of(admin).get(reverse("integrations:connection", args=[moved.pk])).content.decode()
        assert "Use syd1.qualtrics.com" in page
        self.correct(client_of(admin), moved)
        moved.refresh_from_db()
        assert (moved.host, moved.version) == ("syd1.qualtrics.com", 2)
        assert token_of(moved).reveal() == RAILWAY_TOKEN

    def test_only_the_suggested_host_is_taken(self, client_of, admin, moved):
        self.correct(client_of(admin), moved, host="evil.qualtrics.com")
        moved.refresh_from_db()
        assert moved.host == "fra1.qualtrics.com"

    def test_an_old_version_is_refused(self, client_of, admin, moved):
        self.correct(client_of(admin), moved, version=0)
        moved.refresh_from_db()
        assert moved.host == "fra1.qualtrics.com"

    def test_a_test_host_never_takes_the_token_along(self, client_of, admin, moved, settings):
        settings.QUALTRICS_TEST_HOSTS = ["127.0.0.1:9"]
        Connection.objects.update(test_results=[{"key": "data_centre", "suggested_host": "127.0.0.1:9"}])
        response = self.correct(client_of(admin), moved, host="127.0.0.1:9")
        moved.refresh_from_db()
        assert moved.host == "fra1.qualtrics.com"
        assert response.status_code == 302
