"""The numbers that the domain's definition works out by hand."""

from __future__ import annotations

from datetime import date

import pytest

from kpis.metrics.comparison import compare
from kpis.metrics.consolidation import Part, consolidate
from kpis.metrics.formulas import METRICS, Formula, Measure, measure
from kpis.metrics.trends import rolling

NPS = Formula("nps")
CSAT = Formula("csat", 1, 5, ("4", "5"))
CES = Formula("ces", 1, 7, ("5", "6", "7"))
SOME_FORMULAS = {
    "nps": NPS,
    "csat": CSAT,
    "ces": CES,
    "mean": Formula("mean", 0, 100),
    "sentiment": Formula("sentiment"),
}


def nps_answers(promoters: int, passives: int, detractors: int) -> dict[str, int]:
    """Spread over the values of each group, so that a wrong border between groups shows."""
    return {
        "10": promoters // 2,
        "9": promoters - promoters // 2,
        "8": passives // 2,
        "7": passives - passives // 2,
        "6": detractors - detractors // 2,
        "0": detractors // 2,
    }


def nps_part(item_id: int, promoters: int, passives: int, detractors: int, **facts) -> Part:
    return Part(item_id, f"q{item_id}", NPS, {"counted": nps_answers(promoters, passives, detractors)}, **facts)


@pytest.mark.parametrize(
    ("groups", "value", "low", "high"),
    [
        ((60, 25, 15), 45.0, 29.3, 58.0),
        ((30, 12, 8), 44.0, 21.1, 61.9),
        ((3, 0, 0), 100.0, -6.6, 100.0),
        ((0, 0, 5), -100.0, -100.0, -17.5),
        ((420, 180, 200), 27.5, 21.6, 33.2),
    ],
)
def test_nps(groups, value, low, high):
    result = measure(NPS, nps_answers(*groups))
    assert result.value == value
    assert [round(end, 1) for end in result.ci95] == [low, high]
    assert result.n == sum(groups)
    assert result.ci_method == "adjusted_wald"
    assert result.secondary == dict(zip(("promoters", "passives", "detractors"), groups, strict=True))


@pytest.mark.parametrize(
    ("positive", "n", "value", "low", "high"),
    [(42, 50, 84.0, 71.5, 91.7), (5, 5, 100.0, 56.6, 100.0), (0, 5, 0.0, 0.0, 43.4)],
)
def test_csat(positive, n, value, low, high):
    result = measure(CSAT, {"5": positive // 2, "4": positive - positive // 2, "3": n - positive})
    assert result.value == value
    assert [round(end, 1) for end in result.ci95] == [low, high]
    assert result.ci_method == "wilson"


def test_ces_with_the_mean_as_second_figure():
    result = measure(CES, dict(zip("1234567", (80, 210, 140, 110, 160, 180, 120), strict=True)))
    assert result.value == 46.0
    assert result.secondary["mean"] == 4.08


def test_pooling_applies_the_formula_once_to_all_answers():
    parts = [nps_part(1, 34, 0, 6), nps_part(2, 400, 240, 160)]
    (pooled,) = consolidate(parts)
    assert pooled.measure.value == 31.904761904761905
    assert pooled.measure.n == 840
    low, high = pooled.measure.ci95
    assert (high - low) / 2 == pytest.approx(5.3, abs=0.05)
    (equal,) = consolidate(parts, "equal_items")
    assert equal.measure.value == 50.0


def test_equal_items_leave_out_the_one_without_data():
    (equal,) = consolidate([nps_part(1, 70, 30, 0), nps_part(2, 30, 70, 0), nps_part(3, 0, 0, 0)], "equal_items")
    assert equal.measure.value == 50.0
    assert (equal.items_used, equal.items_total) == (2, 3)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("histogram", [{}, {"": 12}, {"9": 0}, {"1000": 4}])
def test_no_data_is_null(metric, histogram):
    result = measure(SOME_FORMULAS[metric], histogram)
    assert (result.value, result.n, result.ci95, result.se) == (None, 0, None, None)


def test_rolling_is_recomputed_over_all_answers_of_the_window():
    days = {
        date(2026, 11, 1): {"counted": nps_answers(1, 0, 0)},
        date(2026, 11, 2): {"counted": nps_answers(0, 0, 1)},
        date(2026, 11, 3): {"counted": nps_answers(20, 5, 5)},
    }
    last = rolling(days, NPS, days=3)[-1]
    assert last.measure.value == 46.875


@pytest.mark.parametrize("now_passives", [2, 20, 41])
@pytest.mark.parametrize("before_passives", [3, 21, 43])
def test_46_of_87_to_39_of_94_is_no_detectable_change(now_passives, before_passives):
    """Whatever the groups behind the two scores are."""
    before = nps_answers((87 - before_passives + 40) // 2, before_passives, (87 - before_passives - 40) // 2)
    now = nps_answers((94 - now_passives + 37) // 2, now_passives, (94 - now_passives - 37) // 2)
    change = compare(NPS, measure(NPS, before), measure(NPS, now))
    assert (round(measure(NPS, before).value), sum(before.values())) == (46, 87)
    assert abs(measure(NPS, now).value - 39) < 1.1
    assert change.kind == "none"
    assert 15 < change.smallest < 27


def test_without_answers_there_is_no_figure_at_all():
    assert Measure() == measure(NPS, {})
