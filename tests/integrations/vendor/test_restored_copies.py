"""A database that is restored elsewhere reads from the vendor, and changes nothing there until somebody vouches for it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.urls import reverse
from django.utils import timezone

from feedback.models import Survey
from integrations.connections import editing
from integrations.connections.testing import test_and_keep as run_test
from integrations.console.calls import call_api, read_call
from integrations.directory import contacts
from integrations.distributions import sending
from integrations.models import Connection, Distribution, Installation, ResponseWatch
from integrations.surveys.catalogue import surveys_of
from integrations.vendor import instance_guard
from integrations.webhooks import subscriptions as watches

ROOT = Path(__file__).resolve().parents[3]
PAGE = reverse("integrations:installation")
PERSON = {"email": "copy@northwind.example"}


@pytest.fixture
def elsewhere(db):
    """This database was somewhere else when somebody last vouched for it."""
    instance_guard.known()
    Installation.objects.update(place="another", described="PostgreSQL 7, parcours")


@pytest.fixture
def book(sandbox):
    return next(each for each in sandbox.world.directories.values() if each.brand == "coastline")


@pytest.fixture
def watch(connection, sandbox, settings) -> ResponseWatch:
    """A watch of the original, with its subscription."""
    settings.PUBLIC_URL = "https://parcours.example"
    surveys_of(connection)
    made = watches.create_watch(Survey.objects.get(external_id=sandbox.control.survey_id("post-journey")))
    yield made
    sandbox.site.services.webhooks.subscriptions.clear()


@pytest.fixture
def changes(sandbox):
    """Calls from here on that may have changed something."""
    sandbox.control.forget_calls()

    def made() -> list[tuple[str, str]]:
        return [
            (call["method"], call["path"])
            for call in sandbox.control.calls()
            if call["method"] != "GET" and not call["path"].endswith(("/export-responses", "/search"))
        ]

    return made


def subscriptions(sandbox) -> list[str]:
    return [each.id for each in sandbox.site.services.webhooks.of_brand("coastline")]


@pytest.mark.django_db
class TestWhere:
    def test_a_new_database_belongs_where_it_was_made(self):
        assert Installation.objects.get().place == instance_guard.here().digest
        assert instance_guard.is_confirmed()

    def test_one_without_a_note_takes_its_place(self):
        Installation.objects.all().delete()
        assert instance_guard.is_confirmed()
        assert Installation.objects.count() == 1

    def test_another_name_is_another_place(self, settings):
        settings.INSTANCE_ID = "staging"
        assert not instance_guard.is_confirmed()
        settings.INSTANCE_ID = ""
        assert instance_guard.is_confirmed()

    def test_the_place_is_told_in_words_and_kept_as_a_digest(self, settings):
        settings.INSTANCE_ID = "staging"
        place = instance_guard.here()
        assert place.words.startswith("staging: ")
        assert str(database.settings_dict["NAME"]).rpartition("/")[2] in place.words
        assert len(place.digest) == 64


@pytest.mark.django_db
class TestNothingIsChanged:
    def test_contacts(self, connection, book, elsewhere, changes):
        for action in (
            lambda: contacts.create_contact(connection, book.id, PERSON),
            lambda: contacts.update_contact(connection, book.id, next(iter(book.contacts)), PERSON),
            lambda: contacts.delete_contact(connection, book.id, next(iter(book.contacts))),
        ):
            with pytest.raises(contacts.VendorCallFailed) as undone:
                action()
            assert (undone.value.code, undone.value.unknown) == ("changes_paused", False)
        assert changes() == []

    def test_distributions(self, connection, admin, elsewhere, changes, sandbox):
        draft = Distribution.objects.create(
            connection=connection, kind="email", survey_external_id="SV_1", survey_name="S", request={}, recipients=3
        )
        sending.send(draft, draft.version, admin)
        draft.refresh_from_db()
        assert (draft.state, draft.error_code) == (Distribution.State.FAILED, "changes_paused")
        assert changes() == []

    def test_watches(self, watch, elsewhere, changes, sandbox):
        before = subscriptions(sandbox)
        watches.rotate_key(watch, watch.version)
        assert ResponseWatch.objects.get().trouble_code == "changes_paused"
        watches.end_watch(watch, watch.version)
        watches.check_connection(watch.connection)
        editing.delete_connection(watch.connection, watch.connection.version)
        assert changes() == []
        assert subscriptions(sandbox) == before != []

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_the_console(self, connection, admin, elsewhere, changes, method):
        outcome = call_api(connection, read_call(method, "/v3/surveys/SV_1", headers={}), admin)
        assert (outcome.error_code, outcome.unknown) == ("changes_paused", False)
        assert "may be a copy" in outcome.trouble.title
        assert changes() == []

    def test_reading_goes_on(self, connection, admin, book, elsewhere):
        assert "Post-journey NPS" in {survey.name for survey in surveys_of(connection).rows}
        assert {check.result for check in run_test(connection)} == {"ok"}
        assert contacts.contacts_of(connection, book.id, limit=3).rows
        assert (
            contacts.contacts_of(connection, book.id, limit=3, by="email", value="nobody@northwind.example").rows == []
        )
        assert call_api(connection, read_call("GET", "/v3/whoami", headers={}), admin).is_good


@pytest.mark.django_db
class TestVouching:
    def test_the_original_that_moved_keeps_its_subscriptions(self, watch, elsewhere, sandbox, admin, caplog):
        before = subscriptions(sandbox)
        with caplog.at_level(logging.WARNING):
            instance_guard.confirm_instance(is_copy=False, by=admin)
        assert "as the original, says alice@example.org" in caplog.text
        assert instance_guard.is_confirmed()
        assert Installation.objects.get().confirmed_by == admin
        watches.check_connection(watch.connection)
        assert subscriptions(sandbox) == before
        watches.end_watch(ResponseWatch.objects.get(), watch.version)
        assert subscriptions(sandbox) == []

    def test_a_copy_leaves_them_to_the_original_and_makes_its_own(self, watch, elsewhere, sandbox, settings):
        settings.PUBLIC_URL = "https://staging.parcours.example"
        (of_the_original,) = subscriptions(sandbox)
        watches.check_connection(watch.connection)
        instance_guard.confirm_instance(is_copy=True)
        assert ResponseWatch.objects.get().next_check_at <= timezone.now()
        watches.check_connection(watch.connection)
        mine = ResponseWatch.objects.get()
        assert mine.trouble_code == ""
        assert set(subscriptions(sandbox)) == {of_the_original, mine.subscription_id}
        watches.end_watch(mine, mine.version)
        assert subscriptions(sandbox) == [of_the_original]

    def test_an_admin_says_it_on_a_page(self, client_of, admin, elsewhere):
        alice = client_of(admin)
        for address in (reverse("integrations:connection_list"), reverse("accounts:people")):
            assert "This database may be a copy" in alice.get(address).content.decode()
        page = alice.get(PAGE).content.decode()
        assert "PostgreSQL 7, parcours" in page
        assert alice.post(PAGE, {}).status_code == 422
        assert not instance_guard.is_confirmed()
        assert alice.post(PAGE, {"what": "moved"}).url == PAGE
        assert instance_guard.is_confirmed()
        assert "may be a copy" not in alice.get(reverse("integrations:connection_list")).content.decode()
        assert "What is this database?" not in alice.get(PAGE).content.decode()

    def test_an_admin_says_it_over_the_api(self, api_of, admin, elsewhere):
        api = api_of(admin)
        state = api.get("/api/v1/installation/").json()
        assert (state["changes_are_sent"], state["confirmed_place"]) == (False, "PostgreSQL 7, parcours")
        assert "what" in api.post("/api/v1/installation/", {"what": "both"}).json()["errors"]
        assert api.post("/api/v1/installation/", {"what": "copy"}).json()["changes_are_sent"] is True
        assert Installation.objects.get().confirmed_by == admin

    def test_nobody_else_may(self, client_of, analyst, elsewhere):
        assert client_of(analyst).post(PAGE, {"what": "moved"}).status_code == 403
        assert not instance_guard.is_confirmed()

    @pytest.mark.parametrize("what", ["--moved", "--copy"])
    def test_an_operator_says_it_by_a_command(self, elsewhere, what):
        with pytest.raises(CommandError, match="was PostgreSQL 7, parcours") as paused:
            call_command("confirm_instance")
        assert paused.value.returncode == 1
        said = StringIO()
        call_command("confirm_instance", what, stdout=said)
        assert "Changes are sent to vendors." in said.getvalue()
        assert instance_guard.is_confirmed()

    def test_saying_it_where_all_is_well_changes_nothing(self, watch):
        call_command("confirm_instance", "--copy", stdout=StringIO())
        assert ResponseWatch.objects.get().subscription_id


@pytest.fixture
def another_database(tmp_path):
    """The environment of a machine with an empty database of its own."""
    environment = os.environ | {"PARCOURS_VAR_DIR": str(tmp_path), "LOG_LEVEL": "ERROR"}
    if database.vendor != "postgresql":
        yield environment | {"SQLITE_FILE": str(tmp_path / "elsewhere.sqlite3")}
        return
    name = f"{database.settings_dict['NAME']}_elsewhere"
    with database.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    yield environment | {"DATABASE_URL": os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{name}"}
    with database.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("deployment")
def test_a_backup_restored_elsewhere_makes_no_change_until_it_is_confirmed(
    connection, book, another_database, changes, settings, tmp_path
):
    """With the keys and the settings of the original, as in a copied environment file."""
    call_command("backup", str(tmp_path / "backup"), stdout=StringIO())
    environment = another_database | {
        "SECRET_KEY": settings.SECRET_KEY, "ENCRYPTION_KEYS": ",".join(settings.ENCRYPTION_KEYS),
        "QUALTRICS_TEST_HOSTS": ",".join(settings.QUALTRICS_TEST_HOSTS),
    }  # fmt: skip
    action = (
        "from integrations.directory.contacts import *\n"
        "from integrations.models import Connection\n"
        "try:\n"
        f"    create_contact(Connection.objects.get(), {book.id!r}, {PERSON!r})\n"
        "except VendorCallFailed as undone:\n"
        "    print(undone.code)\n"
    )

    def manage(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    restored = manage("restore", str(tmp_path / "backup"), "--yes")
    assert restored.returncode == 0, restored.stderr
    assert "confirm_instance" in restored.stdout
    assert manage("confirm_instance").returncode == 1
    assert "changes_paused" in manage("shell", "-c", action).stdout
    assert changes() == []
    assert manage("confirm_instance", "--moved").returncode == 0
    assert "changes_paused" not in manage("shell", "-c", action).stdout
    assert changes() == [("POST", f"/API/v3/directories/{book.id}/contacts")]
    assert Connection.objects.get() == connection
