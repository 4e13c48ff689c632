"""Several items, one KPI: each answer once, no data is nothing, and every weighting does what it says."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.counting.histograms import total
from kpis.metrics.consolidation import WEIGHTED, WEIGHTINGS, Part, consolidate
from kpis.metrics.formulas import Formula, measure, measure_manual

NPS = Formula("nps")
CSAT = Formula("csat", 1, 5, ("4", "5"))
CES = Formula("ces", 1, 7, ("5", "6", "7"))


def part(item_id, histogram=None, *, question=None, formula=NPS, **facts) -> Part:
    counts = {"counted": histogram} if histogram else {}
    return Part(item_id, question or f"q{item_id}", formula, counts, **facts)


def by_hand(item_id, value, n=None, **facts) -> Part:
    return Part(item_id, None, NPS, manual=measure_manual(NPS, value, n), **facts)


def only(parts, weighting="pooled"):
    (kpi,) = consolidate(parts, weighting)
    return kpi


nps_histograms = st.dictionaries(
    st.sampled_from([str(i) for i in range(11)] + ["", "12"]), st.integers(0, 9), max_size=6
)
# Items cite few questions, so that many cite the same one; a question has the same answers wherever it is cited.
questions = st.lists(nps_histograms, min_size=1, max_size=4)
citations = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 3), st.sampled_from([0.5, 1.0, 3.0])), min_size=1, max_size=7
)


def parts_from(asked, cited) -> list[Part]:
    return [
        part(i, asked[q % len(asked)], question=f"q{q % len(asked)}", stage_id=stage, weight=weight)
        for i, (q, stage, weight) in enumerate(cited)
    ]


def answers_cited(parts) -> dict[str, int]:
    """Each question's answers once."""
    by_question = {each.question_key: each.counts for each in parts}
    return total(by_question.values()).get("counted", {})


@settings(max_examples=120, deadline=None)
@given(questions, citations)
def test_one_answer_counts_once_however_many_items_cite_it(asked, cited):
    parts = parts_from(asked, cited)
    distinct = measure(NPS, answers_cited(parts))
    pooled = only(parts)
    assert pooled.measure.value == distinct.value
    assert pooled.measure.ci95 == distinct.ci95
    assert pooled.measure.excluded == distinct.excluded
    for weighting in WEIGHTINGS:
        assert only(parts, weighting).measure.n == distinct.n


@settings(max_examples=80, deadline=None)
@given(questions, citations, st.sampled_from(WEIGHTINGS), st.randoms(use_true_random=False))
def test_order_of_the_items_changes_nothing(asked, cited, weighting, dice):
    parts = parts_from(asked, cited)
    shuffled = parts[:]
    dice.shuffle(shuffled)
    assert consolidate(shuffled, weighting) == consolidate(parts, weighting)


@settings(max_examples=80, deadline=None)
@given(questions, citations, st.sampled_from(WEIGHTINGS))
def test_an_item_without_data_changes_nothing_but_the_total(asked, cited, weighting):
    parts = parts_from(asked, cited)
    before, after = only(parts, weighting), only([*parts, part("empty", stage_id=9, weight=50.0)], weighting)
    assert after.measure == before.measure
    assert after.items_used == before.items_used
    assert after.items_total == before.items_total + 1
    assert after.left_out["no_data"] == before.left_out.get("no_data", 0) + 1


