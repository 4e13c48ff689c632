"""E-mail and SMS distributions: what was sent to whom, and how many opened, started and finished."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.state.clock import iso, parse_moment
from sandbox.state.directory import Directory
from sandbox.state.ids import make_id
from sandbox.state.refusal import Refusal
from sandbox.state.surveys import Survey
from sandbox.state.world import User, World

EMAIL_KEYS = {"message", "recipients", "header", "surveyLink", "embeddedData", "sendDate"}
SMS_KEYS = {
    "surveyId", "method", "sendDate", "name", "recipients", "message", "surveyLinkExpirationDate",
    "parentDistributionId",
}  # fmt: skip
METHODS = ("Invite", "Interactive", "Reminder", "Thankyou")
# Of those who were sent something, how many went so far (in percent).
_SHARES = {"opened": 54, "started": 25, "finished": 21, "bounced": 1}


@dataclass(slots=True)
class Distribution:
    """One distribution, of either kind."""

    id: str
    kind: str  # "email" or "sms"
    brand: str
    owner: str
    survey: str
    body: dict[str, Any]
    recipients: int
    created: int
    send_at: int
    request_type: str = "Invite"
    facts: dict[str, Any] = field(default_factory=dict)

    def is_sent(self, now: int) -> bool:
        """Whether its moment has come."""
        return self.send_at <= now

    def stats(self, now: int) -> dict[str, int]:
        """Grows once it was sent."""
        sent = self.recipients if self.is_sent(now) else 0
        share = {name: sent * percent // 100 for name, percent in _SHARES.items()}
        if self.kind == "sms":
            return {
                "sent": sent, "failed": 0, "started": share["started"], "finished": share["finished"],
                "credits": sent, "segments": sent,
            }  # fmt: skip
        return {"sent": sent, "failed": 0, "skipped": 0, "complaints": 0, "blocked": 0, **share}


class Distributions:
    """What a brand distributed. Take the world's lock around it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.all: dict[str, Distribution] = {}

    def send_email(self, user: User, body: dict[str, Any]) -> Distribution:
        """Take an e-mail distribution, or say what is wrong with it as the vendor does."""
        _only(body, EMAIL_KEYS)
        for key in ("message", "recipients", "header", "sendDate"):
            if key not in body:
                raise Refusal(400, "RP_10", f"Expected param not found: {key}")
        header, link = _object(body, "header"), _object(body, "surveyLink")
        _only(header, {"fromEmail", "fromName", "replyToEmail", "subject"})
        if not all(isinstance(header.get(key), str) and header[key] for key in ("fromEmail", "subject")):
            raise Refusal(400, "RP_10", "Expected param not found: fromEmail")
        if any("\r" in str(value) or "\n" in str(value) for value in header.values()):
            raise Refusal(400, "SBX_400", "A header must be on one line.")
        self._check_message(user, _object(body, "message"), needed=True)
        survey = self._survey(user, link.get("surveyId"))
        if link.get("type", "Individual") not in ("Individual", "Multiple", "Anonymous"):
            raise Refusal(400, "SBX_400", "Unknown type of survey link.")
        return self._keep("EMD", "email", user, survey, body, _object(body, "recipients"))

    def send_sms(self, user: User, body: dict[str, Any]) -> Distribution:
        """Take an SMS distribution, or say what is wrong with it."""
        _only(body, SMS_KEYS)
        for key in ("surveyId", "method", "sendDate", "recipients", "name"):
            if key not in body:
                raise Refusal(400, "RP_10", f"Expected param not found: {key}")
        method = body["method"]
        if method not in METHODS:
            raise Refusal(400, "SBX_400", "Unknown method.")
        self._check_message(user, _object(body, "message"), needed=method != "Interactive")
        parent = body.get("parentDistributionId")
        if bool(parent) != (method in ("Reminder", "Thankyou")):
            raise Refusal(400, "SBX_400", "parentDistributionId goes with Reminder and Thankyou.")
        if parent and self._of(user, "sms", str(parent)) is None:
            raise Refusal(404, "GED_3", "Distribution not found.")
        survey = self._survey(user, body["surveyId"])
        kept = self._keep("SMSD", "sms", user, survey, body, _object(body, "recipients"))
        kept.request_type = method
        return kept

    def of_survey(self, user: User, kind: str, survey_id: str | None) -> list[Distribution]:
        """Those of a survey, which must be named."""
        if not survey_id:
            raise Refusal(400, "RP_10", "Expected param not found: surveyId")
        return [
            each for each in self.all.values() if (each.kind, each.brand, each.survey) == (kind, user.brand, survey_id)
        ]

    def find(self, user: User, kind: str, distribution_id: str, survey_id: str | None) -> Distribution:
        """One of them."""
        for each in self.of_survey(user, kind, survey_id):
            if each.id == distribution_id:
                return each
        raise Refusal(404, "GED_3", "Distribution not found.")

    def remove(self, distribution: Distribution) -> None:
        """Only what was not sent yet can be taken back."""
        if distribution.is_sent(self.world.clock.now()):
            raise Refusal(400, "SBX_400", "The distribution was already sent.")
        del self.all[distribution.id]

    def shown(self, each: Distribution) -> dict[str, Any]:
        """As reads show it."""
        now = self.world.clock.now()
        facts: dict[str, Any] = {
            "id": each.id,
            "ownerId": each.owner,
            "organizationId": each.brand,
            "requestType": each.request_type,
            "sendDate": iso(each.send_at),
            "recipients": {
                name: each.body["recipients"].get(name)
                for name in ("mailingListId", "transactionBatchId", "contactId", "libraryId", "sampleId")
            },
            "message": {"libraryId": None, "messageId": None, **each.body.get("message", {})},
            "stats": each.stats(now),
        }
        if each.kind == "sms":
            status = "Done" if each.is_sent(now) else "Scheduled"
            return facts | {"requestStatus": status, "surveyId": each.survey, "name": each.body["name"]}
        facts["message"] = {name: value for name, value in facts["message"].items() if name != "messageText"}
        facts["message"]["messageType"] = "Inline" if "messageText" in each.body["message"] else "Library"
        return facts | {
            "parentDistributionId": None,
            "requestStatus": "Done" if each.is_sent(now) else "Pending",
            "createdDate": iso(each.created),
            "modifiedDate": iso(min(now, max(each.created, each.send_at))),
            "headers": each.body["header"],
            "surveyLink": {"surveyId": each.survey, "linkType": each.body["surveyLink"].get("type", "Individual")},
            "embeddedData": each.body.get("embeddedData"),
        }

    # -- checks

    def _of(self, user: User, kind: str, distribution_id: str) -> Distribution | None:
        found = self.all.get(distribution_id)
        return found if found and (found.kind, found.brand) == (kind, user.brand) else None

    def _survey(self, user: User, survey_id: object) -> Survey:
        survey = self.world.surveys.get(str(survey_id))
        if survey is None or survey not in self.world.visible(user):
            raise Refusal(404, "GSI_2", "Survey not found.")
        return survey

    def _check_message(self, user: User, message: dict[str, Any], *, needed: bool) -> None:
        _only(message, {"libraryId", "messageId", "messageText"})
        by_text, by_id = bool(message.get("messageText")), bool(message.get("messageId"))
        if by_text == by_id if needed else by_text or by_id:
            raise Refusal(400, "SBX_400", "Either messageText or libraryId and messageId.")
        if by_id:
            library = self.world.libraries.get(str(message.get("libraryId")))
            if library is None or library.brand != user.brand or message["messageId"] not in library.messages:
                raise Refusal(404, "SBX_404", "Message not found.")

    def _keep(
        self, prefix: str, kind: str, user: User, survey: Survey, body: dict[str, Any], recipients: dict[str, Any]
    ) -> Distribution:
        now, send_at = self.world.clock.now(), parse_moment(body["sendDate"])
        if send_at is None:
            raise Refusal(400, "SBX_400", "sendDate is not a date.")
        directories = [each for each in self.world.directories.values() if each.brand == user.brand]
        count = _count(directories, recipients)
        made = Distribution(
            make_id(prefix, self.world.source), kind, user.brand, user.id, survey.id, body, count, now, send_at
        )
        self.all[made.id] = made
        return made


