"""The API console against the sandbox: what is sent, what is shown, what is kept."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from integrations.console.paths import READABLE_BY_ANALYSTS
from integrations.models import ConsoleCall
from sandbox.demo import RAILWAY_TOKEN

pytestmark = pytest.mark.django_db
CONSOLE = reverse("integrations:console")


def typed(through, **changes):
    return {"connection": through.pk, "method": "GET", "path": "/v3/whoami"} | changes


@pytest.fixture
def alice(client_of, admin):
    return client_of(admin)


@pytest.fixture
def received(sandbox):
    """The calls that reach the sandbox from here on."""
    sandbox.control.forget_calls()

    def calls() -> list[tuple[str, str]]:
        return [(call["method"], call["path"]) for call in sandbox.control.calls()]

    return calls


def confirm(client, values):
    """Press Send on the question."""
    asked = client.post(CONSOLE, values)
    assert asked.status_code == 200
    return client.post(CONSOLE, values | {"confirmation": asked.context["confirmation"]})


@pytest.mark.parametrize(
    "path", ["/v3/surveys", "v3/surveys", "/API/v3/surveys", "API/v3/surveys", "/surveys", "surveys", "/v3/surveys/"]
)
def test_every_way_of_writing_a_path_leads_to_the_same_address(alice, connection, received, path):
    page = alice.post(CONSOLE, typed(connection, path=path, query="offset=0"))
    assert page.context["outcome"].status == 200
    assert "Post-journey NPS" in page.content.decode()
    assert received() == [("GET", "/API/v3/surveys")]


def test_the_answer_is_indented_with_time_and_request_and_the_call_is_kept_without_its_query(alice, connection, admin):
    page = alice.post(CONSOLE, typed(connection, path="/surveys", query="note=eva@example.org")).content.decode()
    assert "&quot;elements&quot;: [\n" in page
    kept = ConsoleCall.objects.get()
    assert (kept.user, kept.method, kept.path, kept.status) == (admin, "GET", "/surveys", 200)
    assert kept.milliseconds is not None
    assert len(kept.request_id) == 36
    assert kept.request_id in page
    again = alice.get(CONSOLE).content.decode()
    assert "eva@example.org" not in again
    assert "GET /surveys" in again


def test_an_error_of_qualtrics_is_shown_as_it_came(alice, connection):
    page = alice.post(CONSOLE, typed(connection, path="/surveys/SV_none"))
    assert page.context["outcome"].status == 404
    assert "GSI_2" in page.content.decode()
    assert ConsoleCall.objects.get().status == 404


def test_a_changing_call_is_sent_after_it_was_confirmed_and_once_only(alice, connection, sandbox, received):
    survey = sandbox.control.survey_id("complaint")
    values = typed(connection, method="PUT", path=f"/surveys/{survey}", body='{"name": "Complaints"}')
    asked = alice.post(CONSOLE, values)
    assert received() == []
    assert "outcome" not in asked.context
    confirmed = values | {"confirmation": asked.context["confirmation"]}
    assert alice.post(CONSOLE, confirmed).context["outcome"].status == 200
    assert sandbox.world.survey("complaint").name == "Complaints"
    assert alice.post(CONSOLE, confirmed).status_code == 302  # the page is loaded again, the button pressed twice
    assert received() == [("PUT", f"/API/v3/surveys/{survey}")]


def test_a_confirmation_is_for_exactly_this_call(alice, connection, sandbox, received, client_of):
    survey = sandbox.control.survey_id("complaint")
    values = typed(connection, method="PUT", path=f"/surveys/{survey}", body='{"name": "Complaints"}')
    confirmation = alice.post(CONSOLE, values).context["confirmation"]
    for changes in ({"body": '{"name": "x"}'}, {"path": "/surveys/SV_9"}, {"method": "DELETE"}, {"query": "a=1"}):
        page = alice.post(CONSOLE, values | changes | {"confirmation": confirmation})
        assert "outcome" not in page.context
    assert "outcome" not in alice.post(CONSOLE, values | {"confirmation": "forged"}).context
    assert received() == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_analyst_reads_only(client_of, api_of, analyst, connection, received, method):
    amir = client_of(analyst)
    page = amir.post(CONSOLE, typed(connection, method=method, path="/eventsubscriptions/SUB_1"))
    assert page.status_code == 422
    assert "Other methods are for admins" in str(page.context["form"].errors["method"])
    answer = api_of(analyst).post(
        f"/api/v1/connections/{connection.pk}/call/",
        {"method": method, "path": "/eventsubscriptions/SUB_1", "confirm": True},
    )
    assert answer.status_code == 403
    assert received() == []
    assert amir.post(CONSOLE, typed(connection, path="/surveys")).context["outcome"].status == 200


# What tells of people, in all spellings that the console understands.
OF_PEOPLE = [
    "/v3/directories/POOL_1/contacts", "/v3/directories/POOL_1/contacts/CID_1", "/v3/surveys/SV_1/responses/R_1",
    "/v3/surveys/SV_1/export-responses/ES_1", "/v3/surveys/SV_1/export-responses/ES_1/file", "/v3/eventsubscriptions",
    "/v3/distributions", "/v3/users", "/v3/whoami", "/v3/surveys/SV_1/quotas", "/v3/surveys/SV_1/filters",
    "directories", "API/v3/directories/POOL_1/contacts?x=1", "/v3/SURVEYS", "/v3/surveys/SV_1/responses/",
    "/v3/survey-definitions", "/v3/survey-definitions/SV_1/versions/1", "/v3/surveys/SV_1/languages/EN",
]  # fmt: skip


@pytest.mark.parametrize("path", OF_PEOPLE)
def test_an_analyst_reads_nothing_that_tells_of_people(client_of, api_of, analyst, connection, received, path):
    page = client_of(analyst).post(CONSOLE, typed(connection, path=path))
    assert page.status_code == 422
    assert "Other paths are for admins" in str(page.context["form"].errors["path"])
    address = f"/api/v1/connections/{connection.pk}/call/"
    answer = api_of(analyst).post(address, {"method": "GET", "path": path})
    assert (answer.status_code, answer.json()["code"]) == (403, "path_for_admins")
    assert "Other paths are for admins" in answer.json()["detail"]
    assert received() == []


@pytest.mark.parametrize("path", READABLE_BY_ANALYSTS)
def test_an_analyst_reads_how_surveys_are_made(client_of, analyst, connection, sandbox, received, path):
    survey = sandbox.control.survey_id("complaint")
    for value in (survey, "QID1"):
        path = path.replace("{id}", value, 1)
    page = client_of(analyst).post(CONSOLE, typed(connection, path=path))
    assert page.context["outcome"].status is not None
    assert received() == [("GET", f"/API/v3/{path}")]


def test_the_page_lists_what_an_analyst_may_read_and_nothing_for_admins(client_of, alice, analyst, connection):
    assert "/v3/survey-definitions/{id}/flow" in client_of(analyst).get(CONSOLE).content.decode()
    assert "/v3/survey-definitions/{id}/flow" not in alice.get(CONSOLE).content.decode()


@pytest.mark.parametrize("by_api", [False, True])
def test_each_call_is_in_the_audit_trail_without_its_path(alice, admin, connection, by_api):
    if by_api:
        alice.post(
            f"/api/v1/connections/{connection.pk}/call/",
            {"method": "GET", "path": "/directories/POOL_1/contacts"},
            content_type="application/json",
        )
    else:
        alice.post(CONSOLE, typed(connection, path="/directories/POOL_1/contacts"))
    row = AuditEvent.objects.get(event="vendor_called")
    assert (row.by, row.facts) == (admin, {"method": "GET", "call": ConsoleCall.objects.get().pk})
    assert "POOL_1" not in str(vars(row))


def test_one_person_makes_only_so_many_calls_in_a_minute(
    client_of, api_of, analyst, admin, connection, received, settings, time_machine
):
    settings.CALLS_BY_HAND = 3
    time_machine.move_to("2026-11-02 09:00:10Z", tick=False)
    amir, address = client_of(analyst), f"/api/v1/connections/{connection.pk}/call/"
    for _n in range(2):
        assert amir.post(CONSOLE, typed(connection, path="/surveys")).context["outcome"].status == 200
    values = {"method": "GET", "path": "/surveys"}
    assert api_of(analyst).post(address, values).status_code == 200
    refused = api_of(analyst).post(address, values)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "50")
    page = amir.post(CONSOLE, typed(connection, path="/surveys"))
    assert page.status_code == 429
    assert "too many calls within a minute" in page.content.decode()
    assert len(received()) == 3
    assert api_of(admin).post(address, values).status_code == 200  # each person for themselves
    time_machine.shift(50)
    assert api_of(analyst).post(address, values).status_code == 200


def test_tests_of_the_connector_and_previews_count_as_well(alice, connection, received, settings):
    settings.CALLS_BY_HAND = 0
    tested = reverse("integrations:connection_test", args=[connection.pk])
    assert "too many calls" in alice.post(tested, follow=True).content.decode()
    assert alice.post(tested, headers={"HX-Request": "true"}).headers["HX-Redirect"]
    assert alice.post(f"/api/v1/connections/{connection.pk}/test/").status_code == 429
    assert received() == []


def test_a_viewer_has_no_console(client_of, api_of, viewer, connection, received):
    assert client_of(viewer).get(CONSOLE).status_code == 403
    assert client_of(viewer).post(CONSOLE, typed(connection)).status_code == 403
    address = f"/api/v1/connections/{connection.pk}/call/"
    assert api_of(viewer).post(address, {"method": "GET", "path": "/whoami"}).status_code == 403
    assert received() == []


@pytest.mark.parametrize(
    "path", ["/eventsubscriptions", "/v3/eventsubscriptions/", "eventsubscriptions?x=1", "/surveys"]
)
def test_everything_of_a_kind_is_never_deleted(alice, api_of, admin, connection, received, path):
    page = alice.post(CONSOLE, typed(connection, method="DELETE", path=path))
    assert "Name one thing to delete" in str(page.context["form"].errors["path"])
    answer = api_of(admin).post(
        f"/api/v1/connections/{connection.pk}/call/", {"method": "DELETE", "path": path, "confirm": True}
    )
    assert answer.status_code == 400
    assert received() == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"path": ""}, "path"),
        ({"query": "no value"}, "query"),
        ({"headers": "no colon"}, "headers"),
        ({"body": "{}"}, "body"),
        ({"method": "POST", "body": "{'a': 1}"}, "body"),
        ({"method": "TRACE"}, "method"),
        ({"connection": "999999"}, "connection"),
    ],
)
def test_what_cannot_be_sent_is_said_at_its_field(alice, connection, received, changes, field):
    page = alice.post(CONSOLE, typed(connection, **changes))
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert received() == []


@pytest.mark.parametrize("kind", ["lost_answer", "cut_before_answer"])
def test_a_lost_answer_is_called_unknown_and_the_call_is_not_repeated(alice, connection, sandbox, received, kind):
    sandbox.control.switch_fault_on(kind, path="*/surveys/*", method="PUT", count=1)
    values = typed(
        connection, method="PUT", path=f"/surveys/{sandbox.control.survey_id('complaint')}", body='{"name": "New"}'
    )
    page = confirm(alice, values)
    assert page.context["outcome"].unknown
    assert "It is not known whether Qualtrics did this." in page.content.decode()
    assert len(received()) == 1
    kept = ConsoleCall.objects.get()
    assert (kept.status, kept.error_code) == (None, "connection_cut")


@pytest.mark.parametrize("kind", ["500", "503", "429"])
def test_trouble_of_the_vendor_is_shown_and_not_tried_again(alice, connection, sandbox, received, kind):
    sandbox.control.switch_fault_on(kind, path="*/whoami")
    assert alice.post(CONSOLE, typed(connection)).context["outcome"].status == int(kind)
    assert len(received()) == 1


def test_a_redirect_is_shown_and_not_followed(alice, connection, sandbox, received):
    sandbox.control.switch_fault_on("redirect", path="*/whoami", host=sandbox.other_host)
    assert 300 <= alice.post(CONSOLE, typed(connection)).context["outcome"].status < 400
    assert len(received()) == 1


def test_html_is_shown_as_text(alice, connection, sandbox):
    sandbox.control.switch_fault_on("html_200", path="*/whoami")
    page = alice.post(CONSOLE, typed(connection)).content.decode()
    assert "&lt;h1&gt;Something went wrong&lt;/h1&gt;" in page


def test_a_long_answer_is_cut(alice, connection, sandbox):
    sandbox.control.switch_fault_on("huge_body", path="*/whoami", size=60)
    page = alice.post(CONSOLE, typed(connection))
    outcome = page.context["outcome"]
    assert outcome.cut
    assert outcome.size == 5 * 2**20
    assert "the rest is not shown" in page.content.decode()


def test_a_file_is_named_and_not_shown(alice, connection, sandbox):
    survey = sandbox.control.survey_id("complaint")
    base = f"/surveys/{survey}/export-responses"
    started = confirm(alice, typed(connection, method="POST", path=base, body='{"format": "ndjson"}'))
    job = json.loads(started.context["outcome"].text)["result"]["progressId"]
    polled = alice.post(CONSOLE, typed(connection, path=f"{base}/{job}"))
    file_id = json.loads(polled.context["outcome"].text)["result"]["fileId"]
    outcome = alice.post(CONSOLE, typed(connection, path=f"{base}/{file_id}/file")).context["outcome"]
    assert (outcome.status, outcome.binary, outcome.text) == (200, True, "")


def test_an_echoed_token_is_never_seen(alice, connection, sandbox):
    """The vendor answers with the very token: in a name, and as JSON may also write it."""
    survey = sandbox.world.survey("complaint")
    old, survey.name = survey.name, f"mine: {RAILWAY_TOKEN.lower()} {RAILWAY_TOKEN}"
    try:
        page = alice.post(CONSOLE, typed(connection, path=f"/surveys/{survey.id}")).content.decode()
    finally:
        survey.name = old
    assert "mine: [redacted] [redacted]" in page
    assert RAILWAY_TOKEN.lower() not in page.lower()


def test_curl_holds_a_word_in_the_tokens_place(alice, connection, sandbox):
    page = alice.post(CONSOLE, typed(connection, path="/surveys", query="a=b c", headers="Accept: application/json"))
    assert page.context["curl"] == (
        f"curl --request GET 'http://{sandbox.host}/API/v3/surveys?a=b+c' --header 'X-API-TOKEN: YOUR_API_TOKEN' "
        "--header 'Accept: application/json'"
    )
    assert RAILWAY_TOKEN not in page.content.decode()


def test_over_the_api_a_call_answers_with_facts_and_changes_on_confirmation_only(api_of, admin, connection, sandbox):
    api, address = api_of(admin), f"/api/v1/connections/{connection.pk}/call/"
    told = api.post(address, {"method": "GET", "path": "/whoami"}).json()
    assert (told["status"], told["error"], told["unknown"]) == (200, "", False)
    assert '"userId"' in told["text"]
    change = {
        "method": "PUT", "path": f"/surveys/{sandbox.control.survey_id('complaint')}", "body": {"name": "By API"},
    }  # fmt: skip
    refused = api.post(address, change)
    assert refused.status_code == 400
    assert "confirm" in refused.json()["errors"]
    assert sandbox.world.survey("complaint").name != "By API"
    assert api.post(address, change | {"confirm": True}).json()["status"] == 200
    assert sandbox.world.survey("complaint").name == "By API"
    mine = api.get("/api/v1/console-calls/").json()["results"]
    assert [(call["method"], call["status"]) for call in mine] == [("PUT", 200), ("GET", 200)]
    assert "body" not in mine[0]


def test_a_history_is_ones_own(api_of, client_of, admin, analyst, connection):
    client_of(admin).post(CONSOLE, typed(connection))
    assert api_of(analyst).get("/api/v1/console-calls/").json()["results"] == []
    assert list(client_of(analyst).get(CONSOLE).context["history"]) == []


def test_through_a_disabled_connection_nothing_is_called(api_of, alice, admin, connection, received):
    connection.enabled = False
    connection.save()
    answer = api_of(admin).post(f"/api/v1/connections/{connection.pk}/call/", {"method": "GET", "path": "/whoami"})
    assert answer.status_code == 409
    assert alice.post(CONSOLE, typed(connection)).status_code == 422
    assert received() == []
