"""Connections with an OAuth client: by page, by API, and everything that a token can do, over real HTTP."""

from __future__ import annotations

import logging

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from feedback.models import Survey
from integrations.connections import editing
from integrations.connections.editing import create_connection
from integrations.connections.testing import test_and_keep as run_test
from integrations.console.calls import as_curl, call_api, read_call
from integrations.directory import contacts
from integrations.models import Connection, ResponseWatch
from integrations.qualtrics.hosts import normalise_host
from integrations.qualtrics.oauth import AccessTokens
from integrations.surveys.catalogue import surveys_of
from integrations.vault.secret import Secret
from integrations.vendor.clients import client_for
from integrations.vendor.tokens import client_of, token_of
from integrations.webhooks import subscriptions
from sandbox.demo import RAILWAY_TOKEN

pytestmark = pytest.mark.django_db

CANARY = "CanarySecretThatNobodyMaySee0123456789ab"
LIST = "/api/v1/connections/"
CLIENT = {"client_id": "sandbox-railway-client", "client_secret": Secret("sandbox-railway-secret")}
BANK = {"client_id": "sandbox-bank-client", "client_secret": Secret("sandbox-bank-secret")}


@pytest.fixture(autouse=True)
def _no_access_token_is_kept_from_another_test(monkeypatch):
    monkeypatch.setattr("integrations.qualtrics.gateway.access_tokens", AccessTokens())


@pytest.fixture
def railway(sandbox) -> Connection:
    """The railway, through a client that may do everything."""
    yield create_connection(host=normalise_host(sandbox.host), name="Rail", scopes="manage:all", **CLIENT)
    sandbox.control.restore_token("sandbox-railway-client")
    sandbox.control.change_settings(oauth_lifetime=3600)


@pytest.fixture
def alice(client_of, admin):
    return client_of(admin)


@pytest.fixture
def api(api_of, admin):
    return api_of(admin)


def typed(**changes):
    values = {
        "name": "Coastline Rail", "host": "fra1", "auth_method": "oauth", "client_id": "our-client", "client_secret": CANARY,
        "scopes": "read:surveys read:survey_responses", "token": "", "frequency": "daily", "at_time": "05:00",
        "weekday": "0", "enabled": "on",
    }  # fmt: skip
    return values | changes


def add(client, **changes):
    return client.post(reverse("integrations:connection_new"), typed(**changes))


def edit(client, connection, **changes):
    return client.post(
        reverse("integrations:connection_edit", args=[connection.pk]), typed(version=connection.version, **changes)
    )


