"""What the choices of an item's question count as, over the REST API: given, proposed, or asked."""

import pytest

from feedback.models import FeedbackItem, FormerMapping
from tests.factories import make_item, make_journey, make_lane, make_question

URL = "/api/v1/feedback-items/"
SATISFIED = ("Very dissatisfied", "Dissatisfied", "Neither", "Satisfied", "Very satisfied")
SCALE = {"metric": "csat", "scale_min": 1, "scale_max": 5, "positive_values": ["4", "5"]}


@pytest.fixture
def api(api_of, analyst):
    return api_of(analyst)


def question_of(labels=SATISFIED, codes=(1, 2, 3, 4, 5), **fields):
    choices = [{"value": str(code), "label": label} for code, label in zip(codes, labels, strict=True)]
    return make_question(kind="choice", choices=choices, **fields)


def add(api, question, **fields):
    lane = make_lane(make_journey())
    body = {"lane": lane.pk, "stage": lane.journey.stages.first().pk, "title": "Meal", "question": question.pk, **SCALE}
    return api.post(URL, body | fields)


def entries(codes, values):
    return [
        {"code": str(code), "value": value} if value.lstrip("-").isdigit() else {"code": str(code), "left_out": value}
        for code, value in zip(codes, values, strict=True)
    ]


def test_what_rests_on_no_guess_is_taken_and_kept(api):
    answer = add(api, question_of((*SATISFIED, "N/A"), (1, 2, 3, 4, 5, 6)), start_retrieving=True)
    assert answer.status_code == 201
    assert answer.data["mapping"] == [
        *({"code": str(n), "label": label, "value": str(n)} for n, label in enumerate(SATISFIED, 1)),
        {"code": "6", "label": "N/A", "left_out": "not_applicable"},
    ]
    assert FeedbackItem.objects.get().mapping == answer.data["mapping"]


def test_a_guess_is_asked_until_the_mapping_is_given(api):
    question = question_of(codes=(1, 2, 5, 3, 4))
    refused = add(api, question, start_retrieving=True)
    assert refused.status_code == 400
    assert (refused.json()["code"], refused.json()["asks"]) == ("mapping_asked", ["order"])
    assert set(refused.json()["errors"]) == {"mapping"}
    assert not FeedbackItem.objects.exists()
    given = entries((1, 2, 5, 3, 4), "12345")
    answer = add(api, question, start_retrieving=True, mapping=given)
    assert (answer.status_code, answer.data["chosen_state"], answer.data["asks"]) == (201, "retrieving", [])
    assert [entry["value"] for entry in answer.data["mapping"]] == ["1", "2", "3", "4", "5"]


def test_a_draft_may_stay_unanswered(api):
    draft = add(api, question_of(codes=(1, 2, 5, 3, 4))).data
    assert (draft["chosen_state"], draft["mapping"], [ask["code"] for ask in draft["asks"]]) == (
        "draft",
        None,
        ["order"],
    )
    at = f"{URL}{draft['id']}/"
    refused = api.post(f"{at}retrieve/", {"version": 1})
    assert (refused.status_code, refused.json()["asks"]) == (400, ["order"])
    said = api.patch(at, {"version": 1, "mapping": entries((1, 2, 5, 3, 4), "12345")})
    assert said.status_code == 200
    assert api.post(f"{at}retrieve/", {"version": 2}).data["chosen_state"] == "retrieving"


@pytest.mark.parametrize(
    "given",
    [
        entries((1, 2, 3, 4), "1234"),
        [*entries((1, 2, 3, 4, 5), "12345"), {"code": "6", "value": "6"}],
        [*entries((1, 2, 3, 4, 5), "12345"), {"code": "5", "value": "4"}],
        [*entries((1, 2, 3, 4), "1234"), {"code": "5"}],
        [*entries((1, 2, 3, 4), "1234"), {"code": "5", "value": "5", "left_out": "not_applicable"}],
        [*entries((1, 2, 3, 4), "1234"), {"code": "5", "value": "five"}],
        [*entries((1, 2, 3, 4), "1234"), {"code": "5", "left_out": "why not"}],
        entries((1, 2, 3, 4, 5), "12459"),
        [{"code": str(n), "left_out": "out_of_scale"} for n in range(1, 6)],
    ],
)
def test_a_mapping_that_says_too_little_or_too_much_is_refused(api, given):
    answer = add(api, question_of(), mapping=given, start_retrieving=True)
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) & {"mapping", "scale_max"}
    assert not FeedbackItem.objects.exists()


def test_choices_are_kept_in_display_order_with_the_labels_of_the_question(api):
    given = entries((5, 4, 3, 2, 1), "54321")
    answer = add(api, question_of(), mapping=[{**each, "label": "mine"} for each in given])
    assert [(entry["code"], entry["label"]) for entry in answer.data["mapping"]] == [
        (str(n), label) for n, label in enumerate(SATISFIED, 1)
    ]


def test_a_mapping_that_counted_stays_as_a_former_version(api):
    question = question_of()
    item = make_item(question, metric="csat", scale_min=1, scale_max=5, positive_values=["4", "5"])
    before = item.mapping
    given = entries((1, 2, 3, 4, 5), ["1", "2", "out_of_scale", "4", "5"])
    answer = api.patch(f"{URL}{item.pk}/", {"version": item.version, "mapping": given})
    assert answer.status_code == 200
    assert FormerMapping.objects.get().mapping == before
    assert answer.data["mapping"][2]["left_out"] == "out_of_scale"


def test_of_another_question_nothing_is_said_yet(api):
    item = make_item(question_of(), metric="csat", scale_min=1, scale_max=5, positive_values=["4", "5"])
    odd = question_of(codes=(1, 2, 5, 3, 4), survey=item.survey)
    refused = api.patch(f"{URL}{item.pk}/", {"version": item.version, "question": odd.pk})
    assert (refused.status_code, refused.json()["asks"]) == (400, ["order"])
