"""What a survey is: its questions, choices and fields, and the ids of its Text iQ columns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
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
    kind: str  # choice, multi, number, text, group
    question: Question = field(compare=False, hash=False)
    tag: str
    description: str
    part: str = ""  # the row of a matrix, the choice of an "other" text


def fields_of(question: Question) -> Iterator[Field]:
    """The fields of one question, in the order of an export."""
    qid, tag, wording = question.id, question.tag, without_markup(question.text)
    if question.is_nps:
        yield Field(f"{qid}_NPS_GROUP", "group", question, f"{tag}_NPS_GROUP", f"{wording} - Group")
        yield Field(qid, "choice", question, tag, wording)
    elif question.type == "MC":
        yield Field(qid, "multi" if question.selector.startswith("MA") else "choice", question, tag, wording)
        for choice in question.choices:
            if choice.text_entry:
                end = f"{choice.id}_TEXT"
                name = f"{wording} - {choice.label} - Text"
                yield Field(f"{qid}_{end}", "text", question, f"{tag}_{end}", name, choice.id)
    elif question.type in ("Matrix", "Slider"):
        kind = "choice" if question.type == "Matrix" else "number"
        for row, text in question.rows.items():
            yield Field(f"{qid}_{row}", kind, question, f"{tag}_{row}", f"{wording} - {without_markup(text)}", row)
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
