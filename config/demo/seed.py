"""Fills an empty database with the demo: people, two connections to the sandbox, two maps with their items.

Everything goes through the product's own actions, and the surveys are read over HTTP, so the demo shows what the product does.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from accounts.models import Organisation, User
from accounts.roles import Role, give_role
from config.demo import maps
from feedback import items
from feedback.models import FeedbackItem, Frequency, Question, Survey
from integrations.connections import editing
from integrations.connections.testing import test_and_keep
from integrations.models import Connection
from integrations.qualtrics.hosts import normalise_host
from integrations.surveys.mirror import mirror_questions, mirror_surveys
from integrations.vault.secret import Secret
from integrations.vendor import instance_guard
from integrations.vendor.clients import client_for
from integrations.webhooks import subscriptions
from journeys.editing.building import build
from journeys.models import Journey, Lane
from kpis.mapping.choices import choice_of

PASSWORD = "parcours-demo"  # noqa: S105 (printed when the demo starts; it opens nothing but the demo)
PEOPLE = {
    Role.ADMIN: ("admin@parcours.example", "Alice", "Martin"),
    Role.ANALYST: ("analyst@parcours.example", "Amir", "Haddad"),
    Role.VIEWER: ("viewer@parcours.example", "Vera", "Keller"),
}


@dataclass(frozen=True)
class Brand:
    """A connection of the demo: how it is called, where the sandbox listens for it, and with which token."""

    name: str
    host: str
    token: str


def seed(railway: Brand, bank: Brand) -> None:
    """Make the demo, or point the one that exists at where the sandbox listens now."""
    if not instance_guard.is_confirmed():
        instance_guard.confirm_instance(
            is_copy=True
        )  # its folder was copied or moved; the sandbox is another one anyway
    people = _people()
    organisation = Organisation.current()
    organisation.name, organisation.time_zone = "Parcours demo", "Europe/Paris"
    organisation.save()
    for brand, description, wanted in ((railway, maps.RAILWAY, maps.RAILWAY_ITEMS), (bank, maps.BANK, maps.BANK_ITEMS)):
        connection = _connect(brand, people[Role.ADMIN])
        if not Journey.objects.filter(name=description["name"]).exists():
            _draw(description, wanted, connection, people[Role.ANALYST])
        _watch(connection, people[Role.ADMIN])


def _people() -> dict[Role, User]:
    people = {}
    for role, (email, first_name, last_name) in PEOPLE.items():
        user = User.objects.filter(email=email).first() or User.objects.create_user(
            email, PASSWORD, first_name=first_name, last_name=last_name
        )
        give_role(user, role)
        people[role] = user
    return people


def _connect(brand: Brand, admin: User) -> Connection:
    host, token = normalise_host(brand.host), Secret(brand.token)
    connection = Connection.objects.filter(name=brand.name).first()
    if connection is None:
        connection = editing.create_connection(
            host=host, token=token, by=admin, name=brand.name, frequency=Frequency.HOURLY
        )
    elif connection.host != host.name:
        editing.change_connection(connection, connection.version, host=host, token=token)
    test_and_keep(connection)
    return connection


def _draw(description: dict, wanted: list[maps.DemoItem], connection: Connection, analyst: User) -> None:
    with client_for(connection) as client:
        surveys = {survey.name: survey for survey in mirror_surveys(connection, client)}
        questions = {
            name: mirror_questions(surveys[name], client) for name in dict.fromkeys(item.survey for item in wanted)
        }
    with transaction.atomic():
        journey = build(description, created_by=analyst)
        lane = journey.lanes.get(kind=Lane.Kind.FEEDBACK)
        stages = {stage.name: stage for stage in journey.stages.all()}
        for item in wanted:
            _add(item, lane, stages[item.stage], surveys[item.survey], questions[item.survey], analyst)


def _watch(connection: Connection, admin: User) -> None:
    """New responses show within seconds. A sandbox started anew has forgotten its subscriptions: the check makes them again."""
    watched = {watch.survey_id for watch in subscriptions.watches().filter(connection=connection)}
    if watched:
        subscriptions.check_connection(connection)
    for feed in connection.feeds.select_related("survey"):
        if feed.survey_id not in watched:
            subscriptions.create_watch(feed.survey, by=admin)


def _add(item: maps.DemoItem, lane: Lane, stage, survey: Survey, questions: list[Question], analyst: User) -> None:
    question = next(
        question
        for question in questions
        if (question.kind == Question.Kind.SENTIMENT and question.about and question.about.field == item.field)
        or (question.field == item.field and question.kind != Question.Kind.TEXT)
    )
    formula = next(formula for formula in choice_of(question).formulas if formula.metric == item.metric)
    items.create_item(
        lane,
        stage,
        title=item.title,
        user=analyst,
        retrieve=item.retrieve,
        source=survey.source,
        survey=survey,
        question=question,
        metric=formula.metric,
        scale_min=formula.scale_min,
        scale_max=formula.scale_max,
        positive_values=list(formula.positive_values),
        reverse=formula.reverse,
        target=item.target,
        target_direction=FeedbackItem.Direction.AT_LEAST,
    )
