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
