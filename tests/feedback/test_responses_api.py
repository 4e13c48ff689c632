"""Stored responses over the REST API: only what items ask for, only to who may read them, and never too few."""

import pytest

from accounts.models import Organisation
from tests.factories import make_item, make_question, make_response, make_survey

URL = "/api/v1/responses/"


@pytest.fixture
def survey(db):
    return make_survey()


@pytest.fixture
def nps(survey):
    return make_item(make_question(survey)).question


@pytest.fixture
def ease(survey):
    return make_item(make_question(survey, kind="number"), metric="mean").question


@pytest.fixture
def api(api_of, analyst):
    return api_of(analyst)


def answers(api, **query):
    return [row["answers"] for row in api.get(URL, query).json()["results"]]


def test_responses_come_newest_first_with_stored_fields_only(api, survey, nps):
    make_response(survey, "2026-11-01 10:00", {nps: 9}, language="FR")
    make_response(survey, "2026-11-02 10:00", {nps: None}, finished=False)
    make_response(survey, "2026-11-03 10:00", {nps: 1}, deleted_at="2026-11-04T00:00Z")
    rows = api.get(URL, {"survey": survey.pk}).json()["results"]
    assert [row["answers"] for row in rows] == [{str(nps.pk): None}, {str(nps.pk): 9}]
    assert set(rows[0]) == {
        "id", "survey", "external_id", "recorded_at", "status", "finished", "language", "channel", "answers",
    }  # fmt: skip


def test_by_question_only_its_answers_are_shown(api, survey, nps, ease):
    make_response(survey, "2026-11-01 10:00", {nps: 9, ease: 5})
    make_response(survey, "2026-11-02 10:00", {nps: None, ease: 6})
    make_response(survey, "2026-11-03 10:00", {ease: 7})
    assert answers(api, question=nps.pk) == [{str(nps.pk): 9}]
    assert answers(api, question=ease.pk) == [{str(ease.pk): 7}, {str(ease.pk): 6}, {str(ease.pk): 5}]


def test_from_is_included_and_to_is_not_and_days_begin_where_the_organisation_is(api, survey, nps):
    Organisation.objects.update_or_create(pk=1, defaults={"time_zone": "Europe/Paris"})
    for value, moment in enumerate(["2026-10-31 22:59", "2026-10-31 23:00", "2026-11-01 22:59", "2026-11-01 23:00"]):
        make_response(survey, moment, {nps: value})
    found = answers(api, survey=survey.pk, **{"from": "2026-11-01T00:00", "to": "2026-11-02T00:00"})
    assert found == [{str(nps.pk): 2}, {str(nps.pk): 1}]


def test_pages_follow_a_cursor(api, survey, nps):
    for day in range(1, 6):
        make_response(survey, f"2026-11-0{day} 10:00", {nps: day})
    first = api.get(URL, {"survey": survey.pk, "page_size": 2}).json()
    second = api.get(first["next"]).json()
    assert [row["answers"][str(nps.pk)] for row in first["results"] + second["results"]] == [5, 4, 3, 2]


@pytest.mark.parametrize(
    "query", [{}, {"survey": 0}, {"survey": "x"}, {"question": 0}, {"survey": "mine", "from": "yesterday"}]
)
def test_a_query_that_cannot_be_answered_is_refused(api, survey, query):
    query = {name: survey.pk if value == "mine" else value for name, value in query.items()}
    assert api.get(URL, query).status_code == 400


def test_a_question_of_another_survey_is_refused(api, survey):
    assert api.get(URL, {"survey": survey.pk, "question": make_question().pk}).status_code == 400


def test_under_a_threshold_comments_are_not_read_beside_scores(api, survey, nps):
    text = make_question(survey, kind="text")
    make_response(survey, "2026-11-01 10:00", {nps: 9, text: "Fast and kind"})
    assert answers(api, survey=survey.pk) == [{str(nps.pk): 9, str(text.pk): "Fast and kind"}]
    Organisation.objects.update_or_create(pk=1, defaults={"suppression_threshold": 3})
    told = api.get(URL, {"survey": survey.pk}).json()
    assert ([each["answers"] for each in told["results"]], told["suppressed"]) == ([{str(nps.pk): 9}], True)
    assert answers(api, question=text.pk) == [{}]


def test_who_may_not_read_responses_gets_none(api_of, viewer, survey):
    assert api_of(viewer).get(URL, {"survey": survey.pk}).status_code == 403


@pytest.mark.parametrize("size", [1, 3])
def test_the_number_of_queries_does_not_grow(api, survey, nps, size, django_assert_num_queries):
    Organisation.current()
    for day in range(size):
        make_response(survey, f"2026-11-0{day + 1} 10:00", {nps: 9})
    with django_assert_num_queries(5):  # permissions (two), organisation, survey, responses
        assert len(answers(api, survey=survey.pk)) == size