class TestPages:
    def test_client_and_secret_are_stored_in_place_of_a_token(self, alice):
        made = add(alice)
        connection = Connection.objects.get()
        assert made.url == reverse("integrations:connection", args=[connection.pk])
        assert (connection.auth_method, connection.client_id, connection.token_envelope) == ("oauth", "our-client", "")
        assert CANARY not in connection.client_secret_envelope
        client = client_of(connection)
        assert (client.id, client.secret.reveal(), client.scopes) == (
            "our-client", CANARY, "read:surveys read:survey_responses",
        )  # fmt: skip
        page = alice.get(made.url).content.decode()
        assert "our-client" in page
        assert "Client secret" in page

    def test_the_secret_is_never_sent_back(self, alice, caplog):
        with caplog.at_level(logging.DEBUG):
            pages = [add(alice, host="evil.example"), add(alice)]
            made = Connection.objects.get()
            for name in ("connection", "connection_edit", "connection_delete"):
                pages.append(alice.get(reverse(f"integrations:{name}", args=[made.pk])))
            pages.append(edit(alice, made, host="evil.example"))
            pages.append(alice.get(reverse("integrations:connection_list")))
        for said in [*(page.content.decode() for page in pages), caplog.text]:
            assert CANARY not in said
            assert made.client_secret_envelope not in said

    @pytest.mark.parametrize(
        ("changes", "field", "words"),
        [
            ({"client_id": ""}, "client_id", "This field is required."),
            ({"client_id": "a:b"}, "client_id", "without blanks and colons"),
            ({"client_id": "café"}, "client_id", "without blanks and colons"),
            ({"client_secret": ""}, "client_secret", "This field is required."),
            ({"client_secret": "two words"}, "client_secret", "This is not a client secret"),
            ({"scopes": ""}, "scopes", "This field is required."),
            ({"scopes": "read:surveys, all"}, "scopes", "is not a scope"),
            ({"auth_method": "magic"}, "auth_method", "Select a valid choice."),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(self, alice, changes, field, words):
        answer = add(alice, **changes)
        assert answer.status_code == 422
        assert any(words in error for error in answer.context["form"].errors[field])
        assert not Connection.objects.exists()

    def test_what_the_other_way_needs_is_not_looked_at(self, alice):
        add(alice, auth_method="token", token="x" * 40, client_id="a:b", client_secret="two words", scopes="?")
        made = Connection.objects.get()
        assert (made.auth_method, made.client_id, made.client_secret_envelope) == ("token", "", "")
        assert token_of(made).reveal() == "x" * 40

    def test_an_empty_secret_keeps_the_stored_one(self, alice):
        add(alice)
        edit(alice, Connection.objects.get(), client_secret="", name="Rail", scopes="read:surveys")
        made = Connection.objects.get()
        assert (made.name, made.scopes, made.version) == ("Rail", "read:surveys", 2)
        assert client_of(made).secret.reveal() == CANARY

    @pytest.mark.parametrize("change", [{"host": "syd1"}, {"client_id": "another-client"}])
    def test_another_host_or_client_asks_for_the_secret_again(self, alice, change):
        add(alice)
        answer = edit(alice, Connection.objects.get(), client_secret="", **change)
        assert answer.status_code == 422
        assert "Type the client secret again" in str(answer.context["form"].errors["client_secret"])
        edit(alice, Connection.objects.get(), client_secret="another-secret", **change)
        made = Connection.objects.get()
        assert client_of(made).secret.reveal() == "another-secret"
        assert (made.host, made.client_id) == (
            "syd1.qualtrics.com" if "host" in change else "fra1.qualtrics.com", change.get("client_id", "our-client"),
        )  # fmt: skip

    def test_changing_the_way_forgets_what_is_not_used_any_more(self, alice):
        add(alice)
        refused = edit(alice, Connection.objects.get(), auth_method="token", token="")
        assert "This field is required." in refused.context["form"].errors["token"]
        edit(alice, Connection.objects.get(), auth_method="token", token="y" * 40)
        made = Connection.objects.get()
        assert (made.auth_method, made.client_id, made.client_secret_envelope) == ("token", "", "")
        assert edit(alice, made, client_secret="").status_code == 422
        edit(alice, made)
        made.refresh_from_db()
        assert (made.auth_method, made.token_envelope) == ("oauth", "")

    @pytest.mark.parametrize(
        "change", [{"client_secret": "another-secret"}, {"client_secret": "", "scopes": "manage:all"}]
    )
    def test_what_may_help_lets_a_stopped_connection_go_on(self, alice, change):
        add(alice)
        Connection.objects.update(stopped_code="oauth_scope_refused", failures_in_a_row=9)
        edit(alice, Connection.objects.get(), **change)
        made = Connection.objects.get()
        assert (made.stopped_code, made.failures_in_a_row) == ("", 0)


class TestApi:
    def add(self, api, **changes):
        values = {"name": "Rail", "host": "fra1", "client_id": "our-client", "client_secret": CANARY}
        return api.post(LIST, {name: value for name, value in (values | changes).items() if value is not None})

    def change(self, api, **changes):
        made = Connection.objects.get()
        return api.patch(f"{LIST}{made.pk}/", changes | {"version": made.version})

    def test_the_secret_goes_in_and_never_comes_out(self, api, caplog):
        with caplog.at_level(logging.DEBUG):
            answers = [self.add(api), api.get(LIST), self.change(api, client_secret=CANARY + "2")]
            answers += [self.change(api, client_secret="no secret"), api.get(f"{LIST}{Connection.objects.get().pk}/")]
        shown = answers[-1].json()
        assert (shown["auth_method"], shown["client_id"]) == ("oauth", "our-client")
        assert shown["scopes"] == "read:surveys read:survey_responses"
        assert client_of(Connection.objects.get()).secret.reveal() == CANARY + "2"
        for said in [*(answer.content.decode() for answer in answers), caplog.text]:
            assert CANARY not in said
            assert Connection.objects.get().client_secret_envelope not in said

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"client_secret": None}, "client_secret"),
            ({"client_id": None}, "client_id"),
            ({"client_id": None, "client_secret": None}, "token"),
            ({"token": "x" * 40}, "token"),
            ({"scopes": "everything"}, "scopes"),
            ({"client_id": "a:b"}, "client_id"),
        ],
    )
    def test_what_is_missing_or_too_much_is_said_at_its_field(self, api, changes, field):
        answer = self.add(api, **changes)
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == [field]
        assert not Connection.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"host": "syd1"}, "client_secret"),
            ({"client_id": "another"}, "client_secret"),
            ({"client_id": ""}, "token"),
            ({"host": "syd1", "token": "x" * 40, "client_secret": CANARY}, "token"),
        ],
    )
    def test_what_would_use_a_stored_secret_elsewhere_is_refused(self, api, changes, field):
        self.add(api)
        before = Connection.objects.values().get()
        assert list(self.change(api, **changes).json()["errors"]) == [field]
        assert Connection.objects.values().get() == before

    def test_sending_the_other_one_changes_the_way(self, api):
        self.add(api)
        assert self.change(api, token="x" * 40).json()["auth_method"] == "token"
        assert self.change(api, client_id="our-client", client_secret=CANARY).json()["auth_method"] == "oauth"
        assert self.change(api, client_id="our-client", name="Renamed").json()["name"] == "Renamed"


