"""What an answer counts as is said once: by the formula, with its words beside it."""

import ast
from pathlib import Path

import pytest

from kpis.counting.histograms import REASONS
from kpis.metrics import formulas, wording
from kpis.metrics.formulas import Band, Formula, measure

NPS = Formula("nps")


@pytest.mark.parametrize(
    ("formula", "bands"),
    [
        (NPS, {"0": "detractor", "6": "detractor", "7": "passive", "8": "passive", "9": "promoter", "10": "promoter"}),
        (Formula("csat", 1, 5, ("4", "5")), {"3": "not_positive", "4": "positive", "5": "positive"}),
        (Formula("ces", 1, 5, ("1", "2"), reverse=True), {"1": "positive", "3": "not_positive"}),
        (Formula("mean", 0, 100), {"0": "value", "55.5": "value"}),
        (Formula("sentiment"), {"-2": "negative", "0": "neutral", "1": "positive", "mixed": "mixed"}),
    ],
)
def test_an_answer_counts_as(formula, bands):
    assert {value: formula.band(value).value for value in bands} == bands


def test_the_groups_of_an_nps_are_its_bands():
    assert measure(NPS, {str(score): 1 for score in range(11)}).secondary == {
        "promoters": 2, "passives": 2, "detractors": 7,
    }  # fmt: skip


def test_every_band_and_every_reason_has_its_words():
    assert set(wording.BAND_LABELS) == set(wording.BAND_SENTENCES) == set(Band)
    assert list(wording.EXCLUDED_LABELS) == list(wording.EXCLUDED_SENTENCES) == list(REASONS)


def test_nobody_else_compares_with_the_ends_of_the_bands():
    app = Path(formulas.__file__).parents[1]
    others = [
        f"{source.relative_to(app)}:{node.lineno}"
        for source in sorted(app.rglob("*.py"))
        if source != Path(formulas.__file__)
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Compare)
        and any(isinstance(end, ast.Constant) and end.value in (7, 9) for end in node.comparators)
    ]
    assert others == []
