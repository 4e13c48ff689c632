"""What a survey is: its questions, choices and fields, and the ids of its Text iQ columns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

TEXT_IQ_SUFFIXES = ("ParTopics", "SenPol", "SenScore", "Sentiment", "TopicSenLabel", "TopicSenScore", "Topics")
TEXT_IQ_COLUMNS = {
    "ParTopics": "Parent Topics",
    "SenPol": "Sentiment Polarity",
    "SenScore": "Sentiment Score",
    "Sentiment": "Sentiment",
    "TopicSenLabel": "Topic Sentiment Label",
    "TopicSenScore": "Topic Sentiment Score",
    "Topics": "Topics",
}
NPS_GROUPS = {1: "Detractor", 2: "Passive", 3: "Promoter"}
_MARKUP = re.compile(r"<[^>]+>")


def without_markup(text: str) -> str:
    """A wording as it stands in exports."""
    return _MARKUP.sub("", text).replace("&nbsp;", " ").replace("&amp;", "&").strip()


def nps_group(score: int) -> int:
    """1 detractor, 2 passive, 3 promoter."""
    return 1 if score <= 6 else 2 if score <= 8 else 3


@dataclass(slots=True)
class Choice:
    """One choice (or matrix column); its recode, not its id, stands in exports."""

    id: str
    text: str
    recode: str = ""
    analyze: bool = True
    variable_name: str | None = None
    text_entry: bool = False

    def __post_init__(self) -> None:
        self.recode = self.recode or self.id

    @property
    def label(self) -> str:
        """The text of exports with labels."""
        return self.variable_name or without_markup(self.text)


@dataclass(slots=True)
class Column:
    """One column of a side by side question; with `several` more than one choice may be ticked in a cell."""

    text: str
    choices: list[Choice]
    several: bool = False


@dataclass(slots=True)
class Question:
    """One question. `theme` and `shift` steer the made-up answers only."""

    id: str
    tag: str
    text: str
    type: str
    selector: str
    sub_selector: str | None = None
    choices: list[Choice] = field(default_factory=list)
    rows: dict[str, str] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)  # of a side by side question
    loops: dict[str, str] = field(default_factory=dict)  # number of the loop -> its first field; asked once for each
    label: str | None = None
    forced: bool = False
    text_iq: str | None = None  # the id of the analysis, if Text iQ was run on this question
    theme: str = ""
    shift: float = 0.0
    answered: float = 1.0  # the share of those who saw it and answered

    @property
    def is_nps(self) -> bool:
        """Is it the 0–10 recommendation question?"""
        return self.selector == "NPS"


@dataclass(slots=True, frozen=True)
class Field:
    """One answer field: what `values` of a record is keyed by."""

    key: str
    kind: str  # choice, multi, number, text, group, cell (of a matrix with several answers: ticked or not there)
    question: Question = field(compare=False, hash=False)
    tag: str
    description: str
    part: str = ""  # the row of a matrix, the choice of an "other" text
    choices: tuple[Choice, ...] = field(default=(), compare=False, hash=False)  # what a coded answer is one of
    loop: str = ""


def fields_of(question: Question) -> Iterator[Field]:
    """The fields of one question, in the order of an export; of a looped one once for each loop."""
    for each in _fields_once(question):
        for number, about in question.loops.items():
            wording = each.description.replace("${lm://Field/1}", about)
            yield replace(
                each, key=f"{number}_{each.key}", tag=f"{number}_{each.tag}", description=wording, loop=number
            )
        if not question.loops:
            yield each


def _fields_once(question: Question) -> Iterator[Field]:
    qid, tag, wording = question.id, question.tag, without_markup(question.text)
    choices = tuple(question.choices)
    if question.is_nps:
        yield Field(f"{qid}_NPS_GROUP", "group", question, f"{tag}_NPS_GROUP", f"{wording} - Group")
        yield Field(qid, "choice", question, tag, wording, choices=choices)
    elif question.type == "MC":
        several = question.selector.startswith("MA")
        yield Field(qid, "multi" if several else "choice", question, tag, wording, choices=choices)
        for choice in question.choices:
            if choice.text_entry:
                end = f"{choice.id}_TEXT"
                name = f"{wording} - {choice.label} - Text"
                yield Field(f"{qid}_{end}", "text", question, f"{tag}_{end}", name, choice.id)
    elif question.type == "SBS":
        for number, column in question.columns.items():
            for row, text in question.rows.items():
                part, name = f"#{number}_{row}", f"{wording} - {column.text} - {text}"
                kind = "multi" if column.several else "choice"
                yield Field(f"{qid}{part}", kind, question, f"{tag}{part}", name, row, tuple(column.choices))
    elif question.type == "Matrix" and question.sub_selector == "MultipleAnswer":
        for row, text in question.rows.items():
            for choice in question.choices:
                end, name = f"{row}_{choice.id}", f"{wording} - {without_markup(text)} - {choice.label}"
                yield Field(f"{qid}_{end}", "cell", question, f"{tag}_{end}", name, row, (choice,))
    elif question.type in ("Matrix", "Slider"):
        kind = "choice" if question.type == "Matrix" else "number"
        for row, text in question.rows.items():
            name = f"{wording} - {without_markup(text)}"
            yield Field(f"{qid}_{row}", kind, question, f"{tag}_{row}", name, row, choices)
    elif question.type == "TE":
        yield Field(f"{qid}_TEXT", "text", question, tag, wording)


@dataclass(slots=True)
class Survey:
    """A survey of one brand. `version` counts its edits, so that rendered exports can be kept."""

    id: str
    key: str
    name: str
    brand: str
    owner: str
    created: int
    modified: int
    questions: list[Question]
    language: str = "EN"
    embedded: dict[str, str | None] = field(default_factory=dict)  # name -> default value
    numbers: dict[str, tuple[int, int]] = field(default_factory=dict)  # embedded fields with numbers -> their range
    dates: frozenset[str] = frozenset()  # embedded fields said to hold dates
    scores: dict[str, str] = field(default_factory=dict)  # SC_… -> name; the points stand among the embedded data
    is_active: bool = True
    last_activated: int | None = None
    starts: int | None = None
    expires: int | None = None
    anonymised: bool = False
    project_type: str = "CustomerSatisfactionScore"
    trash: list[Question] = field(default_factory=list)
    busyness: float = 1.0  # made-up responses a day, on average
    mood: str = ""  # which demo mood shapes them
    deleted_responses: int = 0
    version: int = 0
    displayed: dict = field(default_factory=dict, repr=False, compare=False)  # rendered once per version
    _fields: tuple[int, list[Field], list[str]] | None = None

    def fields(self) -> list[Field]:
        """Every answer field, in display order."""
        return self._cached()[1]

    def named_fields(self) -> list[str]:
        """What stands beside the questions: embedded data and scores."""
        return [*self.embedded, *self.scores]

    def text_iq_keys(self) -> list[str]:
        """The Text iQ columns, e.g. `QID8_TEXT_<24 hex>Sentiment`."""
        return self._cached()[2]

    def question(self, qid: str) -> Question | None:
        """The question with this id."""
        return next((question for question in self.questions if question.id == qid), None)

    def _cached(self) -> tuple[int, list[Field], list[str]]:
        if self._fields is None or self._fields[0] != self.version:
            fields = [each for question in self.questions for each in fields_of(question)]
            keys = [key for question in self.questions for key in text_iq_keys_of(question)]
            self._fields = (self.version, fields, keys)
        return self._fields


def text_iq_keys_of(question: Question) -> list[str]:
    """The seven columns that Text iQ adds to an analysed text question."""
    if not question.text_iq:
        return []
    return [f"{question.id}_TEXT_{question.text_iq}{suffix}" for suffix in TEXT_IQ_SUFFIXES]


@lru_cache(maxsize=512)
def text_iq_suffix(key: str) -> str:
    """`Sentiment` of `QID8_TEXT_<24 hex>Sentiment`."""
    return next(suffix for suffix in sorted(TEXT_IQ_SUFFIXES, key=len, reverse=True) if key.endswith(suffix))
