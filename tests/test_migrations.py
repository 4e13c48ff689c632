"""Migrations forwards and backwards, each pair, on a database of their own of the kind in use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
# Run in a process of its own: `migrate` looks at nothing but its database, and that one is not the tests'.
WALK = """
import json
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

OURS = {"accounts", "feedback", "integrations", "journeys", "kpis"}

def schema():
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            columns = connection.introspection.get_table_description(cursor, table)
            limits = connection.introspection.get_constraints(cursor, table).values()
            found[table] = [
                sorted([column.name, str(column.type_code), bool(column.null_ok)] for column in columns),
                sorted([list(each["columns"] or []), each["unique"], each["primary_key"], each["index"], each["check"],
                        list(each["foreign_key"] or [])] for each in limits),
            ]
    return json.dumps(found, sort_keys=True, default=str)

def go(app, name):
    MigrationExecutor(connection).migrate([(app, name)])

executor = MigrationExecutor(connection)
plan = [(each.app_label, each.name) for each, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
call_command("migrate", verbosity=0)
latest = schema()
ours = [(app, name) for app, name in plan if app in OURS]
for number, (app, name) in reversed(list(enumerate(ours))):
    upper = schema()
    before = next((other for label, other in reversed(ours[:number]) if label == app), None)
    go(app, before)  # nothing that depends on it is left by now
    lower = schema()
    go(app, name)
    assert schema() == upper, f"{app} {name} does not come back as it was"
    go(app, before)
    assert schema() == lower, f"{app} {name} does not go back twice"
left = [table for table in json.loads(schema()) if table.split("_")[0] in OURS]
assert not left, left
call_command("migrate", verbosity=0)
assert schema() == latest
call_command("makemigrations", "--check", "--dry-run", verbosity=0)
print("PAIRS", len(ours))
"""

KINDS = """
import json
from importlib import import_module
import django
django.setup()
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

step = import_module("feedback.migrations.0007_kinds_of_stored_responses")
step.AT_ONCE, step.NEXT = 100, step.NEXT.replace(f"LIMIT {step.AT_ONCE}", "LIMIT 100")

def go(*targets):
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets))
    return executor.loader.project_state(list(targets)).apps

before, after = ("feedback", "0005_mappings_have_versions"), ("feedback", "0007_kinds_of_stored_responses")
old = go(before)
source = old.get_model("feedback", "Source").objects.create(name="Kinds")
survey = old.get_model("feedback", "Survey").objects.create(source=source, external_id="SV_kinds", name="Kinds")
Response = old.get_model("feedback", "Response")
Response.objects.bulk_create(
    Response(
        survey=survey, external_id=f"R_{status}_{finished}", recorded_at="2026-11-01T09:00Z", fetch_number=1, status=status,
        finished=finished, content_hash=b"x", answers={"1": 9},
    )
    for status in range(512) for finished in (True, False)
)
Response.objects.filter(status__range=(100, 250)).delete()  # ids are not without gaps
found = []
for _ in range(2):  # back, and once more
    rows = go(after).get_model("feedback", "Response").objects
    step.fill(None, connection.schema_editor())  # as if it had been cut short at its end
    found.append(list(rows.order_by("pk").values_list("status", "finished", "kind", "external_id", "answers")))
    old = go(before)
assert Response.objects.count() == len(found[0])
print(json.dumps(found))
"""


BRANDS = """
import json
import django
django.setup()
from datetime import timedelta
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

executor = MigrationExecutor(connection)
before = [("integrations", "0013_steps_that_fail"), ("feedback", "0007_kinds_of_stored_responses"),
    ("kpis", "0003_counting_version"), *executor.loader.graph.leaf_nodes("journeys"),
    *executor.loader.graph.leaf_nodes("accounts")]
executor.migrate(before)
old = executor.loader.project_state(before).apps
make = lambda app, model, **fields: old.get_model(app, model).objects.create(**fields)

from tests import factories
now, made = timezone.now(), []
for number, name in enumerate(("One", "Two"), 1):
    source = make("feedback", "Source", name=name)
    through = make("integrations", "Connection", source=source, name=name, host="fra1.qualtrics.com", brand="acme")
    survey = make("feedback", "Survey", source=source, external_id="SV_both", name="Both", live="live")
    make("feedback", "Survey", source=source, external_id=f"SV_{number}", name=name, live="live")
    question = make("feedback", "Question", survey=survey, field="QID1", external_id="QID1", wording="?", kind="nps",
        scale_min=0, scale_max=10, fingerprint="same")
    for each in range(number, number + 1500):  # 1,499 of them on both sides
        make("feedback", "Response", survey=survey, external_id=f"R_{each}", recorded_at="2026-11-02T09:00Z",
            fetch_number=1, status=0, finished=True, content_hash=b"x", answers={str(question.pk): 9})
    make("kpis", "DayHistogram", question=question, day="2026-11-02", counts={"counted": {"9": 1500}})
    make("kpis", "Counting", survey=survey, time_zone="Europe/Paris")
    feed = make("integrations", "SurveyFeed", connection=through, survey=survey, modified_until=now - timedelta(days=number),
        covered_questions={str(question.pk): None}, continuation_token="token", next_due_at=now)
    make("integrations", "Fetch", feed=feed, trigger="first", state="done", due_at=now, slot=now, received=1500, new=1500)
    make("integrations", "ResponseWatch", connection=through, survey=survey, name=name, key_set_at=now, next_check_at=now)
    card = factories.make_card(factories.make_lane())
    item = make("feedback", "FeedbackItem", card_id=card.pk, source=source, survey=survey, question=question, metric="nps",
        scale_min=0, scale_max=10, chosen_state="retrieving", mapped_fingerprint="same")
    make("feedback", "FormerMapping", item=item, number=1, question=question, metric="nps", mapped_at=now, ended_at=now)

