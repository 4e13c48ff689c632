"""A survey as its respondents see it."""

import pytest

from integrations.qualtrics.questionnaire import questionnaire
from integrations.qualtrics.records import Definition, Survey
from tests.integrations.qualtrics.test_questions import choice, question

THREE = {str(n): choice(f"Label {n}", str(10 * n)) for n in (3, 1, 2)}
ROWS = {"1": choice("Seats"), "2": choice("Toilets")}


def survey(blocks=None, **questions):
    return Survey.from_json({"id": "SV_1", "name": "Visit", "questions": questions, "blocks": blocks or {}})


@pytest.mark.parametrize(
    ("kind", "selector", "sub", "form"),
    [
        ("MC", "SAVR", "TX", "one"),
        ("MC", "SAHR", "TX", "one"),
        ("MC", "MAVR", "TX", "several"),
        ("MC", "DL", None, "list"),
        ("MC", "NPS", None, "scale"),
        ("Matrix", "Likert", "SingleAnswer", "matrix"),
        ("Matrix", "Likert", "MultipleAnswer", "matrix_several"),
        ("Matrix", "RO", None, "other"),
        ("TE", "SL", None, "line"),
        ("TE", "ML", None, "text"),
        ("TE", "FORM", None, "lines"),
        ("Slider", "HSLIDER", None, "sliders"),
        ("RO", "DND", "TX", "numbers"),
        ("DB", "TB", None, "words"),
        ("HeatMap", "Image", None, "other"),
    ],
)
def test_each_type_has_the_form_in_which_it_is_answered(kind, selector, sub, form):
    (shown,) = questionnaire(survey(QID1=question(kind, selector, sub, choices=THREE)))
    assert shown["form"] == form


def test_choices_keep_their_order_and_their_words():
    (shown,) = questionnaire(survey(QID1=question("MC", "SAVR", "TX", text="<b>How</b> was&nbsp;it?", choices=THREE)))
    assert (shown["id"], shown["tag"], shown["wording"], shown["required"]) == ("QID1", "Q1", "How was it?", False)
    assert [(each["value"], each["label"]) for each in shown["choices"]] == [
        ("30", "Label 3"), ("10", "Label 1"), ("20", "Label 2"),
    ]  # fmt: skip


def test_a_matrix_has_rows_and_columns_and_a_form_has_lines():
    matrix, form = questionnaire(
        survey(
            QID1=question("Matrix", "Likert", "SingleAnswer", choices=THREE, rows=ROWS),
            QID2=question("TE", "FORM", choices=ROWS),
        )
    )
    assert (matrix["rows"], len(matrix["choices"])) == (["Seats", "Toilets"], 3)
    assert (form["rows"], form["choices"]) == (["Seats", "Toilets"], [])


def test_questions_stand_as_the_blocks_have_them_without_what_nobody_sees():
    asked = {f"QID{n}": question("TE", "SL", name=f"Q{n}") for n in range(1, 5)} | {
        "QID9": question("Timing", "PageTimer")
    }
    blocks = {
        "BL_1": {"elements": [{"type": "Question", "questionId": "QID3"}, {"type": "PageBreak"}]},
        "BL_2": {"elements": [{"type": "Question", "questionId": "QID1"}, {"type": "Question", "questionId": "QID9"}]},
    }
    thrown_away = Definition("SV_1", "", None, "", {}, frozenset({"QID4"}))
    assert [each["id"] for each in questionnaire(survey(blocks, **asked), thrown_away)] == ["QID3", "QID1", "QID2"]
