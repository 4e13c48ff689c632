"""The web server as a process of its own: slow senders, limits, its end, and several processes on one address."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.senders import KINDS, seconds_to_answer, slow_senders
from config.running.supervisor import web
from tests.end_to_end.conftest import ROOT
from tests.torture.servers import free_port

pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.workers]
GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\n"
LIMITS = {"WEB_TIMEOUT": "3", "WEB_MAX_HEADER_BYTES": "4000", "WEB_MAX_BODY_BYTES": "300000"}

# An application that says what reaches it, and takes its time for an answer that fits into no system's buffer.
OTHER_APPLICATION = """
import json, time
from config.running import web_server

def answer(environ, start_response):
    if environ["PATH_INFO"] == "/slow/":
        time.sleep(1.5)
        start_response("200 OK", [("Content-Length", "8000000")])
        return [b"a" * 8_000_000]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({name: value for name, value in environ.items() if isinstance(value, str)}).encode()]

web_server.application = answer
web_server.main()
"""


@dataclass
class Site:
    """A web server of this test's own."""

    port: int
    process: subprocess.Popen[bytes]

    def send(self, *pieces: bytes) -> bytes:
        """All that comes back until the connection is closed, once all of this is sent."""
        with socket.create_connection(("127.0.0.1", self.port), 20) as sender:
            for piece in pieces:
                sender.sendall(piece)
            return heard(sender)


def heard(sender: socket.socket) -> bytes:
    found = b""
    while more := sender.recv(65_536):
        found += more
    return found


@contextlib.contextmanager
def serve(folder: Path, command: Callable[[int], list[str]] = web, **environment: str) -> Iterator[Site]:
    port = free_port()
    embedded = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "CELERY_BROKER_URL")}
    embedded |= {"PARCOURS_VAR_DIR": str(folder), "HTTPS": "false"} | environment
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(
            command(port), cwd=ROOT, env=embedded, stdout=log, stderr=log, start_new_session=True
        )
    try:
        for _ in range(600):
            assert process.poll() is None, (folder / "web.log").read_text()
            with contextlib.suppress(OSError):
                seconds_to_answer(port, times=1)
                break
            time.sleep(0.1)
        yield Site(port, process)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    with serve(tmp_path_factory.mktemp("site"), **LIMITS) as found:
        yield found


@pytest.fixture
def other_site(tmp_path) -> Iterator[Site]:
    """The same server with another application."""
    arguments = [sys.executable, "-c", OTHER_APPLICATION]
    with serve(tmp_path, lambda port: [*arguments, "--port", str(port)], **LIMITS) as found:
        yield found


# --- Slow senders


@pytest.mark.parametrize("kind", KINDS)
def test_two_hundred_slow_senders_hold_no_thread(site, kind):
    with slow_senders(site.port, [kind]):
        taken = seconds_to_answer(site.port)
    assert statistics.median(taken) < 1  # 4 to 8 ms on a machine that does nothing else


def test_a_connection_on_which_nothing_comes_is_closed(site):
    """Whether it is silent from the start, within a request, or after one."""
    begun = time.monotonic()
    silent = [socket.create_connection(("127.0.0.1", site.port), 20) for _ in range(3)]
    silent[1].sendall(KINDS["long bodies"][0])
    silent[2].sendall(GET % b"/health/live/")
    assert [heard(sender).split(b"\r\n")[0] for sender in silent] == [b"", b"", b"HTTP/1.1 200 OK"]
    assert 2.5 < time.monotonic() - begun < 15
    for sender in silent:
        sender.close()


def open_files(process: subprocess.Popen[bytes]) -> int:
    return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


@pytest.mark.skipif(sys.platform != "linux", reason="counts open files in /proc")
def test_requests_sent_ahead_pile_up_nothing(site):
    """Twenty clients ask for a file of 200 KB a hundred times each, and read no answer."""
    before = open_files(site.process)
    asking = [socket.create_connection(("127.0.0.1", site.port), 20) for _ in range(20)]
    try:
        for sender in asking:
            sender.sendall(GET % b"/static/rest_framework/fonts/fontawesome-webfont.svg" * 100)
        time.sleep(1)
        assert open_files(site.process) <= before + 2 * len(asking)
        assert statistics.median(seconds_to_answer(site.port)) < 1
    finally:
        for sender in asking:
            sender.close()


def test_the_first_of_several_requests_is_answered_and_says_that_the_connection_ends(site):
    answers = site.send(GET % b"/health/live/" * 3)
    assert answers.count(b"HTTP/1.1 200 OK") == 1
    assert b"Connection: close" in answers


# --- Limits


