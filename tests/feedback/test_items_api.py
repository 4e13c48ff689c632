"""Feedback Data items over the REST API."""

import pytest

from feedback.models import FeedbackItem, ManualValue
from feedback.signals import demand_changed
from tests.factories import (
    make_item,
    make_journey,
    make_lane,
    make_manual_item,
    make_question,
    make_survey,
)

URL = "/api/v1/feedback-items/"


@pytest.fixture
def api(api_of, analyst):
    return api_of(analyst)


def body_for(question=None, **fields):
    lane = make_lane(make_journey())
    body = {"lane": lane.pk, "stage": lane.journey.stages.first().pk, "title": "Booking"}
    if question:
        body |= {"question": question.pk, "metric": "nps", "scale_min": 0, "scale_max": 10}
    return body | fields


def test_a_draft_needs_a_place_and_a_title_only(api):
    answer = api.post(URL, body_for())
    assert answer.status_code == 201
    assert (answer.data["chosen_state"], answer.data["title"], answer.data["version"]) == ("draft", "Booking", 1)


def test_an_item_can_retrieve_at_once(api):
    question = make_question()
    answer = api.post(URL, body_for(question, start_retrieving=True))
    assert answer.status_code == 201
    item = FeedbackItem.objects.get()
    assert (item.chosen_state, item.question, item.survey) == ("retrieving", question, question.survey)
    assert answer.data["survey"] == question.survey_id


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"start_retrieving": True}, {"question", "metric"}),
        ({"metric": "median"}, {"metric"}),
        ({"weight": -1}, {"weight"}),
        ({"title": ""}, {"title"}),
        ({"question": 999999}, {"question"}),
    ],
)
def test_what_is_wrong_is_named(api, fields, named):
    answer = api.post(URL, body_for() | fields)
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == named
    assert not FeedbackItem.objects.exists()


FOUR = [{"value": str(value), "label": f"Purpose {value}", "analyze": True} for value in range(1, 5)]
ELEVEN = [*({"value": str(value), "label": str(value)} for value in range(11)), {"value": "99", "label": "N/A"}]
RATED = [{"value": str(value), "label": label} for value, label in enumerate(("Poor", "Fair", "Good", "Excellent"), 1)]


@pytest.mark.parametrize(
    ("question", "fields", "named"),
    [
        ({"kind": "choice", "choices": RATED, "scale_min": 1, "scale_max": 4}, {"metric": "nps"}, {"metric"}),
        ({"kind": "number", "scale_min": 0, "scale_max": 100}, {"metric": "nps"}, {"metric"}),
        (
            {"kind": "choice", "choices": RATED, "scale_min": 1, "scale_max": 4},
            {"metric": "csat", "scale_min": 0, "scale_max": 10, "positive_values": ["9", "10"]},
            {"positive_values"},
        ),
        ({"kind": "choice", "choices": ELEVEN, "wording": "Would you recommend us?"}, {"metric": "nps"}, set()),
        ({"kind": "number", "scale_min": 0, "scale_max": 10}, {"metric": "nps"}, set()),
        (
            {"kind": "choice", "choices": RATED, "scale_min": 1, "scale_max": 4},
            {"metric": "csat", "scale_min": 1, "scale_max": 4, "positive_values": ["3", "4"]},
            set(),
        ),
    ],
)
def test_a_metric_must_fit_the_answers_that_the_question_offers(api, question, fields, named):
    answer = api.post(URL, body_for() | {"question": make_question(**question).pk, "start_retrieving": True} | fields)
    assert answer.status_code == (400 if named else 201)
    assert set(answer.json().get("errors", ())) == named
    assert FeedbackItem.objects.count() == (0 if named else 1)


def test_lane_and_stage_of_different_maps_are_refused(api):
    answer = api.post(URL, body_for(stage=make_journey().stages.first().pk))
    assert answer.status_code == 400


def test_a_change_names_the_version_it_saw(api):
    item = make_item()
    assert api.patch(f"{URL}{item.pk}/", {"target": 40}).status_code == 400
    answer = api.patch(f"{URL}{item.pk}/", {"target": 40, "title": "New", "version": 1})
    assert (answer.status_code, answer.data["target"], answer.data["title"], answer.data["version"]) == (
        200, 40.0, "New", 2,
    )  # fmt: skip
    stale = api.patch(f"{URL}{item.pk}/", {"target": 50}, headers={"If-Match": '"1"'})
    assert stale.status_code == 409
    assert stale.json()["current"]["target"] == 40.0


def test_a_change_of_what_counts_is_a_new_version_of_the_mapping(api, analyst):
    item = make_item()
    api.patch(f"{URL}{item.pk}/", {"target": 40, "version": 1})
    assert not item.former_mappings.exists()
    api.patch(f"{URL}{item.pk}/", {"metric": "mean", "version": 2})
    former = item.former_mappings.get()
    assert (former.number, former.metric, former.question, former.ended_by) == (1, "nps", item.question, analyst)
    item.refresh_from_db()
    assert (item.mapped_by, item.mapped_at) == (analyst, former.ended_at)


