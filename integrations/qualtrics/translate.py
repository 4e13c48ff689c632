"""From one line of an export to a response ready for storing, or to the reason why it cannot be.

Only what is mapped is looked at: a record has forty fields, an item needs one. Personal fields (IP address, location,
recipient) are never read.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from math import isfinite
from typing import Any

import orjson

from feedback.intake import NewResponse
from feedback.mapping.values import UNREADABLE_BIN
from feedback.models import Response
from integrations.qualtrics.chosen import NOT_SHOWN, OneOfSeveral
from integrations.qualtrics.questions import Kind, QuestionRecord, question_records
from ui.typed_numbers import number_in

__all__ = ["Kind", "QuestionRecord", "Rejected", "Translator", "question_records"]

LONGEST_TEXT = 64 * 1024
# Bits of `NewResponse.flags`.
TEXT_CUT = 1  # a comment was longer than 64 KB
TEXT_REPAIRED = 2  # characters that no database stores became U+FFFD
ANSWER_UNREADABLE = 4  # an answer was not of its question's kind: that it was given is kept, not what it says

REJECTIONS = frozenset(
    {
        "empty",
        "broken_json",
        "not_a_record",
        "too_deep",
        "not_a_number",
        "no_response_id",
        "no_recorded_date",
        "no_status",
        "no_finished",
    }
)

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_ID_IN_LINE = re.compile(rb'"(?:responseId|_recordId)"\s*:\s*"([A-Za-z0-9_-]{1,64})"')
_NUMBER = re.compile(r"\s*[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})\s*", re.ASCII)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_SENTIMENTS: dict[str, int | str] = {
    "very negative": -2,
    "negative": -1,
    "neutral": 0,
    "positive": 1,
    "very positive": 2,
    "mixed": "mixed",
}
# Bits of the vendor's status that say that no customer answered; the first that is set decides.
_KINDS = (
    (1, Response.Kind.PREVIEW.value),
    (2, Response.Kind.TEST.value),
    (8, Response.Kind.SPAM.value),
    (256, Response.Kind.SYNTHETIC.value),
)
_NUMERIC = frozenset({"nps", "number", "choice", "embedded", "score"})
_MISSING: Any = object()
_UNREADABLE: Any = object()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that cannot be stored. `reason` is one of REJECTIONS; the id is there if it could be found."""

    reason: str
    external_id: str = ""


class Translator:
    """Translates the records of one survey. `mapping` is {field: (primary key of the question, kind)}."""

    def __init__(self, mapping: Mapping[str, Sequence[Any]]) -> None:
        # In a fixed order, so that equal answers give equal hashes.
        ordered = sorted(mapping.items(), key=lambda item: int(item[1][0]))
        self._plan = tuple((field, pk, kind, kind in _NUMERIC) for field, (pk, kind) in ordered if kind != "chosen")
        self._chosen = tuple(OneOfSeveral(field, pk) for field, (pk, kind) in ordered if kind == "chosen")
        self._comments = tuple(pk for _field, pk, kind, _is_numeric in self._plan if kind == "text")

    def translate(self, line: bytes) -> NewResponse | Rejected:
        """The response in one line of an export."""
        if len(line) < 3 and not line.strip():
            return Rejected("empty")
        flags = 0
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            # Rare: broken, or merely stricter than needed (half of a character pair in an escape).
            record, reason = _read_leniently(line)
            if reason:
                return Rejected(reason, _id_in(line))
            flags = TEXT_REPAIRED
        return self.translate_record(record, flags)

    def translate_record(self, record: Any, flags: int = 0) -> NewResponse | Rejected:
        """The response in a record that was read already."""
        if not isinstance(record, dict):
            return Rejected("not_a_record")
        if not record:
            return Rejected("empty")
        values = record.get("values")
        if not isinstance(values, dict):
            return Rejected("not_a_record")
        external_id = record.get("responseId") or values.get("_recordId")
        if not isinstance(external_id, str) or not _ID.fullmatch(external_id):
            return Rejected("no_response_id")
        recorded_at = _moment(values.get("recordedDate"))
        if recorded_at is None:
            return Rejected("no_recorded_date", external_id)
        status = values.get("status")
        if type(status) is not int:
            status = _status(status)
        if status is None or not 0 <= status < 32768:
            return Rejected("no_status", external_id)
        finished = values.get("finished")
        if finished != 1 and finished != 0:
            finished = _finished(finished)
            if finished is None:
                return Rejected("no_finished", external_id)
        language = values.get("userLanguage")
        language = language[:16].replace("\0", "") if isinstance(language, str) else ""
        channel = values.get("distributionChannel")
        channel = channel[:40].replace("\0", "") if isinstance(channel, str) else ""

        answers: dict[int, Any] = {}
        displayed: Any = None
        for field, pk, kind, is_numeric in self._plan:
            value = values.get(field, _MISSING)
            if type(value) is int and is_numeric:
                answers[pk] = value
                continue
            if value is not _MISSING and value is not None:
                value, flag = _read(value, kind, is_numeric)
                flags |= flag
                if value is _UNREADABLE:
                    continue
                if value is not None:
                    answers[pk] = value
                    continue
            # Shown and left empty differs from never shown.
            if displayed is None:
                shown = record.get("displayedFields")
                displayed = shown if isinstance(shown, list) else ()
            if field in displayed:
                answers[pk] = None
        for one in self._chosen:
            answer = one.read(values, record.get("displayedFields"))
            if answer is not NOT_SHOWN:
                answers[one.question] = answer
        modified = values.get("lastModifiedDate")
        return NewResponse(
            external_id,
            recorded_at,
            recorded_at if modified == values["recordedDate"] else _moment(modified),
            status,
            bool(finished),
            language,
            channel,
            answers,
            _hash(recorded_at, status, bool(finished), language, channel, answers),
            flags,
            kind=kind_of(status, bool(finished)),
            has_text=any(answers.get(pk) for pk in self._comments),
        )


