"""People who answered several questions, held against a slow count of each of them."""

from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.metrics.formulas import Formula
from kpis.metrics.respondents import Together, Unit, correlations, design_effect
from kpis.metrics.student import t975
from tests.kpis.vector_files import counted

MEAN = Formula("mean", 1, 5)
# Each person may leave any of four questions blank.
people = st.lists(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 5).map(str), min_size=1), min_size=1, max_size=14
)


def unit_of(answers, questions):
    histograms = {q: bins for q, bins in counted(answers).items() if q in questions}
    scores = [Fraction(value) for person in answers for q, value in person.items() if q in questions]
    mean = sum(scores) / len(scores) if scores else Fraction(0)
    return Unit.of(histograms, MEAN.score, mean), scores, mean


@settings(max_examples=200, deadline=None)
@given(people)
def test_design_effect_is_that_of_sums_over_people(answers):
    unit, scores, mean = unit_of(answers, "abcd")
    alone = sum((score - mean) ** 2 for score in scores)
    clustered = sum(sum(Fraction(value) - mean for value in person.values()) ** 2 for person in answers)
    n, persons = len(scores), len(answers)
    if alone == 0:
        expected = sum(len(person) ** 2 for person in answers) / n
    elif persons == 1:
        expected = n
    else:
        expected = 1 + float(clustered / alone - 1) * persons / (persons - 1) * (t975(persons - 1) / 1.96) ** 2
    found = design_effect(unit, Together.of(answers))
    assert math.isclose(found, min(max(expected, 1), n), rel_tol=1e-9)
    assert design_effect(unit, Together()) == 1.0


@settings(max_examples=200, deadline=None)
@given(people)
def test_correlation_is_that_of_sums_over_people(answers):
    sides = [unit_of(answers, "ab"), unit_of(answers, "bcd")]
    sums = [
        [sum(Fraction(value) - mean for q, value in person.items() if q in unit.answers) for person in answers]
        for unit, _scores, mean in sides
    ]
    given_answers = [[sum(q in unit.answers for q in person) for person in answers] for unit, _, _ in sides]
    products = [sum(a * b for a, b in zip(sums[i], sums[j], strict=True)) for i, j in ((0, 0), (1, 1), (0, 1))]
    sizes = [
        sum(a * b for a, b in zip(given_answers[i], given_answers[j], strict=True)) for i, j in ((0, 0), (1, 1), (0, 1))
    ]
    if not sizes[2]:
        expected = 0.0
    elif products[0] and products[1]:
        expected = float(products[2]) / math.sqrt(products[0] * products[1])
    else:
        expected = sizes[2] / math.sqrt(sizes[0] * sizes[1])
    found = correlations([side[0] for side in sides], Together.of(answers)).get((0, 1), 0.0)
    assert math.isclose(found, min(max(expected, 0.0), 1.0), rel_tol=1e-9, abs_tol=1e-12)


def test_a_question_in_both_units_is_common_also_where_people_are_unknown():
    shared = {"5": 3, "1": 3}
    unit = Unit.of({"a": shared}, MEAN.score, Fraction(3))
    assert correlations([unit, unit], Together()) == {(0, 1): 1.0}
    wider = Unit.of({"a": shared, "b": shared}, MEAN.score, Fraction(3))
    assert correlations([unit, wider], Together()) == {(0, 1): math.sqrt(0.5)}
    assert correlations([unit, Unit.of({"b": shared}, MEAN.score, Fraction(3))], Together()) == {}
    steady = Unit.of({"a": {"4": 6}}, MEAN.score, Fraction(4))
    assert correlations([steady, steady], Together()) == {(0, 1): 1.0}


@settings(max_examples=200, deadline=None)
@given(people, people)
def test_answers_of_which_nothing_is_known_come_from_as_few_people_as_can_be(known, unknown):
    """Held against the sets that they make: nested ones, and the widest effect Σm²/n where no pair tells more."""
    alone, whole = Together.of(known), counted([*known, *unknown])
    answers = {question: sum(bins.values()) for question, bins in whole.items()}
    found = alone.complete(answers, dict.fromkeys(answers, "survey"))
    if len(answers) > 1:
        missing = {q: n - sum(q in person for person in known) for q, n in answers.items()}
        assert sum(found.sets.values()) == len(known) + max(missing.values())
        assert {q: sum(n for group, n in found.sets.items() if q in group) for q in answers} == answers
        bare = Together(found.sets)
        unit, scores, mean = unit_of([*known, *unknown], "abcd")
        persons, n = found.people(answers), len(scores)
        if persons > 1 and any(score != mean for score in scores):
            widest = sum(len(group) ** 2 * count for group, count in found.sets.items()) / n
            expected = 1 + (widest - 1) * persons / (persons - 1) * (t975(persons - 1) / 1.96) ** 2
            assert math.isclose(design_effect(unit, bare), min(max(expected, 1), n), rel_tol=1e-9)
    else:
        assert found == alone
