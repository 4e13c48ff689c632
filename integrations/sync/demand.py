"""Follows what people want of a survey: which questions, from which day, how often. A feed's timetable comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Organisation
from feedback.models import FeedbackItem, Question, Survey
from integrations.models import Connection, SurveyFeed
from integrations.surveys.access import reader_of
from integrations.sync import slots


def retrieving_items(survey: Survey) -> QuerySet[FeedbackItem]:
    """The items that this survey must be fetched for."""
    return FeedbackItem.objects.filter(
        survey=survey, chosen_state=FeedbackItem.Chosen.RETRIEVING, origin=FeedbackItem.Origin.SURVEY
    ).exclude(question=None)


def wanted_questions(survey: Survey) -> dict[str, str | None]:
    """{question pk as text: first local day wanted, None for all}, for the export and for judging what is missing.

    A question that changed since a person mapped it is left out: its new answers would be counted by the old rules. The
    comment that a sentiment is about comes along.
    """
    wanted: dict[str, str | None] = {}
    items = retrieving_items(survey).select_related("question")
    for item in items:
        question = item.question
        if question is None or question.gone_at or question.fingerprint != item.mapped_fingerprint:
            continue
        first_day = item.count_from.isoformat() if item.count_from else None
        for pk in filter(None, (question.pk, question.about_id)):
            wanted[str(pk)] = _earlier(wanted[str(pk)], first_day) if str(pk) in wanted else first_day
    return wanted


def _earlier(day: str | None, other: str | None) -> str | None:
    return None if day is None or other is None else min(day, other)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an export is asked for: our mapping {field: [question pk, kind]}, and the vendor's own ids of it."""

    mapping: dict[str, list]
    questions: list[str]
    embedded: list[str]


def asked_of(wanted: dict[str, str | None]) -> Asked:
    """The export that brings these questions, and nothing else."""
    found = list(Question.objects.filter(pk__in=[int(pk) for pk in wanted]).order_by("position"))
    analysed = [question for question in found if question.kind == Question.Kind.SENTIMENT]  # Text iQ adds fields
    return Asked(
        mapping={question.field: [question.pk, question.kind] for question in found},
        questions=list(dict.fromkeys(question.external_id for question in found if question not in analysed)),
        embedded=[question.field for question in analysed],
    )


def frequency_of(survey: Survey, connection: Connection) -> str | None:
    """The shortest frequency that an item asks for; None if no item retrieves."""
    asked = [item or connection.frequency for item in retrieving_items(survey).values_list("frequency", flat=True)]
    return slots.most_frequent(asked) if asked else None


def next_due(feed: SurveyFeed, after: datetime) -> datetime | None:
    """The feed's next slot; None if nothing asks for it."""
    connection = feed.connection
    frequency = frequency_of(feed.survey, connection)
    if frequency is None or not connection.enabled:
        return None
    zone = Organisation.current().zone
    return slots.next_slot(frequency, connection.at_time, connection.weekday, zone, after)


def follow(survey: Survey) -> SurveyFeed | None:
    """Bring the survey's feed in line with its items; the feed, or None if the survey needs none and has none."""
    feed = SurveyFeed.objects.select_related("connection").filter(survey=survey).first()
    connection = feed.connection if feed else reader_of(survey)
    if connection is None:
        return None
    frequency = frequency_of(survey, connection)
    if feed is None:
        if frequency is None:
            return None
        feed = SurveyFeed.objects.create(connection=connection, survey=survey)
    feed.connection, feed.survey = connection, survey
    feed.look_at = timezone.now()
    feed.next_due_at = next_due(feed, feed.look_at)
    feed.save(update_fields=["next_due_at", "look_at"])
    survey.retrieve_every = slots.interval(frequency) if frequency else None
    survey.save(update_fields=["retrieve_every"])
    return feed


def follow_connection(connection: Connection) -> None:
    """Bring all feeds of a connection in line, after its timetable changed or it was switched on or off."""
    for feed in connection.feeds.select_related("survey"):
        follow(feed.survey)