@settings(max_examples=80, deadline=None)
@given(questions, citations, st.sampled_from(WEIGHTINGS))
def test_citing_a_question_again_at_the_same_stage_and_weight_changes_nothing(asked, cited, weighting):
    parts = parts_from(asked, cited)
    doubled = [*parts, *(Part(**{**vars(each), "item_id": f"again {each.item_id}"}) for each in parts)]
    assert only(doubled, weighting).measure == only(parts, weighting).measure


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(nps_histograms, st.integers(1, 4)), min_size=1, max_size=6))
def test_parent_counts_are_the_sum_of_the_childrens_counts(items):
    parts = [part(i, histogram, stage_id=stage) for i, (histogram, stage) in enumerate(items)]
    journey = only(parts).measure
    stages = [only([each for each in parts if each.stage_id == stage]).measure for stage in {p.stage_id for p in parts}]
    assert journey.n == sum(stage.n for stage in stages)
    for group in ("promoters", "passives", "detractors"):
        assert journey.secondary.get(group, 0) == sum(stage.secondary.get(group, 0) for stage in stages)
    assert journey.excluded == {
        why: n for why in ("unanswered", "out_of_scale") if (n := sum(stage.excluded.get(why, 0) for stage in stages))
    }


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(nps_histograms, st.integers(0, 5)), min_size=1, max_size=6))
def test_custom_weights_equal_the_slow_reference(items):
    parts = [part(i, histogram, weight=weight) for i, (histogram, weight) in enumerate(items)]
    score, whole, used = Fraction(0), 0, 0
    for histogram, weight in items:
        answers = {int(value): n for value, n in histogram.items() if value not in ("", "12")}
        n = sum(answers.values())
        if n and weight:
            promoters, detractors = answers.get(9, 0) + answers.get(10, 0), sum(answers.get(i, 0) for i in range(7))
            score += weight * Fraction(100 * (promoters - detractors), n)
            whole += weight
            used += 1
    kpi = only(parts, "custom")
    assert kpi.items_used == used
    if whole:
        assert kpi.measure.value == pytest.approx(float(score / whole), abs=1e-9)
    else:
        assert kpi.measure.value is None


def test_different_formulas_are_different_kpis():
    parts = [
        part(1, {"5": 3}, formula=CES),
        part(2, {"5": 3}, formula=CSAT),
        part(3, {"5": 3}, formula=Formula("csat", 1, 5, ("5",))),
        part(4, {"9": 1}),
        part(5, {"5": 1}, formula=CSAT),
    ]
    kpis = consolidate(parts)
    assert [kpi.formula.name for kpi in kpis] == ["nps_0_10", "csat_4_5_of_1_5", "csat_5_of_1_5", "ces_5_7_of_1_7"]
    assert [kpi.items_total for kpi in kpis] == [1, 2, 1, 1]


def test_equal_stages_average_the_pooled_values_of_the_stages():
    parts = [
        part(1, {"10": 10}, stage_id="search"),
        part(2, {"10": 10, "0": 20}, stage_id="search"),  # with the first: 20 to 20, NPS 0
        part(3, {"10": 3, "0": 1}, stage_id="buy"),  # 50
        part(4, stage_id="travel"),
    ]
    kpi = only(parts, "equal_stages")
    assert kpi.measure.value == 25.0
    assert (kpi.items_used, kpi.items_total, kpi.measure.n) == (3, 4, 44)
    errors = [measure(NPS, {"10": 20, "0": 20}).se, measure(NPS, {"10": 3, "0": 1}).se]
    assert kpi.measure.se == pytest.approx(math.hypot(*errors) / 2)
    assert kpi.measure.ci95 == pytest.approx((25 - 1.96 * kpi.measure.se, 25 + 1.96 * kpi.measure.se))
    assert kpi.measure.ci_method == WEIGHTED


def test_stages_that_share_a_question_are_not_taken_as_independent():
    shared = {"10": 30, "0": 10}
    parts = [part(i, shared, question="q", stage_id=i) for i in (1, 2)]
    kpi = only(parts, "equal_stages")
    assert kpi.measure.n == 40
    assert kpi.measure.se == pytest.approx(measure(NPS, shared).se)
    apart = only([part(i, shared, stage_id=i) for i in (1, 2)], "equal_stages")
    assert apart.measure.se == pytest.approx(measure(NPS, shared).se / math.sqrt(2))


def test_custom_weights_count_a_shared_question_with_the_largest():
    parts = [
        part(1, {"10": 5}, question="q", weight=1.0),
        part(2, {"10": 5}, question="q", weight=3.0),
        part(3, {"0": 5}, weight=1.0),
    ]
    assert only(parts, "custom").measure.value == 50.0


def test_an_item_that_counts_from_later_adds_no_answer_of_its_own():
    parts = [part(1, {"10": 5, "0": 2}, question="q"), part(2, {"10": 3}, question="q")]
    assert only(parts).measure == measure(NPS, {"10": 5, "0": 2})


