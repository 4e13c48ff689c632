"""The receiver as the web server serves it: floods, senders that stop in the middle, and a PostgreSQL that is really away."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
import requests
from django.conf import settings as django_settings
from django.db import connection as database

from config.running.supervisor import web
from integrations.models import Delivery
from tests.end_to_end.conftest import ROOT, Deployment
from tests.end_to_end.conftest import deployment as deployment
from tests.integrations.webhooks.conftest import fields_of, make_watch, text_of
from tests.torture.servers import free_port, own_cluster

pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.workers]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Served:
    """A web server of this test's own."""

    port: int
    process: subprocess.Popen[bytes]

    def path_of(self, uuid: object) -> str:
        return f"/hooks/qualtrics/{uuid}/"

    def post(self, session: requests.Session, uuid: object, body: bytes) -> requests.Response:
        return session.post(f"http://127.0.0.1:{self.port}{self.path_of(uuid)}", data=body, headers=FORM, timeout=30)


@contextlib.contextmanager
def serve(environment: dict[str, str], folder: Path) -> Iterator[Served]:
    port = free_port()
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(web(port), cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until_it_answers(port, process)
            yield Served(port, process)
        finally:
            os.killpg(process.pid, 9)
            process.wait()


def wait_until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the web server has ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    pytest.fail("the web server does not answer")


@pytest.fixture
def served(deployment: Deployment) -> Iterator[Served]:
    """The site on the test's database."""
    with serve(deployment.environment | {"WEB_TIMEOUT": "10"}, deployment.folder) as found:
        yield found
    database.close()


def flood(served: Served, uuid: object, bodies: Sequence[bytes], a_second: float) -> list[int]:
    """The answers to these messages, sent from 16 connections at this rate."""
    started, local = time.monotonic(), threading.local()

    def send(number: int) -> int:
        session = local.__dict__.setdefault("session", requests.Session())
        time.sleep(max(0.0, started + number / a_second - time.monotonic()))
        return served.post(session, uuid, bodies[number]).status_code

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(send, range(len(bodies))))


@pytest.mark.django_db(transaction=True)
@pytest.mark.soak
def test_c9_two_hundred_a_second_are_all_kept_and_wake_few(served, deployment):
    """With SQLite at its own pace: nothing may be lost there either."""
    watch = make_watch()
    bodies = [urlencode(fields_of(watch, text_of(watch, ResponseID=f"R_{n}"))).encode() for n in range(600)]
    begun = time.monotonic()
    statuses = flood(served, watch.uuid, bodies, 200)
    took = time.monotonic() - begun
    assert set(statuses) == {202}
    kept = Delivery.objects.filter(watch=watch, verdict="pending")
    assert kept.count() == kept.values("response_id").distinct().count() == len(bodies)
    rung = list((deployment.folder / "queue" / "messages").glob("*.msg"))
    assert len(rung) <= 2 + took  # a message waits for others for two seconds, so that one worker takes them all


@pytest.mark.django_db(transaction=True)
@pytest.mark.soak
def test_c10_two_hundred_slow_senders_hold_nobody_up_and_are_cut_off(served):
    watch = make_watch()
    body = urlencode(fields_of(watch)).encode()
    head = f"POST {served.path_of(watch.uuid)} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {FORM['Content-Type']}\r\n"
    stops = [
        b"",
        head[:20].encode(),
        f"{head}Content-Length: {len(body)}\r\n\r\n".encode(),
        f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:50],
    ]
    slow = [socket.create_connection(("127.0.0.1", served.port), 5) for _ in range(200)]
    try:
        begun = time.monotonic()
        for number, sender in enumerate(slow):
            sender.sendall(stops[number % len(stops)])
        session = requests.Session()
        assert served.post(session, watch.uuid, body).status_code == 202
        slow[3].sendall(body[50:])  # one of them goes on after all, in time
        slow[3].settimeout(9)
        assert slow[3].recv(100).startswith(b"HTTP/1.1 202")
        seconds = []
        for _ in range(20):
            asked = time.monotonic()
            assert served.post(session, watch.uuid, body).status_code == 202
            seconds.append(time.monotonic() - asked)
        assert statistics.median(seconds) < 1
        for sender in slow[:3] + slow[4:]:
            sender.settimeout(max(0.1, begun + 16 - time.monotonic()))
            with contextlib.suppress(ConnectionResetError):  # cut off, one way or the other
                assert sender.recv(100) == b""
        assert time.monotonic() - begun > 9
    finally:
        for sender in slow:
            sender.close()
    assert Delivery.objects.get().times == 22


