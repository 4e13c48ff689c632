"""The formula that is proposed for a question."""

from __future__ import annotations

import pytest

from kpis.metrics.proposals import propose


def choices(*labels: str, first: int = 1) -> list[dict]:
    return [{"value": str(first + i), "label": label} for i, label in enumerate(labels)]


def names(*arguments, **keywords) -> list[str]:
    return [formula.name for formula in propose(*arguments, **keywords)]


SATISFIED_5 = ("Very dissatisfied", "Dissatisfied", "Neutral", "Satisfied", "Very satisfied")


@pytest.mark.parametrize(
    ("low", "high", "proposed"),
    [
        (1, 5, ["csat_4_5_of_1_5", "mean_1_5"]),
        (1, 7, ["csat_6_7_of_1_7", "mean_1_7"]),
        (1, 10, ["csat_9_10_of_1_10", "mean_1_10"]),
        (0, 10, ["csat_9_10_of_0_10", "mean_0_10", "nps_0_10"]),
        (1, 4, ["csat_3_4_of_1_4", "mean_1_4"]),
        (1, 3, ["csat_3_of_1_3", "mean_1_3"]),
        (0, 4, ["csat_3_4_of_0_4", "mean_0_4"]),
        (1, 6, ["mean_1_6"]),
        (0, 100, ["mean_0_100"]),
    ],
)
def test_by_the_length_of_the_scale(low, high, proposed):
    assert names("number", low, high) == proposed


def test_recommendation():
    assert names("nps", 0, 10) == ["nps_0_10", "csat_9_10_of_0_10", "mean_0_10"]
    for wording in ("How likely are you to recommend us?", "Recommanderiez-vous notre banque ?"):
        assert names("number", 0, 10, wording=wording)[0] == "nps_0_10"


@pytest.mark.parametrize(
    "wording",
    [
        "The company made it easy for me to handle my issue.",
        "How easy was it to buy your ticket?",
        "It took little effort to get help.",
        "Il m'a été facile d'acheter mon billet.",
        "La facilité de la démarche",
        "J'ai pu le faire facilement.",
        "How difficult was it?",
    ],
)
def test_ease_on_seven_points_is_effort_score(wording):
    assert names("choice", 1, 7, wording=wording) == ["ces_5_7_of_1_7", "csat_6_7_of_1_7", "mean_1_7"]


@pytest.mark.parametrize("wording", ["How was your meal?", "The feasibility study", "Greasy or not?", ""])
def test_other_wording_on_seven_points_is_satisfaction(wording):
    assert names("choice", 1, 7, wording=wording)[0] == "csat_6_7_of_1_7"


def test_old_effort_question_on_five_points_is_reversed():
    proposed = names("choice", 1, 5, wording="How much effort did you personally have to put forth?")
    assert proposed == ["ces1_1_2_of_1_5", "csat_reverse_1_2_of_1_5", "mean_reverse_1_5"]
    labels = ("Very low effort", "Low effort", "Neutral", "High effort", "Very high effort")
    assert names("choice", choices=choices(*labels), wording="How much effort did it take?") == proposed


def test_from_no_effort_to_a_lot_is_reversed():
    labels = ("No effort at all", "Little", "Some", "Much", "A lot of effort")
    proposed = names("choice", choices=choices(*labels), wording="How much effort did it take?")
    assert proposed == ["ces1_1_2_of_1_5", "csat_reverse_1_2_of_1_5", "mean_reverse_1_5"]


def test_agreement_that_it_took_little_effort_is_not_reversed():
    labels = ("Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree")
    proposed = names("choice", choices=choices(*labels), wording="It took me little effort.")
    assert proposed == ["csat_4_5_of_1_5", "mean_1_5"]


def test_a_scale_that_starts_with_very_satisfied_is_reversed():
    assert names("choice", choices=choices(*SATISFIED_5)) == ["csat_4_5_of_1_5", "mean_1_5"]
    assert names("choice", choices=choices(*reversed(SATISFIED_5))) == ["csat_reverse_1_2_of_1_5", "mean_reverse_1_5"]
    french = ("Très satisfait", "Satisfait", "Neutre", "Insatisfait", "Très insatisfait")
    assert names("choice", choices=choices(*french))[0] == "csat_reverse_1_2_of_1_5"


def test_easy_first_on_seven_points():
    labels = ("Very easy", "Easy", "Rather easy", "Neutral", "Rather difficult", "Difficult", "Very difficult")
    assert names("choice", choices=choices(*labels), wording="How easy was it?")[0] == "ces1_1_3_of_1_7"


def test_not_applicable_is_no_point_of_the_scale():
    with_na = [*choices(*SATISFIED_5), {"value": "6", "label": "Not applicable"}]
    assert names("choice", choices=with_na) == ["csat_4_5_of_1_5", "mean_1_5"]


