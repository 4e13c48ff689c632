"""Reading an answer, apart from sending a request: envelope, errors, waiting time, the hint of another host."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from integrations.troubles.errors import (
    BadRequest,
    NotFound,
    QualtricsError,
    RightMissing,
    ServerTrouble,
    TokenRefused,
    TooManyRequests,
    UnexpectedAnswer,
)

LONGEST_WAIT = 900.0
_OTHER_HOST = re.compile(r"use this host instead:\s*(\S{1,300})", re.IGNORECASE)
# Codes that say "this does not exist any more" for things other than surveys.
_SURVEY_CODES = {"GSI_2", "GS_5"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: its `result`, and what `meta` said."""

    status: int
    result: Any
    request_id: str = ""
    other_host: str | None = None


def content_type(headers: Mapping[str, str]) -> str:
    """The bare content type, safe to show."""
    return re.sub(r"[^\x21-\x7e]", "", (headers.get("content-type") or "").split(";")[0])[:80] or "?"


def read_meta(body: bytes) -> dict[str, Any]:
    """The `meta` of a body, or nothing: gateways in front of Qualtrics answer with HTML or not at all."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    meta = document.get("meta") if isinstance(document, dict) else None
    return meta if isinstance(meta, dict) else {}


def request_id(body: bytes) -> str:
    """The name that Qualtrics gave this request, for its support."""
    return one_line(read_meta(body).get("requestId"))[:80]


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """The answer in the body of a 2xx."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("meta"), dict):
        kind = content_type(headers)
        raise UnexpectedAnswer(
            f"{len(body)} bytes of {kind} instead of JSON.", code="not_json", status=status, content_type=kind
        )
    meta = document["meta"]
    return Answer(status, document.get("result"), one_line(meta.get("requestId")), other_host(meta))


def other_host(meta: Mapping[str, Any]) -> str | None:
    """The host that Qualtrics asks to use instead of this one."""
    match = _OTHER_HOST.search(one_line(meta.get("notice")))
    return match[1].rstrip(".,;") if match else None


def error_of(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> QualtricsError:
    """The error that this answer means."""
    meta = read_meta(body)
    inner = meta.get("error")
    said = inner if isinstance(inner, dict) else meta  # the old shape has no `error`
    facts: dict[str, Any] = {
        "status": status,
        "error_code": one_line(said.get("errorCode") or said.get("internalErrorCode"))[:60],
        "error_message": one_line(said.get("errorMessage"))[:500],
        "request_id": one_line(meta.get("requestId") or said.get("errorId") or said.get("instanceId"))[:80],
    }
    if status == 401 or facts["error_code"] == "ATC_1":
        return TokenRefused("The token was refused.", **facts)
    if status == 403:
        return RightMissing("The token's user has no right to do this.", **facts)
    if status in (404, 410):
        gone = "survey_gone" if facts["error_code"] in _SURVEY_CODES else "not_found"
        return NotFound("Not found.", code=gone, **facts)
    if status == 429:
        return TooManyRequests("Too many requests.", retry_after=retry_after(headers, now), **facts)
    if status in (408, 425) or status >= 500:
        return ServerTrouble("Qualtrics has a fault or is busy.", retry_after=retry_after(headers, now), **facts)
    if 300 <= status < 400:
        return UnexpectedAnswer("A redirect, which is never followed.", code="redirected", **facts)
    if status < 300:
        return UnexpectedAnswer(
            "An answer without content.", code="not_json", content_type=content_type(headers), **facts
        )
    return BadRequest("Qualtrics does not accept this call.", code="too_large" if status == 413 else None, **facts)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait, as the server asked: a number or a date, never more than a quarter of an hour."""
    text = (headers.get("retry-after") or "").strip()
    if re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,9})?", text, re.ASCII):
        seconds = float(text)
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    return min(max(seconds, 0.0), LONGEST_WAIT)


def one_line(value: Any) -> str:
    """A vendor's text in one line; anything else is nothing."""
    if not isinstance(value, str):
        return ""
    return "".join(character if character.isprintable() else " " for character in value)
