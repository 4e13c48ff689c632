"""Connections over the REST API: the token goes in and never comes out, versions hold, troubles are named."""

from __future__ import annotations

import logging
import socket

import pytest
from django.urls import reverse

from feedback.models import Survey
from integrations.models import Connection
from integrations.vendor.tokens import token_of
from sandbox.demo import RAILWAY_TOKEN
from tests import factories

pytestmark = pytest.mark.django_db

CANARY = "CanaryTokenThatNobodyMaySee0123456789abc"
LIST = "/api/v1/connections/"


@pytest.fixture
def alice(api_of, admin):
    return api_of(admin)


@pytest.fixture
def amir(api_of, analyst):
    return api_of(analyst)


def one(connection, part: str = "") -> str:
    return f"{LIST}{connection.pk}/{part}"


def add(api, **changes):
    return api.post(LIST, {"name": "Rail", "host": "fra1", "token": CANARY, "frequency": "hourly"} | changes)


class TestToken:
    def test_it_is_stored_encrypted_and_answered_nowhere(self, alice, caplog, monkeypatch):
        def nobody_knows_it(*_asked: object) -> list[str]:
            raise socket.gaierror("Name or service not known")

        monkeypatch.setattr("integrations.outbound.network.Network.resolve", nobody_knows_it)
        with caplog.at_level(logging.DEBUG):
            answers = [add(alice)]
            made = Connection.objects.get()
            answers += [
                alice.get(LIST),
                alice.get(one(made)),
                alice.patch(one(made), {"name": "Railway", "version": 1}),
                alice.patch(one(made), {"token": CANARY + "2", "version": 2}),
                alice.patch(one(made), {"token": "no token", "version": 3}),
                alice.get(one(made, "surveys/")),
                alice.post(one(made, "test/")),
                alice.get("/api/v1/schema/"),
            ]
        assert token_of(Connection.objects.get()).reveal() == CANARY + "2"
        envelope = Connection.objects.get().token_envelope
        for said in [*(answer.content.decode() for answer in answers), caplog.text]:
            assert CANARY not in said
            assert envelope not in said
            assert "token_envelope" not in said

    def test_it_is_needed_at_first(self, alice):
        answer = alice.post(LIST, {"name": "Rail", "host": "fra1"})
        assert answer.status_code == 400
        assert answer.json()["errors"]["token"] == ["This field is required."]

    @pytest.mark.parametrize(
        "wrong", ["short", "two words here", "line\nbreak-in-the-token", "café-token-é", "x" * 201]
    )
    def test_what_cannot_be_a_token_is_refused_without_repeating_it(self, alice, wrong):
        answer = add(alice, token=wrong)
        assert answer.status_code == 400
        assert "token" in answer.json()["errors"]
        assert wrong not in answer.content.decode()

    def test_another_host_asks_for_it_again(self, alice):
        add(alice)
        made = Connection.objects.get()
        answer = alice.patch(one(made), {"host": "syd1", "version": 1})
        assert answer.status_code == 400
        assert "Type the API token again" in answer.json()["errors"]["token"][0]
        assert Connection.objects.get().host == "fra1.qualtrics.com"
        answer = alice.patch(one(made), {"host": "syd1", "token": CANARY, "version": 1})
        assert (answer.status_code, answer.json()["host"]) == (200, "syd1.qualtrics.com")


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("evil.example", "Only hosts that end in qualtrics.com"),
        ("fra1.qualtrics.com@evil.example", "This is not the host"),
        ("http://fra1.qualtrics.com", "over https only"),
        ("127.0.0.1:8900", "This is not the host"),
        ("169.254.169.254", "Only hosts that end in qualtrics.com"),
    ],
)
def test_a_foreign_host_is_refused(alice, host, words):
    answer = add(alice, host=host)
    assert answer.status_code == 400
    assert words in answer.json()["errors"]["host"][0]
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    "field", ["token_envelope", "stopped_code", "brand", "owner_name", "uuid", "source", "test_results", "created_by"]
)
def test_what_is_not_a_setting_is_not_taken(alice, field):
    add(alice)
    before = Connection.objects.values().get()
    alice.patch(one(Connection.objects.get()), {field: "1", "version": 1})
    after = Connection.objects.values().get()
    assert {**after, "version": 1, "updated_at": before["updated_at"]} == before