def test_yes_and_no():
    assert names("choice", choices=choices("Yes", "No")) == ["csat_1_of_1_2"]
    assert names("choice", choices=choices("Non", "Oui")) == ["csat_2_of_1_2"]
    assert names("choice", choices=choices("0", "1", first=0)) == ["csat_1_of_0_1"]


@pytest.mark.parametrize(
    "labels",
    [
        ("Work", "Leisure", "Visiting family or friends", "Other"),
        ("Train", "Bus", "Car"),
        ("Travail", "Loisirs", "Visite à des proches", "Autre"),
        ("Woman", "Man"),
        ("Website", "App", "Ticket office", "On board", "Not sure"),
        ("Male", "Female", "Other"),
        ("Team A", "Team B", "Team C"),
        ("18-24", "25-34", "35-44", "45+"),
    ],
)
def test_choices_that_name_things_have_shares_and_no_mean(labels):
    assert [formula.metric for formula in propose("choice", choices=choices(*labels))] == ["csat"]


@pytest.mark.parametrize(
    ("labels", "proposed"),
    [
        (("Poor", "Fair", "Good", "Excellent"), "csat_3_4_of_1_4"),
        (("Never", "Rarely", "Often", "Always"), "csat_3_4_of_1_4"),
        (("Pas du tout", "Plutôt pas", "Plutôt", "Tout à fait"), "csat_3_4_of_1_4"),
        (("1 star", "2 stars", "3 stars", "4 stars", "5 stars"), "csat_4_5_of_1_5"),
        (("Much worse", "Worse", "The same", "Better", "Much better"), "csat_4_5_of_1_5"),
        (("Sehr unzufrieden", "Eher unzufrieden", "Eher zufrieden", "Sehr zufrieden"), "csat_3_4_of_1_4"),
        (("", "", "", ""), "csat_3_4_of_1_4"),
        (("Dissatisfied", "Neutral", "Satisfied", "Very satisfied", "Over the moon"), "csat_4_5_of_1_5"),
    ],
)
def test_choices_from_one_degree_to_another_are_a_scale(labels, proposed):
    assert names("choice", choices=choices(*labels))[0] == proposed


def test_sentiment_comments_and_lists():
    assert names("sentiment") == ["sentiment"]
    assert names("text") == []
    assert names("multi", choices=choices("Train", "Bus")) == []
    assert names("number") == ["mean"]
    assert names("choice") == []
    assert names("choice", choices=choices("Only one")) == []


def test_every_proposal_accepts_the_answers_of_its_question():
    for formula in propose("choice", choices=choices(*SATISFIED_5)):
        assert all(formula.accepts(str(value)) for value in range(1, 6))


@pytest.mark.parametrize(
    ("codes", "top"),
    [
        ((1, 2, 3, 4, 5), ("4", "5")),
        ((1, 2, 3, 4, 6), ("4", "5")),
        ((0, 25, 50, 75, 100), ("75", "100")),
        ((-2, -1, 0, 1, 2), ("1", "2")),
        ((11, 12, 13, 14, 15), ("14", "15")),
    ],
)
def test_top_boxes_go_by_rank_whatever_the_codes_are(codes, top):
    upright = [{"value": str(code), "label": label} for code, label in zip(codes, SATISFIED_5, strict=True)]
    (csat,) = [each for each in propose("choice", choices=upright) if each.metric == "csat"]
    assert csat.positive_values == top
    turned = [{"value": str(code), "label": label} for code, label in zip(codes, SATISFIED_5[::-1], strict=True)]
    (csat,) = [each for each in propose("choice", choices=turned) if each.metric == "csat"]
    low = tuple(map(str, codes[:2]))
    assert (csat.positive_values, csat.reverse) == (low, True)


@pytest.mark.parametrize(
    ("points", "count"),
    [(2, 1), (3, 1), (4, 2), (5, 2), (6, None), (7, 2), (8, None), (9, None), (10, 2), (11, 2), (12, None)],
)
def test_how_many_top_boxes_a_scale_has(points, count):
    """A choice that is no answer is no point."""
    numbered = choices(*map(str, range(1, points + 1)))
    for proposed in (
        propose("number", 1, points),
        propose("choice", choices=[*numbered, {"value": "99", "label": "Not applicable"}]),
    ):
        csat = [each for each in proposed if each.metric == "csat"]
        assert [len(each.positive_values) for each in csat] == ([] if count is None else [count])
        assert all(each.positive_values == tuple(str(points - k) for k in range(count)[::-1]) for each in csat)


def test_a_scale_between_fractions_has_no_points():
    assert [each.metric for each in propose("number", 0.5, 5.5)] == ["mean"]
