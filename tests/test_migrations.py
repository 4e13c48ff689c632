"""Migrations forwards and backwards, each pair, on a database of their own of the kind in use."""

from __future__ import annotations

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