def test_an_answer_counts_if_any_item_counts_it():
    counts = {"counted": {"10": 4}, "unfinished": {"10": 2, "0": 1}}
    strict = Part(1, "q", NPS, counts)
    lenient = Part(2, "q", NPS, counts, include=("counted", "unfinished"))
    assert only([strict]).measure.excluded == {"unfinished": 3}
    both = only([strict, lenient])
    assert (both.measure.n, both.measure.excluded) == (7, {})


def test_one_item_alone_keeps_its_own_interval_under_every_weighting():
    for weighting in WEIGHTINGS:
        kpi = only([part(1, {"10": 6, "8": 2, "0": 2}), part(2)], weighting)
        assert kpi.measure == measure(NPS, {"10": 6, "8": 2, "0": 2})


def test_second_figures_are_weighed_too_and_counts_are_not_shown():
    parts = [part(1, {"7": 2}, formula=CES), part(2, {"1": 6}, formula=CES)]
    assert only(parts, "equal_items").measure.secondary == {"mean": 4.0}
    assert only(parts).measure.secondary == {"positive": 2, "mean": 2.5}


def test_zero_weight_is_left_out_and_said():
    kpi = only([part(1, {"10": 5}, weight=0.0), part(2, {"0": 5})], "custom")
    assert (kpi.measure.value, kpi.items_used, kpi.left_out) == (-100.0, 1, {"no_weight": 1})
    nothing = only([part(1, {"10": 5}, weight=0.0)], "custom")
    assert (nothing.measure.value, nothing.measure.n, nothing.items_used) == (None, 0, 0)


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
def test_a_weight_is_a_number_from_zero_up(weight):
    with pytest.raises(ValueError, match="weight"):
        consolidate([part(1, {"9": 1}, weight=weight)], "custom")


def test_unknown_weighting_is_refused():
    with pytest.raises(ValueError, match="weighting"):
        consolidate([], "by_mood")


def test_manual_value_with_n_is_pooled_as_its_answers_would_be():
    answered = part(1, {"10": 34, "0": 6})
    pooled = only([answered, by_hand(2, 20.0, 60)])
    as_answers = only([answered, part(2, {"10": 36, "0": 24})])  # NPS 20
    assert pooled.measure.value == pytest.approx(as_answers.measure.value)
    assert pooled.measure.n == 100
    assert pooled.measure.ci_method == WEIGHTED
    assert pooled.items_used == 2


def test_manual_value_without_n_is_left_out_of_pooling_and_said():
    kpi = only([part(1, {"10": 5}), by_hand(2, -50.0)])
    assert (kpi.measure, kpi.items_used, kpi.items_total) == (measure(NPS, {"10": 5}), 1, 2)
    assert kpi.left_out == {"no_base": 1}


def test_manual_value_without_n_takes_part_where_items_are_weighed_and_costs_the_interval():
    kpi = only([part(1, {"10": 5}), by_hand(2, -50.0)], "equal_items")
    assert (kpi.measure.value, kpi.measure.n, kpi.measure.ci95) == (25.0, 5, None)
    assert kpi.items_used == 2


def test_manual_value_alone_is_shown_as_it_stands():
    for weighting in WEIGHTINGS:
        kpi = only([by_hand(1, 40.0), part(2)], weighting)
        assert (kpi.measure.value, kpi.measure.n, kpi.items_used) == (40.0, None, 1)


def test_dates_and_as_of_are_those_of_the_used_items():
    def day(number):
        return datetime(2026, 11, number, tzinfo=UTC)

    parts = [
        part(1, {"10": 5}, oldest=day(2).date(), newest=day(9).date(), as_of=day(12)),
        part(2, {"9": 5}, oldest=day(3).date(), newest=day(10).date(), as_of=day(11)),
        part(3, oldest=day(1).date(), newest=day(20).date(), as_of=day(5)),
    ]
    kpi = only(parts)
    assert (kpi.oldest, kpi.newest, kpi.as_of) == (day(2).date(), day(10).date(), day(11))


def test_nothing_to_consolidate():
    assert consolidate([]) == []
    empty = only([part(1), part(2)])
    assert (empty.measure.value, empty.measure.n, empty.items_used, empty.items_total) == (None, 0, 0, 2)
