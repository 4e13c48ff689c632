"""From a survey, as Qualtrics describes it, to the fields that can be measured or read: one record a field."""

import hashlib
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import nh3
import orjson

from integrations.qualtrics.records import Definition, Survey, mapping, text

Form = Literal["", "rank", "stars", "decimals"]
Kind = Literal["choice", "nps", "number", "text", "sentiment", "multi", "chosen", "embedded", "score", "other"]

_SINGLE = {"SAVR", "SAHR", "SACOL", "DL", "SB"}
_MULTIPLE = {"MAVR", "MAHR", "MACOL", "MSB"}
_COMMENT = {"SL", "ML", "ESTB"}
_ITEMS_ARE_NUMBERS = {"Slider", "CS", "RO"}
# Nothing that a customer says about the journey.
_SILENT = {"DB", "Timing", "Meta", "Captcha"}
_LOOP = re.compile(r"x?(\d{1,6})_(QID.+)", re.ASCII)
_SENTIMENT = re.compile(
    r"(?P<about>(?:x?\d{1,6}_)?QID\d.{0,60}?)_(?:[0-9a-f]{24}|[0-9a-f]{8}_[0-9a-z]{12})Sentiment", re.ASCII
)
_BREAK = re.compile(r"<\s*(?:br|/p|/div|/li|/h\d|/td)\b[^>]*>", re.IGNORECASE)
_LONGEST_WORDING = 2000


@dataclass(frozen=True, slots=True)
class QuestionRecord:
    """One field of a survey's responses.

    `choices` are `{"value", "label", "analyze"}`; a value is the text under which answers are counted, e.g. "4".
    `about_field` is, for a sentiment, the field of the comment that it judges; `chosen` the label of the one choice of
    several that is counted. Fields that are not `mappable` are known, so that nobody searches for them, but cannot feed an
    item; `why_not` is one of `feedback.models.Question.WhyNot`.
    """

    field: str
    qid: str
    wording: str
    label: str
    type: str
    selector: str
    kind: Kind
    scale_min: float | None = None
    scale_max: float | None = None
    choices: tuple[dict[str, Any], ...] = ()
    about_field: str = ""
    mappable: bool = True
    chosen: str = ""
    why_not: str = ""
    form: Form = ""

    @property
    def fingerprint(self) -> str:
        """Of what decides how answers are counted: if it changes, old and new answers no longer mean the same.

        Rewording the question changes nothing; renaming, adding or swapping choices does.
        """
        choices = sorted((choice["value"], choice["label"], choice["analyze"]) for choice in self.choices)
        facts = (
            self.qid,
            self.kind,
            self.type,
            self.selector,
            self.scale_min,
            self.scale_max,
            choices,
            self.about_field,
            *filter(None, (self.chosen,)),
        )
        return hashlib.blake2b(orjson.dumps(facts), digest_size=16).hexdigest()


def plain(source: Any) -> str:
    """The words of a question or choice, without markup, in one line."""
    spaced = _BREAK.sub(" ", text(source))
    return " ".join(html.unescape(nh3.clean(spaced, tags=set())).split())[:_LONGEST_WORDING]


def question_records(
    survey: Survey, schema: Mapping[str, Mapping[str, Any]] | None = None, definition: Definition | None = None
) -> list[QuestionRecord]:
    """Every field of this survey, in the order of its questions, sentiments after their comments.

    With the response schema: only fields that responses really have, loops and Text iQ included. Without it: what
    follows from the questions. The definition adds the ends of sliders and which questions were thrown away.
    """
    thrown_away = definition.thrown_away if definition else frozenset()
    records = [
        record
        for qid, question in survey.questions.items()
        if qid not in thrown_away
        for record in _of_question(qid, question, definition)
    ]
    if schema is None:
        return records
    found = _in_schema(records, schema)
    return [wanted for record in found for wanted in (record, *_sentiments(record, schema))]


