"""The live lists that a person chooses from: what the vendor says now, and if it says nothing, what it said last."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, Self, TypeVar

from django.db.models import Count
from django.utils import timezone

from feedback.models import Question, Response, Survey
from integrations.models import Connection
from integrations.qualtrics.client import QualtricsClient
from integrations.surveys import brands
from integrations.surveys.mirror import mirror_questions, mirror_surveys
from integrations.troubles.errors import ListCutShort, QualtricsError
from integrations.troubles.table import Explanation
from integrations.vendor.clients import client_for

logger = logging.getLogger(__name__)
T = TypeVar("T")
# Going back and forth in the wizard does not read the same survey again each time.
FRESH = timedelta(seconds=60)
LOOKING_AROUND = 4.0  # seconds
# Live state → tone and icon of its badge.
LIVE_LOOKS = {
    Survey.Live.LIVE: ("good", "radio"),
    Survey.Live.SCHEDULED: ("info", "calendar-clock"),
    Survey.Live.NEVER_LAUNCHED: ("info", "hourglass"),
    Survey.Live.CLOSED: ("neutral", "lock"),
}


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """What can be chosen. With `trouble` it is what was known before, or came before the list broke off, and may be empty."""

    rows: list[T] = field(default_factory=list)
    error: QualtricsError | None = None

    @classmethod
    def of(cls, found: Iterable[T]) -> Self:
        """All of them; those that came before the vendor's list broke off, with the error. Raises any other."""
        rows: list[T] = []
        try:
            for row in found:
                rows.append(row)
        except ListCutShort as error:
            return cls(rows, error)
        return cls(rows)

    @property
    def trouble(self) -> Explanation | None:
        """Why the vendor did not say it, for people."""
        return self.error.explanation if self.error else None

    def live_rows(self) -> list[T]:
        """What the vendor says now. Raises `QualtricsError` if it said nothing."""
        if self.error:
            raise self.error
        return self.rows


def surveys_of(connection: Connection) -> Listing[Survey]:
    """Every survey that the connection's token sees."""
    try:
        if not connection.brand:  # its surveys may be here already
            brands.learn(connection)
        with client_for(connection) as client:
            found = mirror_surveys(connection, client)
            _tell_unlaunched_from_closed(found, client)
            return Listing(sorted(found, key=_by_liveness))
    except QualtricsError as error:
        known = Survey.objects.filter(source=connection.source_id).defer("questionnaire")
        return Listing(sorted(known, key=_by_liveness), error)


def questions_of(survey: Survey, connection: Connection) -> Listing[Question]:
    """Every question of the survey, with the survey's live state brought up to date."""
    if survey.read_at and timezone.now() - survey.read_at < FRESH and (known := _known(survey)):
        return Listing(known)
    return read_again(survey, connection)


def read_again(survey: Survey, connection: Connection) -> Listing[Question]:
    """The same, however lately it was read."""
    try:
        with client_for(connection) as client:
            return Listing([question for question in mirror_questions(survey, client) if question.gone_at is None])
    except QualtricsError as error:
        return Listing(_known(survey), error)


def _known(survey: Survey) -> list[Question]:
    return list(survey.questions.filter(gone_at=None).select_related("about"))


def stored_responses(surveys: list[Survey]) -> dict[int, int]:
    """How many responses of each survey are stored, by primary key; none where there are none."""
    rows = Response.objects.filter(survey__in=surveys, deleted_at=None).order_by().values("survey_id")
    return {row["survey_id"]: row["n"] for row in rows.annotate(n=Count("pk"))}


def _tell_unlaunched_from_closed(surveys: list[Survey], client: QualtricsClient) -> None:
    """The list says only whether a survey collects now. Look into others never read before, while time is left."""
    until = time.monotonic() + LOOKING_AROUND
    for survey in surveys:
        if survey.live != Survey.Live.LIVE and survey.read_at is None:
            if time.monotonic() > until:
                return
            try:
                mirror_questions(survey, client)
            except QualtricsError as error:  # the list is what matters; the state stays as the list says
                logger.info("Survey %s cannot be looked into: %s", survey.external_id, error)


def _by_liveness(survey: Survey) -> tuple[int, str]:
    """Live ones first, then those to come, closed ones last; by name within."""
    order = (Survey.Live.LIVE, Survey.Live.SCHEDULED, Survey.Live.NEVER_LAUNCHED, Survey.Live.CLOSED)
    return order.index(Survey.Live(survey.live)), survey.name.casefold()
