"""A broad walk with secrets that occur nowhere else, and then a look into everything that came out: none of them is there.

Looked at: every answer of the site with its headers, logs at DEBUG before and after redaction, what is printed, debug pages,
mails, the broker, the database row by row and as a file, the spool, the cache, backups, what commands say, the workers' logs,
and the command lines of all processes. `tests/test_canaries.py` shows that the scanner finds what is there.
"""

from __future__ import annotations

import io
import logging
import re
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
import redis
import requests
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command, get_commands
from django.core.signals import got_request_exception
from django.db import connection as database
from django.test import Client
from django.test.client import ClientHandler
from django.urls import reverse
from django.utils import timezone
from django.views.debug import ExceptionReporter
from rest_framework.test import APIClient

from config.demo import seed
from config.logs import OneLine, RedactSecrets
from config.routes import all_routes
from feedback.models import Question
from integrations.health import alerts, delivery, endpoints
from integrations.models import Connection, Distribution, Fetch, ResponseWatch, SurveyFeed
from integrations.qualtrics.events import FORM, signature, topic_of
from integrations.qualtrics.gateway import Gateway
from integrations.sync import engine
from integrations.sync import requests as asking
from integrations.vault.secret import Secret
from integrations.webhooks import subscriptions
from tests import demo_site
from tests.canaries import Scanner
from tests.end_to_end.conftest import Deployment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
EMAIL = "eve@parcours.example"


def canary(length: int = 40) -> str:
    """Letters and digits, as Qualtrics makes its tokens."""
    return secrets.token_hex(length)[: length - 1] + "Z"


@dataclass
class Kept:
    """Everything that came out, with the place where it did."""

    records: list[tuple[str, bytes]] = field(default_factory=list)
    logs: dict[str, io.StringIO] = field(default_factory=dict)

    def keep(self, where: str, what: str | bytes) -> None:
        self.records.append((where, what.encode("utf-8", "surrogatepass") if isinstance(what, str) else what))

    def scan(self, wanted: dict[str, str]) -> Scanner:
        for where, log in self.logs.items():
            self.keep(where, log.getvalue())
        scanner = Scanner(wanted)
        for where, what in self.records:
            scanner.look(where, what)
        return scanner


@pytest.fixture
def kept(monkeypatch) -> Iterator[Kept]:
    """Answers, logs and debug pages are kept from here on."""
    kept = Kept()
    ask = ClientHandler.__call__

    def answered(self, environ):
        answer = ask(self, environ)
        if answer.streaming:
            answer.streaming_content = [b"".join(answer.streaming_content)]
            body = answer.getvalue()
            answer.streaming_content = [body]
        else:
            body = answer.content
        where = f"answer {environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        kept.keep(where, answer.serialize_headers() + b"\n" + answer.cookies.output().encode() + b"\n" + body)
        return answer

    def debug_page(sender, request, **_more):
        reporter = ExceptionReporter(request, *sys.exc_info())
        kept.keep("debug-page", reporter.get_traceback_html())
        kept.keep("debug-page", reporter.get_traceback_text())

    monkeypatch.setattr(ClientHandler, "__call__", answered)
    got_request_exception.connect(debug_page)
    with _logs() as (raw, written):
        kept.logs = {"log-as-sent": raw, "log-as-written": written}
        yield kept
    got_request_exception.disconnect(debug_page)


@contextmanager
def _logs() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """The log at DEBUG: as it was sent, and as our handlers write it."""
    raw, written = logging.StreamHandler(io.StringIO()), logging.StreamHandler(io.StringIO())
    written.addFilter(RedactSecrets())
    written.setFormatter(OneLine("{asctime} {levelname} {name}: {message}", style="{"))
    root, quiet = logging.getLogger(), [logging.getLogger(name) for name in ("urllib3", "axes", "django.db.backends")]
    levels = [(logger, logger.level) for logger in (root, *quiet)]
    for logger, _level in levels:
        logger.setLevel(logging.DEBUG)
    for handler in (raw, written):
        root.addHandler(handler)
    try:
        yield raw.stream, written.stream
    finally:
        for handler in (raw, written):
            root.removeHandler(handler)
        for logger, level in levels:
            logger.setLevel(level)