def _in_schema(records: list[QuestionRecord], schema: Mapping[str, Mapping[str, Any]]) -> list[QuestionRecord]:
    """The records whose field the schema has, once per loop of a looped block."""
    loops: dict[str, list[tuple[int, str]]] = {}
    for field, item in schema.items():
        match = _LOOP.fullmatch(field)
        if match and item.get("dataType") != "embeddedData":
            loops.setdefault(match[2], []).append((int(match[1]), field))
    found = []
    for record in records:
        described = schema.get(record.field)
        if described is not None or not record.mappable:
            found.append(_with_type(record, described or {}))
        for number, field in sorted(loops.get(record.field, [])):
            looped = replace(record, field=field, label=f"{number}_{record.label}"[:120])
            found.append(replace(looped, wording=f"{record.wording} ({number})"))
    return found


def _with_type(record: QuestionRecord, item: Mapping[str, Any]) -> QuestionRecord:
    """A text field that takes numbers only is a number."""
    is_number = record.kind == "text" and record.mappable and item.get("type") in ("number", "integer")
    return replace(record, kind="number") if is_number else record


def _sentiments(record: QuestionRecord, schema: Mapping[str, Mapping[str, Any]]) -> Iterator[QuestionRecord]:
    """What Text iQ says of a comment. These fields are embedded data, named after the comment's field."""
    if record.kind != "text" or not record.mappable:
        return
    for field in schema:
        match = _SENTIMENT.fullmatch(field)
        if match and match["about"] == record.field:
            yield QuestionRecord(
                field=field,
                qid=record.qid,
                wording=record.wording,
                label=record.label,
                type="TextIQ",
                selector="Sentiment",
                kind="sentiment",
                scale_min=-2,
                scale_max=2,
                about_field=record.field,
            )


def _of_question(qid: str, question: Mapping[str, Any], definition: Definition | None) -> Iterator[QuestionRecord]:
    """The fields of one question, as its type names them."""
    type_ = mapping(question.get("questionType"))
    kind, selector, sub = text(type_.get("type")), text(type_.get("selector")), text(type_.get("subSelector"))
    if kind in _SILENT:
        return
    tag = text(question.get("questionName")) or qid
    base = QuestionRecord(
        field=qid,
        qid=qid,
        wording=plain(question.get("questionText")) or plain(question.get("questionLabel")) or tag,
        label=tag[:120],
        type=kind,
        selector="/".join(filter(None, (selector, sub))),
        kind="text",
    )
    choices = items_of(question.get("choices"))
    if kind == "MC" and selector == "NPS":
        yield replace(base, kind="nps", scale_min=0, scale_max=10, choices=_as_choices(choices))
    elif kind == "MC" and selector in _SINGLE:
        yield _single(base, choices)
        yield from _other_texts(base, choices)
    elif kind == "MC" and selector in _MULTIPLE:
        # Several answers are told apart by the choice's id, not by its recode.
        yield replace(base, kind="multi", choices=_as_choices(choices, by_id=True))
        yield from _other_texts(base, choices)
    elif kind == "Matrix" and selector in ("Likert", "Bipolar", "Profile") and sub in ("SingleAnswer", "DL", ""):
        for row_id, row in items_of(question.get("subQuestions")).items():
            yield _single(_part(base, row_id, row), choices)
    elif kind == "TE" and selector in _COMMENT:
        is_number = "ValidNumber" in str(question.get("validation"))
        yield replace(base, field=f"{qid}_TEXT", kind="number" if is_number else "text")
    elif kind == "TE" and selector == "FORM":
        for item_id, item in choices.items():
            yield _part(base, item_id, item)
    elif kind in _ITEMS_ARE_NUMBERS and selector not in ("TB",):
        parts = choices or items_of(question.get("subQuestions"))
        low, high = ends_of(kind, selector, qid, len(parts), definition)
        form = _form_of(kind, selector, qid, definition)
        for item_id, item in parts.items():
            yield replace(_part(base, item_id, item), kind="number", scale_min=low, scale_max=high, form=form)
    else:
        yield replace(base, mappable=False)


