"""Clients that never come to an end of what they send: what a web server must not wait for with a thread."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator, Sequence

_POST = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
# How each begins, and what it then sends again and again, a piece at a time.
KINDS = {
    "headers": (_POST, b"X"),
    "short bodies": (_POST + b"Content-Length: 300\r\n\r\na=", b"b"),
    "long bodies": (_POST + b"Content-Length: 200000\r\n\r\n" + b"a" * 70_000, b"b"),
    "chunks": (_POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nb\r\n"),
}


@contextlib.contextmanager
def slow_senders(
    port: int, kinds: Sequence[str], clients: int = 200, pause: float = 1.0
) -> Iterator[list[socket.socket]]:
    """So many connections to this port of 127.0.0.1, of each kind in turn; each sends a piece every `pause` seconds."""
    senders: list[socket.socket] = []
    over = threading.Event()

    def drip() -> None:
        while not over.wait(pause):
            for number, sender in enumerate(senders):
                with contextlib.suppress(OSError):
                    sender.send(KINDS[kinds[number % len(kinds)]][1])

    dripping = threading.Thread(target=drip)
    try:
        for number in range(clients):
            senders.append(socket.create_connection(("127.0.0.1", port), 30))
            senders[-1].sendall(KINDS[kinds[number % len(kinds)]][0])
        dripping.start()
        yield senders
    finally:
        over.set()
        if dripping.is_alive():
            dripping.join()
        for sender in senders:
            sender.close()


def seconds_to_answer(port: int, path: str = "/health/live/", times: int = 20) -> list[float]:
    """How long each of these answers takes, over new connections. Raises OSError if one does not come within 30 s."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            link.request("GET", path)
            answer = link.getresponse()
            answer.read()
        finally:
            link.close()
        if answer.status != 200:
            raise RuntimeError(f"{path} answers {answer.status}.")
        taken.append(time.perf_counter() - began)
    return taken
