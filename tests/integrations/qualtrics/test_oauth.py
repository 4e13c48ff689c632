"""Signing in as an OAuth client: one access token for many calls, a new one in time, and nothing of it to be seen."""

from __future__ import annotations

import base64
import logging
import pickle
from urllib.parse import parse_qs

import pytest

from integrations.qualtrics.gateway import Gateway, Limits
from integrations.qualtrics.hosts import Host
from integrations.qualtrics.oauth import AccessTokens, OAuthClient
from integrations.troubles import errors
from integrations.vault.secret import Secret
from integrations.vendor.certainty import may_have_happened
from tests.integrations.qualtrics.stage import API, envelope

HOST = "fra1.qualtrics.com"
TOKENS = f"https://{HOST}/oauth2/token"
SURVEYS = f"{API}/surveys"
SECRET = "ClientSecretThatNobodyMaySee0123456789ab"
CLIENT = OAuthClient("our-client", Secret(SECRET), "read:surveys read:survey_responses")
BASIC = base64.b64encode(f"our-client:{SECRET}".encode()).decode()


@pytest.fixture(autouse=True)
def kept(monkeypatch, clock) -> AccessTokens:
    """The memory of access tokens, empty and by the tests' clock."""
    memory = AccessTokens(monotonic=clock.monotonic)
    monkeypatch.setattr("integrations.qualtrics.gateway.access_tokens", memory)
    return memory


@pytest.fixture
def gateway_of(clock):
    def make(client=CLIENT, **options) -> Gateway:
        timing = {"sleep": clock.sleep, "monotonic": clock.monotonic, "now": clock.now, "jitter": lambda: 0.5}
        return Gateway(Host(HOST), client, **timing | options)

    return make


@pytest.fixture
def gateway(gateway_of):
    return gateway_of()


def granted(number: int, **changes):
    return {"json": {"access_token": f"access-token-{number}", "token_type": "Bearer", "expires_in": 3599} | changes}


def grant(vendor, *answers):
    for answer in answers:
        vendor.post(TOKENS, **(granted(answer) if isinstance(answer, int) else answer))


def reply(vendor, *steps, url=SURVEYS, method="GET"):
    for step in steps:
        vendor.add(method, url, **({"json": envelope({"ok": True})} if step is None else step))


def sent(vendor) -> list[str]:
    """What was sent: the header of each call to the API, and `ask` for each access token asked for."""
    calls = [call.request for call in vendor.calls]
    return ["ask" if call.url == TOKENS else call.headers["Authorization"] for call in calls]


class TestAccessToken:
    def test_it_is_asked_for_once_and_used_for_every_call(self, vendor, gateway, gateway_of):
        grant(vendor, 1)
        reply(vendor, None, None, None)
        gateway.call("GET", "surveys")
        gateway.call("GET", "surveys")
        gateway_of().call("GET", "surveys")
        assert sent(vendor) == ["ask", *["Bearer access-token-1"] * 3]
        asked = vendor.calls[0].request
        assert asked.headers["Authorization"] == f"Basic {BASIC}"
        assert parse_qs(asked.body.decode()) == {
            "grant_type": ["client_credentials"],
            "scope": ["read:surveys read:survey_responses"],
        }
        assert "X-API-TOKEN" not in vendor.calls[1].request.headers

    @pytest.mark.parametrize(("lifetime", "used_until"), [(3599, 3538), ("3599", 3538), (86_400, 86_339), (100, 49)])
    def test_a_new_one_is_asked_for_shortly_before_the_end(self, vendor, gateway, clock, lifetime, used_until):
        grant(vendor, granted(1, expires_in=lifetime), 2)
        reply(vendor, None, None, None)
        gateway.call("GET", "surveys")
        clock.sleep(used_until)
        gateway.call("GET", "surveys")
        clock.sleep(2)
        gateway.call("GET", "surveys")
        assert sent(vendor) == ["ask", *["Bearer access-token-1"] * 2, "ask", "Bearer access-token-2"]

    @pytest.mark.parametrize("lifetime", [None, "soon", -5, True, 0])
    def test_without_a_lifetime_it_is_used_once(self, vendor, gateway, lifetime):
        grant(vendor, granted(1, expires_in=lifetime), 2)
        reply(vendor, None, None)
        gateway.call("GET", "surveys")
        gateway.call("GET", "surveys")
        assert sent(vendor) == ["ask", "Bearer access-token-1", "ask", "Bearer access-token-2"]

    @pytest.mark.parametrize(
        "other",
        [
            OAuthClient("our-client", Secret("a wrong secret"), CLIENT.scopes),
            OAuthClient("another-client", CLIENT.secret, CLIENT.scopes),
            OAuthClient("our-client", CLIENT.secret, "read:surveys"),
        ],
        ids=["secret", "id", "scopes"],
    )
    def test_nobody_else_is_handed_it(self, vendor, gateway, gateway_of, other):
        grant(vendor, 1, 2)
        reply(vendor, None, None)
        gateway.call("GET", "surveys")
        gateway_of(other).call("GET", "surveys")
        assert sent(vendor)[2:] == ["ask", "Bearer access-token-2"]


