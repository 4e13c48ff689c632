"""Finds the responses of one person at the vendor. Who answered is not stored here, so it is asked for when it is needed:
with an export of each survey that holds nothing but ids and recipients, read once and thrown away."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson
from django.utils.translation import gettext as _

from feedback.models import Survey
from integrations.erasure.erasing import Person
from integrations.models import Connection
from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.directory import Contact, Directory
from integrations.qualtrics.exports import export_lines
from integrations.qualtrics.records import ExportProgress, Json, mapping, text
from integrations.troubles.errors import NotFound, RightMissing
from integrations.troubles.refusals import InvalidInput
from integrations.vendor.clients import BACKGROUND, client_for

RECIPIENT = ("_recordId", "recipientEmail", "externalReference")
# Seconds that somebody at a page waits. The command waits longer.
PATIENCE = 20.0
_CONTACT_ID = re.compile(r"CID_[0-9A-Za-z]{1,60}", re.ASCII)


class NotFoundByThis(InvalidInput):
    """Nobody can be found by what was typed; the sentence says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__({"contact": sentence})


@dataclass(slots=True)
class PersonResponses:
    """What is known of a person: their ids in the directory, and their responses by survey."""

    person: Person
    name: str = ""
    responses: dict[Survey, list[str]] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        return [each for found in self.responses.values() for each in found]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """By what a response is recognised as theirs."""

    emails: frozenset[str]
    references: frozenset[str]

    def matches(self, values: Json) -> bool:
        email = text(values.get("recipientEmail")).strip().casefold()
        reference = text(values.get("externalDataReference")).strip()
        return bool(email and email in self.emails) or bool(reference and reference in self.references)


def find_theirs(connection: Connection, who: str, *, patience: float = PATIENCE) -> PersonResponses:
    """The responses of a person, named by contact id (CID_…), e-mail or external reference, to every survey retrieved here.

    Raises `NotFoundByThis` and `QualtricsError`, `ExportNotReady` among them. Nothing is stored.
    """
    until = time.monotonic() + patience
    with client_for(connection, limits=BACKGROUND) as client:
        contacts = _contacts(client, who)
        if _CONTACT_ID.fullmatch(who) and not contacts:
            raise NotFoundByThis(_("No directory of this connection holds this contact."))
        wanted = _wanted(who, contacts)
        ids = frozenset(
            each for contact in contacts for each in (contact.id, contact.lookup_id, *contact.lists.values()) if each
        )
        theirs = PersonResponses(Person(connection, ids), contacts[0].name if contacts else who)
        surveys = [feed.survey for feed in connection.feeds.select_related("survey")]
        # All are asked for first: the vendor prepares them side by side.
        exports = [(survey, _start(client, survey)) for survey in surveys]
        for survey, export in exports:
            if found := list(_read(client, survey, export, wanted, until)):
                theirs.responses[survey] = found
    return theirs


def _contacts(client: QualtricsClient, who: str) -> list[Contact]:
    """Who this is in the directories. Without the right to look there, e-mail and reference alone must do."""
    directory, found = Directory(client), []
    try:
        for each in directory.directories():
            if _CONTACT_ID.fullmatch(who):
                try:
                    found.append(directory.contact(each.id, who))
                except NotFound:
                    continue
            else:
                hits = directory.search(each.id, "email" if "@" in who else "reference", who, limit=25).rows
                found += [directory.contact(each.id, hit.id) for hit in hits]
    except RightMissing:
        if _CONTACT_ID.fullmatch(who):
            raise
    return found


def _wanted(who: str, contacts: list[Contact]) -> _Wanted:
    if _CONTACT_ID.fullmatch(who):
        emails, references = [contact.email for contact in contacts], [contact.reference for contact in contacts]
    else:  # what was typed counts, not what else people have who share it
        emails, references = ([who], []) if "@" in who else ([], [who])
    wanted = _Wanted(
        frozenset(each.strip().casefold() for each in emails if each.strip()),
        frozenset(each.strip() for each in references if each.strip()),
    )
    if not wanted.emails and not wanted.references:
        raise NotFoundByThis(_("This contact has neither e-mail nor external reference to recognise responses by."))
    return wanted


def _start(client: QualtricsClient, survey: Survey) -> ExportProgress:
    return client.start_export(survey.external_id, questions=[], embedded=[], metadata=RECIPIENT)


def _read(
    client: QualtricsClient, survey: Survey, export: ExportProgress, wanted: _Wanted, until: float
) -> Iterator[str]:
    for line in export_lines(client, survey.external_id, export, until=until):
        try:
            record = mapping(orjson.loads(line))
        except orjson.JSONDecodeError:
            continue
        values = mapping(record.get("values"))
        if wanted.matches(values) and (found := text(record.get("responseId")) or text(values.get("_recordId"))):
            yield found
