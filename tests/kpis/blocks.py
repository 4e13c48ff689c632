"""A survey under a threshold whose answers come, change and go: what the tests of blocks are made with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Organisation
from feedback import earlier_answers, erasure, intake
from feedback.intake import NewResponse, local_days, note_days
from feedback.models import Erasure, Question, Response, Survey
from kpis.counting.refresh import refresh_changed_days
from kpis.models import Block, Stream
from tests.factories import make_question, make_survey

FIRST = date(2026, 1, 1)  # day 1


def day(number: int) -> date:
    return FIRST + timedelta(days=number - 1)


def set_threshold(threshold: int | None, **fields: Any) -> None:
    Organisation.current()
    Organisation.objects.update(suppression_threshold=threshold, **fields)


def under_threshold(threshold: int | None) -> None:
    """Set a threshold, and let blocks be made of what is counted."""
    set_threshold(threshold)
    for survey in Survey.objects.all():
        refresh_changed_days(survey)


class History:
    """A survey whose answers are whole numbers that nobody else gives: so a histogram tells who is in it.

    Answer `a` in its version `v` is `100 * a + v`.
    """

    def __init__(self, survey: Survey | None = None, questions: int = 1) -> None:
        self.survey = survey or make_survey()
        self.questions = [make_question(self.survey, Question.Kind.NUMBER) for _ in range(questions)]
        self.version: dict[int, int] = {}
        self._number = 0

    @property
    def question(self) -> Question:
        return self.questions[0]

    def store(self, *rows: tuple[Any, ...]) -> None:
        """Store `(response, day)` with an answer to each question, or `(response, day, answers, kind)`."""
        self._number += 1
        batch = []
        for number, on, *rest in rows:
            answers, kind = (*rest, None, None)[:2]
            if answers is None:
                answers = {question: self.code(number) for question in self.questions}
            batch.append(_response(number, on, {question.pk: v for question, v in answers.items()}, kind or "counted"))
        zone = Organisation.current().zone
        asked = {question.pk for question in self.questions}
        with transaction.atomic():
            intake.store(self.survey, batch, asked=asked, fetch_number=self._number, zone=zone)

    def code(self, number: int) -> int:
        return 100 * number + self.version.get(number, 0)

    def edit(self, *rows: tuple[Any, ...]) -> None:
        for row in rows:
            self.version[row[0]] = self.version.get(row[0], 0) + 1
        self.store(*rows)

    def delete(self, *numbers: int) -> None:
        """As a complete export finds that they are gone."""
        rows = Response.objects.filter(survey=self.survey, external_id__in=map(_id, numbers), deleted_at=None)
        with transaction.atomic():
            keeping = earlier_answers.hold(self.survey)
            earlier_answers.keep_removed(self.survey, keeping, rows.values_list("pk", flat=True))
            moments = list(rows.values_list("recorded_at", flat=True))
            rows.update(deleted_at=timezone.now())
            note_days(self.survey, local_days(moments, Organisation.current().zone))

    def erase(self, *numbers: int) -> None:
        with transaction.atomic():
            surveys = erasure.hold_all()
            done = Erasure.objects.create(way=Erasure.Way.IDS, asked=len(numbers))
            erasure.note([_id(number) for number in numbers], done)
            erasure.remove([_id(number) for number in numbers], surveys)

    def refresh(self, **how: Any) -> None:
        refresh_changed_days(self.survey, **how)

    def blocks(self, question: Question | None = None, *, finished: bool = True) -> list[Block]:
        found = Block.objects.filter(stream__question=question or self.question, stream__finished=finished)
        return sorted(found.filter(replaced_at=None), key=lambda b: (b.last, b.first, codes(b.counts)))

    def stream(self, question: Question | None = None, *, finished: bool = True) -> Stream:
        return Stream.objects.get(question=question or self.question, finished=finished)

    def waiting(self, room: str, **which: Any) -> list[int]:
        rooms = self.stream(**which).waiting[room]
        return sorted(code // 100 for bins in rooms.values() for code in codes(bins))


def codes(bins: dict[str, int] | None) -> list[int]:
    """The answers in a histogram."""
    return sorted(int(value) for value, n in (bins or {}).items() if value for _ in range(n))


def _id(number: int) -> str:
    return f"R_{number}"


def _response(number: int, on: int | date | datetime, answers: dict[int, Any], kind: str) -> NewResponse:
    on = day(on) if isinstance(on, int) else on
    moment = on if isinstance(on, datetime) else datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    return NewResponse(
        external_id=_id(number),
        recorded_at=moment,
        modified_at=None,
        kind=kind,
        status=0,
        finished=kind != "unfinished",
        language="",
        channel="",
        answers=answers,
        content_hash=repr((moment, sorted(answers.items()), kind)).encode(),
    )


def replay(history: History, refreshes: Iterable[dict[str, Any]]) -> None:
    """Live through the refreshes of a vector."""
    days: dict[int, int] = {}
    for each in refreshes:
        days |= dict(map(tuple, each.get("new", ())))
        if each.get("new"):
            history.store(*map(tuple, each["new"]))
        if each.get("deleted"):
            history.delete(*each["deleted"])
        if each.get("edited"):
            history.edit(*((number, days[number]) for number in each["edited"]))
        history.refresh()
