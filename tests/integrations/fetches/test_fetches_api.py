"""The ledger and "Retrieve now" over the REST API."""

from __future__ import annotations

import pytest
from django.utils import timezone

from integrations.models import Connection, Fetch
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def amir(api_of, analyst):
    return api_of(analyst)


@pytest.fixture
def fed(db):
    connection = factories.make_connection(token_envelope="enc:v1:k1:AAAA")
    survey = factories.make_survey(connection.source)
    factories.make_item(factories.make_question(survey))
    return factories.make_feed(connection, survey, next_due_at=timezone.now())


def make_fetch(feed, **fields):
    return Fetch.objects.create(
        **{"feed": feed, "trigger": "schedule", "due_at": timezone.now(), "state": "done"} | fields
    )


def test_a_line_of_the_ledger_adds_up_and_explains_its_error(amir, fed):
    fetch = make_fetch(
        fed, state="failed", received=10, new=4, changed=3, unchanged=2, rejected=1, error_code="token_refused",
        rejected_by_reason={"empty": 1},
    )  # fmt: skip
    line = amir.get(f"/api/v1/fetches/{fetch.pk}/").json()
    assert line["received"] == line["new"] + line["changed"] + line["unchanged"] + line["rejected"]
    assert line["error"].startswith("Qualtrics refused the API token.")
    assert (line["survey"], line["connection"], line["is_open"]) == (fed.survey_id, fed.connection_id, False)
    for inner in ("progress_id", "file_id", "next_token", "fence", "mapping"):
        assert inner not in line


@pytest.mark.parametrize(
    ("query", "expected"),
    [("", 3), ("state=failed", 1), ("trigger=manual", 1), ("connection={c}", 2), ("survey={s}&state=done", 1)],
)
def test_the_ledger_is_narrowed_down(amir, fed, query, expected):
    make_fetch(fed, state="failed")
    make_fetch(fed)
    make_fetch(factories.make_feed(), trigger="manual")
    query = query.format(c=fed.connection_id, s=fed.survey_id)
    assert amir.get(f"/api/v1/fetches/?{query}").json()["count"] == expected


@pytest.mark.parametrize("query", ["state=lost", "trigger=luck", "connection=x", "connection=999", "survey=x"])
def test_a_wrong_filter_is_refused(amir, query):
    assert amir.get(f"/api/v1/fetches/?{query}").status_code == 400


def test_the_list_takes_the_same_queries_for_one_and_three(amir, fed, django_assert_num_queries):
    make_fetch(fed)
    amir.get("/api/v1/fetches/")
    with django_assert_num_queries(2):
        amir.get("/api/v1/fetches/")
    make_fetch(factories.make_feed())
    make_fetch(factories.make_feed())
    with django_assert_num_queries(2):
        assert amir.get("/api/v1/fetches/").json()["count"] == 3


def test_nothing_of_it_can_be_written(amir, fed):
    fetch = make_fetch(fed)
    for method in ("post", "put", "patch", "delete"):
        assert getattr(amir, method)(f"/api/v1/fetches/{fetch.pk}/", {}).status_code == 405


class TestRetrieveNow:
    def ask(self, api, survey_id):
        return api.post(f"/api/v1/surveys/{survey_id}/fetch/")

    def test_it_is_accepted_and_a_worker_is_woken(self, amir, fed, woken, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            answer = self.ask(amir, fed.survey_id)
        assert (answer.status_code, answer.json()["state"]) == (202, "pending")
        assert woken == [Fetch.objects.get()]

    def test_the_open_one_is_answered(self, amir, fed, woken):
        first, second = self.ask(amir, fed.survey_id), self.ask(amir, fed.survey_id)
        assert first.json()["id"] == second.json()["id"]

    def test_a_survey_that_nobody_retrieves_is_refused(self, amir, woken):
        answer = self.ask(amir, factories.make_survey().pk)
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_retrieve")

    @pytest.mark.parametrize(
        ("facts", "code"),
        [({"enabled": False}, "connection_disabled"), ({"stopped_code": "token_refused"}, "token_refused")],
    )
    def test_what_stands_in_the_way_is_said(self, amir, fed, woken, facts, code):
        Connection.objects.update(**facts)
        answer = self.ask(amir, fed.survey_id)
        assert (answer.status_code, answer.json()["code"]) == (409, code)
        expected = {
            "connection_disabled": "The connection is switched off.",
            "token_refused": "Qualtrics refused the API token.",
        }
        assert answer.json()["detail"].startswith(expected[code])

    def test_an_unknown_survey_is_not_found(self, amir):
        assert self.ask(amir, 10**9).status_code == 404

    def test_a_viewer_may_not(self, api_of, viewer, fed):
        assert self.ask(api_of(viewer), fed.survey_id).status_code == 403
