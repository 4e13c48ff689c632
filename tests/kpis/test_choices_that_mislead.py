"""Questions whose codes are not what respondents saw: each gives the number that a person reads in the labels, or asks."""

from __future__ import annotations

import pytest

from feedback.mapping.proposals import propose_mapping
from kpis.counting.mapped import mapped
from kpis.metrics.formulas import Measure, measure_counts
from kpis.metrics.proposals import formulas_for, propose

RECOMMEND = "How likely are you to recommend us?"
SATISFIED = ("Very dissatisfied", "Dissatisfied", "Neither", "Satisfied", "Very satisfied")
RATED = ("Poor", "Fair", "Good", "Excellent")
TEN = tuple(map(str, range(1, 10)))


def choices(labels, codes=None) -> list[dict]:
    return [
        {"value": code, "label": label} for code, label in zip(codes or range(1, len(labels) + 1), labels, strict=True)
    ]


def asked(labels, codes=None, wording="") -> list[str]:
    return [doubt.value for doubt in propose_mapping("choice", choices(labels, codes), wording).doubts]


def measured(metric: str, answers: dict[int, int], labels, codes=None, wording="") -> Measure:
    """The best proposal with this metric, over answers by code."""
    proposal = propose_mapping("choice", choices(labels, codes), wording)
    formula = next(each for each in formulas_for(proposal, "choice", None, None, wording) if each.metric == metric)
    bins = {str(code): n for code, n in answers.items()}
    return measure_counts(formula, {"counted": bins}, mapping=mapped([entry.as_json() for entry in proposal.entries]))


@pytest.mark.parametrize("labels", [("0", *TEN, "10"), ("0 - Not at all likely", *TEN, "10 - Extremely likely")])
def test_labels_from_0_to_10_with_codes_from_1_to_11_are_read_by_label(labels):
    answers = {11: 10, 10: 10, 9: 20, 8: 10, 1: 10}
    codes = range(1, 12)
    assert asked(labels, codes, RECOMMEND) == []
    nps = measured("nps", answers, labels, codes, RECOMMEND)
    assert (round(nps.value, 1), nps.n) == (16.7, 60)
    assert measured("mean", answers, labels, codes, RECOMMEND).value == 7.0


def test_a_neutral_choice_that_was_added_later_does_not_count_as_positive():
    codes = (1, 2, 5, 3, 4)
    found = measured("csat", {1: 2, 2: 3, 5: 25, 3: 10, 4: 10}, SATISFIED, codes)
    assert (found.value, found.n) == (40.0, 50)
    assert asked(SATISFIED, codes) == ["order"]


@pytest.mark.parametrize(
    ("codes", "answers", "mean"),
    [((1, 2, 3, 4, 6), {6: 5, 4: 5, 1: 10}, 2.75), ((0, 25, 50, 75, 100), {100: 5, 75: 5, 0: 10}, 43.75)],
)
def test_five_choices_are_five_points_whatever_their_codes(codes, answers, mean):
    assert asked(SATISFIED, codes) == []
    assert measured("csat", answers, SATISFIED, codes).value == 50.0
    assert measured("mean", answers, SATISFIED, codes).value == mean


def test_the_lowest_label_may_have_the_highest_code():
    labels = ("Dislike 1", "2", "3", "4", "5", "6", "Like 7")
    codes = (9, 2, 4, 5, 6, 7, 8)
    found = measured("mean", {9: 20, 2: 5, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1}, labels, codes)
    assert (round(found.value, 2), found.n) == (1.83, 30)


NO_ANSWER = [
    ((*SATISFIED, "None of the above"), (1, 2, 3, 4, 5, -1), {-1: 20, 5: 10, 1: 10}, 50.0, 3.0, 20),
    (
        (*SATISFIED, "Not applicable", "Don't know", "Refusal", "Not stated"),
        tuple(range(1, 10)), {6: 5, 7: 5, 8: 5, 9: 5, 5: 10, 1: 10}, 50.0, 3.0, 20,
    ),
    ((*RATED, "I did not use it"), (1, 2, 3, 4, 5), {1: 10, 2: 10, 3: 5, 4: 5, 5: 30}, 33.3, 2.17, 30),
    ((*RATED, "Pas concerné(e)"), (1, 2, 3, 4, 5), {1: 10, 2: 10, 3: 5, 4: 5, 5: 30}, 33.3, 2.17, 30),
    ((*RATED, "Ne se prononce pas"), (1, 2, 3, 4, 5), {1: 5, 2: 5, 3: 3, 4: 2, 5: 30}, 33.3, 2.13, 15),
    ((*SATISFIED, "Prefer not to say"), (1, 2, 3, 4, 5, 6), {1: 10, 2: 5, 3: 5, 4: 5, 6: 30}, 20.0, 2.2, 25),
    ((*SATISFIED, "Keine Angabe"), (1, 2, 3, 4, 5, 6), {1: 5, 2: 5, 3: 1, 4: 3, 5: 1, 6: 30}, 26.7, 2.33, 15),
]  # fmt: skip


