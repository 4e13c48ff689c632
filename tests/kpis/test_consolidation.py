"""Several items, one KPI: each answer once, no data is nothing, and every weighting does what it says."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.counting.histograms import total
from kpis.metrics.consolidation import WEIGHTED, WEIGHTINGS, Part, consolidate
from kpis.metrics.formulas import Formula, is_low_base, measure, measure_manual
from kpis.metrics.respondents import Together

NPS = Formula("nps")
CSAT = Formula("csat", 1, 5, ("4", "5"))
CES = Formula("ces", 1, 7, ("5", "6", "7"))


def part(item_id, histogram=None, *, question=None, formula=NPS, **facts) -> Part:
    counts = {"counted": histogram} if histogram else {}
    return Part(item_id, question or f"q{item_id}", formula, counts, **facts)


def by_hand(item_id, value, n=None, **facts) -> Part:
    return Part(item_id, None, NPS, manual=measure_manual(NPS, value, n), **facts)


def only(parts, weighting="pooled", **known):
    (kpi,) = consolidate(parts, weighting, **known)
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
        part(i, asked[q % len(asked)], question=f"q{q % len(asked)}", stage_ids=(stage,), weight=weight)
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
    after, before = only(shuffled, weighting), only(parts, weighting)
    assert after.measure.value == pytest.approx(before.measure.value)
    assert after.measure.ci95 == (before.measure.ci95 and pytest.approx(before.measure.ci95))
    assert (after.measure.n, after.items_used, set(after.left_out)) == (
        before.measure.n,
        before.items_used,
        set(before.left_out),
    )


@settings(max_examples=80, deadline=None)
@given(questions, citations, st.sampled_from(WEIGHTINGS))
def test_an_item_without_data_changes_nothing_but_the_total(asked, cited, weighting):
    parts = parts_from(asked, cited)
    before, after = only(parts, weighting), only([*parts, part("empty", stage_ids=(9,), weight=50.0)], weighting)
    assert after.measure == before.measure
    assert after.items_used == before.items_used
    assert after.items_total == before.items_total + 1
    assert [*before.left_out, ("empty", "no_data")] == list(after.left_out)


@settings(max_examples=80, deadline=None)
@given(questions, citations, st.sampled_from(WEIGHTINGS))
def test_citing_a_question_again_at_the_same_stage_and_weight_changes_nothing(asked, cited, weighting):
    parts = parts_from(asked, cited)
    doubled = [*parts, *(Part(**{**vars(each), "item_id": f"again {each.item_id}"}) for each in parts)]
    assert only(doubled, weighting).measure == only(parts, weighting).measure


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(nps_histograms, st.integers(1, 4)), min_size=1, max_size=6))
def test_parent_counts_are_the_sum_of_the_childrens_counts(items):
    parts = [part(i, histogram, stage_ids=(stage,)) for i, (histogram, stage) in enumerate(items)]
    journey = only(parts).measure
    stages = [
        only([each for each in parts if each.stage_ids[0] == stage]).measure
        for stage in {p.stage_ids[0] for p in parts}
    ]
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
        part(1, {"10": 10}, stage_ids=("search",)),
        part(2, {"10": 10, "0": 20}, stage_ids=("search",)),  # with the first: 20 to 20, NPS 0
        part(3, {"10": 3, "0": 1}, stage_ids=("buy",)),  # 50
        part(4, stage_ids=("travel",)),
    ]
    kpi = only(parts, "equal_stages")
    assert kpi.measure.value == 25.0
    assert (kpi.items_used, kpi.items_total, kpi.measure.n) == (3, 4, 44)
    errors = [measure(NPS, {"10": 20, "0": 20}).se, measure(NPS, {"10": 3, "0": 1}).se]
    assert kpi.measure.se == pytest.approx(math.hypot(*errors) / 2)
    # The wider of two, on each side: here the units' own bounds reach farther down, the normal ones farther up.
    units = [measure(NPS, {"10": 20, "0": 20}), measure(NPS, {"10": 3, "0": 1})]
    down = math.hypot(*(unit.value - unit.ci95[0] for unit in units)) / 2
    up = math.hypot(*(unit.ci95[1] - unit.value for unit in units)) / 2
    normal = 1.96 * kpi.measure.se
    assert kpi.measure.ci95 == pytest.approx((25 - max(down, normal), 25 + max(up, normal)))
    assert kpi.measure.n_effective == pytest.approx(4 / (1 / 40 + 1 / 4))
    assert kpi.measure.ci_method == WEIGHTED


def test_stages_that_share_a_question_are_not_taken_as_independent():
    shared = {"10": 30, "0": 10}
    parts = [part(i, shared, question="q", stage_ids=(i,)) for i in (1, 2)]
    kpi = only(parts, "equal_stages")
    assert kpi.measure.n == 40
    assert kpi.measure.se == pytest.approx(measure(NPS, shared).se)
    apart = only([part(i, shared, stage_ids=(i,)) for i in (1, 2)], "equal_stages")
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
    pooled = only(parts).measure.secondary
    assert (pooled["positive"], pooled["mean"]) == (2, 2.5)


def test_zero_weight_is_left_out_and_said():
    kpi = only([part(1, {"10": 5}, weight=0.0), part(2, {"0": 5})], "custom")
    assert (kpi.measure.value, kpi.items_used, kpi.left_out) == (-100.0, 1, [(1, "no_weight")])
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
    # As wide as if all of its answers stood at the two ends.
    assert pooled.measure.ci95 == pytest.approx(as_answers.measure.ci95)
    assert (pooled.measure.ci_method, pooled.items_used) == ("adjusted_wald", 2)


def test_manual_value_without_n_is_left_out_of_pooling_and_said():
    kpi = only([part(1, {"10": 5}), by_hand(2, -50.0)])
    assert (kpi.measure, kpi.items_used, kpi.items_total) == (measure(NPS, {"10": 5}), 1, 2)
    assert kpi.left_out == [(2, "no_base")]


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


def test_a_card_over_two_stages_counts_in_both():
    parts = [part(1, {"10": 30}, stage_ids=("one", "two")), part(2, {"8": 10}, stage_ids=("two",))]
    journey = only(parts, "equal_stages").measure
    assert (journey.value, journey.n, journey.people) == (87.5, 40, 40)
    stage = {
        name: only([p for p in parts if name in p.stage_ids], "equal_stages", stages=[name]) for name in ("one", "two")
    }
    assert [stage[name].measure.value for name in ("one", "two")] == [100.0, 75.0]
    assert stage["two"].measure.ci_method == "adjusted_wald"


def test_one_answer_weighs_little_in_how_much_is_known():
    parts = [part(1, {"10": 700, "0": 300}), part(2, {"0": 1})]
    found = only(parts, "equal_items").measure
    assert (found.value, found.n) == (-30.0, 1001)
    assert found.n_effective == pytest.approx(4 / (1 / 1000 + 1))
    assert is_low_base(NPS, found)
    assert found.ci95[0] < -60 and found.ci95[1] > 20


def test_answers_of_one_survey_are_wholly_dependent_until_they_are_counted_together():
    parts = [part(i, {"10": 6, "0": 4}, survey_key="survey") for i in (1, 2)]
    unknown = only(parts).measure
    assert (unknown.n, unknown.people) == (20, 10)
    assert only([*parts[:1], part(3, {"10": 6, "0": 4}, survey_key="other")]).measure.people == 20
    same = Together.of([{"q1": value, "q2": value} for value in ["10"] * 6 + ["0"] * 4])
    known = only(parts, together=same).measure
    assert (known.n, known.people) == (20, 10)
    assert known.n_effective == pytest.approx(unknown.n_effective) and known.n_effective < 10
    # Who answered is known, what they answered is not: as under a threshold.
    assert only(parts, together=Together(same.sets)).measure == unknown
    apart = only(parts, together=Together({frozenset(["q1"]): 10, frozenset(["q2"]): 10})).measure
    assert (apart.people, apart.n_effective) == (20, 20)


def test_the_answers_that_are_not_counted_together_yet_make_a_kpi_less_certain_only_as_far_as_they_go():
    parts = [part(i, {"10": 60, "0": 40}, survey_key="survey") for i in (1, 2)]
    half = Together({frozenset(["q1"]): 50, frozenset(["q2"]): 50})
    found = only(parts, together=half).measure
    assert (found.people, found.n) == (150, 200)
    assert 100 < found.n_effective < 200


@pytest.mark.parametrize("weighting", ["equal_items", "custom"])
def test_units_of_one_survey_move_together_as_much_as_their_people_could(weighting):
    parts = [part(i, {"10": 6, "0": 4}, survey_key="survey") for i in (1, 2)]
    same = Together.of([{"q1": value, "q2": value} for value in ["10"] * 6 + ["0"] * 4])
    unknown, known = only(parts, weighting).measure, only(parts, weighting, together=same).measure
    assert unknown.n_effective == pytest.approx(10) == known.n_effective
    assert unknown.ci95 == pytest.approx(known.ci95)


CHANGED = date(2026, 10, 15)


def old_and_new(old=None, first=CHANGED, **old_facts) -> list[Part]:
    """Items on the two forms of a question; `first` is the first day that the one on the new form counts."""
    before = part(1, old or {"10": 3}, question="old", chain="q", place=1, **old_facts)
    return [before, part(2, {"10": 5, "0": 5}, question="new", chain="q", place=2, first=first)]


def test_what_was_answered_before_and_after_a_change_of_the_question_is_added():
    found = only(old_and_new()).measure
    assert (found.n, round(found.value, 1)) == (13, 23.1)
    assert only(old_and_new()[::-1]).measure == found


def test_answers_that_both_forms_of_a_question_hold_count_once():
    """On the day of the change, and where the new form counts all answers from the beginning again."""
    assert only(old_and_new(since={CHANGED: {"counted": {"10": 2}}})).measure.n == 11
    assert only(old_and_new(first=None)).measure.n == 10
    # As long as the new form does not hold all of them yet, the old one does.
    assert only(old_and_new({"10": 9}, first=None)).measure.secondary["promoters"] == 9


def test_a_window_that_begins_after_the_change_sees_each_answer_once():
    parts = [replace(each, first=CHANGED) for each in old_and_new()]
    assert only(parts).measure.n == 10


@settings(max_examples=150, deadline=None)
@given(questions, citations, st.sampled_from(WEIGHTINGS))
def test_an_interval_holds_the_value_whatever_is_weighed(asked, cited, weighting):
    found = only(parts_from(asked, cited), weighting).measure
    if found.ci95:
        assert -100 <= found.ci95[0] <= found.value <= found.ci95[1] <= 100
        assert found.n_effective > 0


@pytest.mark.parametrize("weights", [(1e308, 1e308), (5e-324, 1.0), (1e-300, 1e300)])
def test_no_weight_makes_the_value_leave_its_range(weights):
    parts = [part(i, {"10": 6, "0": 4}, weight=weight) for i, weight in enumerate(weights)]
    assert only(parts, "custom").measure.value == pytest.approx(20.0)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_people_behind_a_sentiment_are_those_whose_comments_have_a_place_on_the_scale(weighting):
    found = only(
        [part(1, {"2": 20, "-1": 10, "mixed": 6}, formula=Formula("sentiment", -2, 2), weight=1, stage_ids=[1])],
        weighting,
    )
    assert (found.measure.n, found.measure.people) == (30, 30)
