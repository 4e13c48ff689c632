"""E-mail and SMS distributions: prepared as a draft, changed until it is right, confirmed by a person, sent once.

`draft → sending → sent | failed | unknown`. The step to `sending` is taken by one only, and is written before the call;
from there on nothing sends again. If the answer is lost, or our process dies in between, people may or may not have been
written to: the state is `unknown`, which is said plainly, and a person looks in Qualtrics.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from integrations.distributions import recipients, rules
from integrations.distributions.rules import EMAIL, LATER_METHODS, SMS, RuleViolations, body_of, broken_rules
from integrations.distributions.statistics import first_ask_at
from integrations.models import Connection, Distribution
from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.directory import Directory, Named
from integrations.qualtrics.records import required, text
from integrations.surveys.catalogue import Listing
from integrations.troubles.errors import QualtricsError
from integrations.troubles.refusals import Refusal
from integrations.troubles.table import Explanation, explain
from integrations.vendor.certainty import may_have_happened
from integrations.vendor.clients import client_for
from versioning.saving import Outdated

# The longest a call may take, and more: a `sending` older than this lost its process.
LOST_AFTER = timedelta(minutes=5)
MESSAGES = {
    EMAIL: ("invite", "reminder", "thankYou", "general"),
    SMS: ("smsInvite", "invite", "reminder", "thankYou", "general"),
}


class NotADraft(Refusal):
    """It was sent, or is being sent, or is gone: it is neither changed nor sent again."""

    code = "not_a_draft"
    words = gettext_lazy("Only a draft can be changed or discarded.")


class SentBefore(NotADraft):
    """Two people confirmed it, or one person twice."""

    words = gettext_lazy("This distribution was confirmed before; it is not sent twice.")


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen now, as the vendor says. `cut_short`: not all of it, because one of its lists broke off."""

    directories: list[Named]
    surveys: list[Named]
    mailing_lists: list[Named]
    batches: list[Named]
    samples: list[Named]
    libraries: list[tuple[Named, list[Named]]]
    parents: list[Named]
    cut_short: QualtricsError | None

    @property
    def is_complete(self) -> bool:
        """Whether this is all there is."""
        return self.cut_short is None


def choices(connection: Connection, kind: str, directory_id: str, survey_id: str) -> Choices:
    """Everything there is to choose from. Raises `QualtricsError`."""
    cut_short: list[QualtricsError] = []

    def read(found: Iterable[Named]) -> list[Named]:
        listing = Listing.of(found)
        if listing.error:
            cut_short.append(listing.error)
        return listing.rows

    with client_for(connection) as client:
        book = Directory(client)
        directories = read(book.directories())
        surveys = read(Named(each.id, each.name) for each in client.surveys())
        if directory_id not in {each.id for each in directories}:
            directory_id = directories[0].id if directories else ""
        inside = bool(directory_id)
        shelves = read(book.libraries()) if inside else []
        return Choices(
            directories=sorted(directories, key=lambda each: each.id != directory_id),
            surveys=sorted(surveys, key=lambda each: each.name.casefold()),
            mailing_lists=read(book.mailing_lists(directory_id)) if inside else [],
            batches=read(book.batches(directory_id)) if inside else [],
            samples=read(book.samples(directory_id)) if inside and kind == SMS else [],
            libraries=[(each, read(book.messages(each.id, MESSAGES[kind]))) for each in shelves],
            parents=read(_parents(client, survey_id)) if kind == SMS and survey_id else [],
            cut_short=cut_short[0] if cut_short else None,
        )


def prepare(connection: Connection, kind: str, spec: Mapping[str, Any], by: User) -> Distribution:
    """A draft that says how many people it reaches. Sends nothing. Raises `RuleViolations`, `QualtricsError`."""
    facts = _drafted(connection, kind, spec)
    return Distribution.objects.create(connection=connection, kind=kind, created_by=by, **facts)


def spec_of(draft: Distribution) -> dict[str, Any]:
    """What the draft was made of, the person by name or e-mail. Raises `QualtricsError`."""
    spec = rules.spec_of(draft.kind, draft.request, timezone.now())
    if lookup := draft.request["recipients"].get("contactId"):
        with client_for(draft.connection) as client:
            spec["person"] = recipients.person_of(
                Directory(client), draft.directory_external_id, spec["mailing_list"], lookup
            )
    return spec


