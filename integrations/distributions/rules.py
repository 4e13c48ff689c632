"""What a distribution consists of, the rules that its parts keep, the call that it becomes, and the way back. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from integrations.directory.forms import ONE_LINE
from integrations.troubles.refusals import InvalidInput

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


class RuleViolations(InvalidInput):
    """Rules that the spec breaks. Nothing was sent."""


def broken_rules(kind: str, spec: Mapping[str, Any]) -> dict[str, str]:
    """Field → what is wrong with it; nothing if the distribution may be sent."""
    wrong = {name: _("This must be on one line.") for name in _ONE_LINE if not _is_one_line(spec.get(name) or "")}
    wrong |= {name: _("This belongs to the other kind of distribution.") for name in _foreign(kind, spec)}
    needed = ("survey", "directory", *(("from_email", "subject") if kind == EMAIL else ("name", "method")))
    wrong |= {name: _("This field is required.") for name in needed if not spec.get(name)}
    if bool(spec.get("mailing_list")) == bool(spec.get("transaction_batch")):
        wrong["mailing_list"] = _("Choose a mailing list or a transaction batch. Both or neither is not permitted.")
    elif spec.get("transaction_batch"):
        for name in ("person", "sample"):
            if spec.get(name):
                wrong[name] = _("This goes with a mailing list only.")
    if spec.get("person") and spec.get("sample"):
        wrong["sample"] = _("Choose a contact or a sample, not both.")
    wrong |= _about_message(kind, spec)
    if kind == SMS:
        wrong |= _about_parent(spec)
    if spec.get("expires_at") and spec.get("send_at") and spec["expires_at"] <= spec["send_at"]:
        wrong["expires_at"] = _("The link must expire after the send date.")
    return wrong


def body_of(kind: str, spec: Mapping[str, Any], lookup_id: str, now: datetime) -> dict[str, Any]:
    """The body of the call. `lookup_id` is the contact's own id in the mailing list, if it is for one person."""
    recipients = {
        "mailingListId": spec.get("mailing_list"),
        "transactionBatchId": spec.get("transaction_batch"),
        "contactId": lookup_id,
        "sampleId": spec.get("sample"),
    }
    message = (
        {"messageText": spec["message_text"]}
        if spec.get("message_text")
        else {"libraryId": spec.get("library"), "messageId": spec.get("message")}
    )
    send_at = _moment(spec.get("send_at") or now)
    expires_at = _moment(spec["expires_at"]) if spec.get("expires_at") else None
    if kind == EMAIL:
        return {
            "message": _filled(message),
            "recipients": _filled(recipients),
            "header": _filled(
                {
                    "fromEmail": spec["from_email"],
                    "fromName": spec.get("from_name"),
                    "replyToEmail": spec.get("reply_to"),
                    "subject": spec["subject"],
                }
            ),
            "surveyLink": _filled(
                {
                    "surveyId": spec["survey"],
                    "expirationDate": expires_at,
                    "type": spec.get("link_type") or LINK_TYPES[0],
                }
            ),
            "sendDate": send_at,
        }
    return _filled(
        {
            "surveyId": spec["survey"],
            "method": spec["method"],
            "sendDate": send_at,
            "name": spec["name"],
            "recipients": _filled(recipients),
            "message": _filled(message),
            "surveyLinkExpirationDate": expires_at,
            "parentDistributionId": spec.get("parent"),
        }
    )


def spec_of(kind: str, body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What the body was made of, for a form; the directory and the person are not named in it."""
    recipients, message = body["recipients"], body.get("message", {})
    header, link = body.get("header", {}), body.get("surveyLink", {})
    send_at, expires_at = body["sendDate"], link.get("expirationDate") or body.get("surveyLinkExpirationDate")
    spec = {
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
    return {name: spec[name] for name in FIELDS[kind] if spec.get(name)}


def _about_message(kind: str, spec: Mapping[str, Any]) -> dict[str, str]:
    by_text, by_id = bool((spec.get("message_text") or "").strip()), bool(spec.get("message"))
    if kind == SMS and spec.get("method") == "Interactive":
        if by_text or by_id:
            return {"message_text": _("An interactive SMS asks the questions themselves and takes no message.")}
        return {}
    if by_text == by_id:
        return {"message_text": _("Choose a message or write a text. Both or neither is not permitted.")}
    if by_id and not spec.get("library"):
        return {"message": _("Name the library of the message too.")}
    return {}


def _about_parent(spec: Mapping[str, Any]) -> dict[str, str]:
    if spec.get("method") in LATER_METHODS:
        return {} if spec.get("parent") else {"parent": _("A reminder or thank-you names the distribution it follows.")}
    return {"parent": _("Only a reminder or thank-you follows another distribution.")} if spec.get("parent") else {}


def _foreign(kind: str, spec: Mapping[str, Any]) -> list[str]:
    return [name for name, value in spec.items() if value and name not in FIELDS[kind]]


def _is_one_line(text: str) -> bool:
    return bool(re.search(ONE_LINE.regex, text))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