@pytest.mark.parametrize(("labels", "codes", "answers", "csat", "mean", "n"), NO_ANSWER)
def test_a_choice_that_says_no_answer_is_left_out_wherever_its_code_stands(labels, codes, answers, csat, mean, n):
    assert asked(labels, codes) == []
    found = measured("csat", answers, labels, codes)
    assert (round(found.value, 1), found.n) == (csat, n)
    assert found.excluded == {"not_applicable": sum(answers.values()) - n}
    assert round(measured("mean", answers, labels, codes).value, 2) == mean


def test_two_choices_with_one_code_are_asked_about_and_neither_is_counted():
    labels, codes = (*SATISFIED, "N/A"), (1, 2, 3, 4, 5, 5)
    assert asked(labels, codes) == ["shared_code"]
    found = measured("csat", {5: 10, 1: 10}, labels, codes)
    assert (found.n, found.excluded) == (10, {"ambiguous": 10})


@pytest.mark.parametrize(
    "labels",
    [
        ("Sehr zufrieden", "Zufrieden", "Teils, teils", "Unzufrieden", "Sehr unzufrieden"),
        ("Far exceeded expectations", "Exceeded expectations", "Met expectations", "Fell short", "Fell far short"),
        ("😀", "🙂", "😐", "🙁", "😡"),
    ],
)
def test_best_first_is_read_in_german_and_faces_too(labels):
    assert asked(labels) == []
    assert round(measured("csat", {1: 10, 5: 2}, labels).value, 1) == 83.3
    assert [each.reverse for each in propose("choice", choices=choices(labels)) if each.metric == "mean"] == [True]


def test_like_neither_dislike_knows_its_direction():
    found = measured("csat", {1: 7, 2: 2, 3: 1}, ("Like", "Neither", "Dislike"))
    assert found.value == 70.0


@pytest.mark.parametrize(
    ("labels", "codes", "good"),
    [
        (("Aware", "Not aware"), (1, 2), 1),
        (("I agree", "I don't agree"), (1, 2), 1),
        (("I don't agree", "I agree"), (1, 2), 2),
        (("Yes", "No"), (1, 3), 1),
        (("Nein", "Ja"), (1, 2), 2),
    ],
)
def test_of_two_choices_the_negation_is_never_the_good_one(labels, codes, good):
    assert asked(labels, codes) == []
    assert measured("csat", dict.fromkeys(codes, 1) | {good: 3}, labels, codes).value == 75.0


def test_whether_yes_is_good_is_asked_where_the_question_asks_for_something_bad():
    assert asked(("Yes", "No"), wording="Did you have any problems?") == ["direction"]


@pytest.mark.parametrize(
    "labels", [("18-24", "25-34", "35-44", "45+"), ("Woman", "Man", "Other"), ("Team A", "Team B", "Team C")]
)
def test_ages_and_names_have_no_score_but_shares_of_what_a_person_chooses(labels):
    assert asked(labels) == ["words"]
    assert [each.metric for each in propose("choice", choices=choices(labels))] == ["csat"]


def test_rank_order_has_a_mean_only_and_its_first_place_is_best():
    assert [each.name for each in propose("number", 1, 5, form="rank")] == ["mean_reverse_1_5"]


def test_five_stars_have_a_satisfaction_score():
    assert [each.name for each in propose("number", 0, 5, form="stars")] == ["csat_4_5_of_1_5", "mean_1_5"]


def test_a_slider_with_decimals_leaves_no_gap_in_an_nps():
    (nps, *others) = propose("number", 0, 10, wording=RECOMMEND, form="decimals")
    assert [each.metric for each in others] == ["mean"]
    bins = {"8.5": 10, "6.5": 10, "9": 10, "9.5": 10, "10": 5}
    found = measure_counts(nps, {"counted": bins})
    assert (round(found.value, 1), found.n, found.excluded) == (33.3, 45, {})


def test_unreadable_answers_are_counted_under_their_reason():
    formula = propose("number", 0, 100)[0]
    found = measure_counts(formula, {"counted": {"7.5": 2, "?": 3, "": 1}})
    assert (found.n, found.excluded) == (2, {"unanswered": 1, "unreadable": 3})
