"""Backup while somebody writes, restore, and what a sync makes of an old backup."""

from __future__ import annotations

import shutil
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database

from config.running.backups import restore
from feedback.models import Response
from integrations.erasure import erasing
from integrations.models import Fetch, SurveyFeed
from integrations.sync import audit, requests
from journeys.models import Journey
from tests.factories import make_journey
from tests.integrations.sync.conftest import add_item, connection, running, sandbox, survey, work  # noqa: F401

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("deployment"),
    pytest.mark.usefixtures("own_files"),
]


@pytest.fixture(autouse=True)
def _tools():
    if database.vendor == "postgresql" and not shutil.which("pg_dump"):
        pytest.skip("No pg_dump on this machine: install Debian's package postgresql-client to run this test")


def run(*arguments: object) -> str:
    said = StringIO()
    call_command(*map(str, arguments), stdout=said)
    return said.getvalue()


def test_everything_comes_back(tmp_path):
    make_journey(name="Before")
    file = tmp_path / "backup"
    run("backup", file)
    make_journey(name="After")
    run("restore", file, "--yes")
    assert [journey.name for journey in Journey.objects.all()] == ["Before"]
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == ["backup"]
    assert file.stat().st_mode & 0o077 == 0


def test_a_backup_while_somebody_writes_is_whole(tmp_path):
    file, stop = tmp_path / "backup", threading.Event()

    def write() -> None:
        while not stop.is_set():
            make_journey(stages=3)
        database.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        run("backup", file)
    finally:
        stop.set()
        writer.join(30)
    run("restore", file, "--yes")
    assert all(journey.stages.count() in (0, 3) for journey in Journey.objects.all())


def test_what_is_no_backup_changes_nothing(tmp_path):
    make_journey(name="Stays")
    file = tmp_path / "backup"
    file.write_bytes(b"this is no database " * 100)
    with pytest.raises(CommandError):
        run("restore", file, "--yes")
    with pytest.raises(CommandError, match="There is no"):
        run("restore", tmp_path / "nothing", "--yes")
    with pytest.raises(CommandError, match="exists already"):
        run("backup", file)
    assert Journey.objects.get().name == "Stays"


def test_an_old_backup_heals_with_the_next_fetch(sandbox, survey, add_item, tmp_path):  # noqa: F811
    add_item(survey)
    work(survey)
    run("backup", tmp_path / "backup")
    sandbox.control.add_responses("post-journey", 5)
    edited = sandbox.control.truth("post-journey")[0]["id"]
    sandbox.control.edit_response("post-journey", edited, {"QID2": 0})
    requests.ask_for_fetch(SurveyFeed.objects.get(survey=survey), Fetch.Trigger.MANUAL)
    work(survey)
    run("restore", tmp_path / "backup", "--yes")
    assert Response.objects.count() == len(sandbox.control.truth("post-journey")) - 5
    requests.ask_for_fetch(
        SurveyFeed.objects.select_related("connection", "survey").get(survey=survey), Fetch.Trigger.MANUAL
    )
    fetch = work(survey)
    assert (fetch.new, fetch.changed) == (5, 1)
    live = set(Response.objects.values_list("external_id", flat=True))
    assert live == {row["id"] for row in sandbox.control.truth("post-journey")}
    survey.refresh_from_db()
    assert list(audit.check(survey)) == []


@pytest.mark.parametrize("list_is_lost", [False, True])
def test_who_was_erased_after_the_backup_stays_erased(sandbox, survey, add_item, tmp_path, settings, list_is_lost):  # noqa: F811
    add_item(survey)
    work(survey)
    run("backup", tmp_path / "backup")
    person = Response.objects.filter(survey=survey).latest("recorded_at").external_id
    erasing.erase([person], by=None)
    if list_is_lost:  # the database that is replaced knows it too
        settings.ERASED_LIST.unlink()
    assert "erased again: 1" in run("restore", tmp_path / "backup", "--yes")
    assert not Response.objects.filter(external_id=person).exists()
    requests.ask_for_fetch(
        SurveyFeed.objects.select_related("connection", "survey").get(survey=survey), Fetch.Trigger.RECONCILE
    )
    fetch = work(survey)
    assert (fetch.new, fetch.vanished) == (0, 0)
    assert not Response.objects.filter(external_id=person).exists()
    survey.refresh_from_db()
    assert list(audit.check(survey)) == []


def test_a_backup_on_a_new_machine_learns_from_the_list(survey, add_item, tmp_path, sandbox):  # noqa: F811
    add_item(survey)
    work(survey)
    run("backup", tmp_path / "backup")
    person = Response.objects.filter(survey=survey).latest("recorded_at").external_id
    erasing.erase([person], by=None)
    run("erase", "--list", tmp_path / "erased")
    restore(tmp_path / "backup")  # by the database's own means, without our command
    assert Response.objects.filter(external_id=person).exists()
    assert "Erased again: 1" in run("erase", "--replay", tmp_path / "erased")
    assert not Response.objects.filter(external_id=person).exists()