executor = MigrationExecutor(connection)
executor.migrate(executor.loader.graph.leaf_nodes())

from feedback.models import FeedbackItem, FormerMapping, Question, Response, Source, Survey, SurveyJoin
from integrations.joining import joining
from integrations.models import Connection, Fetch, ResponseWatch, SurveyAccess, SurveyFeed
from integrations.surveys import brands
from kpis.models import DayHistogram

assert SurveyAccess.objects.count() == 4
assert sorted(Fetch.objects.values_list("connection__name", flat=True)) == ["One", "Two"]
assert brands.settle_all() == 2
for _ in range(5):
    SurveyJoin.objects.update(due_at=now)
    for pk in joining.joins_to_do():
        joining.work(pk)
join, question = SurveyJoin.objects.get(), Question.objects.get()
print(json.dumps({
    "sources": [[each.name, each.brand_key] for each in Source.objects.all()],
    "surveys": sorted(Survey.objects.values_list("external_id", flat=True)),
    "responses": [Response.objects.count(), Response.objects.values("external_id").distinct().count()],
    "histograms": [[row.question_id == question.pk, row.counts] for row in DayHistogram.objects.all()],
    "items": [each.question_id == question.pk and each.survey_id == join.survey_id for each in FeedbackItem.objects.all()],
    "mappings": [each.question_id == question.pk for each in FormerMapping.objects.all()],
    "feeds": [[each.connection.name, each.continuation_token] for each in SurveyFeed.objects.all()],
    "known": SurveyFeed.objects.get().modified_until == now - timedelta(days=2),
    "ledger": Fetch.objects.count(),
    "watches": sorted([each.connection.name, each.is_ending] for each in ResponseWatch.objects.all()),
    "joined": [join.twin_source, join.responses, join.doubles, join.items, join.ended_at is not None],
    "one source": Connection.objects.values("source").distinct().count(),
}))
"""


@pytest.fixture
def own_database(tmp_path) -> Iterator[dict[str, str]]:
    """The environment that leads to a new, empty database."""
    environment = os.environ | {"PARCOURS_VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}
    if settings.EMBEDDED:
        yield environment | {"SQLITE_FILE": str(tmp_path / "own.sqlite3")}
        return
    server, name = os.environ["DATABASE_URL"].rsplit("/", 1)[0], f"pairs_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield environment | {"DATABASE_URL": f"{server}/{name}"}
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_each_goes_back_and_forth_and_all_go_down_to_nothing(own_database):
    walked = subprocess.run(
        [sys.executable, "-c", WALK],
        cwd=ROOT,
        env=own_database,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert walked.returncode == 0, walked.stderr[-3000:]
    migrations = len(list(ROOT.glob("*/migrations/0*.py")))
    assert f"PAIRS {migrations}" in walked.stdout


def test_stored_responses_get_the_kind_that_their_status_says(own_database):
    walked = subprocess.run(
        [sys.executable, "-c", KINDS],
        cwd=ROOT,
        env=own_database,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert walked.returncode == 0, walked.stderr[-3000:]
    first, again = json.loads(walked.stdout.splitlines()[-1])
    assert first == again
    assert len(first) == 2 * (512 - 151)
    for status, finished, kind, external_id, answers in first:
        assert (external_id, answers) == (f"R_{status}_{finished}", {"1": 9})
        bits = {1: "preview", 2: "test", 8: "spam", 256: "synthetic"}
        usual = "counted" if finished else "unfinished"
        assert kind == next((name for bit, name in bits.items() if status & bit), usual)


def test_two_connections_that_had_been_seeing_one_brand_come_out_as_one_source(own_database):
    walked = subprocess.run(
        [sys.executable, "-c", BRANDS],
        cwd=ROOT,
        env=own_database,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert walked.returncode == 0, walked.stderr[-3000:]
    assert json.loads(walked.stdout.splitlines()[-1]) == {
        "sources": [["One", "qualtrics:acme"]],
        "surveys": ["SV_1", "SV_2", "SV_both"],
        "responses": [1501, 1501],
        "histograms": [[True, {"counted": {"9": 1501}}]],
        "items": [True, True],
        "mappings": [True, True],
        "feeds": [["One", ""]],
        "known": True,
        "ledger": 2,
        "watches": [["One", False], ["Two", True]],
        "joined": ["Two", 1500, 1499, 1, True],
        "one source": 1,
    }
