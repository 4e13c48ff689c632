"""What a distribution consists of, the rules that its parts keep, the call that it becomes, and the way back. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from integrations.directory.forms import ONE_LINE

EMAIL, SMS = "email", "sms"
PATH = {EMAIL: ("distributions",), SMS: ("distributions", "sms")}
SMS_METHODS = ("Invite", "Interactive", "Reminder", "Thankyou")
LATER_METHODS = ("Reminder", "Thankyou")  # they follow a distribution that was sent before
LINK_TYPES = ("Individual", "Multiple", "Anonymous")
_ONE_LINE = ("from_email", "from_name", "reply_to", "subject", "name")

# The fields of either kind. Everything is text, but for the two moments.
FIELDS = {
    EMAIL: (
        *("survey", "directory", "mailing_list", "transaction_batch", "person", "library", "message", "message_text"),
        *("send_at", "expires_at", "from_email", "from_name", "reply_to", "subject", "link_type"),
    ),
    SMS: (
        *("survey", "directory", "mailing_list", "transaction_batch", "person", "sample", "library", "message"),
        *("message_text", "send_at", "expires_at", "name", "method", "parent"),
    ),
}


class Broken(Exception):
    """Rules that the wish breaks: field → sentence. Nothing was sent."""

    def __init__(self, rules: dict[str, str]) -> None:
        super().__init__(str(rules))
        self.rules = rules


def broken_rules(kind: str, wish: Mapping[str, Any]) -> dict[str, str]:
    """Field → what is wrong with it; nothing if the distribution may be sent."""
    wrong = {name: _("This must be on one line.") for name in _ONE_LINE if not _is_one_line(wish.get(name) or "")}
    wrong |= {name: _("This belongs to the other kind of distribution.") for name in _foreign(kind, wish)}
    needed = ("survey", "directory", *(("from_email", "subject") if kind == EMAIL else ("name", "method")))
    wrong |= {name: _("This field is required.") for name in needed if not wish.get(name)}
    if bool(wish.get("mailing_list")) == bool(wish.get("transaction_batch")):
        wrong["mailing_list"] = _("Choose a mailing list or a transaction batch. Both or neither is not permitted.")
    elif wish.get("transaction_batch"):
        for name in ("person", "sample"):
            if wish.get(name):
                wrong[name] = _("This goes with a mailing list only.")
    if wish.get("person") and wish.get("sample"):
        wrong["sample"] = _("Choose a contact or a sample, not both.")
    wrong |= _about_message(kind, wish)
    if kind == SMS:
        wrong |= _about_parent(wish)
    if wish.get("expires_at") and wish.get("send_at") and wish["expires_at"] <= wish["send_at"]:
        wrong["expires_at"] = _("The link must expire after the send date.")
    return wrong


def body_of(kind: str, wish: Mapping[str, Any], lookup_id: str, now: datetime) -> dict[str, Any]:
    """The body of the call. `lookup_id` is the contact's own id in the mailing list, if it is for one person."""
    recipients = {
        "mailingListId": wish.get("mailing_list"),
        "transactionBatchId": wish.get("transaction_batch"),
        "contactId": lookup_id,
        "sampleId": wish.get("sample"),
    }
    message = (
        {"messageText": wish["message_text"]}
        if wish.get("message_text")
        else {"libraryId": wish.get("library"), "messageId": wish.get("message")}
    )
    send_at = _moment(wish.get("send_at") or now)
    expires_at = _moment(wish["expires_at"]) if wish.get("expires_at") else None
    if kind == EMAIL:
        return {
            "message": _filled(message),
            "recipients": _filled(recipients),
            "header": _filled(
                {
                    "fromEmail": wish["from_email"],
                    "fromName": wish.get("from_name"),
                    "replyToEmail": wish.get("reply_to"),
                    "subject": wish["subject"],
                }
            ),
            "surveyLink": _filled(
                {
                    "surveyId": wish["survey"],
                    "expirationDate": expires_at,
                    "type": wish.get("link_type") or LINK_TYPES[0],
                }
            ),
            "sendDate": send_at,
        }
    return _filled(
        {
            "surveyId": wish["survey"],
            "method": wish["method"],
            "sendDate": send_at,
            "name": wish["name"],
            "recipients": _filled(recipients),
            "message": _filled(message),
            "surveyLinkExpirationDate": expires_at,
            "parentDistributionId": wish.get("parent"),
        }
    )


def wish_of(kind: str, body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What the body was made of, for a form; the directory and the person are not named in it."""
    recipients, message = body["recipients"], body.get("message", {})
    header, link = body.get("header", {}), body.get("surveyLink", {})
    send_at, expires_at = body["sendDate"], link.get("expirationDate") or body.get("surveyLinkExpirationDate")
    wish = {
        "survey": link.get("surveyId") or body.get("surveyId"),
        "mailing_list": recipients.get("mailingListId"),
        "transaction_batch": recipients.get("transactionBatchId"),
        "sample": recipients.get("sampleId"),
        "library": message.get("libraryId"),
        "message": message.get("messageId"),
        "message_text": message.get("messageText"),
        "from_email": header.get("fromEmail"),
        "from_name": header.get("fromName"),
        "reply_to": header.get("replyToEmail"),
        "subject": header.get("subject"),
        "link_type": link.get("type"),
        "name": body.get("name"),
        "method": body.get("method"),
        "parent": body.get("parentDistributionId"),
        # A date that has come means the same as none: as soon as it is confirmed.
        "send_at": at if (at := datetime.fromisoformat(send_at)) > now else None,
        "expires_at": datetime.fromisoformat(expires_at) if expires_at else None,
    }
    return {name: wish[name] for name in FIELDS[kind] if wish.get(name)}


def _about_message(kind: str, wish: Mapping[str, Any]) -> dict[str, str]:
    by_text, by_id = bool((wish.get("message_text") or "").strip()), bool(wish.get("message"))
    if kind == SMS and wish.get("method") == "Interactive":
        if by_text or by_id:
            return {"message_text": _("An interactive SMS asks the questions themselves and takes no message.")}
        return {}
    if by_text == by_id:
        return {"message_text": _("Choose a message or write a text. Both or neither is not permitted.")}
    if by_id and not wish.get("library"):
        return {"message": _("Name the library of the message too.")}
    return {}


def _about_parent(wish: Mapping[str, Any]) -> dict[str, str]:
    if wish.get("method") in LATER_METHODS:
        return {} if wish.get("parent") else {"parent": _("A reminder or thank-you names the distribution it follows.")}
    return {"parent": _("Only a reminder or thank-you follows another distribution.")} if wish.get("parent") else {}


def _foreign(kind: str, wish: Mapping[str, Any]) -> list[str]:
    return [name for name, value in wish.items() if value and name not in FIELDS[kind]]


def _is_one_line(text: str) -> bool:
    return bool(re.search(ONE_LINE.regex, text))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
