"""Plain functions that make one thing each, with sensible defaults for what a test does not care about."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.roles import Role, give_role
from feedback.mapping.proposals import proposal_of
from feedback.models import FeedbackItem, ManualValue, Question, Response, Source, Survey
from integrations.models import Connection, SurveyFeed
from integrations.qualtrics.translate import kind_of
from journeys.models import Card, Journey, Lane, Stage
from kpis.models import DayHistogram

_count = itertools.count(1)
PASSWORD = "correct horse battery"


def make_user(role: Role | None = Role.VIEWER, **fields: Any) -> User:
    fields.setdefault("email", f"person{next(_count)}@example.org")
    user = User.objects.create_user(password=PASSWORD, **fields)
    if role:
        give_role(user, role)
    return user


def make_journey(stages: int = 2, **fields: Any) -> Journey:
    fields.setdefault("name", f"Journey {next(_count)}")
    journey = Journey.objects.create(**fields)
    Stage.objects.bulk_create(Stage(journey=journey, name=f"Stage {n + 1}", position=n) for n in range(stages))
    return journey


def make_lane(journey: Journey | None = None, kind: str = Lane.Kind.FEEDBACK, **fields: Any) -> Lane:
    journey = journey or make_journey()
    fields.setdefault("position", journey.lanes.count())
    return Lane.objects.create(journey=journey, kind=kind, **fields)


def make_card(lane: Lane | None = None, stage: Stage | None = None, **fields: Any) -> Card:
    lane = lane or make_lane(kind=Lane.Kind.TEXT)
    stage = stage or lane.journey.stages.first()
    fields.setdefault("title", f"Card {next(_count)}")
    fields.setdefault("position", lane.cards.filter(stage=stage).count())
    return Card.objects.create(lane=lane, stage=stage, **fields)


def make_source(**fields: Any) -> Source:
    fields.setdefault("name", f"Source {next(_count)}")
    return Source.objects.create(**fields)


def make_connection(**fields: Any) -> Connection:
    """A connection without a usable token: enough for pages and schedules."""
    fields.setdefault("name", f"Connection {next(_count)}")
    fields.setdefault("host", "fra1.qualtrics.com")
    if "source" not in fields:
        fields["source"] = make_source(name=fields["name"])
    return Connection.objects.create(**fields)


def make_survey(source: Source | None = None, **fields: Any) -> Survey:
    number = next(_count)
    fields.setdefault("name", f"Survey {number}")
    fields.setdefault("external_id", f"SV_{number:015d}")
    fields.setdefault("live", Survey.Live.LIVE)
    return Survey.objects.create(source=source or make_source(), **fields)


def make_feed(connection: Connection | None = None, survey: Survey | None = None, **fields: Any) -> SurveyFeed:
    connection = connection or make_connection()
    survey = survey or make_survey(connection.source)
    return SurveyFeed.objects.create(connection=connection, survey=survey, **fields)


def make_question(survey: Survey | None = None, kind: str = Question.Kind.NPS, **fields: Any) -> Question:
    survey = survey or make_survey()
    number = next(_count)
    fields.setdefault("field", f"QID{number}")
    fields.setdefault("external_id", fields["field"])
    fields.setdefault("wording", f"Question {number}?")
    if kind == Question.Kind.NPS:
        fields.setdefault("scale_min", 0)
        fields.setdefault("scale_max", 10)
        fields.setdefault("choices", [{"value": str(v), "label": str(v), "analyze": True} for v in range(11)])
    fields.setdefault("fingerprint", f"fingerprint-{fields['field']}")
    return Question.objects.create(survey=survey, kind=kind, **fields)


def change_question(question: Question, at: datetime | None = None, **fields: Any) -> Question:
    """The question as its author has changed it: what was stays, and names this one as its successor."""
    names = ("survey", "field", "external_id", "label", "wording", "kind", "choices", "scale_min", "scale_max", "about")
    fields = (
        {name: getattr(question, name) for name in names} | {"fingerprint": f"{question.fingerprint}-changed"} | fields
    )
    successor = Question.objects.create(**fields, asked_since=at, successor=question)
    Question.objects.filter(pk=question.pk).update(successor=successor, gone_at=at or timezone.now())
    Question.objects.filter(pk=successor.pk).update(successor=None)
    question.refresh_from_db()
    successor.refresh_from_db()
    return successor


def make_item(question: Question | None = None, stage: Stage | None = None, **fields: Any) -> FeedbackItem:
    """A retrieving NPS item, unless told otherwise."""
    question = question or make_question()
    if "card" not in fields:
        journey = stage.journey if stage else make_journey()
        lane = journey.lanes.filter(kind=Lane.Kind.FEEDBACK).first() or make_lane(journey)
        fields["card"] = make_card(lane, stage or journey.stages.first())
    fields.setdefault("metric", FeedbackItem.Metric.NPS)
    fields.setdefault("scale_min", question.scale_min)
    fields.setdefault("scale_max", question.scale_max)
    fields.setdefault("mapping", [entry.as_json() for entry in proposal_of(question).entries])
    fields.setdefault("chosen_state", FeedbackItem.Chosen.RETRIEVING)
    return FeedbackItem.objects.create(
        source=question.survey.source,
        survey=question.survey,
        question=question,
        mapped_fingerprint=question.fingerprint,
        **fields,
    )


def at(text: str) -> datetime:
    """`at("2026-11-01 09:00")` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def make_days(question: Question, days: dict[str, dict[str, Any]]) -> None:
    """Histograms of one question: `{"2026-11-01": {"9": 3, "": 1}}`, or by class `{"…": {"counted": {"9": 3}}}`."""
    DayHistogram.objects.bulk_create(
        DayHistogram(
            question=question,
            day=day,
            counts=counts if all(isinstance(value, dict) for value in counts.values()) else {"counted": counts},
        )
        for day, counts in days.items()
    )


def make_manual_item(stage: Stage | None = None, values: dict[str, Any] | None = None, **fields: Any) -> FeedbackItem:
    """An NPS entered by hand: `values={"2026-01-05": (40, 120), "2026-02-05": 42}`, with or without n."""
    journey = stage.journey if stage else make_journey()
    lane = journey.lanes.filter(kind=Lane.Kind.FEEDBACK).first() or make_lane(journey)
    card = make_card(lane, stage or journey.stages.first())
    fields = {"metric": "nps", "scale_min": 0, "scale_max": 10, "chosen_state": "retrieving"} | fields
    item = FeedbackItem.objects.create(card=card, origin=FeedbackItem.Origin.MANUAL, **fields)
    for day, value in (values or {}).items():
        number, n = value if isinstance(value, tuple) else (value, None)
        ManualValue.objects.create(item=item, day=day, value=number, n=n)
    return item


def make_response(survey: Survey, recorded_at: datetime | str, answers: dict[Any, Any], **fields: Any) -> Response:
    """A stored response; `answers` by question or its primary key. It is in no histogram until a refresh."""
    fields.setdefault("external_id", f"R_{next(_count):015d}")
    fields = {"fetch_number": 1, "status": 0, "finished": True, "content_hash": b""} | fields
    fields.setdefault("kind", kind_of(fields["status"], fields["finished"]))
    return Response.objects.create(
        survey=survey,
        recorded_at=at(recorded_at) if isinstance(recorded_at, str) else recorded_at,
        answers={str(getattr(question, "pk", question)): value for question, value in answers.items()},
        **fields,
    )
