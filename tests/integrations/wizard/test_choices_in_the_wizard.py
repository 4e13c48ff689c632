"""The table of choices in the wizard: proposed, asked, edited, kept."""

import pytest
from django.urls import reverse

from feedback.models import FeedbackItem, Question
from tests.integrations.wizard.test_wizard import Walk, address, survey_named, to_question, walk  # noqa: F401

SATISFIED = ("Very dissatisfied", "Dissatisfied", "Neither", "Satisfied", "Very satisfied")
ODD = [{"value": str(code), "label": label} for code, label in zip((1, 2, 5, 3, 4), SATISFIED, strict=True)]
NAMES = [{"value": str(code), "label": label} for code, label in enumerate(("Bardzo zły", "Zły", "Dobry"), 1)]


@pytest.fixture
def at_metric(walk, connection):  # noqa: F811
    def go(choices, wording="How satisfied are you?") -> Walk:
        to_question(walk, connection)
        question = Question.objects.get(survey=survey_named("post-journey"), field="QID4")
        Question.objects.filter(pk=question.pk).update(choices=choices, wording=wording)
        return walk.press(question=question.pk)

    return go


def test_what_rests_on_a_guess_is_asked_before_it_is_retrieved(at_metric, woken):
    shown = at_metric(ODD)
    assert "In which order do the choices stand?" in shown.page
    assert [shown.fields()[f"value_{place}"] for place in range(5)] == [["1"], ["2"], ["3"], ["4"], ["5"]]
    shown.press()
    assert (shown.step, shown.response.status_code) == ("metric", 422)
    assert "nothing is counted by a guess" in shown.page
    shown.press(confirmed="on").press("save")
    item = FeedbackItem.objects.get()
    assert (item.chosen_state, item.positive_values) == ("retrieving", ["4", "5"])
    assert [(entry["code"], entry["value"]) for entry in item.mapping] == [
        ("1", "1"), ("2", "2"), ("5", "3"), ("3", "4"), ("4", "5"),
    ]  # fmt: skip


def test_a_draft_may_stay_unanswered(at_metric, woken):
    at_metric(ODD).press("later")
    item = FeedbackItem.objects.get()
    assert (item.chosen_state, item.mapping) == ("draft", None)


def test_values_are_edited_and_the_metric_follows(at_metric, woken):
    shown = at_metric(ODD)
    shown.press("refresh", leave_2="out_of_scale", value_3="3", value_4="4")
    assert {"3", "4"} == set(shown.fields()["positive"])
    shown.press(confirmed="on").press("save")
    item = FeedbackItem.objects.get()
    assert (item.scale_min, item.scale_max, item.positive_values) == (1, 4, ["3", "4"])
    assert item.mapping[2] == {"code": "5", "label": "Neither", "left_out": "out_of_scale"}


@pytest.mark.parametrize("typed", ["x", "", "1,2,3", "9" * 30])
def test_what_is_no_number_is_refused_beside_its_choice(at_metric, typed):
    shown = at_metric(ODD).press(value_1=typed, confirmed="on")
    assert (shown.step, shown.response.status_code) == ("metric", 422)
    assert 'aria-invalid="true"' in shown.page
    shown.press(value_1="2", confirmed="on")
    assert shown.step == "preview"


def test_all_left_out_is_refused(at_metric):
    shown = at_metric(ODD).press(confirmed="on", **{f"leave_{place}": "not_applicable" for place in range(5)})
    assert (shown.step, shown.response.status_code) == ("metric", 422)
    assert "Fewer than two of its choices count" in shown.page


def test_words_that_are_not_known_have_shares_until_somebody_calls_them_a_scale(at_metric, woken):
    shown = at_metric(NAMES)
    assert shown.fields()["metric"] == ["csat"]
    assert "positive" not in shown.fields()
    shown.press("refresh", is_scale="on", metric="mean")
    shown.press(metric="mean", confirmed="on").press("save")
    item = FeedbackItem.objects.get()
    assert (item.metric, item.scale_min, item.scale_max) == ("mean", 1, 3)


def test_its_table_comes_back_with_what_was_said(at_metric, woken, client_of, analyst):
    shown = at_metric(ODD).press("refresh", leave_2="out_of_scale", value_3="3", value_4="4")
    shown.press(confirmed="on").press("save")
    item = FeedbackItem.objects.get()
    again = Walk(client_of(analyst), reverse("integrations:wizard_edit", args=[item.pk]))
    fields = again.fields()
    assert (fields["leave_2"], fields["value_4"], fields["confirmed"]) == (["out_of_scale"], ["4"], ["on"])
    again.press().press("save")
    item.refresh_from_db()
    assert item.mapping[2]["left_out"] == "out_of_scale"
    assert not item.former_mappings.exists()
