"""Everything of a survey that can be mapped, question by question, and beside the questions: embedded data and scores.

What the types of questions do not tell is taken from the response schema, which describes each field of a response: side by
side columns, matrices with several answers, types unknown here. What cannot be measured is listed with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from feedback.models import Question
from integrations.qualtrics.questions import QuestionRecord, _single, items_of, label_of, plain, question_records
from integrations.qualtrics.records import Definition, Survey, mapping, text
from integrations.qualtrics.wording import looped

Schema = Mapping[str, Mapping[str, Any]]

_PART = re.compile(
    r"(?P<loop>x?\d{1,6}_)?(?P<qid>QID\d{1,9})(?:\#(?P<column>\d{1,6}))?"
    r"(?:_(?!TEXT$)(?P<row>[A-Za-z0-9]{1,20}))?(?:_(?P<choice>\d{1,6}))?(?P<text>_TEXT)?",
    re.ASCII,
)
_LOOPED = re.compile(r"(x?(\d{1,6}))_QID\d", re.ASCII)
_TEXT_IQ = re.compile(
    r"(?P<about>.{1,150}?)_(?:[0-9a-f]{24}|[0-9a-f]{8}_[0-9a-z]{12})(?P<what>Topics|ParTopics|SenPol|SenScore|Sentiment"
    r"|TopicSenLabel|TopicSenScore|TopicHierarchy\d{1,3}|Actionability|Effort|EffortNumeric|Emotion|EmotIntensity)",
    re.ASCII,
)
_TEXT_IQ_NUMBERS = {"SenPol", "SenScore", "TopicSenScore", "EffortNumeric"}
_SCORE = re.compile(r"SC_[A-Za-z0-9]{1,60}", re.ASCII)
# The names of embedded fields are the survey author's; the vendor allows 200 characters.
_LONGEST_NAME = 200

_WHY_NOT = {
    "DB": Question.WhyNot.READ,
    "Timing": Question.WhyNot.TECHNICAL,
    "Meta": Question.WhyNot.TECHNICAL,
    "Captcha": Question.WhyNot.TECHNICAL,
    "FileUpload": Question.WhyNot.FILE,
    "Signature": Question.WhyNot.FILE,
    "HeatMap": Question.WhyNot.PLACES,
    "HotSpot": Question.WhyNot.PLACES,
    "HL": Question.WhyNot.PLACES,
}
# What the author of the survey says that an embedded field holds.
_NO_NUMBERS = {"Date": Question.WhyNot.DATES, "MultiValueNominal": Question.WhyNot.WORDS}


def source_records(survey: Survey, schema: Schema, definition: Definition | None = None) -> list[QuestionRecord]:
    """Every field of this survey: questions in their order, each with what belongs to it, then embedded data, then scores."""
    thrown_away = definition.thrown_away if definition else frozenset()
    asked: dict[str, list[QuestionRecord]] = {}
    for record in question_records(survey, schema, definition):
        asked.setdefault(record.qid, []).append(record)
    described = _by_question(schema)
    analysed = _text_iq(schema)
    loops = _loops(survey, definition)

    found: dict[str, QuestionRecord] = {}  # by field: of two the first is taken
    for qid, question in survey.questions.items():
        if qid in thrown_away:
            continue
        rows = list(_of_question(qid, question, asked.get(qid, []), described.get(qid, {}), schema))
        for record in rows:
            for each in (record, *_analyses(record, analysed, schema)):
                found.setdefault(each.field, _in_loop(each, loops.get(qid, {})))
    for record in (*_embedded(survey, schema, definition), *_scores(schema, definition)):
        for each in (record, *_analyses(record, analysed, schema)):
            found.setdefault(each.field, each)
    return list(found.values())


def names_of(survey: Survey, definition: Definition | None) -> dict[str, str]:
    """What the ids in piped text stand for: the tags of questions, the names of scores."""
    tags = {qid: text(question.get("questionName")) for qid, question in survey.questions.items()}
    return tags | (definition.scores if definition else {})


# --- questions ------------------------------------------------------------------------------------------------------------


def _of_question(
    qid: str,
    question: Mapping[str, Any],
    records: list[QuestionRecord],
    described: Schema,
    schema: Schema,
) -> Iterator[QuestionRecord]:
    """Its fields as its type names them; else as the schema describes them; else one row with the reason."""
    type_ = text(mapping(question.get("questionType")).get("type"))
    base = next(iter(records), None) or _bare(qid, question, type_)
    some = False
    for record in records:
        if record.mappable:
            some = True
            yield record
            if record.kind == "multi":
                yield from _each_choice(record, _options(mapping(schema.get(record.field)).get("items")))
    if some:
        return
    why_not: str = _WHY_NOT.get(type_, "")
    for field, item in described.items() if not why_not else ():
        for record in _from_schema(replace(base, mappable=True), question, field, item):
            some = True
            yield record
    if not some:
        if not why_not:
            why_not = Question.WhyNot.UNSUITED if described else Question.WhyNot.NOT_EXPORTED
        # A field that no response has: a question that becomes unsuited is gone, it is not asked in another way.
        yield replace(base, field=f"{qid}?", kind="other", choices=(), mappable=False, why_not=why_not)


def _bare(qid: str, question: Mapping[str, Any], type_: str) -> QuestionRecord:
    tag = text(question.get("questionName")) or qid
    wording = plain(question.get("questionText")) or plain(question.get("questionLabel")) or tag
    return QuestionRecord(qid, qid, wording, tag[:120], type_, "", "other")


def _by_question(schema: Schema) -> dict[str, dict[str, Mapping[str, Any]]]:
    """The fields of questions, by the question's id."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for field, item in schema.items():
        if item.get("dataType") in (None, "question"):
            match = _PART.fullmatch(field)
            found.setdefault(match["qid"] if match else text(item.get("questionId")), {})[field] = item
    return found


