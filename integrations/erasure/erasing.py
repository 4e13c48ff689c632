"""Erases responses everywhere: rows and numbers, messages, rejected records, downloaded exports, the console's history.

The hashes that keep erased responses away are also written to a file beside the database (`ERASED_LIST`), so that a backup
from before an erasure does not bring anybody back: `replay` puts them into a database that was restored.
"""

from __future__ import annotations

import logging
import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from feedback import erasure
from feedback.erasure import Tombstone
from feedback.models import Erasure, Survey
from feedback.tombstones import erased_among
from integrations.models import Connection, ConsoleCall, Delivery, Distribution, RejectedRecord
from integrations.qualtrics.client import QualtricsClient
from integrations.surveys.access import reader_of
from integrations.timetable.maintenance import remove_stray_files
from integrations.troubles.errors import NotFound, QualtricsError
from integrations.troubles.table import Explanation
from integrations.vendor.clients import client_for
from kpis.counting.refresh import refresh_changed_days
from kpis.people.plans import bring_in_line

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 1000
# The vendor takes 60 a minute, and somebody waits.
MOST_AT_VENDOR = 50
# Stands in the history of the console where an id stood.
ERASED = "(erased)"
_RESPONSE_ID = re.compile(r"R_[0-9A-Za-z]{1,60}", re.ASCII)
_SEPARATORS = re.compile(r"[\s,;]+")


class InvalidIds(ValueError):
    """What was pasted is not a list of response ids; the sentence says why."""


def read_ids(text: str) -> list[str]:
    """The response ids in a text, with spaces, commas, semicolons or line ends between them. Raises `InvalidIds`."""
    ids = list(dict.fromkeys(filter(None, _SEPARATORS.split(text))))
    for each in ids:
        if not _RESPONSE_ID.fullmatch(each):
            raise InvalidIds(
                _("“%(text)s” is not a response id. They look like R_3kQ9LmX2bWc7KsT.") % {"text": each[:60]}
            )
    if len(ids) > MOST_AT_ONCE:
        raise InvalidIds(_("At most %(most)s responses are erased at once.") % {"most": MOST_AT_ONCE})
    return ids


class StoredHere(NamedTuple):
    """A survey in which some of them are stored."""

    survey: Survey
    responses: int


@dataclass(frozen=True, slots=True)
class Found:
    """What an erasure would remove."""

    asked: int
    surveys: list[StoredHere]
    messages: int
    rejected: int
    calls: int
    distributions: int
    erased_before: int

    @property
    def responses(self) -> int:
        return sum(each.responses for each in self.surveys)

    @property
    def traces(self) -> int:
        """Everything else that names one of them."""
        return self.messages + self.rejected + self.calls + self.distributions

    @property
    def nothing(self) -> bool:
        return not self.responses and not self.traces


@dataclass(frozen=True, slots=True)
class Person:
    """The ids of a contact: in the directory, and in the mailing lists."""

    connection: Connection
    ids: frozenset[str] = frozenset()


@dataclass(slots=True)
class AtVendor:
    """What came of deleting at the vendor."""

    deleted: int = 0
    failed: int = 0
    trouble: Explanation | None = None


@dataclass(slots=True)
class Erased:
    """What was erased, and what the vendor said if it was asked to delete as well."""

    erasure: Erasure
    at_vendor: AtVendor = field(default_factory=AtVendor)


def preview(ids: Collection[str], person: Person | None = None) -> Found:
    """What is here of these responses. Changes nothing."""
    stored = erasure.stored_among(ids)
    return Found(
        asked=len(ids),
        surveys=[StoredHere(survey, len(here)) for survey, here in stored.items()],
        messages=_messages(ids).count(),
        rejected=_rejected(ids).count(),
        calls=len(_calls(_names(ids, person))),
        distributions=_sent_to(person).count() if person else 0,
        erased_before=len(erased_among(ids)),
    )


def erase(ids: Collection[str], *, by: User | None, person: Person | None = None, at_vendor: bool = False) -> Erased:
    """Erase these responses, now and for good. With `at_vendor` they are deleted there as well, each call sent once."""
    way = Erasure.Way.CONTACT if person else Erasure.Way.IDS
    with transaction.atomic():
        surveys = erasure.hold_all()
        done = Erasure.objects.create(by=by, way=way, asked=len(ids))
        stored = erasure.stored_among(ids) if at_vendor else {}
        tombstones = erasure.note(ids, done)
        removed = _remove(ids, surveys, done, person)
    _after(removed, tombstones)
    outcome = _delete_at_vendor(stored, done) if at_vendor else AtVendor()
    logger.info(
        "Erasure %d by %s: %d ids, %d responses, %d traces, %d deleted at the vendor, %d not",
        done.pk, by.pk if by else "command", done.asked, done.responses, done.traces, outcome.deleted, outcome.failed,
    )  # fmt: skip
    return Erased(done, outcome)


def replay(tombstones: Collection[Tombstone]) -> Erasure | None:
    """Erase again what a restored backup has brought back, and keep it away. None if there was nothing to do."""
    if not tombstones:
        return None
    with transaction.atomic():
        surveys = erasure.hold_all()
        done = Erasure.objects.create(way=Erasure.Way.RESTORED, asked=len({each.digest for each in tombstones}))
        erasure.note_again(tombstones, done)
        back = set(erasure.erased_but_stored()) | _erased_traces()
        removed = _remove(back, surveys, done, None)
    _after(removed, [])
    return done


# --- the list beside the database -------------------------------------------------------------------------------------


def read_list(file: Path) -> list[Tombstone]:
    """The tombstones in a file, one a line; none if there is no such file."""
    if not file.exists():
        return []
    lines = (orjson.loads(line) for line in file.read_bytes().splitlines() if line.strip())
    return [Tombstone(bytes.fromhex(line["key"]).hex(), bytes.fromhex(line["erased"]).hex()) for line in lines]


