"""Tests reach this machine and nothing else: neither this process, nor those that it starts, nor the browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
import requests

ELSEWHERE = "192.0.2.1"  # reserved for documentation: nobody is there


@pytest.mark.parametrize(
    "reach",
    [
        lambda: socket.create_connection((ELSEWHERE, 443), timeout=1),
        lambda: socket.create_connection(("2001:db8::1", 443), timeout=1),
        lambda: socket.socket().connect_ex((ELSEWHERE, 443)),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", (ELSEWHERE, 53)),
        lambda: socket.getaddrinfo("example.org", 443),
        lambda: socket.gethostbyname("example.org"),
        lambda: requests.get("https://example.org/", timeout=1),
    ],
)
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_nothing_leaves_this_machine(reach):
    with pytest.raises(RuntimeError, match="tests stay on this machine"):
        reach()


def test_this_machine_is_reached(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=10).close()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))


def test_nor_from_a_process_that_a_test_starts():
    script = f"import socket; socket.create_connection(('{ELSEWHERE}', 443), timeout=1)"
    ended = subprocess.run([sys.executable, "-c", script], env=os.environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert f"NetworkClosed: A test tried to reach {ELSEWHERE}, port 443" in ended.stderr


@pytest.mark.browser
@pytest.mark.parametrize("host", ["example.org", ELSEWHERE])
def test_nor_from_the_browser(chromium, host):
    with chromium.new_context() as context, pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        context.new_page().goto(f"http://{host}/", timeout=20_000)