def _count(directories: Iterable[Directory], recipients: dict[str, Any]) -> int:
    """How many people these recipients are; both or neither of list and batch is an error."""
    _only(
        recipients,
        {"directoryId", "mailingListId", "transactionBatchId", "contactId", "sampleId", "transactionId", "libraryId"},
    )
    by_list, by_batch = recipients.get("mailingListId"), recipients.get("transactionBatchId")
    if bool(by_list) == bool(by_batch):
        raise Refusal(400, "SBX_400", "Either mailingListId or transactionBatchId.")
    contact, sample = recipients.get("contactId"), recipients.get("sampleId")
    if contact and sample:
        raise Refusal(400, "SBX_400", "Either contactId or sampleId.")
    for directory in directories:
        if by_batch in directory.batches:
            return len(directory.batches[by_batch].transactions)
        if by_list in directory.lists:
            members = directory.lists[by_list].members
            if contact and contact not in members:  # a CID_ is not the contact's id in this list
                raise Refusal(404, "SBX_404", "Contact not found in this mailing list.")
            if sample and sample not in directory.samples:
                raise Refusal(404, "SBX_404", "Sample not found.")
            return 1 if contact else len(directory.samples[sample].contacts) if sample else len(members)
    raise Refusal(404, "PACC_6", "Mailing List not found")


def _only(content: dict[str, Any], keys: set[str]) -> None:
    if unknown := set(content) - keys:
        raise Refusal(400, "RP_9", f"Unexpected json key provided: {min(unknown)}")


def _object(content: dict[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key) or {}
    if not isinstance(value, dict):
        raise Refusal(400, "SBX_400", f"{key} must be an object.")
    return value
