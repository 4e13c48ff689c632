"""Follows what people want of a survey: which questions, from which day, how often. A feed's timetable comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Organisation
from feedback.models import FeedbackItem, Question, Survey
from integrations.models import Connection, SurveyFeed
from integrations.surveys.access import reader_of
from integrations.sync import slots
from integrations.troubles.table import Stops, trouble_of

# A survey that is gone or not shared is looked at again a few times a day: it may come back by itself.
SLOW_RECHECK = timedelta(hours=6)


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
        comment = question.about_id if question.kind == Question.Kind.SENTIMENT else None
        for pk in filter(None, (question.pk, comment)):
            wanted[str(pk)] = _earlier(wanted[str(pk)], first_day) if str(pk) in wanted else first_day
    return wanted


def why_nothing(survey: Survey) -> str:
    """The code of why no question of this survey is wanted."""
    return "items_wait" if retrieving_items(survey).exists() else "nothing_to_retrieve"


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
    return Asked(
        mapping={question.field: [question.pk, question.kind] for question in found},
        questions=list(dict.fromkeys(each.external_id for each in found if each.kind not in Question.BY_NAME)),
        embedded=[each.field for each in found if each.kind in Question.BY_NAME],
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


def wait_for_circuit(feed: SurveyFeed) -> None:
    """If the connection is left alone for a while, have the feed tried as soon as that is over."""
    if feed.connection.is_resting:
        later = SurveyFeed.objects.filter(pk=feed.pk, next_due_at__gt=feed.connection.open_until)
        later.update(next_due_at=feed.connection.open_until)


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
    planned, feed.next_due_at = feed.next_due_at, next_due(feed, feed.look_at)
    if planned and feed.next_due_at and trouble_of(survey.attention_code).stops is Stops.SURVEY:
        # What is looked at a few times a day only stays so, whatever is changed about its items.
        feed.next_due_at = max(feed.next_due_at, min(planned, feed.look_at + SLOW_RECHECK))
    feed.save(update_fields=["next_due_at", "look_at"])
    survey.retrieve_every = slots.interval(frequency) if frequency else None
    survey.save(update_fields=["retrieve_every"])
    return feed


def follow_connection(connection: Connection) -> None:
    """Bring all feeds of a connection in line, after its timetable changed or it was switched on or off."""
    for feed in connection.feeds.select_related("survey"):
        follow(feed.survey)