def change(draft: Distribution, seen_version: int, spec: Mapping[str, Any]) -> None:
    """Make the draft anew; its people are counted again. Raises `RuleViolations`, `NotADraft`, `Outdated`, `QualtricsError`."""
    if draft.state != Distribution.State.DRAFT:
        raise NotADraft
    facts = _drafted(draft.connection, draft.kind, spec)
    if not _seen(draft, seen_version).update(version=F("version") + 1, **facts):
        raise _refusal(draft)
    draft.refresh_from_db()


def send(draft: Distribution, seen_version: int, by: User) -> None:
    """Send the draft as it was seen, once. Raises `SentBefore` if that was done already, `Outdated` if it was changed."""
    taken = _seen(draft, seen_version).update(
        state=Distribution.State.SENDING, confirmed_by=by, confirmed_at=timezone.now()
    )
    if not taken:
        raise _refusal(draft, SentBefore)
    draft.refresh_from_db()
    facts: dict[str, Any] = {}
    try:
        with client_for(draft.connection) as client:
            answer = client.gateway.call("POST", *rules.PATH[draft.kind], json=draft.request)
            facts = {
                "state": Distribution.State.SENT,
                "external_id": required(answer.result, "id")[:64],
                "next_ask_at": first_ask_at(draft),
            }
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
    Distribution.objects.filter(pk=draft.pk, state=Distribution.State.SENDING).update(**facts)
    draft.refresh_from_db()


def trouble_of(distribution: Distribution) -> Explanation | None:
    """Why it was not sent, or why nobody knows; None where nothing went wrong."""
    if not distribution.error_code:
        return None
    return explain(distribution.error_code, by_hand=True, lost=distribution.state == Distribution.State.UNKNOWN)


def discard(draft: Distribution, seen_version: int) -> None:
    """Throw a draft away. Raises `NotADraft`, `Outdated`."""
    gone, _rows = _seen(draft, seen_version).delete()
    if not gone:
        raise _refusal(draft)


def mark_lost_sends() -> None:
    """What has been `sending` for too long lost its process: nobody knows what became of it."""
    long_ago = timezone.now() - LOST_AFTER
    lost = Distribution.objects.filter(state=Distribution.State.SENDING, confirmed_at__lt=long_ago)
    if lost.exists():  # pages ask this when they are looked at: without a loss they write nothing
        lost.update(state=Distribution.State.UNKNOWN, error_code="sender_lost")


def _drafted(connection: Connection, kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that a spec becomes, once every rule is kept and every name is found."""
    if broken := broken_rules(kind, spec):
        raise RuleViolations(broken)
    with client_for(connection) as client:
        book = Directory(client)
        survey = client.survey(spec["survey"])
        audience = recipients.audience_of(book, spec)
        lookup = recipients.lookup_of(book, spec) if spec.get("person") else ""
    people = 1 if lookup else audience.size or 0
    if not people:
        raise RuleViolations({"mailing_list": _("There is nobody in it.")})
    return {
        "survey_external_id": survey.id,
        "survey_name": survey.name[:255],
        "directory_external_id": spec["directory"],
        "request": body_of(kind, spec, lookup, timezone.now()),
        "recipients": people,
        "audience": audience.name[:255],
    }


def _seen(draft: Distribution, version: int) -> QuerySet[Distribution]:
    return Distribution.objects.filter(pk=draft.pk, state=Distribution.State.DRAFT, version=version)


def _refusal(draft: Distribution, not_a_draft: type[NotADraft] = NotADraft) -> NotADraft | Outdated:
    current = Distribution.objects.filter(pk=draft.pk, state=Distribution.State.DRAFT).first()
    return Outdated(current) if current else not_a_draft()


def _parents(client: QualtricsClient, survey_id: str) -> Iterator[Named]:
    for each in client.elements("distributions", "sms", query={"surveyId": survey_id}):
        if each.get("requestType") not in LATER_METHODS:
            yield Named(required(each, "id"), text(each.get("name")) or required(each, "id"))