def write_list(file: Path, tombstones: Iterable[Tombstone]) -> None:
    """Add tombstones to a file that only its owner reads."""
    lines = b"".join(orjson.dumps({"key": each.key, "erased": each.digest}) + b"\n" for each in tombstones)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as kept:
        kept.write(lines)
        kept.flush()
        os.fsync(kept.fileno())


# --- here -------------------------------------------------------------------------------------------------------------


def _remove(ids: Collection[str], surveys: list[Survey], done: Erasure, person: Person | None) -> erasure.Removed:
    removed = erasure.remove(ids, surveys)
    traces = _messages(ids).delete()[0] + _rejected(ids).delete()[0] + _blacken(_names(ids, person))
    traces += _forget_recipient(person) if person else 0
    Erasure.objects.filter(pk=done.pk).update(responses=removed.responses, traces=traces)
    done.responses, done.traces = removed.responses, traces
    return removed


def _after(removed: erasure.Removed, tombstones: list[Tombstone]) -> None:
    remove_exports()
    try:
        write_list(settings.ERASED_LIST, tombstones)
    except OSError as error:
        logger.error("The list of erased responses cannot be written: %s. See docs/operations.md", error.strerror)
    for survey in removed.surveys:
        refresh_changed_days(survey)
        bring_in_line(survey)


def remove_exports() -> None:
    """Downloaded exports may hold anybody. A fetch that still needs one downloads it again; erased responses in it are
    not stored."""
    for file in Path(settings.SPOOL_DIR).glob("*.zip"):
        file.unlink(missing_ok=True)
    remove_stray_files()


def _names(ids: Collection[str], person: Person | None) -> set[str]:
    return set(ids) | (person.ids if person else set())


def _messages(ids: Collection[str]) -> QuerySet[Delivery]:
    return Delivery.objects.filter(response_id__in=list(ids))


def _rejected(ids: Collection[str]) -> QuerySet[RejectedRecord]:
    return RejectedRecord.objects.filter(external_id__in=list(ids))


def _calls(names: Collection[str]) -> list[ConsoleCall]:
    """Calls whose path names one of them."""
    found = ConsoleCall.objects.filter(path__contains="_").only("pk", "path").iterator()
    return [call for call in found if not names.isdisjoint(call.path.split("/"))]  # type: ignore[attr-defined]


def _blacken(names: Collection[str]) -> int:
    calls = _calls(names)
    for call in calls:
        call.path = blackened(call.path, names)
    ConsoleCall.objects.bulk_update(calls, ["path"], batch_size=500)
    return len(calls)


def blackened(path: str, names: Collection[str]) -> str:
    """The path without these names."""
    return "/".join(ERASED if segment in names else segment for segment in path.split("/"))


def without_erased(path: str) -> str:
    """The path as it may be kept: responses that were erased are not named in it."""
    return blackened(path, erased_among(_RESPONSE_ID.findall(path)))


def _erased_traces() -> set[str]:
    named = set(Delivery.objects.exclude(response_id="").values_list("response_id", flat=True))
    named |= set(RejectedRecord.objects.exclude(external_id="").values_list("external_id", flat=True))
    for path in ConsoleCall.objects.filter(path__contains="/R_").values_list("path", flat=True).iterator():
        named |= set(_RESPONSE_ID.findall(path))
    return erased_among(named)


def _sent_to(person: Person) -> QuerySet[Distribution]:
    return Distribution.objects.filter(
        connection=person.connection, request__recipients__contactId__in=sorted(person.ids)
    )


def _forget_recipient(person: Person) -> int:
    """Distributions to this person alone: drafts go, what was sent forgets to whom."""
    drafts = _sent_to(person).filter(state=Distribution.State.DRAFT).delete()[0]
    sent = list(_sent_to(person))
    for each in sent:
        each.request["recipients"]["contactId"] = ERASED
        each.save(update_fields=["request"])
    return drafts + len(sent)


# --- at the vendor ----------------------------------------------------------------------------------------------------


def _delete_at_vendor(stored: dict[Survey, list[str]], done: Erasure) -> AtVendor:
    """One call for each response. The first trouble of a connection ends its turn: what is left is for a person."""
    outcome = AtVendor()
    by_connection: dict[Connection | None, set[tuple[str, str]]] = defaultdict(set)
    for survey, ids in stored.items():
        by_connection[reader_of(survey)] |= {(survey.external_id, each) for each in ids}  # twins name one response
    for connection, found in by_connection.items():
        responses = sorted(found)
        if connection is None:
            outcome.failed += len(responses)
            continue
        deleted, trouble = _delete_through(connection, responses)
        outcome.deleted += deleted
        outcome.failed += len(responses) - deleted
        outcome.trouble = trouble or outcome.trouble
    Erasure.objects.filter(pk=done.pk).update(source_deleted=outcome.deleted, source_failed=outcome.failed)
    done.source_deleted, done.source_failed = outcome.deleted, outcome.failed
    return outcome


def _delete_through(connection: Connection, responses: list[tuple[str, str]]) -> tuple[int, Explanation | None]:
    deleted = 0
    try:
        with client_for(connection) as client:
            for survey_id, response_id in responses[:MOST_AT_VENDOR]:
                _delete(client, survey_id, response_id)
                deleted += 1
    except QualtricsError as error:
        return deleted, error.explanation
    return deleted, None


def _delete(client: QualtricsClient, survey_id: str, response_id: str) -> None:
    try:
        client.delete_response(survey_id, response_id)
    except NotFound:
        logger.info("A response to erase was gone at the vendor already")
