"""E-mail and SMS distributions: prepared as a draft, confirmed by a person, sent once.

`draft → sending → sent | failed | unknown`. The step to `sending` is taken by one only, and is written before the call;
from there on nothing sends again. If the answer is lost, or our process dies in between, people may or may not have been
written to: the state is `unknown`, which is said plainly, and a person looks in Qualtrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from integrations.distribution_rules import EMAIL, LATER_METHODS, SMS, body_of, broken_rules
from integrations.models import Connection, Distribution
from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.directory import Contact, Directory, Named
from integrations.qualtrics.errors import QualtricsError
from integrations.qualtrics.records import mapping, required, text
from integrations.vendor import client_for
from integrations.vendor_writes import may_have_happened

# The longest a call may take, and more: a `sending` older than this lost its process.
LOST_AFTER = timedelta(minutes=5)
_PATH = {EMAIL: ("distributions",), SMS: ("distributions", "sms")}
_STATISTICS = ("sent", "opened", "started", "finished", "bounced", "failed")
MESSAGES = {
    EMAIL: ("invite", "reminder", "thankYou", "general"),
    SMS: ("smsInvite", "invite", "reminder", "thankYou", "general"),
}


class Broken(Exception):
    """Rules that the wish breaks: field → sentence. Nothing was sent."""

    def __init__(self, rules: dict[str, str]) -> None:
        super().__init__(str(rules))
        self.rules = rules


class NotADraft(Exception):
    """It was sent, or is being sent; it is not sent again."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen now, as the vendor says."""

    directories: list[Named]
    surveys: list[Named]
    mailing_lists: list[Named]
    batches: list[Named]
    samples: list[Named]
    libraries: list[tuple[Named, list[Named]]]
    parents: list[Named]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the vendor is."""

    status: str
    statistics: dict[str, int]


def choices(connection: Connection, kind: str, directory_id: str, survey_id: str) -> Choices:
    """Everything there is to choose from. Raises `QualtricsError`."""
    with client_for(connection) as client:
        book = Directory(client)
        directories = book.directories()
        surveys = [Named(each.id, each.name) for each in client.surveys()]
        if directory_id not in {each.id for each in directories}:
            directory_id = directories[0].id if directories else ""
        inside = bool(directory_id)
        libraries = [(each, book.messages(each.id, MESSAGES[kind])) for each in book.libraries()] if inside else []
        return Choices(
            directories=sorted(directories, key=lambda each: each.id != directory_id),
            surveys=sorted(surveys, key=lambda each: each.name.casefold()),
            mailing_lists=book.mailing_lists(directory_id) if inside else [],
            batches=book.batches(directory_id) if inside else [],
            samples=book.samples(directory_id) if inside and kind == SMS else [],
            libraries=libraries,
            parents=_parents(client, survey_id) if kind == SMS and survey_id else [],
        )


def prepare(connection: Connection, kind: str, wish: Mapping[str, Any], by: User) -> Distribution:
    """A draft that says how many people it reaches. Sends nothing. Raises `Broken`, `QualtricsError`."""
    if rules := broken_rules(kind, wish):
        raise Broken(rules)
    with client_for(connection) as client:
        book = Directory(client)
        survey = client.survey(wish["survey"])
        lookup = _lookup_of(book, wish) if wish.get("person") else ""
        recipients = 1 if lookup else _count(book, wish)
    if not recipients:
        raise Broken({"mailing_list": _("There is nobody in it.")})
    return Distribution.objects.create(
        connection=connection, kind=kind, created_by=by, survey_external_id=survey.id, survey_name=survey.name[:255],
        request=body_of(kind, wish, lookup, timezone.now()), recipients=recipients,
    )  # fmt: skip


def send(distribution: Distribution, by: User) -> Distribution:
    """Send the draft, once. Raises `NotADraft` if somebody did that already."""
    taken = Distribution.objects.filter(pk=distribution.pk, state=Distribution.State.DRAFT).update(
        state=Distribution.State.SENDING, confirmed_by=by, confirmed_at=timezone.now()
    )
    if not taken:
        raise NotADraft
    distribution.refresh_from_db()
    facts: dict[str, Any] = {}
    try:
        with client_for(distribution.connection) as client:
            answer = client.gateway.call("POST", *_PATH[distribution.kind], json=distribution.request)
            facts = {"state": Distribution.State.SENT, "external_id": required(answer.result, "id")[:64]}
    except QualtricsError as error:
        lost = may_have_happened(error)
        facts = {
            "state": Distribution.State.UNKNOWN if lost else Distribution.State.FAILED,
            "error_code": error.code,
            "error_detail": {
                "status": error.status,
                "error_code": error.error_code,
                "error_message": error.error_message,
                "request_id": error.request_id,
            },
        }
    Distribution.objects.filter(pk=distribution.pk, state=Distribution.State.SENDING).update(**facts)
    distribution.refresh_from_db()
    return distribution


def discard(distribution: Distribution) -> None:
    """Throw a draft away. Raises `NotADraft`."""
    gone, _rows = Distribution.objects.filter(pk=distribution.pk, state=Distribution.State.DRAFT).delete()
    if not gone:
        raise NotADraft


def own_up() -> None:
    """What has been `sending` for too long lost its process: nobody knows what became of it."""
    long_ago = timezone.now() - LOST_AFTER
    lost = Q(state=Distribution.State.SENDING) & Q(confirmed_at__lt=long_ago)
    Distribution.objects.filter(lost).update(state=Distribution.State.UNKNOWN, error_code="crashed_repeatedly")


def progress_of(distribution: Distribution) -> Progress:
    """Status and statistics, as the vendor tells them now. Raises `QualtricsError`."""
    with client_for(distribution.connection) as client:
        path = (*_PATH[distribution.kind], distribution.external_id)
        found = client.get(*path, query={"surveyId": distribution.survey_external_id})
    counted = mapping(found.get("stats"))
    statistics = {name: int(counted[name]) for name in _STATISTICS if isinstance(counted.get(name), int | float)}
    return Progress(text(found.get("requestStatus")), statistics)


def _parents(client: QualtricsClient, survey_id: str) -> list[Named]:
    found = client.elements("distributions", "sms", query={"surveyId": survey_id})
    return [
        Named(required(each, "id"), text(each.get("name")) or required(each, "id"))
        for each in found
        if each.get("requestType") not in LATER_METHODS
    ]


def _lookup_of(book: Directory, wish: Mapping[str, Any]) -> str:
    """The person's own id in the mailing list: their id in the directory would not do."""
    wanted = " ".join(wish["person"].casefold().split())
    fitting: list[Contact] = []
    for member in book.members(wish["directory"], wish["mailing_list"]):
        if wanted == member.email.casefold():
            fitting = [member]
            break
        if wanted == member.name.casefold():
            fitting.append(member)
    if not fitting:
        raise Broken({"person": _("Nobody in this mailing list has this name or e-mail.")})
    if len(fitting) > 1:
        raise Broken({"person": _("Several people in this mailing list have this name: type the e-mail instead.")})
    if not fitting[0].lookup_id:
        raise Broken({"person": _("Qualtrics gives no id for this person in the mailing list.")})
    return fitting[0].lookup_id


def _count(book: Directory, wish: Mapping[str, Any]) -> int:
    if wish.get("transaction_batch"):
        return book.batch_size(wish["directory"], wish["transaction_batch"])
    if wish.get("sample"):
        found, key = book.samples(wish["directory"]), "sample"
    else:
        found, key = book.mailing_lists(wish["directory"]), "mailing_list"
    for each in found:
        if each.id == wish[key]:
            return each.size or 0
    raise Broken({key: _("This does not exist in Qualtrics any more.")})
