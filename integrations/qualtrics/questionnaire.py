"""From a survey, as Qualtrics describes it, to its questions as a respondent sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from integrations.qualtrics.questions import code_of, ends_of, items_of, label_of, plain
from integrations.qualtrics.records import Definition, Survey, mapping, text
from integrations.qualtrics.wording import readable

# What is never shown to a respondent.
_UNSEEN = {"Timing", "Meta", "Captcha"}
_FORMS = {
    ("MC", "NPS"): "scale",
    ("MC", "DL"): "list",
    ("MC", "SB"): "list",
    ("TE", "SL"): "line",
    ("TE", "ML"): "text",
    ("TE", "ESTB"): "text",
    ("TE", "FORM"): "lines",
}
_BY_TYPE = {"MC": "one", "Matrix": "matrix", "DB": "words", "Slider": "sliders", "CS": "numbers", "RO": "numbers"}


def questionnaire(
    survey: Survey, definition: Definition | None = None, names: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """The questions in the order in which they are asked, without those in the trash.

    Each is `{"id", "tag", "wording", "form", "choices", "rows", "low", "high", "required"}`. `form` says how it is
    answered: words (nothing to answer), one, several, list, scale, matrix, matrix_several, line, text, lines, sliders,
    numbers, or other. `choices` are `{"value", "label"}`, `rows` the texts of a matrix' rows or of the parts of a question.
    `names` tell what the ids in piped text stand for.
    """
    thrown_away = definition.thrown_away if definition else frozenset()
    return [
        _shown(qid, survey.questions[qid], definition, names or {})
        for qid in _in_order(survey)
        if qid not in thrown_away and _type(survey.questions[qid])[0] not in _UNSEEN
    ]


def _in_order(survey: Survey) -> Iterator[str]:
    """As the blocks have them; then whatever no block names."""
    placed: dict[str, None] = {}
    for block in survey.blocks.values():
        for element in mapping(block.get("elements")).values():
            qid = text(element.get("questionId")) if isinstance(element, dict) else ""
            if qid in survey.questions:
                placed[qid] = None
    yield from placed
    yield from (qid for qid in survey.questions if qid not in placed)


def _shown(
    qid: str, question: Mapping[str, Any], definition: Definition | None, names: Mapping[str, str]
) -> dict[str, Any]:
    kind, selector = _type(question)
    form = _form(question)
    choices = items_of(question.get("choices"))
    rows = items_of(question.get("subQuestions"))
    parts = rows if kind == "Matrix" else choices or rows
    low, high = ends_of(kind, selector, qid, len(parts), definition) if form in ("sliders", "numbers") else (None, None)
    has_choices = form in ("one", "several", "list", "scale", "matrix", "matrix_several")
    tag = text(question.get("questionName")) or qid
    return {
        "id": qid,
        "tag": tag,
        "wording": readable(plain(question.get("questionText")), names) or text(question.get("questionLabel")) or tag,
        "form": form,
        "choices": [
            {"value": code_of(choice_id, choice), "label": readable(label_of(choice), names)}
            for choice_id, choice in (choices.items() if has_choices else ())
        ],
        "rows": [readable(label_of(part), names) for part in parts.values()]
        if form in ("matrix", "matrix_several", "lines", "sliders", "numbers")
        else [],
        "low": low,
        "high": high,
        "required": mapping(question.get("validation")).get("doesForceResponse") is True,
    }


def _type(question: Mapping[str, Any]) -> tuple[str, str]:
    type_ = mapping(question.get("questionType"))
    return text(type_.get("type")), text(type_.get("selector"))


def _form(question: Mapping[str, Any]) -> str:
    kind, selector = _type(question)
    sub = text(mapping(question.get("questionType")).get("subSelector"))
    form = _FORMS.get((kind, selector)) or _BY_TYPE.get(kind, "other")
    if form == "one" and selector.startswith("MA"):
        return "several"
    if form == "matrix" and selector not in ("Likert", "Bipolar", "Profile"):
        return "other"
    return "matrix_several" if form == "matrix" and sub == "MultipleAnswer" else form
