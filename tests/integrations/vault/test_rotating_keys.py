"""A new encryption key: every secret moves under it, whatever dies or is replaced on the way, and none is lost."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.utils import timezone

from feedback.models import Source
from integrations.connections import editing
from integrations.health import endpoints
from integrations.models import AlertEndpoint, Connection, ResponseWatch
from integrations.vault import encryption, key_rotation
from integrations.vault.checks import keys_open_what_is_stored
from integrations.vault.encryption import key_id_of
from integrations.vault.secret import Secret
from integrations.vendor import tokens
from integrations.webhooks import subscriptions
from tests.factories import make_connection, make_source, make_survey

ROOT = Path(__file__).resolve().parents[3]
OLD = "old:" + base64.b64encode(b"1" * 32).decode()
NEW = "new:" + base64.b64encode(b"2" * 32).decode()
OTHER = "other:" + base64.b64encode(b"3" * 32).decode()


@pytest.fixture(autouse=True)
def ring(settings):
    """So far there is one key."""
    settings.ENCRYPTION_KEYS = [OLD]
    return settings


def fill(count: int) -> dict[tuple[str, int, str], str]:
    """That many secrets, in every column that has some; the secret by its place."""
    made: dict[tuple[str, int, str], str] = {}
    rows, owners = [], []
    for number in range(count * 3 // 5 + (count * 3 // 5 + count + 1) % 2):
        row = Connection(name=f"Connection {number}", host="fra1.qualtrics.com", source=make_source(name=f"S {number}"))
        if number % 3:
            tokens.store_token(row, Secret(f"token {number}"))
        else:
            tokens.store_client(row, f"client-{number}", Secret(f"client secret {number}"))
        rows.append(row)
    Connection.objects.bulk_create(rows)
    for number, row in enumerate(rows):
        column = "token_envelope" if number % 3 else "client_secret_envelope"
        made["connection", row.pk, column] = f"{'token' if number % 3 else 'client secret'} {number}"
    target = AlertEndpoint(name="Chat", url="https://chat.example/hook")
    target.secret_envelope = encryption.encrypt(Secret("signs alerts"), **endpoints.binding_of(target))
    target.save()
    made["alertendpoint", target.pk, "secret_envelope"] = "signs alerts"
    for number in range((count - len(rows) - 1) // 2):
        row = rows[number % len(rows)]
        watch = ResponseWatch(
            connection=row, survey=make_survey(row.source), name=f"Watch {number}", key_set_at=timezone.now(),
            next_check_at=timezone.now(),
        )  # fmt: skip
        watch.key_envelope = subscriptions._sealed(watch, Secret(f"key {number}"))
        watch.former_key_envelope = subscriptions._sealed(watch, Secret(f"former key {number}"))
        owners.append(watch)
    ResponseWatch.objects.bulk_create(owners)
    for number, watch in enumerate(owners):
        made["responsewatch", watch.pk, "key_envelope"] = f"key {number}"
        made["responsewatch", watch.pk, "former_key_envelope"] = f"former key {number}"
    return made


def stored() -> dict[tuple[str, int, str], str]:
    """Every secret as it opens now, by its place."""
    found = {}
    for envelopes in key_rotation.COLUMNS:
        for row in envelopes.rows():
            secret = key_rotation._open(envelopes, row, key_rotation.Report())
            found[envelopes.model._meta.model_name, row.pk, envelopes.column] = secret.reveal() if secret else None
    return found


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("rotate_keys", *arguments, stdout=said)
    return said.getvalue()


@pytest.mark.django_db
class TestRotation:
    def test_every_secret_moves_and_stays_what_it_was(self, ring):
        made = fill(60)
        assert {(model, column) for model, _pk, column in made} == {
            (envelopes.model._meta.model_name, envelopes.column) for envelopes in key_rotation.COLUMNS
        }
        ring.ENCRYPTION_KEYS = [NEW, OLD]
        said = run()
        assert "60 put under new" in said
        assert "60 secrets are under new." in said
        assert "old is not needed any more" in said
        ring.ENCRYPTION_KEYS = [NEW]
        assert stored() == made

    def test_twice_does_nothing_more(self, ring):
        fill(20)
        ring.ENCRYPTION_KEYS = [NEW, OLD]
        run()
        before = list(Connection.objects.order_by("pk").values())
        assert "0 put under new" in run()
        assert list(Connection.objects.order_by("pk").values()) == before

    def test_versions_and_times_of_connections_stay(self, ring):
        fill(10)
        before = list(Connection.objects.order_by("pk").values_list("version", "updated_at", "token_set_at"))
        ring.ENCRYPTION_KEYS = [NEW, OLD]
        run()
        assert list(Connection.objects.order_by("pk").values_list("version", "updated_at", "token_set_at")) == before

    def test_checking_changes_nothing_and_says_what_is_needed(self, ring):
        fill(10)
        before = list(Connection.objects.order_by("pk").values())
        ring.ENCRYPTION_KEYS = [NEW, OLD]
        said = StringIO()
        with pytest.raises(CommandError):
            call_command("rotate_keys", "--check", stdout=said)
        assert "10 secrets are under old." in said.getvalue()
        assert "not needed" not in said.getvalue()
        assert list(Connection.objects.order_by("pk").values()) == before
        run()
        assert "old is not needed any more" in run("--check")

    def test_what_does_not_open_is_named_and_left_and_the_rest_moves(self, ring):
        made = fill(10)
        first, second, third = Connection.objects.exclude(token_envelope="")[:3]
        Connection.objects.filter(pk=first.pk).update(token_envelope=second.token_envelope)
        Connection.objects.filter(pk=third.pk).update(token_envelope="no envelope")
        ring.ENCRYPTION_KEYS = [OTHER]
        lost = make_connection(name="Under a key that went away")
        tokens.store_token(lost, Secret("lost"))
        lost.save()
        ring.ENCRYPTION_KEYS = [NEW, OLD]
        said = StringIO()
        with pytest.raises(CommandError) as failed:
            call_command("rotate_keys", stdout=said)
        assert failed.value.returncode == 1
        for name in (first.name, third.name, lost.name):
            assert f"Unreadable: connection “{name}”, token_envelope" in said.getvalue()
        assert "1 secrets are under other, which is not among ENCRYPTION_KEYS." in said.getvalue()
        for secret in ("token ", "lost"):
            assert f": {secret}" not in said.getvalue()
        left = {("connection", pk, "token_envelope") for pk in (first.pk, third.pk, lost.pk)}
        found = {place: secret for place, secret in stored().items() if place not in left}
        assert found == {place: secret for place, secret in made.items() if place not in left}
        lost.refresh_from_db()
        assert key_id_of(lost.token_envelope) == "other"

    def test_another_key_under_the_old_name_opens_nothing(self, ring):
        fill(4)
        ring.ENCRYPTION_KEYS = ["old:" + base64.b64encode(b"9" * 32).decode()]
        with pytest.raises(CommandError):
            run("--check")

    def test_without_a_key_it_says_so(self, ring):
        ring.ENCRYPTION_KEYS = []
        with pytest.raises(CommandError, match="ENCRYPTION_KEYS is empty"):
            run()

    def test_a_token_that_is_replaced_between_reading_and_writing_stays(self, ring, monkeypatch):
        """As when a person saves a new one at this very moment."""
        fill(5)
        ring.ENCRYPTION_KEYS = [NEW, OLD]
        place, replaced = key_rotation.encryption.encrypt, []

        def encrypt_slowly(secret, **where):
            if not replaced and where["column"] == "token_envelope":
                connection = Connection.objects.get(uuid=where["row"])
                replaced.append(connection.pk)
                editing.change_connection(connection, connection.version, token=Secret("a new token"))
            return place(secret, **where)

        monkeypatch.setattr(key_rotation.encryption, "encrypt", encrypt_slowly)
        report = key_rotation.rewrap_all()
        assert (report.replaced, report.unreadable) == (1, [])
        assert tokens.token_of(Connection.objects.get(pk=replaced[0])).reveal() == "a new token"
        assert set(key_rotation.scan().by_key) == {"new"}

    def test_a_watch_key_that_moves_to_the_other_column_is_found_by_another_pass(self, ring, monkeypatch):
        fill(7)
        ring.ENCRYPTION_KEYS = [NEW, OLD]
        watch = ResponseWatch.objects.get()
        ResponseWatch.objects.update(former_key_envelope="")
        old, moved = watch.key_envelope, []
        rows = key_rotation.Envelopes.rows

        def rows_while_somebody_rotates(envelopes):
            yield from rows(envelopes)
            if envelopes.column == "former_key_envelope" and not moved:
                moved.append(ResponseWatch.objects.update(former_key_envelope=old))

        monkeypatch.setattr(key_rotation.Envelopes, "rows", rows_while_somebody_rotates)
        key_rotation.rewrap_all()
        assert set(key_rotation.scan().by_key) == {"new"}


@pytest.mark.django_db
class TestAtTheStart:
    """What `migrate` and `check --database default` say of the keys."""

    def said(self) -> list[str]:
        return [message.id for message in keys_open_what_is_stored(databases=["default"])]

    def test_nothing_where_everything_opens(self, ring):
        assert self.said() == []
        fill(7)
        ring.ENCRYPTION_KEYS = [NEW, OLD]
        assert self.said() == []

    def test_another_key_under_the_old_name_is_noticed(self, ring):
        fill(7)
        ring.ENCRYPTION_KEYS = ["old:" + base64.b64encode(b"9" * 32).decode()]
        assert self.said() == ["integrations.W002"]

    @pytest.mark.parametrize("keys", [[], [NEW]])
    def test_a_missing_key_is_noticed(self, ring, keys):
        fill(7)
        ring.ENCRYPTION_KEYS = keys
        assert self.said() == ["integrations.W001"]

    def test_one_broken_secret_says_nothing_of_the_key(self, ring):
        fill(7)
        Connection.objects.filter(pk=Connection.objects.exclude(token_envelope="").first().pk).update(
            token_envelope="enc:v1:old:AAAA"
        )
        assert self.said() == []

    def test_the_command_says_it(self, ring):
        fill(7)
        ring.ENCRYPTION_KEYS = [NEW]
        said = StringIO()
        call_command("check", databases=["default"], stderr=said)
        assert "7 stored secrets need the key old, which is not among ENCRYPTION_KEYS." in said.getvalue()


def test_every_column_of_envelopes_is_known():
    columns = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.name.endswith("_envelope")
    }
    assert {(envelopes.model, envelopes.column) for envelopes in key_rotation.COLUMNS} == columns


@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("deployment")
@pytest.mark.parametrize(
    "kills", [pytest.param(4, marks=pytest.mark.soak), pytest.param(20, marks=pytest.mark.torture)]
)
def test_killed_again_and_again_it_loses_no_secret(ring, kills, tmp_path):
    """1,000 secrets, SIGKILL in the middle, tokens replaced meanwhile: all are there, and under the new key."""
    made = fill(1000)
    environment = os.environ | {
        "SECRET_KEY": ring.SECRET_KEY, "ENCRYPTION_KEYS": f"{NEW},{OLD}", "PARCOURS_VAR_DIR": str(tmp_path),
        "LOG_LEVEL": "ERROR",
    }  # fmt: skip
    name = str(database.settings_dict["NAME"])
    if database.vendor == "postgresql":
        environment["DATABASE_URL"] = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{name}"
    else:
        environment["SQLITE_FILE"] = name
    ring.ENCRYPTION_KEYS = [NEW, OLD]
    command = [sys.executable, "manage.py", "rotate_keys"]

    def moved() -> int:
        return Connection.objects.filter(token_envelope__startswith="enc:v1:new:").count()

    killed = 0
    for number in range(kills):
        before = moved()
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        while process.poll() is None and moved() == before:
            time.sleep(0.0005)
        process.kill()
        killed += process.wait(30) == -signal.SIGKILL
        connection = Connection.objects.exclude(token_envelope="").order_by("?").first()
        editing.change_connection(connection, connection.version, token=Secret(f"replaced {number}"))
        made["connection", connection.pk, "token_envelope"] = f"replaced {number}"
    assert killed == kills
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "1000 secrets are under new." in done.stdout
    ring.ENCRYPTION_KEYS = [NEW]
    assert stored() == made
    Connection.objects.all().delete()
    Source.objects.all().delete()
