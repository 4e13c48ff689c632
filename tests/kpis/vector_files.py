"""Right values, made outside of the product by an exact reference; see the files in `vectors/`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from kpis.counting.histograms import value_key
from kpis.metrics.formulas import Formula
from kpis.metrics.respondents import Together

FOLDER = Path(__file__).parent / "vectors"


def cases(topic: str) -> list[Any]:
    """All cases of a file, as parameters of a test; none may be missing."""
    found = json.loads((FOLDER / f"{topic}.json").read_text(encoding="utf-8"))["cases"]
    return [pytest.param(case["input"], case["expected"], id=f"{case['id']} {case['note']}") for case in found]


def formula_of(given: Mapping[str, Any]) -> Formula:
    low, high = given.get("scale") or (None, None)
    return Formula(given["metric"], low, high, tuple(map(value_key, given.get("top") or ())))


def bins_of(histogram: Sequence[Sequence[float]]) -> dict[str, int]:
    return {value_key(value): n for value, n in histogram if n}


def answers_of(people: Sequence[Mapping[str, Any]], formula: Formula) -> list[dict[str, str]]:
    """The usable answers of each person."""
    return [
        {item: key for item, value in person.items() if value is not None and formula.accepts(key := value_key(value))}
        for person in people
    ]


def counted(answers: Sequence[Mapping[str, str]]) -> dict[str, dict[str, int]]:
    """A histogram for each question."""
    by_question: dict[str, dict[str, int]] = {}
    for person in answers:
        for question, value in person.items():
            bins = by_question.setdefault(question, {})
            bins[value] = bins.get(value, 0) + 1
    return by_question


def together_of(answers: Sequence[Mapping[str, str]]) -> Together:
    return Together.of(answers)


def close(expected: Any) -> Any:
    """To 1e-9, relative above 1; None is None."""
    return None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-9)
