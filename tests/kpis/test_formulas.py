"""Formulas: identity, validity, and every figure held against the slow reference."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.counting.histograms import total, value_key
from kpis.counting.mapped import Mapped, mapped
from kpis.metrics.formulas import Formula, FormulaError, measure, measure_counts, measure_manual
from kpis.metrics.student import t975
from tests.kpis import slow_reference as slow

FORMULAS = [
    Formula("nps"),
    Formula("csat", 1, 5, ("4", "5")),
    Formula("csat", 0, 10, ("9", "10")),
    Formula("ces", 1, 7, ("5", "6", "7")),
    Formula("ces", 1, 5, ("1", "2"), reverse=True),
    Formula("mean", 0, 100),
    Formula("mean", 1, 5),
    Formula("mean"),
    Formula("sentiment"),
]
CLASSES = ["counted", "counted", "counted", "unfinished", "preview", "test", "spam", "synthetic"]
VALUES = [*range(-3, 12), 9.0, "7.0", 2.5, "4.5", None, "", "mixed", "n/a", 100, 101, Decimal("3.1")]


def counts_of(answers: list[slow.Answer]) -> dict[str, dict[str, int]]:
    return total({answer.response_class: {value_key(answer.value): 1}} for answer in answers)


def left_out(codes: set[str]) -> Mapped:
    return mapped([{"code": code, "left_out": "not_applicable"} for code in codes])


def expected(formula: Formula, answers: list[slow.Answer], not_applicable: set[str]) -> slow.Expected:
    low, high = formula.scale_min, formula.scale_max
    numbers = slow.usable_numbers(answers, low, high, not_applicable, {"counted"})
    if formula.metric == "nps":
        return slow.nps(numbers)
    if formula.metric in ("csat", "ces"):
        return slow.share(numbers, {Fraction(value) for value in formula.positive_values})
    return slow.mean(numbers, low, high, t975)


def assert_equal(result, reference: slow.Expected) -> None:
    assert result.value == reference.value
    assert result.n == reference.n
    if reference.ci95 is None:
        assert result.ci95 is None
    else:
        assert result.ci95 == pytest.approx(reference.ci95, abs=1e-9)


def test_ten_thousand_random_sets_equal_the_slow_reference():
    dice = random.Random(20261122)
    for _ in range(10_000):
        formula = dice.choice(FORMULAS)
        answers = [
            slow.Answer(f"R{i}", "q", dice.choice(CLASSES), dice.choice(VALUES))
            for i in range(dice.choice([0, 1, 2, 9, 25, 90]))
        ]
        not_applicable = dice.choice([set(), {"9"}, {"5.0"}])
        result = measure_counts(formula, counts_of(answers), mapping=left_out(not_applicable))
        assert_equal(result, expected(formula, answers, not_applicable))


answers_strategy = st.lists(
    st.tuples(st.sampled_from(CLASSES), st.one_of(st.sampled_from(VALUES), st.integers(-5, 105))), max_size=60
).map(lambda rows: [slow.Answer(f"R{i}", "q", name, value) for i, (name, value) in enumerate(rows)])


@settings(max_examples=150, deadline=None)
@given(answers=answers_strategy, formula=st.sampled_from(FORMULAS), dice=st.randoms(use_true_random=False))
def test_order_and_batches_change_nothing(answers, formula, dice):
    whole = measure_counts(formula, counts_of(answers))
    shuffled = answers[:]
    dice.shuffle(shuffled)
    cut = dice.randint(0, len(answers))
    batches = total([counts_of(shuffled[:cut]), counts_of(shuffled[cut:])])
    assert measure_counts(formula, batches) == whole
    assert_equal(whole, expected(formula, answers, set()))


@settings(max_examples=100, deadline=None)
@given(answers=answers_strategy, formula=st.sampled_from(FORMULAS))
def test_every_answer_is_counted_or_excluded_for_a_reason(answers, formula):
    result = measure_counts(formula, counts_of(answers))
    assert result.n + sum(result.excluded.values()) == len(answers)
    assert (result.value is None) == (result.n == 0)


def test_huge_counts_stay_exact():
    billion = 10**15
    assert measure(Formula("mean", 1, 5), {"1": billion, "5": billion, "3": 1}).value == 3.0
    assert measure(Formula("mean", 0, 1), {"0.1": 3, "0.2": 3}).value == 0.15


def test_equal_answers_have_an_interval_of_some_width_and_one_answer_none():
    mean = Formula("mean", 1, 5)
    low, high = measure(mean, {"5": 2}).ci95
    assert (low, high) == (1.0, 5.0)
    assert measure(mean, {"4": 12}).ci95[0] < 4.0 < measure(mean, {"4": 12}).ci95[1]
    for formula, answer in ((mean, "4"), (Formula("nps"), "10"), (Formula("csat", 1, 5, ("5",)), "5")):
        alone = measure(formula, {answer: 1})
        assert (alone.n, alone.ci95, alone.ci_method) == (1, None, None)
        assert alone.value is not None


def test_a_mean_without_ends_of_its_scale_has_an_interval_from_thirty_answers_on():
    few, enough = measure(Formula("mean"), {"5": 20, "9": 9}), measure(Formula("mean"), {"5": 20, "9": 10})
    assert (few.ci95, few.ci_method) == (None, "too_few")
    assert enough.ci_method == "t_or_hall"


def test_decimals_of_a_slider_leave_no_gap_between_the_groups_of_an_nps():
    result = measure(Formula("nps"), {"8.5": 10, "6.5": 10, "9": 10, "9.5": 10, "10": 5})
    assert (round(result.value, 1), result.n, result.excluded) == (33.3, 45, {})
    assert result.secondary == {"promoters": 25, "passives": 10, "detractors": 10}


bounded = st.sampled_from([formula for formula in FORMULAS if None not in formula.value_range])
histograms = st.dictionaries(st.integers(-3, 12).map(str), st.integers(0, 40), max_size=9)


@settings(max_examples=300, deadline=None)
@given(formula=st.sampled_from(FORMULAS), histogram=histograms)
def test_an_interval_holds_its_value_and_stays_on_its_scale(formula, histogram):
    result = measure(formula, histogram)
    if result.ci95 is not None:
        low, high = result.ci95
        lowest, highest = formula.value_range
        assert low <= result.value <= high
        assert (lowest is None or lowest <= low) and (highest is None or high <= highest)


@settings(max_examples=200, deadline=None)
@given(formula=bounded, histogram=histograms, times=st.integers(2, 50))
def test_more_answers_of_the_same_kind_make_no_interval_wider(formula, histogram, times):
    few, many = measure(formula, histogram), measure(formula, {value: n * times for value, n in histogram.items()})
    if few.ci95 is not None:
        assert many.ci95[1] - many.ci95[0] <= few.ci95[1] - few.ci95[0] + 1e-9


def test_interval_of_a_mean_stays_on_the_scale():
    assert measure(Formula("mean", 1, 5), {"5": 2, "4": 1}).ci95[1] == 5.0
    assert measure(Formula("mean"), {"5": 20, "4": 10}).ci95[1] > 4.6


def test_sentiment_keeps_mixed_comments_in_a_bin_of_their_own():
    result = measure(Formula("sentiment"), {"2": 3, "1": 1, "0": 2, "-1": 1, "-2": 1, "mixed": 2, "3": 1})
    assert (result.value, result.n) == (0.5, 8)
    assert result.secondary["net"] == 20.0
    assert result.secondary["net_n"] == 10
    assert [result.secondary[name] for name in ("positive", "neutral", "negative", "mixed")] == [4, 2, 2, 2]
    assert result.secondary["net_ci95"] == measure(Formula("nps"), {"9": 4, "7": 4, "0": 2}).ci95
    assert result.excluded == {"out_of_scale": 1, "mixed": 2}


def test_only_mixed_comments_are_no_mean():
    result = measure(Formula("sentiment"), {"mixed": 3})
    assert (result.value, result.n, result.secondary["net"]) == (None, 0, 0.0)


@pytest.mark.parametrize(
    ("formula", "name"),
    [
        (Formula("nps", 0, 10), "nps_0_10"),
        (Formula("csat", 1, 5, ("4", "5")), "csat_4_5_of_1_5"),
        (Formula("csat", 1, 3, ("3",)), "csat_3_of_1_3"),
        (Formula("csat", 1, 5, ("1", "3", "4", "5")), "csat_1_and_3_5_of_1_5"),
        (Formula("csat", 1, 5, ("1", "2"), reverse=True), "csat_reverse_1_2_of_1_5"),
        (Formula("csat", 1, 5, ("4.5", "5")), "csat_4p5_and_5_of_1_5"),
        (Formula("ces", 1, 7, ("5", "6", "7")), "ces_5_7_of_1_7"),
        (Formula("ces", 1, 5, ("1", "2"), reverse=True), "ces1_1_2_of_1_5"),
        (Formula("mean", 0, 100), "mean_0_100"),
        (Formula("mean", -2.5, 2), "mean_m2p5_2"),
        (Formula("mean"), "mean"),
        (Formula("mean", 1, 5, reverse=True), "mean_reverse_1_5"),
        (Formula("sentiment"), "sentiment"),
    ],
)
def test_name(formula, name):
    assert formula.name == name


def test_equal_however_the_fields_are_written():
    written = Formula("csat", Decimal("1.00"), 5.0, ("5.0", 4, "4"))
    assert written == Formula("csat", 1, 5, ("4", "5"))
    assert hash(written) == hash(Formula("csat", 1, 5, ("4", "5")))
    assert Formula("nps") == Formula("nps", 0.0, 10.0, ("9",), reverse=True)


@pytest.mark.parametrize(
    "fields",
    [
        ("nps", 1, 10),
        ("sentiment", 0, 1),
        ("csat", 1, 5),
        ("csat", None, 5, ("4",)),
        ("csat", 1, 5, ("6",)),
        ("ces", 1, 7, ("yes",)),
        ("mean", 5, 5),
        ("mean", 5, 1),
        ("mean", "low", 5),
        ("happiness", 1, 5),
    ],
)
def test_invalid_fields_are_refused(fields):
    with pytest.raises(FormulaError):
        Formula(*fields)


def test_a_low_mean_is_good_where_the_scale_is_reversed():
    assert Formula("mean", 1, 5).higher_is_better
    assert not Formula("mean", 1, 5, reverse=True).higher_is_better
    assert Formula("ces", 1, 5, ("1", "2"), reverse=True).higher_is_better


def test_manual_share_has_the_interval_of_its_answers():
    by_hand = measure_manual(Formula("csat", 1, 5, ("4", "5")), 84, 50)
    assert by_hand.ci95 == measure(Formula("csat", 1, 5, ("4", "5")), {"5": 42, "1": 8}).ci95


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_manual_nps_has_an_interval_at_least_as_wide_as_any_answers_with_that_score(promoters, passives, detractors):
    answered = measure(Formula("nps"), {"10": promoters, "7": passives, "0": detractors})
    if answered.value is not None:
        by_hand = measure_manual(Formula("nps"), answered.value, answered.n)
        assert by_hand.se >= answered.se - 1e-9


@given(st.lists(st.integers(1, 5), min_size=2, max_size=30))
def test_manual_mean_has_an_interval_at_least_as_wide_as_any_answers_with_that_mean(answers):
    formula = Formula("mean", 1, 5)
    answered = measure(formula, {str(value): answers.count(value) for value in answers})
    by_hand = measure_manual(formula, answered.value, answered.n)
    assert by_hand.se >= answered.se - 1e-9


def test_manual_value_without_n_has_no_interval():
    by_hand = measure_manual(Formula("nps"), 40)
    assert (by_hand.value, by_hand.n, by_hand.ci95, by_hand.se) == (40.0, None, None, None)
    assert measure_manual(Formula("nps"), 40, 0).value is None


def test_manual_value_outside_the_range_is_refused():
    with pytest.raises(FormulaError):
        measure_manual(Formula("nps"), 101, 5)
