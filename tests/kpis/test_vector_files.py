"""The product gives the values of an exact reference, for every case of every file."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kpis.counting.histograms import MIXED, total
from kpis.metrics.comparison import Change, compare, judge, many_at_once
from kpis.metrics.consolidation import Part, consolidate
from kpis.metrics.formulas import Measure, is_low_base, measure, measure_manual
from kpis.metrics.respondents import Together
from kpis.metrics.trends import rolling
from kpis.metrics.variation import assurance, sigma_of, variation, xmr
from tests.kpis.vector_files import FOLDER, answers_of, bins_of, cases, close, counted, formula_of


def test_every_file_is_tested():
    tested = {"nps", "means", "unbounded", "shares", "sentiment", "by_hand", "targets", "change", "pooled_people"}
    tested |= {"weighted", "change_rollup", "union", "rolling", "many_at_once", "xmr"}
    assert {path.stem for path in FOLDER.glob("*.json")} == tested | {
        "display",
        "cells",
    }  # see test_rounding, test_blocks


def agree(of: Measure, formula, expected) -> None:
    assert of.value == close(expected["value"])
    assert of.n == expected["n"]
    assert of.ci95 == close(expected["ci95"])
    if "ci_method" in expected:
        assert of.ci_method == expected["ci_method"]
    if "out_of_scale" in expected:
        assert of.excluded.get("out_of_scale", 0) == expected["out_of_scale"]
    if "low_base" in expected:
        assert (None if of.value is None else is_low_base(formula, of)) == expected["low_base"]
    if expected.get("people"):
        assert of.people == expected["people"]
    if "n_effective" in expected:
        assert of.n_effective == close(expected["n_effective"])


@pytest.mark.parametrize(("given", "expected"), [*cases("nps"), *cases("means"), *cases("unbounded")])
def test_values_and_intervals(given, expected):
    formula = formula_of(given)
    agree(measure(formula, bins_of(given["histogram"])), formula, expected)


@pytest.mark.parametrize(("given", "expected"), cases("shares"))
def test_shares(given, expected):
    formula = formula_of(given)
    found = measure(formula, bins_of(given["histogram"]))
    agree(found, formula, expected)
    if "mean" in expected and found.n:
        assert found.secondary["mean"] == close(expected["mean"]["value"])
        assert found.secondary["mean_ci95"] == close(expected["mean"]["ci95"])


@pytest.mark.parametrize(("given", "expected"), cases("sentiment"))
def test_sentiment(given, expected):
    formula = formula_of(given)
    found = measure(formula, bins_of(given["histogram"]) | ({MIXED: given["mixed"]} if given["mixed"] else {}))
    agree(found, formula, expected)
    net = expected["net"]
    assert found.secondary["net"] == close(net["value"])
    assert found.secondary["net_n"] == net["n"]
    assert found.secondary["net_ci95"] == close(net["ci95"])
    assert found.excluded.get("mixed", 0) == given["mixed"]


@pytest.mark.parametrize(("given", "expected"), cases("by_hand"))
def test_values_by_hand(given, expected):
    formula = formula_of(given | {"top": [given["scale"][1]] if given["metric"] in ("csat", "ces") else None})
    agree(measure_manual(formula, given["value"], given["n"]), formula, expected)


@pytest.mark.parametrize(("given", "expected"), cases("targets"))
def test_targets(given, expected):
    formula = formula_of(given)
    found = measure(formula, bins_of(given["histogram"]))
    assert judge(found, given["target"], given["direction"]) == expected["verdict"]
    assert found.ci95 == close(expected["ci95"])


def same_change(change: Change, expected) -> None:
    assert change.kind == expected["verdict"]
    assert change.delta == close(expected["difference"])
    assert change.ci95 == close(expected["ci95"])
    assert change.p == close(expected["p"])
    assert change.smallest == close(expected["mdc"])
    if "df" in expected:
        assert change.df == close(expected["df"])


@pytest.mark.parametrize(("given", "expected"), cases("change"))
def test_changes(given, expected):
    formula = formula_of(given)
    before, after = (measure(formula, bins_of(given[side])) for side in ("before", "after"))
    same_change(compare(formula, before, after), expected)


def rolled_up(formula, people, groups, weighting, weights=None):
    """Items as parts, each question in every group that names it; and what is known of the people."""
    answers = answers_of(people, formula)
    histograms = counted(answers)
    stages: dict[str, list[int]] = {}
    for stage, group in enumerate(groups):
        for item in group:
            stages.setdefault(item, []).append(stage)
    parts = [
        Part(
            item,
            item,
            formula,
            {"counted": histograms.get(item, {})},
            stage_ids=tuple(of_item),
            weight=1.0 if weights is None else weights[of_item[0]],
            survey_key="survey",
        )
        for item, of_item in stages.items()
    ]
    (kpi,) = consolidate(parts, weighting, together=Together.of(answers))
    return kpi


@pytest.mark.parametrize(("given", "expected"), cases("pooled_people"))
def test_questions_of_the_same_people(given, expected):
    formula = formula_of(next(iter(given["items"].values())))
    found = rolled_up(formula, given["people"], [list(given["items"])], "pooled").measure
    agree(found, formula, expected)
    if "design_effect" in expected:
        assert found.n / found.n_effective == close(expected["design_effect"])


@pytest.mark.parametrize(("given", "expected"), cases("weighted"))
def test_weighted_kpis(given, expected):
    formula = formula_of(next(iter(given["items"].values())))
    single = all(len(group) == 1 for group in given["groups"])
    weighting = "custom" if given["weights"] else "equal_items" if single else "equal_stages"
    found = rolled_up(formula, given["people"], given["groups"], weighting, given["weights"])
    agree(found.measure, formula, expected)
    if single:
        assert [given["groups"].index([each.item_id]) for each in found.left_out] == expected["left_out"]
        assert found.items_used == expected["units_used"]


@pytest.mark.parametrize(("given", "expected"), cases("change_rollup"))
def test_changes_of_kpis_over_several_questions(given, expected):
    formula = formula_of(next(iter(given["items"].values())))
    before, after = (
        rolled_up(formula, given[side], [[item] for item in given["items"]], given["weighting"]).measure
        for side in ("before", "after")
    )
    same_change(compare(formula, before, after), expected)


def counts_from(item, first: str):
    """The counts of an item from a day on."""
    return total({"counted": bins_of(histogram)} for day, histogram in item.items() if day >= first)


@pytest.mark.parametrize(("given", "expected"), cases("union"))
def test_unions_across_changes_of_a_question(given, expected):
    formula = formula_of(given)
    firsts = {day for question in given["chain"] for item in question if (day := min(item, default=None))}
    parts = [
        Part(
            (place, number),
            place,
            formula,
            counts_from(item, ""),
            chain="chain",
            place=place,
            first=date.fromisoformat(min(item, default=date.max.isoformat())),
            since={date.fromisoformat(day): counts_from(item, day) for day in firsts},
        )
        for place, question in enumerate(given["chain"])
        for number, item in enumerate(question)
    ]
    (kpi,) = consolidate(parts)
    agree(kpi.measure, formula, expected)
    assert kpi.measure == measure(formula, bins_of(expected["histogram"]))


@pytest.mark.parametrize(("given", "expected"), cases("rolling"))
def test_rolling(given, expected):
    formula = formula_of(given)
    first = date(2026, 1, 1)
    days = {first + timedelta(days=i): {"counted": bins_of(day)} for i, day in enumerate(given["days"])}
    series = rolling(days, formula, days=given["width"], first=first, last=max(days))
    assert len(series) == len(expected["points"])
    for bucket, point in zip(series, expected["points"], strict=True):
        agree(bucket.measure, formula, point)
        assert bucket.partial == point["partial"]


@pytest.mark.parametrize(("given", "expected"), cases("many_at_once"))
def test_many_at_once(given, expected):
    found = many_at_once([Change(look["verdict"], p=look["p"]) for look in given["looks"]])
    assert (found.looked_at, list(found.flagged)) == (expected["looked_at"], expected["flagged"])


@pytest.mark.parametrize(("given", "expected"), cases("xmr"))
def test_ordinary_variation(given, expected):
    if "values" in given:
        found = xmr(given["values"])
    else:
        formula = formula_of(given)
        bins = [bins_of(point) for point in given["points"]]
        whole: dict[str, int] = {}
        for histogram in bins:
            for value, n in histogram.items():
                whole[value] = whole.get(value, 0) + n
        everything = measure(formula, whole)
        assert sigma_of(formula, everything) == close(expected["sigma"])
        found = variation(formula, [measure(formula, histogram) for histogram in bins], everything)
        assert assurance(found, given["target"], given["direction"]) == expected["assurance"]
    assert found.centre == close(expected["centre"])
    assert found.moving_range == close(expected["moving_range"])
    assert len(found.limits) == len(expected["limits"])
    for limits, right in zip(found.limits, expected["limits"], strict=True):
        assert limits == close(right)
    assert [list(signals) for signals in found.signals] == expected["signals"]
    assert (found.trial, found.quiet) == (expected["trial"], expected["quiet"])