def _from_schema(
    base: QuestionRecord, question: Mapping[str, Any], field: str, item: Mapping[str, Any]
) -> Iterator[QuestionRecord]:
    """One field as the schema describes it, with the words of column, row and choice as far as the question tells them."""
    match = _PART.fullmatch(field)
    if match is None:
        return
    column = mapping(mapping(question.get("columns")).get(match["column"] or ""))
    rows = items_of(question.get("subQuestions")) or items_of(column.get("subQuestions"))
    choices = items_of(column.get("choices")) or ({} if match["column"] else items_of(question.get("choices")))
    options = _options(item) or _options(item.get("items"))
    coded = choices or {code: {"recode": code, "choiceText": label} for code, label in options.items()}
    row = label_of(rows[match["row"]]) if match["row"] in rows else ""
    words = [base.wording, plain(column.get("questionText") or column.get("description")), row]
    if not any(words[1:]):
        words = [plain(item.get("description")) or base.wording]
    record = replace(
        base, field=field, label=(text(item.get("exportTag")) or field)[:120], wording=_joined(words, match["loop"])
    )
    selectors = (*base.selector.split("/"), text(mapping(column.get("questionType")).get("subSelector")))
    several = "MultipleAnswer" in selectors or match["column"] is not None
    if match["choice"] and several and not match["text"] and item.get("type") != "array":
        # A field of its own for each choice.
        label = label_of(choices[match["choice"]]) if match["choice"] in choices else match["choice"]
        yield _choice(replace(record, wording=_joined([*words, label], match["loop"])), field, label)
    elif item.get("type") == "array":
        by_id = {choice_id: label_of(choice) for choice_id, choice in choices.items()}
        yield from _each_choice(replace(record, choices=_as_listed(by_id or options)), options)
    elif match["text"]:
        yield replace(record, kind="text")
    elif item.get("type") in ("number", "integer"):
        yield _single(record, coded) if coded else replace(record, kind="number")
    elif options:
        yield _single(record, coded)
    elif item.get("type") in ("string", None) and match["row"]:
        yield replace(record, kind="text")


def _joined(words: Iterable[str], loop: str | None) -> str:
    wording = " – ".join(filter(None, words))
    return f"{wording} ({loop.strip('x_')})" if loop else wording


def _options(item: Any) -> dict[str, str]:
    """The codes that a field can hold, each with its label."""
    options = mapping(item).get("oneOf")
    return {
        str(option.get("const")): plain(option.get("label"))
        for option in (options if isinstance(options, list) else ())
        if isinstance(option, dict) and isinstance(option.get("const"), str | int | float)
    }


