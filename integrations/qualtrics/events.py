"""Reads a message that Qualtrics posts when a response is completed, and checks who sent it.

A message is a hint, not data: two ids, under a signature. The signature covers neither the time nor the topic, so ids are
taken from the signed text only, and a message that comes twice must do no harm.

The form and its signature: https://api.qualtrics.com/guides/docs/Guides/event-subscriptions/
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from integrations.vault.secret import Secret

LONGEST_MESSAGE = 64 * 1024
FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 40
_MAC = re.compile(r"[0-9a-fA-F]{128}", re.ASCII)
_SURVEY_ID = re.compile(r"SV_[0-9A-Za-z]{1,60}", re.ASCII)
_RESPONSE_ID = re.compile(r"R_[0-9A-Za-z]{1,60}", re.ASCII)


class NotAMessage(Exception):
    """This is not the form of a message; nothing in it was believed."""


class NotSigned(Exception):
    """Not signed, signed with another key, or its parts contradict each other."""


@dataclass(frozen=True, slots=True)
class Message:
    """The three fields of a signed message, as they came."""

    topic: str
    mac: str
    text: str


@dataclass(frozen=True, slots=True)
class Completed:
    """What a signed message tells. An id that could be none of Qualtrics' is empty, and never used in an address."""

    survey_id: str
    response_id: str


def topic_of(survey_id: str) -> str:
    """What to subscribe to, to hear of each completed response of a survey."""
    return f"surveyengine.completedResponse.{survey_id}"


def read_form(body: bytes) -> Message:
    """The fields of a form. Raises `NotAMessage`; `NotSigned` for the form without a signature."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:  # a UnicodeDecodeError is one
        raise NotAMessage from error
    names = [name for name, _value in pairs]
    if len(names) != len(set(names)):
        raise NotAMessage
    fields = dict(pairs)
    if not fields:
        raise NotAMessage
    if "MSG" not in fields or "HMAC" not in fields:
        raise NotSigned
    return Message(fields.get("Topic", ""), fields["HMAC"], fields["MSG"])


def signature(key: Secret, text: str) -> str:
    """The HMAC of a message's text: over its decoded bytes as they came, never over JSON written anew."""
    return hmac.new(key.reveal().encode(), text.encode(), hashlib.sha512).hexdigest()


def open_message(message: Message, keys: Iterable[Secret]) -> Completed:
    """What the message tells, if one of the keys has signed it. Raises `NotSigned`, `NotAMessage`."""
    if not _MAC.fullmatch(message.mac):
        raise NotSigned
    given = message.mac.lower()
    if not any(hmac.compare_digest(signature(key, message.text), given) for key in keys):
        raise NotSigned
    try:
        told = orjson.loads(message.text)
    except orjson.JSONDecodeError as error:  # the encrypted form, which is never asked for
        raise NotAMessage from error
    if not isinstance(told, dict):
        raise NotAMessage
    by_name = {name.lower(): value for name, value in told.items()}
    survey_id = _fitting(_SURVEY_ID, by_name.get("surveyid"))
    # The topic is not signed. It must say the same as the text, and is not looked at any further.
    brand, _dot, event = message.topic.partition(".")
    if topic_of(survey_id) not in (event, message.topic) or not brand:
        raise NotSigned
    return Completed(survey_id, _fitting(_RESPONSE_ID, by_name.get("responseid")))


def _fitting(form: re.Pattern[str], value: Any) -> str:
    return value if isinstance(value, str) and form.fullmatch(value) else ""