@lru_cache(maxsize=1024)
def kind_of(status: int, finished: bool) -> str:
    """What a response is, one of `Response.Kind`, from the vendor's status: a sum of bits.

    Imported (4), offline (16) and employee (32) responses count like any other. The content's hash holds what the kind follows
    from: whoever changes this rule brings the stored rows in line with a migration.
    """
    for bit, kind in _KINDS:
        if status & bit:
            return kind
    return Response.Kind.COUNTED.value if finished else Response.Kind.UNFINISHED.value


def _hash(at: datetime, status: int, finished: bool, language: str, channel: str, answers: dict[int, Any]) -> bytes:
    facts = (at, status, finished, language, channel, list(answers), list(answers.values()))
    return hashlib.blake2b(orjson.dumps(facts), digest_size=16).digest()


def _moment(value: Any) -> datetime | None:
    """A date in UTC, to the millisecond. Without a zone it is refused: it would be a guess."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is not UTC:
            if at.tzinfo is None:
                return None
            at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    spare = at.microsecond % 1000
    return at.replace(microsecond=at.microsecond - spare) if spare else at


def _status(value: Any) -> int | None:
    number = _numeric(value)
    return number if isinstance(number, int) else None


def _finished(value: Any) -> bool | None:
    return {"1": True, "0": False, "true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def _read(value: Any, kind: str, is_numeric: bool) -> tuple[Any, int]:
    """The value as it is stored, None if it is empty; and flags.

    What is not of its kind is UNREADABLE_BIN where answers are counted by value, else _UNREADABLE: it is not kept.
    """
    if value == "" or value == []:
        return None, 0
    if is_numeric:
        if isinstance(value, str) and not value.strip():
            return None, 0
        number = _numeric(value)
        return (UNREADABLE_BIN, ANSWER_UNREADABLE) if number is None else (number, 0)
    if kind == "text":
        return _comment(value)
    if kind == "sentiment":
        found = _SENTIMENTS.get(value.strip().lower()) if isinstance(value, str) else None
        return (UNREADABLE_BIN, ANSWER_UNREADABLE) if found is None else (found, 0)
    return _several(value)


def _numeric(value: Any) -> int | float | None:
    """A finite number, whole ones as int; from text as well: some surveys export "9", and people type "7,5"."""
    if isinstance(value, str):
        value = float(value) if _NUMBER.fullmatch(value) else number_in(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return value if abs(value) < 1 << 53 else None
    if not isfinite(value) or abs(value) >= 1 << 53:
        return None
    return int(value) if value.is_integer() else value


def _comment(value: Any) -> tuple[Any, int]:
    """A customer's words, whole, unless they are too long or hold what no database stores."""
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return _UNREADABLE, ANSWER_UNREADABLE
        value = str(value)
    if not value.strip():
        return None, 0
    flags = 0
    if "\0" in value:
        value, flags = value.replace("\0", "\ufffd"), TEXT_REPAIRED
    if len(value) > LONGEST_TEXT // 4:
        encoded = value.encode()
        if len(encoded) > LONGEST_TEXT:
            value, flags = encoded[:LONGEST_TEXT].decode(errors="ignore"), flags | TEXT_CUT
    return value, flags


def _several(value: Any) -> tuple[Any, int]:
    """The chosen choices; their order says nothing."""
    items: Iterable[Any] = value if isinstance(value, list) else [value]
    chosen = set()
    for item in items:
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            return _UNREADABLE, ANSWER_UNREADABLE
        chosen.add(str(item).replace("\0", "\ufffd")[:100])
    return sorted(chosen), 0


def _read_leniently(line: bytes) -> tuple[Any, str]:
    """A record that the fast reader refused, or the reason to reject it."""
    try:
        record = json.loads(line, parse_constant=_no_constant)
        return json.loads(_LONE_SURROGATE.sub("\ufffd", json.dumps(record, ensure_ascii=False, allow_nan=False))), ""
    except RecursionError:
        return None, "too_deep"
    except _NotFinite:
        return None, "not_a_number"
    except ValueError as error:
        infinite = "Out of range float" in str(error) or "integer string conversion" in str(error)
        return None, "not_a_number" if infinite else "broken_json"


class _NotFinite(Exception):
    pass


def _no_constant(name: str) -> Any:
    raise _NotFinite(name)


def _id_in(line: bytes) -> str:
    match = _ID_IN_LINE.search(line[:65536])
    return match[1].decode() if match else ""