@pytest.mark.django_db(transaction=True)
def test_c10_odd_ways_of_sending_are_answered(served):
    watch = make_watch()
    body = urlencode(fields_of(watch)).encode()
    post = f"POST {served.path_of(watch.uuid)} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {FORM['Content-Type']}\r\n"
    whole = f"{post}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def answers(*pieces: bytes, pause: float = 0.0) -> list[int]:
        with socket.create_connection(("127.0.0.1", served.port), 10) as sender:
            for piece in pieces:
                sender.sendall(piece)
                time.sleep(pause)
            sender.shutdown(socket.SHUT_WR)
            heard = b""
            with contextlib.suppress(ConnectionResetError):
                while more := sender.recv(65_536):
                    heard += more
        return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d+)", heard)]

    assert answers(whole) == [202]
    assert answers(*(whole[at : at + 7] for at in range(0, len(whole), 7)), pause=0.005) == [202]
    assert answers(whole + whole) == [202]  # and the connection is closed: the second one is to be sent again
    assert answers(whole[:-1]) == []  # closed before the end
    assert answers(f"{post}Content-Length: 200000\r\n\r\n".encode() + b"a" * 200_000) == [413]
    assert answers(f"{post}Transfer-Encoding: chunked\r\n\r\n3\r\nMSG\r\n0\r\n\r\n".encode()) == [400]
    assert answers(post.encode() + b"X: " + b"a" * 30_000 + b"\r\n\r\n")[0] in (400, 431)
    assert answers(b"\x16\x03\x01 no HTTP at all\r\n\r\n")[0] == 400
    assert Delivery.objects.get().times == 3


MAKE_A_SITE = """
import json, django
django.setup()
from urllib.parse import urlencode
from django.core.management import call_command
from tests.integrations.webhooks.conftest import fields_of, make_watch, text_of
call_command("migrate", verbosity=0)
watch = make_watch()
bodies = [urlencode(fields_of(watch, text_of(watch, ResponseID=f"R_{n}"))) for n in range(3)]
print(json.dumps([str(watch.uuid), bodies]))
"""


@pytest.mark.soak
def test_c11_with_postgresql_stopped_the_sender_is_asked_to_try_again():
    """And when it is back, the same processes take messages again."""
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    try:
        with own_cluster(folder) as cluster:
            environment = os.environ | {
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "DATABASE_URL": cluster.url,
                "PARCOURS_VAR_DIR": str(folder),
                "STATIC_ROOT": str(django_settings.BASE_DIR / "static"),
                "SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
                "ENCRYPTION_KEYS": "k1:" + "A" * 43 + "=",
                "HTTPS": "false",
            }
            made = subprocess.run(
                [sys.executable, "-c", MAKE_A_SITE],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert made.returncode == 0, made.stderr[-3000:]
            uuid, bodies = json.loads(made.stdout)
            with serve(environment, folder) as served:
                session = requests.Session()
                assert served.post(session, uuid, bodies[0].encode()).status_code == 202
                cluster.stop_at_once()
                away = served.post(session, uuid, bodies[1].encode())
                assert (away.status_code, away.headers["Retry-After"], away.content) == (503, "30", b"")
                assert served.post(session, uuid, bodies[1].encode()).status_code == 503
                cluster.start()
                for body in bodies:
                    assert served.post(session, uuid, body.encode()).status_code == 202
            counted = cluster_rows(cluster.url)
            assert counted == 3
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def cluster_rows(url: str) -> int:
    with psycopg.connect(url) as connection:
        [count] = connection.execute("SELECT count(*) FROM integrations_delivery").fetchone()
    return count
