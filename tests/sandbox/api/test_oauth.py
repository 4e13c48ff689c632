"""OAuth clients: who gets an access token, what it opens, and when it ends."""

from __future__ import annotations

import pytest

from sandbox.api.site import digest

BANK = ("sandbox-bank-client", "sandbox-bank-secret")
RAILWAY = ("sandbox-railway-client", "sandbox-railway-secret")
VIEWER = ("sandbox-viewer-client", "sandbox-viewer-secret")


@pytest.fixture
def ask(session, sandbox):
    """Ask for an access token; the answer as it came."""

    def post(client=RAILWAY, scope="manage:all", grant_type="client_credentials", host=None):
        form = {"grant_type": grant_type, "scope": scope}
        return session.post(f"http://{host or sandbox.host}/oauth2/token", form, auth=client, timeout=30)

    return post


@pytest.fixture
def call(session, sandbox):
    """Call the imitated API with an access token; the status."""

    def send(token, path, method="GET", host=None, **options):
        url = f"http://{host or sandbox.host}/API/v3{path}"
        return session.request(method, url, headers={"Authorization": f"Bearer {token}"}, timeout=30, **options)

    return send


def test_a_client_gets_a_token_for_its_own_data_centre(ask, call, sandbox):
    granted = ask(BANK, "read:surveys", host=sandbox.other_host).json()
    assert granted.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (granted["token_type"], granted["expires_in"], granted["scope"]) == ("Bearer", 3599, "read:surveys")
    token = granted["access_token"]
    assert call(token, "/whoami", host=sandbox.other_host).json()["result"]["brandId"] == "meridian"
    assert call(token, "/whoami").status_code == 401
    assert ask(BANK).status_code == 401


@pytest.mark.parametrize(
    ("spec", "status", "error"),
    [
        ({"client": ("sandbox-railway-client", "no")}, 401, "invalid_client"),
        ({"client": ("nobody", "sandbox-railway-secret")}, 401, "invalid_client"),
        ({"client": ("", "")}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": ""}, 400, "invalid_scope"),
        ({"scope": "everything"}, 400, "invalid_scope"),
        ({"client": VIEWER, "scope": "read:surveys write:surveys"}, 400, "invalid_scope"),
    ],
)
def test_what_is_not_granted(ask, spec, status, error):
    answer = ask(**spec)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.parametrize(
    ("scope", "method", "path", "passes"),
    [
        ("read:surveys", "GET", "/surveys", True),
        ("manage:surveys", "GET", "/surveys", True),
        ("read:all", "GET", "/surveys", True),
        ("read:survey_responses", "GET", "/surveys", False),
        ("read:survey_responses", "GET", "/whoami", True),
        ("read:surveys", "PUT", "/surveys/SV_1", False),
        ("read:surveys", "POST", "/surveys/SV_1/export-responses", False),
        ("read:survey_responses", "POST", "/surveys/SV_1/export-responses", True),
        ("read:subscriptions", "GET", "/eventsubscriptions", True),
        ("read:subscriptions", "DELETE", "/eventsubscriptions/SUB_1", False),
        ("read:directory_contacts", "POST", "/directories/POOL_1/contacts/search", True),
        ("read:directory_contacts", "POST", "/directories/POOL_1/contacts", False),
        ("read:directories", "GET", "/directories/POOL_1/contacts", False),
        ("read:mailing_lists", "GET", "/directories/POOL_1/mailinglists", True),
        ("read:distributions", "POST", "/distributions", False),
    ],
)
def test_a_call_needs_its_scope(ask, call, scope, method, path, passes):
    answer = call(ask(scope=scope).json()["access_token"], path, method, json={} if method != "GET" else None)
    assert (answer.status_code == 403) != passes


def test_a_token_ends(ask, call, sandbox):
    sandbox.control.change_settings(oauth_lifetime=120)
    granted = ask().json()
    assert granted["expires_in"] == 119
    sandbox.control.advance_clock(seconds=115)
    assert call(granted["access_token"], "/surveys").status_code == 200
    sandbox.control.advance_clock(seconds=10)
    assert call(granted["access_token"], "/surveys").status_code == 401


def test_tokens_can_be_ended_and_clients_revoked(ask, call, sandbox):
    token = ask().json()["access_token"]
    sandbox.control.end_access_tokens()
    assert call(token, "/surveys").status_code == 401
    token = ask().json()["access_token"]
    sandbox.control.revoke_token("sandbox-railway-client")
    assert call(token, "/surveys").status_code == 401
    assert ask().status_code == 401
    sandbox.control.restore_token("sandbox-railway-client")
    assert call(token, "/surveys").status_code == 200


def test_faults_reach_the_endpoint(ask, sandbox):
    sandbox.control.switch_fault_on("503", path="/oauth2/token", count=1)
    assert [ask().status_code for _ in range(2)] == [503, 200]


def test_secrets_are_kept_as_digests_only(ask, call, sandbox):
    token = ask().json()["access_token"]
    call(token, "/whoami")
    entry = sandbox.control.calls(path="/whoami")[-1]
    assert (entry["brand"], entry["headers"]["authorization"]) == ("coastline", digest(f"Bearer {token}"))
    assert token not in str(sandbox.control.calls())
    assert "sandbox-railway-secret" not in str(sandbox.control.calls())