class TestVersions:
    def test_a_change_without_one_is_refused(self, alice):
        add(alice)
        assert alice.patch(one(Connection.objects.get()), {"name": "X"}).status_code == 400

    def test_the_second_of_two_changes_is_refused_and_shown_the_first(self, alice):
        add(alice)
        made = Connection.objects.get()
        assert alice.patch(one(made), {"name": "Mine", "version": 1}).json()["version"] == 2
        answer = alice.patch(one(made), {"name": "Theirs", "version": 1})
        assert answer.status_code == 409
        assert answer.json()["current"]["name"] == "Mine"
        assert Connection.objects.get().name == "Mine"

    def test_if_match_does_as_well(self, alice):
        add(alice)
        made = Connection.objects.get()
        answer = alice.patch(one(made), {"enabled": False}, headers={"If-Match": '"1"'})
        assert (answer.status_code, answer.json()["enabled"]) == (200, False)
        assert answer.json()["health"]["condition"] == "off"

    def test_deleting_takes_one_too(self, alice):
        add(alice)
        made = Connection.objects.get()
        assert alice.delete(one(made), headers={"If-Match": '"7"'}).status_code == 409
        assert alice.delete(one(made), headers={"If-Match": '"1"'}).status_code == 204
        assert not Connection.objects.exists()


def test_a_connection_in_use_is_not_deleted(alice):
    made = factories.make_connection()
    item = factories.make_item(factories.make_question(factories.make_survey(made.source)))
    answer = alice.delete(one(made), headers={"If-Match": '"1"'})
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["items"]) == ("in_use", [{"id": item.pk, "title": item.card.title}])


def test_who_may(alice, amir, api_of, viewer):
    made = factories.make_connection()
    for part in ("", "surveys/"):
        assert api_of(viewer).get(one(made, part)).status_code == 403
    assert amir.get(LIST).status_code == 403
    assert amir.post(LIST, {}).status_code == 403
    assert amir.get(f"{LIST}choices/").status_code == 200
    assert alice.get(LIST).status_code == 200


def test_choices_tell_no_more_than_is_needed(amir):
    made = factories.make_connection(owner_name="Ana")
    factories.make_connection(enabled=False)
    (choice,) = amir.get(f"{LIST}choices/").json()
    assert set(choice) == {"id", "name", "source", "health"}
    assert choice["id"] == made.pk


class TestLive:
    """Over real HTTP against the sandbox."""

    def test_the_test_answers_check_by_check(self, alice, connection):
        checks = alice.post(one(connection, "test/")).json()
        assert [check["result"] for check in checks] == ["ok"] * 7
        assert alice.get(one(connection)).json()["owner_name"] == "Ana Ruiz"

    def test_surveys_with_their_live_state(self, amir, connection):
        surveys = amir.get(one(connection, "surveys/")).json()
        states = {survey["name"]: survey["live"] for survey in surveys}
        assert states["Post-journey NPS"] == "live"
        assert states["Delay compensation – new form"] == "never_launched"

    def test_questions_with_proposals_and_reasons(self, amir, connection, sandbox):
        amir.get(one(connection, "surveys/"))
        survey_id = sandbox.control.survey_id("ticket-purchase")
        questions = {q["field"]: q for q in amir.get(one(connection, f"surveys/{survey_id}/questions/")).json()}
        best = questions["QID1"]["proposals"][0]
        assert (best["metric"], best["positive_values"]) == ("ces", ["5", "6", "7"])
        comment = next(q for q in questions.values() if q["kind"] == "text")
        assert comment["proposals"] == []
        assert "A comment has no number." in comment["not_measurable_because"]

    def test_an_unknown_survey_is_not_found(self, amir, connection):
        assert amir.get(one(connection, "surveys/SV_unknown/questions/")).status_code == 404

    def test_a_refused_token_is_named(self, amir, connection, sandbox):
        sandbox.control.revoke_token(RAILWAY_TOKEN)
        answer = amir.get(one(connection, "surveys/"))
        assert (answer.status_code, answer.json()["code"]) == (502, "token_refused")
        assert "Qualtrics refused the API token." in answer.json()["detail"]

    def test_a_disabled_connection_is_not_asked(self, amir, connection, sandbox):
        Connection.objects.update(enabled=False)
        sandbox.control.forget_calls()
        assert amir.get(one(connection, "surveys/")).status_code == 409
        assert sandbox.control.calls() == []