@pytest.mark.parametrize(
    ("status", "pieces"),
    [
        (b"413 Request Entity Too Large", [POST + b"Content-Length: 5000000\r\n\r\n", b"a" * 5_000_000]),
        (b"413 Request Entity Too Large", [POST + b"Transfer-Encoding: chunked\r\n\r\n4c4b40\r\n", b"a" * 5_000_000]),
        (b"431 Request Header Fields Too Large", [POST + b"X: ", b"a" * 5_000_000]),
        (b"400 Bad Request", [POST + b"Transfer-Encoding: chunked\r\n\r\nno number\r\n", b"a" * 5_000_000]),
        (b"400 Bad Request", [POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", b"a" * 5_000_000]),
    ],
)
def test_who_sends_too_much_hears_so_while_still_sending(site, status, pieces):
    head = site.send(*pieces).partition(b"\r\n\r\n")[0]
    assert head.startswith((b"HTTP/1.1 " + status, b"HTTP/1.0 " + status))
    assert b"\r\nconnection: close" in head.lower()  # and `send` has seen its end


def test_after_a_413_of_the_application_the_next_request_on_the_connection_is_answered(site):
    """It refuses what was received whole, so nothing of it is in the way."""
    link = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    hook = "/hooks/qualtrics/00000000-0000-0000-0000-000000000009/"
    form = {"Host": "localhost", "Content-Type": "application/x-www-form-urlencoded"}
    statuses = []
    for method, address, body in [("POST", hook, b"a" * 70_000), ("GET", "/health/live/", None)] * 2:
        link.request(method, address, body, headers=form)
        first = link.sock
        answer = link.getresponse()
        answer.read()
        statuses.append(answer.status)
        assert link.sock is first  # not closed and opened again
    link.close()
    assert statuses == [413, 200, 413, 200]


def test_a_refused_sender_who_never_ends_is_cut_off(site):
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", site.port), 20) as sender:
        sender.sendall(POST + b"Content-Length: 5000000\r\n\r\n")
        with pytest.raises(OSError):
            while time.monotonic() < begun + 15:
                sender.sendall(b"a" * 1000)
                time.sleep(0.1)
    assert time.monotonic() - begun < 15


def test_what_is_within_the_limits_arrives(site):
    body = b"a" * 250_000
    assert b" 403 " in site.send(POST + b"Connection: close\r\nContent-Length: 250000\r\n\r\n" + body)[:20]  # no token


# --- Proxies in front


def test_what_proxies_say_reaches_the_application_and_is_not_believed_here(other_site):
    link = http.client.HTTPConnection("127.0.0.1", other_site.port, timeout=20)
    said = {
        "X-Forwarded-For": "203.0.113.9, 198.51.100.7",
        "X-Forwarded-Proto": "https",
        "X_Forwarded_For": "192.0.2.1",
    }
    link.request("GET", "/", headers=said)
    environ = json.loads(link.getresponse().read())
    link.close()
    assert environ["HTTP_X_FORWARDED_FOR"] == "203.0.113.9, 198.51.100.7"
    assert environ["HTTP_X_FORWARDED_PROTO"] == "https"
    assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == ("127.0.0.1", "http")


# --- Its end, and several processes


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_answered_before_the_process_ends(other_site, number):
    with socket.create_connection(("127.0.0.1", other_site.port), 20) as sender:
        sender.sendall(GET % b"/slow/")
        time.sleep(0.5)
        other_site.process.send_signal(number)
        time.sleep(2)  # the answer is there, and most of it in no buffer of the system
        _, _, body = heard(sender).partition(b"\r\n\r\n")
    assert len(body) == 8_000_000
    assert other_site.process.wait(20) == 0


def test_who_asks_again_while_the_process_ends_is_answered_and_told_to_go_elsewhere(other_site):
    link = http.client.HTTPConnection("127.0.0.1", other_site.port, timeout=20)
    with socket.create_connection(("127.0.0.1", other_site.port), 20) as sender:
        sender.sendall(GET % b"/slow/")
        said = []
        for _ in range(2):
            link.request("GET", "/")
            answer = link.getresponse()
            answer.read()
            said.append((answer.status, answer.getheader("Connection")))
            other_site.process.terminate()
            time.sleep(0.3)
    assert said == [(200, None), (200, "close")]


def test_a_silent_connection_does_not_hold_up_the_end(other_site):
    with socket.create_connection(("127.0.0.1", other_site.port), 20) as sender:
        sender.sendall(POST)
        begun = time.monotonic()
        other_site.process.terminate()
        assert other_site.process.wait(20) == 0
        assert time.monotonic() - begun < 5


def children_of(process: subprocess.Popen[bytes]) -> set[int]:
    return {
        int(pid)
        for task in Path(f"/proc/{process.pid}/task").iterdir()
        for pid in (task / "children").read_text().split()
    }


@pytest.mark.skipif(sys.platform != "linux", reason="finds child processes in /proc")
def test_several_processes_serve_one_address_and_one_that_dies_comes_back(tmp_path):
    def command(port: int) -> list[str]:
        return [sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{port}", "--processes", "2"]

    with serve(tmp_path, command) as site:
        first = children_of(site.process)
        assert len(first) == 2
        victim = min(first)
        os.kill(victim, signal.SIGKILL)
        seconds_to_answer(site.port)  # the other one goes on
        deadline = time.monotonic() + 30
        while len(now := children_of(site.process) - {victim}) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert len(now - first) == 1
        seconds_to_answer(site.port)
        site.process.terminate()
        assert site.process.wait(30) == 0
        assert [pid for pid in now if Path(f"/proc/{pid}").exists()] == []


def test_an_address_that_is_taken_is_said_to_be(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{port}"],
            cwd=ROOT, env=os.environ | {"PARCOURS_VAR_DIR": str(tmp_path)}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"Cannot listen at 127.0.0.1:{port}" in done.stderr
