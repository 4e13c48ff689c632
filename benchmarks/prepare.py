"""Makes the installation that runs start from: tables, a connection, the survey, six mapped questions, the demo's maps.

`python -m benchmarks.prepare HOST [SURVEYS]`: prints the survey's and the questions' primary keys.
"""

from __future__ import annotations

import json
import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from accounts.models import Organisation  # noqa: E402
from benchmarks.data import MAPPED, SURVEY, ZONE  # noqa: E402
from benchmarks.vendor import TOKEN  # noqa: E402
from feedback import items  # noqa: E402
from feedback.models import Question, Survey  # noqa: E402
from integrations.connections import editing  # noqa: E402
from integrations.models import Connection  # noqa: E402
from integrations.qualtrics.hosts import normalise_host  # noqa: E402
from integrations.surveys.mirror import mirror_questions  # noqa: E402
from integrations.vault.secret import Secret  # noqa: E402
from integrations.vendor.clients import client_for  # noqa: E402
from journeys.models import Journey, Lane, Stage  # noqa: E402
from kpis.mapping.choices import choice_of  # noqa: E402


def prepare(host: str, surveys: int) -> dict[str, object]:
    call_command("migrate", verbosity=0)
    organisation = Organisation.current()
    organisation.name, organisation.time_zone = "Benchmark", ZONE
    organisation.save()
    connection = editing.create_connection(
        host=normalise_host(host), token=Secret(TOKEN), name="Benchmark", frequency="daily"
    )
    made = [add_survey(connection, SURVEY if n == 0 else f"{SURVEY}{n}") for n in range(surveys)]
    survey = made[0]
    questions = dict(Question.objects.filter(survey=survey, field__in=MAPPED).values_list("field", "pk"))
    return {"survey": survey.pk, "questions": questions, "feeds": [each.feed.pk for each in made]}


def add_survey(connection: Connection, external_id: str) -> Survey:
    """A survey with one retrieving item for each mapped question that has a metric."""
    survey = Survey.objects.create(source=connection.source, external_id=external_id, name=external_id)
    with client_for(connection) as client:
        mirror_questions(survey, client)
    journey = Journey.objects.create(name=f"Journey of {external_id}")
    stage = Stage.objects.create(journey=journey, name="All of it", position=0)
    lane = Lane.objects.create(journey=journey, kind=Lane.Kind.FEEDBACK, position=0)
    for question in Question.objects.filter(survey=survey, field__in=MAPPED).exclude(kind="text"):
        formula = choice_of(question).formulas[0]
        items.create_item(
            lane,
            stage,
            title=question.field,
            user=None,
            retrieve=True,
            source=survey.source,
            survey=survey,
            question=question,
            metric=formula.metric,
            scale_min=formula.scale_min,
            scale_max=formula.scale_max,
            positive_values=list(formula.positive_values),
            reverse=formula.reverse,
        )
    survey.refresh_from_db()
    return survey


if __name__ == "__main__":
    print(json.dumps(prepare(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)))