def _as_listed(labels: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    return tuple({"value": code, "label": label or code, "analyze": True} for code, label in labels.items())


def _each_choice(record: QuestionRecord, options: Mapping[str, str]) -> Iterator[QuestionRecord]:
    """Of a field with several answers: a row for each choice, for the share who chose it."""
    codes = {label: code for code, label in options.items()}
    for choice in record.choices:
        value, label = str(choice["value"]), str(choice["label"])
        code = value if value in options else codes.get(label, value)
        row = replace(record, label=f"{record.label}_{code}"[:120], wording=f"{record.wording} – {label}")
        yield _choice(row, f"{record.field}={code}", label)


def _choice(record: QuestionRecord, field: str, label: str) -> QuestionRecord:
    return replace(record, field=field, kind="chosen", choices=(), scale_min=0, scale_max=1, chosen=label or field)


# --- loops ----------------------------------------------------------------------------------------------------------------


def _loops(survey: Survey, definition: Definition | None) -> dict[str, dict[str, dict[str, str]]]:
    """What each loop of a looped question is about: {question: {number of the loop: {its field: words}}}."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for block in definition.blocks if definition else ():
        options = mapping(mapping(block.get("Options")).get("LoopingOptions"))
        loops = {
            number: {field: plain(words) for field, words in mapping(fields).items()}
            for number, fields in mapping(options.get("Static")).items()
        }
        if not loops:  # once for each choice of a question
            over = survey.questions.get(text(options.get("QID")), {})
            loops = {choice: {"1": label_of(item)} for choice, item in items_of(over.get("choices")).items()}
        for element in mapping(block.get("BlockElements")).values() if loops else ():
            found[text(mapping(element).get("QuestionID"))] = loops
    return found


def _in_loop(record: QuestionRecord, loops: Mapping[str, Mapping[str, str]]) -> QuestionRecord:
    match = _LOOPED.match(record.field)
    values = loops.get(match[2]) if match else None
    if match is None or not values:
        return record
    before, _number, behind = record.wording.rpartition(f" ({match[2]})")
    return replace(record, wording=f"{looped(before + behind, values)} ({next(iter(values.values())) or match[2]})")


# --- beside the questions -------------------------------------------------------------------------------------------------


def _embedded(survey: Survey, schema: Schema, definition: Definition | None) -> Iterator[QuestionRecord]:
    """Fields that a response carries without being asked: those of the survey's flow, then others that responses have."""
    declared = _declared(definition)
    described = [field for field, item in schema.items() if item.get("dataType") == "embeddedData"]
    for name in dict.fromkeys((*survey.embedded_data, *declared, *described)):
        item = mapping(schema.get(name))
        known_otherwise = item.get("dataType", "embeddedData") != "embeddedData"
        if (
            not name
            or len(name) > _LONGEST_NAME
            or known_otherwise
            or _SCORE.fullmatch(name)
            or _TEXT_IQ.fullmatch(name)
        ):
            continue
        why_not: str = _NO_NUMBERS.get(declared.get(name, ""), "")
        if item.get("format") in ("date", "date-time"):
            why_not = Question.WhyNot.DATES
        yield _beside(name, name, "ED", "other" if why_not else "embedded", why_not)


def _declared(definition: Definition | None) -> dict[str, str]:
    """The embedded fields that the survey's flow sets, each with what it is said to hold."""
    found: dict[str, str] = {}
    nodes = [definition.flow] if definition else []
    while nodes:
        node = nodes.pop()
        for each in mapping(node.get("EmbeddedData")).values():
            if isinstance(each, dict) and text(each.get("Field")):
                found.setdefault(each["Field"], text(each.get("VariableType")))
        nodes += [each for each in reversed(mapping(node.get("Flow")).values()) if isinstance(each, dict)]
    return found


def _scores(schema: Schema, definition: Definition | None) -> Iterator[QuestionRecord]:
    """Points that the survey adds up for each response."""
    named = definition.scores if definition else {}
    for field in dict.fromkeys((*named, *filter(_SCORE.fullmatch, schema))):
        if len(field) <= _LONGEST_NAME:
            yield _beside(
                field, named.get(field) or plain(mapping(schema.get(field)).get("description")), "SC", "score"
            )


def _beside(field: str, name: str, type_: str, kind: Any, why_not: str = "") -> QuestionRecord:
    return QuestionRecord(field, "", name or field, field[:120], type_, "", kind, mappable=not why_not, why_not=why_not)


# --- Text iQ --------------------------------------------------------------------------------------------------------------


def _text_iq(schema: Schema) -> dict[str, list[tuple[str, str]]]:
    """What Text iQ adds, by the field that it analyses: [(field, what it holds)]."""
    found: dict[str, list[tuple[str, str]]] = {}
    for field in schema:
        if match := _TEXT_IQ.fullmatch(field):
            found.setdefault(match["about"], []).append((field, match["what"]))
    return found


def _analyses(
    record: QuestionRecord, analysed: Mapping[str, list[tuple[str, str]]], schema: Schema
) -> Iterator[QuestionRecord]:
    """The Text iQ fields of a comment: scores are numbers, topics and labels are not."""
    for field, what in analysed.get(record.field, ()):
        item = schema[field]
        named = text(item.get("exportTag")) or text(item.get("description")) or f"{record.label} - {what}"
        about = replace(record, field=field, type="TextIQ", selector=what, about_field=record.field, why_not="")
        if what == "Sentiment":  # those of questions are known already
            yield replace(about, kind="sentiment", scale_min=-2, scale_max=2)
        elif what in _TEXT_IQ_NUMBERS:
            yield replace(about, kind="score", label=named[:120], mappable=True)
        else:
            yield replace(about, kind="other", label=named[:120], mappable=False, why_not=Question.WhyNot.WORDS)