class TestRefusals:
    def test_one_that_ended_early_is_replaced_once_for_any_kind_of_call(self, vendor, gateway, gateway_of):
        grant(vendor, 1, 2)
        reply(vendor, None)
        gateway.call("GET", "surveys")
        reply(vendor, {"status": 401}, None, url=f"{API}/distributions", method="POST")
        assert gateway_of().call("POST", "distributions", json={}).result == {"ok": True}
        assert sent(vendor)[2:] == ["Bearer access-token-1", "ask", "Bearer access-token-2"]

    def test_the_console_is_shown_the_second_answer(self, vendor, gateway):
        grant(vendor, 1, 2)
        reply(vendor, None, {"status": 401, "body": "no"}, {"body": "yes"})
        gateway.call("GET", "surveys")
        shown = gateway.raw("GET", "surveys", most_bytes=100)
        assert (shown.status, shown.body) == (200, b"yes")

    def test_a_new_one_that_is_refused_ends_it(self, vendor, gateway):
        grant(vendor, 1, 2)
        reply(vendor, None, {"status": 401}, {"status": 401})
        gateway.call("GET", "surveys")
        with pytest.raises(errors.TokenRefused) as refused:
            gateway.call("GET", "surveys")
        assert refused.value.code == "oauth_token_refused"
        assert sent(vendor)[1:] == ["Bearer access-token-1"] * 2 + ["ask", "Bearer access-token-2"]

    def test_a_missing_scope_has_a_code_of_its_own(self, vendor, gateway):
        grant(vendor, 1)
        reply(vendor, {"status": 403})
        with pytest.raises(errors.RightMissing) as missing:
            gateway.call("GET", "surveys")
        assert missing.value.code == "oauth_scope_missing"

    @pytest.mark.parametrize(
        ("status", "body", "kind", "code"),
        [
            (401, {"error": "invalid_client"}, errors.TokenRefused, "oauth_client_refused"),
            (401, {}, errors.TokenRefused, "oauth_client_refused"),
            (400, {"error": "invalid_client"}, errors.TokenRefused, "oauth_client_refused"),
            (400, {"error": "invalid_scope"}, errors.TokenRefused, "oauth_scope_refused"),
            (404, {}, errors.TokenRefused, "oauth_client_refused"),
            (429, {}, errors.TooManyRequests, "too_many_requests"),
            (503, {}, errors.ServerTrouble, "server_trouble"),
            (302, {}, errors.UnexpectedAnswer, "redirected"),
            (200, {}, errors.UnexpectedAnswer, "unexpected_shape"),
            (200, {"access_token": "a b"}, errors.UnexpectedAnswer, "unexpected_shape"),
            (200, {"access_token": 7}, errors.UnexpectedAnswer, "unexpected_shape"),
            (200, {"access_token": "abc", "token_type": "mac"}, errors.UnexpectedAnswer, "unexpected_shape"),
            (200, [], errors.UnexpectedAnswer, "unexpected_shape"),
        ],
    )
    def test_no_access_token_no_call(self, vendor, gateway_of, status, body, kind, code):
        vendor.post(TOKENS, status=status, json=body)
        with pytest.raises(kind) as failure:
            gateway_of(limits=Limits(tries=1)).call("POST", "distributions", json={})
        assert failure.value.code == code
        assert not may_have_happened(failure.value)
        assert sent(vendor) == ["ask"]

    def test_asking_is_tried_again_even_for_a_call_that_is_not(self, vendor, gateway):
        grant(vendor, {"status": 503}, 1)
        reply(vendor, {"status": 503}, url=f"{API}/distributions", method="POST")
        with pytest.raises(errors.ServerTrouble) as lost:
            gateway.call("POST", "distributions", json={})
        assert sent(vendor) == ["ask", "ask", "Bearer access-token-1"]
        assert may_have_happened(lost.value)


class TestSecrecy:
    def test_nothing_of_it_is_logged_or_told(self, vendor, gateway_of, caplog):
        echo = {"error": "invalid_client", "error_description": f"{SECRET} or {BASIC}"}
        vendor.post(TOKENS, status=401, json=echo)
        grant(vendor, 1)
        reply(vendor, {"status": 400, "json": {"meta": {"error": {"errorMessage": "access-token-1"}}}})
        with caplog.at_level(logging.DEBUG):
            for _ in range(2):
                with pytest.raises(errors.QualtricsError) as failure:
                    gateway_of().call("GET", "surveys")
                for hidden in (SECRET, BASIC, "access-token-1"):
                    assert hidden not in f"{failure.value} {vars(failure.value)}"
        assert "POST fra1.qualtrics.com /oauth2/token 401" in caplog.text
        for hidden in (SECRET, BASIC, "access-token-1"):
            assert hidden not in caplog.text

    def test_neither_client_nor_memory_show_or_pickle_it(self, kept):
        kept.keep(Host(HOST), CLIENT, Secret("access-token-1"), 3600)
        assert SECRET not in repr(CLIENT)
        assert "access-token-1" not in f"{kept!r} {vars(kept)}"
        with pytest.raises(TypeError):
            pickle.dumps(CLIENT)

    def test_it_is_sent_to_its_own_endpoint_only(self, vendor, gateway):
        with pytest.raises(errors.RequestRefused):
            gateway.call("POST", "..", "oauth2", "token")
        assert sent(vendor) == []


@pytest.mark.parametrize(
    ("scopes", "scope", "asked"),
    [
        ("read:surveys", "read:surveys", True),
        ("manage:surveys", "write:surveys", True),
        ("read:all", "read:surveys", True),
        ("manage:all", "write:subscriptions", True),
        ("read:surveys", "write:surveys", False),
        ("read:survey", "read:surveys", False),
    ],
)
def test_what_scopes_hold(scopes, scope, asked):
    assert OAuthClient("id", Secret(SECRET), scopes).asks_for(scope) == asked
