"""Verdicts on targets and changes, and which of many may be flagged."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.counting.periods import Window
from kpis.metrics.comparison import Change, compare, judge, many_at_once, may_flag
from kpis.metrics.formulas import Formula, Measure, measure
from kpis.metrics.intervals import Spread

NPS = Formula("nps")
MEAN = Formula("mean", 1, 5)
CSAT = Formula("csat", 1, 5, ("4", "5"))
TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ({"10": 50, "0": 50}, {"10": 80, "0": 20}, "up"),
        ({"10": 80, "0": 20}, {"10": 50, "0": 50}, "down"),
        ({"10": 55, "0": 45}, {"10": 50, "0": 50}, "none"),
        ({"0": 900}, {"10": 9}, "too_few"),
        ({"0": 10}, {"10": 10}, "up"),
        ({"0": 9}, {"10": 900}, "too_few"),
        ({"0": 10}, {}, "unknown"),
        ({}, {"10": 10}, "unknown"),
    ],
)
def test_a_change_is_beyond_chance_and_stands_on_ten_answers_on_both_sides(before, after, kind):
    assert compare(NPS, measure(NPS, before), measure(NPS, after)).kind == kind


def test_an_nps_is_compared_by_adjusted_middles_and_adjusted_errors_alike():
    before, after = measure(NPS, {"10": 50, "0": 50}), measure(NPS, {"10": 80, "0": 20})
    change = compare(NPS, before, after)
    assert change.delta == 60.0
    reach = 1.96 * (before.se**2 + after.se**2) ** 0.5
    assert change.smallest == pytest.approx(reach * (1 + 3 / 100))
    assert sum(change.ci95) / 2 == pytest.approx(after.spread.middle - before.spread.middle)
    assert change.is_good(NPS) is True
    assert change.is_good(Formula("mean", 1, 5, reverse=True)) is False
    assert compare(NPS, after, after).is_good(NPS) is None


def test_border_of_a_change_is_196():
    def with_middle(middle: float, se: float) -> Measure:
        spread = Spread(middle - 1, middle + 1, middle, se)
        return Measure(middle, 50, spread.ci95, "adjusted_wald", spread, people=50, n_effective=50.0)

    assert compare(NPS, with_middle(0, 3), with_middle(1.9601 * 5, 4)).kind == "up"
    assert compare(NPS, with_middle(0, 3), with_middle(1.9599 * 5, 4)).kind == "none"


def test_means_without_any_spread_change_only_where_answers_are_many():
    ten = [measure(MEAN, {value: 10}) for value in "45"]
    many = [measure(MEAN, {value: 100}) for value in "45"]
    assert compare(MEAN, *ten).kind == "none"
    assert compare(MEAN, *many).kind == "up"
    assert compare(MEAN, many[0], many[0]).p == 1.0
    assert compare(MEAN, measure(MEAN, {"5": 1}), many[0]).kind == "too_few"


def test_unbounded_means_without_any_spread_differ_or_do_not():
    free = Formula("mean")
    fours, fives = measure(free, {"4": 30}), measure(free, {"5": 30})
    assert (compare(free, fours, fives).kind, compare(free, fours, fives).p) == ("up", 0.0)
    assert (compare(free, fours, fours).kind, compare(free, fours, fours).p) == ("none", 1.0)


def test_without_a_stated_base_nothing_can_be_compared():
    assert compare(NPS, measure(NPS, {"10": 40}), Measure(40.0, None)).kind == "unknown"


histograms = st.dictionaries(st.integers(1, 5).map(str), st.integers(0, 60), max_size=5)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([NPS, MEAN, CSAT]), histograms, histograms)
def test_a_change_back_is_the_same_change_the_other_way(formula, one, other):
    there = compare(formula, measure(formula, one), measure(formula, other))
    back = compare(formula, measure(formula, other), measure(formula, one))
    assert back.kind == {"up": "down", "down": "up"}.get(there.kind, there.kind)
    if there.ci95 is not None:
        assert back.ci95 == pytest.approx((-there.ci95[1], -there.ci95[0]), abs=1e-9)
        assert there.p == pytest.approx(back.p)
        assert there.ci95[0] <= there.delta <= there.ci95[1]
        assert 0 <= there.p <= 1
        if there.is_one:
            assert not there.ci95[0] < 0 < there.ci95[1]


def with_interval(ci95, n=100) -> Measure:
    return Measure(40.0, n, ci95, people=n, n_effective=float(n))


@pytest.mark.parametrize(
    ("ci95", "target", "direction", "verdict"),
    [
        ((30.0, 50.0), 29.9, "at_least", "met"),
        ((30.0, 50.0), 30.0, "at_least", "met"),
        ((30.0, 50.0), 30.1, "at_least", "undecided"),
        ((30.0, 50.0), 50.0, "at_least", "undecided"),
        ((30.0, 50.0), 50.1, "at_least", "missed"),
        ((30.0, 50.0), 50.1, "at_most", "met"),
        ((30.0, 50.0), 50.0, "at_most", "met"),
        ((30.0, 50.0), 40.0, "at_most", "undecided"),
        ((30.0, 50.0), 30.0, "at_most", "undecided"),
        ((30.0, 50.0), 29.9, "at_most", "missed"),
    ],
)
def test_target(ci95, target, direction, verdict):
    assert judge(with_interval(ci95), target, direction) == verdict


def test_a_target_is_judged_from_ten_effective_answers_of_ten_people_on():
    assert judge(with_interval((30.0, 50.0), 9), 10) == "too_few"
    assert judge(with_interval((30.0, 50.0), 10), 10) == "met"
    same_people = Measure(40.0, 40, (30.0, 50.0), people=8, n_effective=40.0)
    alike = Measure(40.0, 40, (30.0, 50.0), people=40, n_effective=9.9)
    assert judge(same_people, 10) == judge(alike, 10) == "too_few"
    assert judge(measure(Formula("mean"), {"4": 29}), 3) == "too_few"


def test_target_without_interval_or_data():
    assert judge(Measure(), 10) == "no_data"
    assert judge(Measure(40.0, None), 10) == "undecided"
    with pytest.raises(ValueError, match="direction"):
        judge(Measure(), 10, "exactly")


@pytest.mark.parametrize(
    ("first", "last", "n", "may"),
    [
        (date(2026, 10, 1), date(2026, 10, 31), 10, True),
        (date(2026, 7, 1), date(2026, 9, 30), 10, True),
        (date(2026, 10, 1), date(2026, 10, 30), 1000, False),
        (date(2026, 11, 1), date(2026, 11, 30), 1000, False),  # not over yet
        (date(2026, 10, 28), date(2026, 11, 26), 1000, False),  # 30 days
        (date(2026, 11, 16), date(2026, 11, 22), 100, True),
        (date(2026, 11, 16), date(2026, 11, 22), 99, False),
        (None, None, 1000, False),
    ],
)
def test_changes_are_flagged_for_closed_periods_of_the_calendar_only(first, last, n, may):
    side = with_interval((0.0, 1.0), n)
    assert may_flag(Window("custom", first, last), TODAY, side, side) is may


def test_a_week_is_flagged_only_if_the_one_before_has_as_many_answers():
    week = Window("custom", date(2026, 11, 16), date(2026, 11, 22))
    assert not may_flag(week, TODAY, with_interval((0.0, 1.0), 99), with_interval((0.0, 1.0), 500))
    assert may_flag(week, week.end + timedelta(days=1), *[with_interval((0.0, 1.0), 100)] * 2)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40))
def test_of_many_changes_those_are_flagged_that_the_procedure_passes(looks):
    changes = [Change("up" if own else "none", p=p) for p, own in looks]
    found = many_at_once(changes)
    # The definition: the largest k such that k of the p are at most k/m of ten percent.
    ps = sorted(p for p, _ in looks)
    limits = [0.1 * k / len(ps) for k in range(1, len(ps) + 1) if sum(p <= 0.1 * k / len(ps) for p in ps) >= k]
    border = max(limits, default=-1.0)
    assert found.looked_at == len(looks)
    assert list(found.flagged) == [i for i, (p, own) in enumerate(looks) if own and p <= border]
