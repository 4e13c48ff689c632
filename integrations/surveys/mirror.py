"""Keeps our picture of the vendor's surveys and questions: what exists, whether it is live, what each question asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from feedback.models import Question, Survey
from integrations.models import Connection
from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.questionnaire import questionnaire
from integrations.qualtrics.questions import QuestionRecord
from integrations.qualtrics.sources import names_of, source_records
from integrations.qualtrics.wording import readable
from integrations.surveys import access

# A version that was read within the second of its making, perhaps; it is read once more.
_YOUNG = "~"
_A_WHILE = timedelta(seconds=2)
_BELONGING = frozenset({Question.Kind.CHOSEN, Question.Kind.SCORE, Question.Kind.EMBEDDED, Question.Kind.OTHER})


def mirror_surveys(connection: Connection, client: QualtricsClient) -> list[Survey]:
    """The surveys that the connection sees now, by name. One call per page of the list, none per survey.

    Which they are is remembered. The list says only whether a survey collects now; one that does not keeps what is known of it.
    """
    began = timezone.now()
    rows = Survey.objects.filter(source=connection.source_id).defer("questionnaire")
    known = {survey.external_id: survey for survey in rows}
    seen: list[Survey] = []
    for summary in client.surveys():
        survey = known.get(summary.id) or Survey(source_id=connection.source_id, external_id=summary.id)
        before = _listed(survey)
        survey.name = _name(summary.name, summary.id)
        survey.made_at, survey.owner = summary.created_at, summary.owner_id[:64]
        if summary.is_active:
            survey.live = Survey.Live.LIVE
        elif survey.live == Survey.Live.LIVE:
            survey.live = Survey.Live.CLOSED
        if survey.pk is None:
            survey, _created = Survey.objects.get_or_create(
                source_id=connection.source_id,
                external_id=summary.id,
                defaults=_listed(survey),
            )
        elif before != _listed(survey):
            survey.save(update_fields=list(before))
        seen.append(survey)
    access.note_list(connection, seen)
    access.note_missing(connection, since=began)
    return sorted(seen, key=lambda survey: (survey.name.casefold(), survey.external_id))


def _listed(survey: Survey) -> dict[str, Any]:
    """What the list says of a survey."""
    return {"name": survey.name, "live": survey.live, "made_at": survey.made_at, "owner": survey.owner}


def _name(name: str, external_id: str) -> str:
    """For people: its id, if there is nothing to see of a name."""
    return readable(name.strip()[:250]) or external_id


def mirror_questions(survey: Survey, client: QualtricsClient) -> list[Question]:
    """What the survey offers as it stands now: its questions in their order, and what stands beside them.

    One call; two more when the survey has changed since it was read last. A question that has gone stays, marked, with
    its history.
    """
    now = timezone.now()
    detail = client.survey(survey.external_id)
    version = detail.modified_at.isoformat() if detail.modified_at else ""
    is_read = bool(version and survey.questionnaire) and version == survey.vendor_version and survey.questions.exists()
    if not is_read and not _has_settled(version, survey, now):
        version = f"{_YOUNG}{version}"
    live = detail.live_state(now)
    definition = None
    if not is_read or live == Survey.Live.NEVER_LAUNCHED:
        # Only the definition knows of a launch without an answer, of the ends of sliders and of questions thrown away.
        definition = client.definition(survey.external_id)
        live = detail.live_state(now, definition.launched_at)
    records = None if is_read else source_records(detail, client.response_schema(survey.external_id), definition)
    with transaction.atomic():
        Survey.objects.select_for_update().get(pk=survey.pk)  # two readers of one survey take turns
        if records is not None:
            names = names_of(detail, definition)
            _write(survey, records, now, detail.modified_at or now, names)
            survey.questionnaire = questionnaire(detail, definition, names)
        survey.name = _name(detail.name, survey.external_id)
        survey.live, survey.read_at, survey.vendor_version = live, now, version
        survey.save(update_fields=["name", "live", "read_at", "vendor_version", "questionnaire"])
    return list(survey.questions.filter(gone_at=None).select_related("about"))


def _has_settled(version: str, survey: Survey, now: datetime) -> bool:
    """Whether this version was read before, a while ago. The vendor's dates are whole seconds: one more edit may follow."""
    if survey.read_at is None or survey.vendor_version != f"{_YOUNG}{version}":
        return False
    return now - survey.read_at > _A_WHILE


def _write(
    survey: Survey,
    records: Iterable[QuestionRecord],
    now: datetime,
    edited_at: datetime,
    names: Mapping[str, str],
) -> None:
    rows = _rows(survey)
    by_field: dict[str, Question] = {}
    about: list[tuple[Question, str]] = []
    position = -1
    for record in records:
        # What only belongs to a question stands where that does: a comment is looked for near it.
        position += record.kind not in _BELONGING or position < 0
        question = _row_for(record, rows.get(record.field, []), survey, now, edited_at)
        question.external_id = record.qid
        question.label = record.label[:120]
        question.wording = readable(record.wording, names) or record.label or record.field
        question.kind = record.kind
        question.form = record.form
        question.why_not = record.why_not
        question.choices = [
            choice | {"label": readable(choice["label"], names) or choice["value"]} for choice in record.choices
        ]
        question.scale_min, question.scale_max = record.scale_min, record.scale_max
        question.position = position
        question.fingerprint = record.fingerprint
        question.gone_at = None
        question.save()
        by_field[record.field] = question
        if record.about_field:
            about.append((question, record.about_field))
    for question, field in about:
        Question.objects.filter(pk=question.pk).update(
            about=by_field.get(field) or next(iter(rows.get(field, [])), None)
        )
    survey.questions.filter(gone_at=None).exclude(field__in=by_field).update(gone_at=now)


def _rows(survey: Survey) -> dict[str, list[Question]]:
    """By field: the row that holds now, then those that it has replaced."""
    rows: dict[str, list[Question]] = {}
    for question in survey.questions.order_by(F("successor_id").asc(nulls_first=True), "-pk"):
        rows.setdefault(question.field, []).append(question)
    return rows


def _row_for(
    record: QuestionRecord, rows: list[Question], survey: Survey, now: datetime, edited_at: datetime
) -> Question:
    """The row to write the record to. One that an item uses is not overwritten by what would be counted otherwise."""
    current = rows[0] if rows else None
    if current is None:
        return Question(survey=survey, field=record.field)
    # An edit that was undone brings the former row back, with its answers and the items that still wait on it.
    next_row = next((row for row in rows if row.fingerprint == record.fingerprint), None)
    if next_row == current or (next_row is None and not current.is_in_use):
        return current
    if next_row is None:
        next_row = Question(survey=survey, field=record.field, asked_since=edited_at, successor=current)
        next_row.save()
    Question.objects.filter(pk=current.pk).update(gone_at=now)
    # All at once: of a field, one row only may stand without a successor.
    survey.questions.filter(field=record.field).exclude(pk=next_row.pk).update(successor=next_row)
    next_row.successor = None
    return next_row