def command(kept: Kept, name: str, *arguments: str) -> None:
    """Run a command and keep what it says, also when it refuses."""
    said = io.StringIO()
    try:
        call_command(name, *arguments, stdout=said, stderr=said)
    except (CommandError, SystemExit) as error:
        said.write(str(error))
    kept.keep(f"command {name}", said.getvalue())


class Walk:
    """An admin who does a bit of everything, well and badly."""

    def __init__(self, deployment: Deployment, kept: Kept, wanted: dict[str, str]) -> None:
        self.sandbox, self.kept, self.wanted = deployment.sandbox, kept, wanted
        self.page, self.api = Client(raise_request_exception=False), APIClient(raise_request_exception=False)

    def sign_in(self) -> None:
        login = reverse("accounts:login")
        self.page.post(login, {"username": "nobody@parcours.example", "password": self.wanted["password"]})
        self.page.post(login, {"username": EMAIL, "password": self.wanted["password"] + "!"})
        answer = self.page.post(login, {"username": EMAIL, "password": self.wanted["password"]})
        assert answer.status_code == 302
        made = self.page.post(reverse("accounts:api_tokens"), {"name": "Canary", "lifetime": "90"}, follow=True)
        key = re.search(r"pcs_\w+", made.content.decode())
        assert key
        where, _shown = self.kept.records.pop()  # the one page that shows it
        assert where.endswith(reverse("accounts:api_tokens"))
        self.wanted["our API token"] = key[0]
        self.api.credentials(HTTP_AUTHORIZATION=f"Bearer {key[0]}")
        assert self.api.get("/api/v1/me/").status_code == 200

    def connect(self) -> None:
        """By page and by API, right and wrong; token and OAuth client."""
        token, secret, host = self.wanted["token"], self.wanted["client secret"], self.sandbox.host
        typed = {"host": host, "frequency": "daily", "at_time": "05:00", "weekday": "0", "enabled": "on"}
        oauth = {"auth_method": "oauth", "client_id": "sandbox-railway-client", "client_secret": secret}
        scopes = {"scopes": "manage:all"}
        new = reverse("integrations:connection_new")
        for number, changes in enumerate(
            (
                {"token": token}, {"token": token, "host": "evil.example"}, {"token": token, "name": ""},
                {"token": f"{token} {token}"},
                oauth | scopes, oauth | {"scopes": "nothing"}, oauth | scopes | {"client_id": ""},
                {"token": self.wanted["refused token"]},
            )
        ):  # fmt: skip
            self.page.post(new, {"name": f"By page {number}", "auth_method": "token"} | typed | changes, follow=True)
        for number, changes in enumerate(
            (
                {"token": token}, {"token": f"{token}\n"}, {"token": token, "host": "evil.example"}, {"token": [token]},
                {"client_id": "sandbox-railway-client", "client_secret": secret, "scopes": "manage:all"},
                {"client_id": "sandbox-railway-client", "client_secret": secret, "token": token},
            )
        ):  # fmt: skip
            self.api.post("/api/v1/connections/", {"name": f"By API {number}", "host": host} | changes)
        self.api.generic("POST", "/api/v1/connections/", f'{{"token": "{token}", ', "application/json")
        self.api.get("/api/v1/connections/", {"token": token[:0]})
        made = Connection.objects.filter(name__startswith="By ")
        assert {each.name for each in made} >= {"By page 0", "By page 4", "By API 0", "By API 4"}
        for each in made:
            edit = reverse("integrations:connection_edit", args=[each.pk])
            body = typed | {"name": each.name, "seen_version": each.version, "auth_method": each.auth_method}
            self.page.post(edit, body | {"host": self.sandbox.other_host})
            self.page.post(edit, body | {"token": token, "client_id": each.client_id, "client_secret": secret})
            self.api.patch(f"/api/v1/connections/{each.pk}/", {"token": token, "version": 99})
            self.api.patch(f"/api/v1/connections/{each.pk}/", {"host": "syd1", "version": each.version})
            self.page.post(reverse("integrations:connection_test", args=[each.pk]), follow=True)
            self.api.post(f"/api/v1/connections/{each.pk}/test/")

    def look_everywhere(self) -> None:
        """Every page, and every readable address of the API."""
        for name, addresses in demo_site.pages().items():
            for address in addresses:
                assert self.page.get(address).status_code in (200, 302, 409), (name, address)
        for route in all_routes():
            if not route.is_api:
                continue
            for number in (1, 2, 3) if route.converters else (0,):
                try:
                    address = reverse(route.name, kwargs=dict.fromkeys(route.converters, number))
                except Exception:  # noqa: S112 (a parameter that is no number)
                    continue
                self.api.get(address)

    def call_everything(self, connection: Connection) -> None:
        """What talks to Qualtrics while somebody waits."""
        pk, survey = connection.pk, self.sandbox.control.survey_id("post-journey")
        console = reverse("integrations:console")
        typed = {"connection": pk, "method": "GET", "path": "/v3/whoami"}
        self.page.post(reverse("integrations:connection_test", args=[pk]), follow=True)
        self.page.post(console, typed)
        self.page.post(console, typed | {"path": f"/surveys/{survey}", "query": "offset=0"})
        change = typed | {"method": "PUT", "path": f"/surveys/{survey}", "body": '{"name": "Post-journey NPS"}'}
        asked = self.page.post(console, change)
        if asked.context and "confirmation" in asked.context:
            self.page.post(console, change | {"confirmation": asked.context["confirmation"]})
        self.api.post(f"/api/v1/connections/{pk}/call/", {"method": "GET", "path": "/surveys"})
        self.page.get(reverse("integrations:wizard_start"), follow=True)
        self.api.get(f"/api/v1/connections/{pk}/surveys/")
        self.api.get(f"/api/v1/connections/{pk}/surveys/{survey}/questions/")
        question = Question.objects.filter(survey__source=connection.source, field="QID2").first()
        self.api.post(f"/api/v1/connections/{pk}/preview/", {"question": question.pk if question else 0})
        self.page.get(reverse("integrations:contacts"), {"connection": pk})
        book = next(each for each in self.sandbox.world.directories.values() if each.brand == "coastline")
        contacts = f"/api/v1/connections/{pk}/directories/{book.id}/contacts/"
        self.page.get(reverse("integrations:contact_list", args=[pk, book.id]))
        made = self.api.post(contacts, {"first_name": "Eva", "email": "eva@northwind.example"})
        if made.status_code == 201:
            self.api.patch(f"{contacts}{made.json()['id']}/", {"last_name": "Lund"})
            self.api.delete(f"{contacts}{made.json()['id']}/")
        self.api.get(f"/api/v1/connections/{pk}/distribution-choices/")
        self._distribute(connection, book)

    def _distribute(self, connection: Connection, book) -> None:
        pilot = next(each for each in book.lists.values() if each.name == "Pilot group")
        body = {
            "connection": connection.pk, "kind": "email", "survey": self.sandbox.control.survey_id("complaint"),
            "directory": book.id, "mailing_list": pilot.id, "from_email": "noreply@qemailserver.com",
            "from_name": "Rail", "reply_to": "cx@rail.example", "subject": "How was it?",
            "message_text": "Tell us: ${l://SurveyURL}",
        }  # fmt: skip
        self.api.post("/api/v1/distributions/", body)
        for draft in Distribution.objects.filter(state="draft", connection=connection):
            address = reverse("integrations:distribution_send", args=[draft.pk])
            self.page.post(address, {"seen_version": draft.version}, follow=True)

    def fetch(self, connection: Connection) -> None:
        """One fetch, as far as it gets."""
        feed = connection.feeds.order_by("pk").first()
        try:
            fetch = asking.ask_for_fetch(feed, Fetch.Trigger.MANUAL)
        except asking.CannotFetch:
            return
        for _ in range(6):
            Fetch.objects.filter(pk=fetch.pk).update(due_at=timezone.now())
            engine.run(fetch.uuid)
        self.page.get(reverse("integrations:fetch", args=[fetch.pk]))
        self.api.get(f"/api/v1/fetches/{fetch.pk}/")
        Fetch.objects.filter(pk=fetch.pk, state__in=Fetch.OPEN).update(state=Fetch.State.CANCELLED)
        Connection.objects.filter(pk=connection.pk).update(stopped_code="", open_until=None, failures_in_a_row=0)

    def watch(self, connection: Connection) -> None:
        """Watches made, changed, ended; messages with the right and a wrong signature."""
        for watch in ResponseWatch.objects.filter(connection=connection)[:1]:
            self.page.post(
                reverse("integrations:watch_end", args=[watch.pk]), {"seen_version": watch.version}, follow=True
            )
            survey = watch.survey
            self.page.post(reverse("integrations:watch_new", args=[connection.pk]), {"survey": survey.pk}, follow=True)
        for watch in ResponseWatch.objects.all():
            self.page.post(reverse("integrations:watch_check", args=[watch.pk]), follow=True)
            self.page.post(
                reverse("integrations:watch_rotate", args=[watch.pk]), {"seen_version": watch.version}, follow=True
            )
            watch.refresh_from_db()
            for number, key in enumerate(subscriptions.keys_of(watch)):
                self.wanted[f"webhook key {watch.pk}.{number}"] = key.reveal()
                text = (
                    f'{{"SurveyID":"{watch.survey.external_id}","ResponseID":"R_3kQ9LmX2bWc7KsT","Status":"Complete"}}'
                )
                for used in (key, Secret("another key")):
                    fields = {
                        "Topic": f"coastline.{topic_of(watch.survey.external_id)}", "MSG": text,
                        "HMAC": signature(used, text),
                    }  # fmt: skip
                    address = reverse("hooks:qualtrics", args=[watch.uuid])
                    self.page.generic("POST", address, urlencode(fields).encode(), FORM)

    def break_down(self, connection: Connection, monkeypatch) -> None:
        """A mistake of ours in the middle of a call: the error page, and what Django would show with DEBUG."""

        def send(self, request, **options):
            raise ZeroDivisionError("a mistake in the middle of a call")

        with monkeypatch.context() as patch:
            patch.setattr(requests.Session, "send", send)
            before = len(self.kept.records)
            assert self.page.get(reverse("integrations:contacts"), {"connection": connection.pk}).status_code == 500
            assert self.api.get(f"/api/v1/connections/{connection.pk}/surveys/").status_code == 500
            assert any(where == "debug-page" for where, _what in self.kept.records[before:])


