"""Blocks of answers under a threshold: closed by days, corrected together, never cut again."""

from datetime import date

import pytest

from feedback.models import EarlierAnswer
from kpis.counting.sums import Span, sums_of
from kpis.models import Block
from tests.factories import make_item
from tests.kpis.blocks import History, codes, day, replay, set_threshold
from tests.kpis.vector_files import cases


def made(threshold: int, **fields) -> History:
    """A history with an item, under a threshold."""
    set_threshold(threshold)
    history = History(**fields)
    for question in history.questions:
        make_item(question, metric="mean", scale_min=None, scale_max=None)
    return history


def number(of: date) -> int:
    return (of - day(1)).days + 1


@pytest.mark.parametrize(("given", "expected"), cases("cells"))
def test_blocks_of_the_vectors(db, given, expected):
    history = made(given["threshold"])
    history.refresh()
    replay(history, given["refreshes"])
    found = [
        {
            "first": number(block.first),
            "last": number(block.last),
            "answers": [code // 100 for code in codes(block.counts)],
            "late": block.late,
            "corrected": block.made == Block.Made.CORRECTED,
        }
        for block in history.blocks()
    ]
    assert found == expected["cells"]
    assert history.waiting("open") == expected["waiting"]
    assert history.waiting("late") == expected["waiting_late"]
    rows = EarlierAnswer.objects.filter(survey=history.survey).order_by("pk")
    assert sorted(row.answer[0] // 100 for row in rows) == expected["waiting_corrections"]
    assert history.stream().waiting_corrections == len(expected["waiting_corrections"])
    for window in expected["windows"]:
        span = Span(history.question.pk, day(window["from"]), day(window["to"]))
        found = sums_of([span], given["threshold"])[span]
        assert sum(found.counts.get("counted", {}).values()) == window["n"]