class TestPreview:
    @pytest.fixture
    def question(self, amir, connection, sandbox):
        amir.get(one(connection, "surveys/"))
        survey = Survey.objects.get(external_id=sandbox.control.survey_id("post-journey"))
        amir.get(one(connection, f"surveys/{survey.external_id}/questions/"))
        return survey.questions.get(field="QID2")

    def test_it_says_how_each_answer_counts(self, amir, connection, question):
        shown = amir.post(one(connection, "preview/"), {"question": question.pk}).json()
        assert shown["figure"]["kpi"] == "nps"
        assert shown["figure"]["n"] > 0
        assert shown["figure"]["ci95"][0] <= shown["figure"]["value"] <= shown["figure"]["ci95"][1]
        assert len(shown["answers"]) == 20
        moments = [answer["recorded_at"] for answer in shown["answers"]]
        assert moments == sorted(moments, reverse=True)
        for answer in shown["answers"]:
            if answer["counted_as"] == "promoter":
                assert int(answer["value"]) >= 9
            if not answer["counts"]:
                assert answer["text"].startswith("Left out: ")

    def test_another_formula_counts_otherwise(self, amir, connection, question):
        body = {"question": question.pk, "metric": "csat", "positive_values": ["8", "9", "10"]}
        shown = amir.post(one(connection, "preview/"), body).json()
        assert shown["figure"]["formula"] == "csat_8_10_of_0_10"
        assert {a["counted_as"] for a in shown["answers"] if a["counts"]} <= {"positive", "not_positive"}

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"question": 0}, "question"),
            ({"question": None}, "question"),
            ({"metric": "ces"}, "metric"),
            ({"metric": "luck"}, "metric"),
            ({"metric": "csat", "positive_values": ["99"]}, "metric"),
            ({"metric": "csat", "positive_values": []}, "metric"),
            ({"metric": "csat", "scale_min": 5, "scale_max": 1}, "metric"),
            ({"count_from": "yesterday"}, "count_from"),
        ],
    )
    def test_what_makes_no_formula_is_refused_at_its_field(self, amir, connection, question, changes, field):
        answer = amir.post(one(connection, "preview/"), {"question": question.pk} | changes)
        assert answer.status_code == 400
        assert field in answer.json()["errors"]

    def test_a_question_of_another_connection_is_refused(self, amir, connection):
        foreign = factories.make_question()
        answer = amir.post(one(connection, "preview/"), {"question": foreign.pk})
        assert "question" in answer.json()["errors"]

    def test_a_broken_vendor_gives_a_preview_without_figure(self, amir, connection, question, sandbox):
        sandbox.control.revoke_token(RAILWAY_TOKEN)
        shown = amir.post(one(connection, "preview/"), {"question": question.pk}).json()
        assert (shown["figure"], shown["answers"], shown["code"]) == (None, [], "token_refused")


def test_the_list_takes_the_same_queries_for_one_and_three(alice, django_assert_num_queries):
    factories.make_feed()
    alice.get(LIST)
    with django_assert_num_queries(4):
        alice.get(LIST)
    factories.make_feed()
    factories.make_feed()
    with django_assert_num_queries(4):
        assert alice.get(LIST).json()["count"] == 3


def test_every_address_is_in_the_schema(alice):
    schema = alice.get("/api/v1/schema/", headers={"Accept": "application/json"}).content.decode()
    for address in ("/connections/{id}/test/", "/connections/{id}/preview/", "/fetches/", "/surveys/{id}/fetch/"):
        assert address in schema
    assert reverse("api:connection-list") == LIST