def queued(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What lies in the broker."""
    for path in folder.rglob("*"):
        if path.is_file() and "queue" in path.parts:
            yield f"broker {path.name}", path.read_bytes()
    if django_settings.CELERY_BROKER_URL.startswith("redis"):
        client = redis.Redis.from_url(django_settings.CELERY_BROKER_URL)
        for key in client.scan_iter():
            yield f"broker {key!r}", key + (client.dump(key) or b"")
            if client.type(key) == b"list":
                yield f"broker {key!r}", b"\n".join(client.lrange(key, 0, -1))
        client.close()


def rows() -> Iterator[tuple[str, str]]:
    """The database, row by row."""
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {database.ops.quote_name(table)}")  # noqa: S608 (names from the database itself)
            yield f"database {table}", "\n".join(repr(row) for row in cursor.fetchall())


def command_lines() -> Iterator[str]:
    """Of every process on this machine."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:  # it has ended
            continue


def process_due(deployment: Deployment, kept: Kept) -> None:
    """A worker of its own, talkative, that works off what lies in the broker and fetches once."""
    last = Fetch.objects.latest("pk").pk
    feed = SurveyFeed.objects.filter(connection__name="Coastline Rail").order_by("pk").first()
    SurveyFeed.objects.filter(pk=feed.pk).update(next_due_at=timezone.now())
    worker = deployment.start_worker(LOG_LEVEL="DEBUG")
    done = Fetch.objects.filter(feed=feed, pk__gt=last, state=Fetch.State.DONE)
    deployment.wait_until(done.exists, 90, "a fetch of the worker")
    for line in command_lines():
        kept.keep("ps", line)
    worker.kill(signal.SIGTERM)
    kept.keep("worker-log", worker.log.read_bytes())


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_no_secret_gets_out(deployment: Deployment, settings, kept, monkeypatch, tmp_path, capfd):
    wanted = {
        "token": canary(),
        "bank's token": "bank&<\"'" + canary(24) + "/+=%",  # no pattern of tokens knows this one
        "refused token": canary(),
        "client secret": canary(48),
        "password": "é&<\"' " + canary(20),
        "people's password": canary(20),
        "SECRET_KEY": settings.SECRET_KEY,
        **{f"ENCRYPTION_KEYS {n}": each.partition(":")[2] for n, each in enumerate(settings.ENCRYPTION_KEYS)},
    }
    railway, bank = deployment.sandbox.world.users[:2]
    railway.token, railway.client = wanted["token"], (railway.client[0], wanted["client secret"])
    bank.token = wanted["bank's token"]
    monkeypatch.setattr(demo_site, "RAILWAY_TOKEN", wanted["token"])
    monkeypatch.setattr(demo_site, "BANK_TOKEN", wanted["bank's token"])
    monkeypatch.setattr(seed, "PASSWORD", wanted["people's password"])
    monkeypatch.setenv("ADMIN_PASSWORD", wanted["password"])
    monkeypatch.setattr(Gateway, "_wait", lambda *_: None)  # patience is not what is tested here
    demo_site.furnish(deployment.sandbox, settings)
    command(kept, "create_admin", "--email", EMAIL)

    walk = Walk(deployment, kept, wanted)
    database.force_debug_cursor = True  # every statement with its values goes to the log
    walk.sign_in()
    walk.connect()
    walk.watch(Connection.objects.get(name="Coastline Rail"))
    settings.ALERT_TEST_HOSTS = ["127.0.0.1:9"]  # nobody is there: each message fails and is kept
    deployment.environment["ALERT_TEST_HOSTS"] = "127.0.0.1:9"
    target, secret = endpoints.add_target("Team chat", "http://127.0.0.1:9/hook")
    wanted["alert secret"] = secret.reveal()
    alerts.evaluate()
    delivery.process_due(target.pk)
    database.force_debug_cursor = False
    walk.look_everywhere()
    for name in ("Coastline Rail", "Banque Méridian", "By page 4"):
        connection = Connection.objects.get(name=name)
        walk.call_everything(connection)
        others = ("500", "html_200", "cut_before_answer", "redirect", "lost_answer") if "Rail" in name else ()
        for fault in ("echo", "401", *others):
            deployment.sandbox.control.switch_fault_on(fault)
            Connection.objects.filter(pk=connection.pk).update(stopped_code="", open_until=None)
            walk.call_everything(connection)
            if connection.feeds.exists():
                walk.fetch(connection)
            deployment.sandbox.control.switch_faults_off()
        walk.break_down(connection, monkeypatch)
    deployment.sandbox.control.edit_survey("complaint", name=f"mine: {wanted['token']}")  # a name that holds the token
    console = {"connection": Connection.objects.get(name="Coastline Rail").pk, "method": "GET", "path": "/surveys"}
    walk.page.post(reverse("integrations:console"), console)
    deployment.sandbox.control.edit_survey("complaint", name="Complaint handling")
    walk.page.post(reverse("accounts:request_password"), {"email": EMAIL})

    for where, what in queued(deployment.folder):
        kept.keep(where, what)
    process_due(deployment, kept)
    for name, arguments in (
        ("check_sync", ()), ("check", ("--deploy",)), ("rotate_keys", ()), ("confirm_instance", ()), ("showmigrations", ()),
    ):  # fmt: skip
        if name in get_commands():
            command(kept, name, *arguments)
    backup = tmp_path / "backup"
    command(kept, "backup", str(backup))
    kept.keep("backup", backup.read_bytes())
    for where, what in (*rows(), *queued(deployment.folder)):
        kept.keep(where, what)
    for session in Session.objects.all():  # packed in the database
        kept.keep("session", repr(session.get_decoded()))
    for folder, where in ((settings.SPOOL_DIR, "spool"), (deployment.folder, "folder")):
        for path in Path(folder).rglob("*"):
            if path.is_file():
                kept.keep(f"{where} {path.name}", path.name.encode() + b"\n" + path.read_bytes())
    kept.keep("cache", repr(getattr(cache, "_cache", "")) + repr(getattr(cache, "_expire_info", "")))
    for letter in mail.outbox:
        kept.keep("mail", str(letter.message()))
    kept.keep("printed", "".join(capfd.readouterr()))
    wanted |= {
        f"access token {n}": each for n, each in enumerate(deployment.sandbox.site.services.authenticator.grants)
    }

    scanner = kept.scan(wanted)
    assert scanner.found == []
    assert {place for place, size in scanner.looked_at.items() if size} >= {
        "answer", "log-as-sent", "log-as-written", "debug-page", "command", "broker", "worker-log", "database", "session",
        "backup", "ps", "cache",
    }  # fmt: skip
    assert sum(1 for where, _what in kept.records if where.startswith("answer")) > 400
    assert any("access token" in name for name in wanted) and any("webhook key" in name for name in wanted)