def test_a_secret_moved_to_another_row_or_host_does_not_open(railway, sandbox):
    other = create_connection(host=normalise_host(sandbox.other_host), name="Bank", **BANK)
    Connection.objects.filter(pk=other.pk).update(client_secret_envelope=railway.client_secret_envelope)
    other.refresh_from_db()
    assert surveys_of(other).error.code == "envelope_broken"
    Connection.objects.filter(pk=railway.pk).update(host=sandbox.other_host)
    railway.refresh_from_db()
    sandbox.control.forget_calls()
    assert surveys_of(railway).error.code == "envelope_broken"
    assert sandbox.control.calls() == []


def test_the_database_takes_no_halves(railway):
    for change in ({"client_id": ""}, {"token_envelope": "enc:v1:k1:AAAA"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Connection.objects.filter(pk=railway.pk).update(**change)


def test_a_host_that_qualtrics_corrected_takes_the_client_along(db):
    made = create_connection(host=normalise_host("fra1"), name="Moved", **CLIENT)
    editing.correct_host(made, 1, "syd1.qualtrics.com")
    made.refresh_from_db()
    assert (made.host, client_of(made).secret.reveal()) == ("syd1.qualtrics.com", "sandbox-railway-secret")


class TestTheConnector:
    def results(self, connection) -> dict[str, tuple[str, str]]:
        return {check.key: (check.result, check.finding) for check in run_test(connection)}

    def test_every_check_passes(self, railway):
        found = self.results(railway)
        assert list(found) == ["host", "client", "brand", "data_centre", "surveys", "export", "webhooks"]
        assert {result for result, _finding in found.values()} == {"ok"}
        railway.refresh_from_db()
        assert (railway.owner_name, railway.brand) == ("Ana Ruiz", "coastline")

    def test_a_stopped_one_goes_on(self, railway):
        Connection.objects.update(stopped_code="oauth_client_refused")
        railway.refresh_from_db()
        self.results(railway)
        railway.refresh_from_db()
        assert railway.stopped_code == ""

    @pytest.mark.parametrize(
        ("change", "key", "code"),
        [
            ({"client_secret": Secret("a wrong secret")}, "client", "oauth_client_refused"),
            ({"client_id": "nobody"}, "client", "oauth_client_refused"),
            (
                {"client_id": "sandbox-bank-client", "client_secret": BANK["client_secret"]},
                "client",
                "oauth_client_refused",
            ),
            ({"scopes": "read:survey_responses"}, "surveys", "oauth_scope_missing"),
            ({"scopes": "read:surveys"}, "export", "oauth_scope_missing"),
            (
                {"client_id": "sandbox-viewer-client", "client_secret": Secret("sandbox-viewer-secret")},
                "client",
                "oauth_scope_refused",
            ),
        ],
        ids=["secret", "id", "data centre", "no surveys", "no export", "client without the scope"],
    )
    def test_what_is_wrong_fails_its_own_check(self, sandbox, change, key, code, alice):
        made = create_connection(host=normalise_host(sandbox.host), name="Rail", **CLIENT | change)
        page = alice.post(
            reverse("integrations:connection_test", args=[made.pk]), headers={"HX-Request": "true"}
        ).content.decode()
        made.refresh_from_db()
        found = {check["key"]: check for check in made.test_results}
        assert (found[key]["result"], found[key]["finding"]) == ("failed", code)
        assert "Failed" in page

    def test_webhooks_need_their_scope(self, sandbox):
        made = create_connection(host=normalise_host(sandbox.host), name="Rail", **CLIENT)
        assert self.results(made)["webhooks"] == ("skipped", "webhooks_need_scope")


class TestWhatATokenCanDo:
    def test_live_lists_directory_and_console(self, railway, sandbox, admin):
        assert "Post-journey NPS" in {survey.name for survey in surveys_of(railway).rows}
        (book,) = contacts.directories_of(railway).rows
        made = contacts.create_contact(railway, book.id, {"email": "oauth@northwind.example"})
        contacts.delete_contact(railway, book.id, made)
        outcome = call_api(railway, read_call("GET", "/v3/whoami", headers={}), admin)
        assert "coastline" in outcome.text

    def test_the_console_shows_where_an_access_token_belongs(self, railway):
        assert "Bearer YOUR_ACCESS_TOKEN" in as_curl(railway, read_call("GET", "/v3/whoami", headers={}))

    def test_watches(self, railway, sandbox, settings):
        settings.PUBLIC_URL = "https://parcours.example"
        surveys_of(railway)
        watch = subscriptions.create_watch(Survey.objects.get(external_id=sandbox.control.survey_id("post-journey")))
        assert ResponseWatch.objects.get().subscription_id.startswith("SUB_")
        subscriptions.end_watch(watch, 1)
        assert not ResponseWatch.objects.exists()

    def test_an_access_token_that_ends_in_the_middle_is_replaced(self, railway, sandbox):
        sandbox.control.forget_calls()
        with client_for(railway) as client:
            client.whoami()
            sandbox.control.end_access_tokens()
            assert list(client.surveys())
        statuses = [(call["endpoint"], call["status"]) for call in sandbox.control.calls()]
        assert statuses == [
            ("POST /oauth2/token", 200), ("GET /whoami", 200), ("GET /surveys", 401), ("POST /oauth2/token", 200),
            ("GET /surveys", 200),
        ]  # fmt: skip

    def test_a_client_revoked_in_the_middle_stops_the_connection(self, railway, sandbox):
        with client_for(railway) as client:
            client.whoami()
        sandbox.control.revoke_token("sandbox-railway-client")
        assert surveys_of(railway).error.code == "oauth_client_refused"
        railway.refresh_from_db()
        assert railway.stopped_code == "oauth_client_refused"

    def test_the_token_endpoint_in_trouble_stops_nothing(self, railway, sandbox):
        sandbox.control.switch_fault_on("503", path="/oauth2/token")
        assert surveys_of(railway).error.code == "server_trouble"
        railway.refresh_from_db()
        assert railway.stopped_code == ""

    def test_the_log_of_the_sandbox_saw_no_api_token(self, railway, sandbox):
        sandbox.control.forget_calls()
        surveys_of(railway)
        assert all("x-api-token" not in call["headers"] for call in sandbox.control.calls())
        assert RAILWAY_TOKEN not in str(sandbox.control.calls())