def test_a_draft_has_no_former_mappings(api):
    item = make_item(chosen_state="draft")
    assert api.patch(f"{URL}{item.pk}/", {"metric": "mean", "version": 1}).status_code == 200
    assert not item.former_mappings.exists()


def test_clients_cannot_set_what_deeds_decide(api, viewer):
    item = make_item()
    forbidden = {
        "chosen_state": "paused", "mapped_fingerprint": "x", "created_by": viewer.pk, "lane": 1, "origin": "manual",
    }  # fmt: skip
    assert api.patch(f"{URL}{item.pk}/", forbidden | {"version": 1}).status_code == 200
    changed = FeedbackItem.objects.get()
    for name in ("chosen_state", "mapped_fingerprint", "created_by", "card", "origin"):
        assert getattr(changed, name) == getattr(item, name)


def test_deeds_take_the_documented_edges_and_tell_of_the_demand(api):
    item, told = make_item(), []

    def hear(survey, **_kwargs):
        told.append(survey)

    demand_changed.connect(hear)
    for version, (action, state) in enumerate(
        [("pause", "paused"), ("resume", "retrieving"), ("archive", "archived"), ("restore", "paused"),
         ("retrieve", "retrieving")], start=1,
    ):  # fmt: skip
        answer = api.post(f"{URL}{item.pk}/{action}/", {"version": version})
        assert (answer.status_code, answer.data["chosen_state"]) == (200, state)
    assert told == [item.survey] * 5
    refused = api.post(f"{URL}{item.pk}/restore/", {"version": 6})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_allowed")
    assert api.post(f"{URL}{item.pk}/pause/").status_code == 400
    assert api.post(f"{URL}{item.pk}/pause/", {"version": 2}).status_code == 409
    assert api.delete(f"{URL}{item.pk}/", headers={"If-Match": '"6"'}).status_code == 204
    assert not FeedbackItem.objects.exists()


def test_values_by_hand_can_be_read_entered_and_taken_back(api):
    url = f"{URL}{make_manual_item(values={'2026-01-05': (10, 50)}).pk}/manual-values/"
    assert api.post(url, {"day": "2026-02-05", "value": 12.5, "n": 60}).status_code == 201
    assert api.post(url, {"day": "2026-02-05", "value": 13}).status_code == 201
    read = api.get(url).json()
    assert [(row["day"], row["value"], row["n"]) for row in read] == [
        ("2026-02-05", 13.0, None),
        ("2026-01-05", 10.0, 50),
    ]
    assert api.post(url, {"day": "2026-02-06", "value": 101}).json()["errors"].keys() == {"value"}
    assert api.delete(f"{url}2026-02-05/").status_code == 204
    assert api.delete(f"{url}2026-13-45/").status_code == 404
    assert ManualValue.objects.count() == 1


def test_the_list_is_filtered_by_its_place(api):
    mine, other = make_item(), make_item()
    lane = mine.card.lane
    queries = {"journey": lane.journey_id, "lane": lane.pk, "stage": mine.card.stage_id, "question": mine.question_id}
    for query in (f"{name}={value}" for name, value in queries.items()):
        assert [row["id"] for row in api.get(f"{URL}?{query}").json()["results"]] == [mine.pk]
    assert len(api.get(f"{URL}?chosen_state=retrieving").json()["results"]) == 2
    assert other.pk


@pytest.mark.parametrize("path", ["feedback-items", "surveys", "questions"])
def test_lists_take_the_same_queries_for_one_and_for_three(api, path, django_assert_num_queries):
    make_item()
    api.get(f"/api/v1/{path}/")
    with django_assert_num_queries(2):
        api.get(f"/api/v1/{path}/")
    make_item()
    make_item()
    with django_assert_num_queries(2):
        assert len(api.get(f"/api/v1/{path}/").json()["results"]) == 3


def test_surveys_and_questions_are_read_only_and_filtered(api):
    survey = make_survey(name="Station")
    question = make_question(survey)
    make_question()
    rows = api.get(f"/api/v1/surveys/?source={survey.source_id}").json()["results"]
    assert [(row["id"], row["name"], row["source_name"]) for row in rows] == [
        (survey.pk, "Station", survey.source.name)
    ]
    rows = api.get(f"/api/v1/questions/?survey={survey.pk}").json()["results"]
    assert [(row["id"], row["kind"], len(row["choices"])) for row in rows] == [(question.pk, "nps", 11)]
    assert api.post("/api/v1/surveys/", {}).status_code == 405


def test_viewers_read_and_do_not_change(api_of, viewer):
    item, api = make_item(), api_of(viewer)
    assert api.get(f"{URL}{item.pk}/").status_code == 200
    assert api.post(URL, body_for()).status_code == 403
    assert api.patch(f"{URL}{item.pk}/", {"target": 1, "version": 1}).status_code == 403
    assert api.post(f"{URL}{item.pk}/pause/", {"version": 1}).status_code == 403