def _single(base: QuestionRecord, choices: Mapping[str, dict[str, Any]]) -> QuestionRecord:
    """A field with one choice as its answer; the scale spans what is analysed."""
    listed = _as_choices(choices)
    values = [_number(choice["value"]) for choice in listed if choice["analyze"]]
    numbers = [value for value in values if value is not None]
    whole = bool(numbers) and len(numbers) == len(values)
    return replace(
        base,
        kind="choice",
        choices=listed,
        scale_min=min(numbers) if whole else None,
        scale_max=max(numbers) if whole else None,
    )


def _part(base: QuestionRecord, item_id: str, item: Mapping[str, Any]) -> QuestionRecord:
    """One row, item or form line of a question."""
    words = label_of(item)
    return replace(
        base,
        field=f"{base.qid}_{item_id}",
        label=f"{base.label}_{item_id}"[:120],
        wording=f"{base.wording} – {words}" if words else base.wording,
    )


def _other_texts(base: QuestionRecord, choices: Mapping[str, dict[str, Any]]) -> Iterator[QuestionRecord]:
    """The lines beside choices such as "Other"."""
    for choice_id, choice in choices.items():
        if choice.get("textEntry"):
            part = _part(base, choice_id, choice)
            yield replace(part, field=f"{part.field}_TEXT", label=f"{part.label}_TEXT"[:120])


def items_of(source: Any) -> dict[str, dict[str, Any]]:
    """The choices or rows of a question by their ids, in display order."""
    return {key: item for key, item in mapping(source).items() if isinstance(item, dict)}


def label_of(item: Mapping[str, Any]) -> str:
    """The words of a choice or row."""
    return plain(item.get("choiceText") or item.get("description") or item.get("Display"))


def code_of(choice_id: str, choice: Mapping[str, Any]) -> str:
    """What answers carry for a choice: its recode, 0 among them, else its id."""
    recode = choice.get("recode")
    return choice_id if recode is None or recode == "" else str(recode)


def _as_choices(choices: Mapping[str, dict[str, Any]], by_id: bool = False) -> tuple[dict[str, Any], ...]:
    listed = []
    for choice_id, choice in choices.items():
        value = choice_id if by_id else code_of(choice_id, choice)
        number = None if by_id else _number(value)
        listed.append(
            {
                "value": value if number is None else f"{number:g}",
                "label": label_of(choice) or value,
                "analyze": choice.get("analyze") is not False,
            }
        )
    return tuple(listed)


def _number(value: str) -> float | None:
    return float(value) if re.fullmatch(r"[+-]?\d{1,12}(\.\d{1,6})?", value, re.ASCII) else None


def _form_of(kind: str, selector: str, qid: str, definition: Definition | None) -> Form:
    """How numbers are given, as far as the definition says it."""
    configuration = _configuration(qid, definition)
    if kind == "RO":
        return "rank"
    if selector == "STAR":
        return "stars" if configuration.get("StarType") in (None, "discrete") else "decimals"
    return "decimals" if _number(str(configuration.get("NumDecimals"))) else ""


def _configuration(qid: str, definition: Definition | None) -> Mapping[str, Any]:
    return mapping(definition.questions.get(qid, {}).get("Configuration")) if definition else {}


def ends_of(
    kind: str, selector: str, qid: str, items: int, definition: Definition | None
) -> tuple[float | None, float | None]:
    """The ends of the scale of sliders, stars and ranks, where they are known."""
    if kind == "RO":
        return 1, float(items)
    configuration = _configuration(qid, definition)
    low, high = configuration.get("CSSliderMin"), configuration.get("CSSliderMax")
    if selector == "STAR":
        low, high = 0, configuration.get("StarCount")
    return _number(str(low)), _number(str(high))
