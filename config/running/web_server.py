"""The web server: waitress, which hears a request to its end before a thread sees it, so that slow senders hold no thread.

`manage.py serve` starts several of these processes on one listening socket; the embedded mode starts one.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import signal
import socket
import time
from collections.abc import Sequence
from types import FrameType

from django.conf import settings
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer, create_server

from config.wsgi import application

STOP_WITHIN = 10.0  # seconds for requests under way, once the process is asked to end


class Channel(HTTPChannel):
    """waitress's connection, which in two things looks after more than the one request at hand.

    A sender who is refused before the end of the request hears why: were the connection closed while more comes in, the
    other side's system would throw the answer away. So only our half is closed, and what still comes is dropped until the
    sender closes, too, or `WEB_TIMEOUT` is over.

    Whoever sends further requests before the first is answered gets that answer, and a closed connection: a hundred
    requests without anybody who reads the answers would keep a hundred files open, or a hundred pages in memory.
    """

    refusing = dropping = False

    def service(self) -> None:
        """Answer the first request; called by a thread."""
        request = self.requests[0]
        if len(self.requests) > 1 or not self.server.accepting:  # the process is to end
            request.headers["CONNECTION"] = "close"
        self.refusing = bool(request.error)
        super().service()

    def handle_close(self) -> None:
        if self.refusing and self.connected and not self.dropping:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                self.dropping, self.will_close = True, False
                return
        super().handle_close()

    def readable(self) -> bool:
        return (self.dropping and not self.will_close) or super().readable()

    def handle_read(self) -> None:
        if self.dropping:
            self.recv(self.adj.recv_bytes)
        else:
            super().handle_read()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, which several processes may share. Raises OSError if the address is taken."""
    listening = socket.create_server(
        (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
    )
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # connections inherit it: one whose other side takes nothing any more ends
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, settings.WEB_TIMEOUT * 1000)
    return listening


class Server:
    """Serves the application on a listening socket."""

    def __init__(self, listening: socket.socket, threads: int) -> None:
        self.stopping = False
        self.connections: dict[int, wasyncore.dispatcher] = {}
        self.server: TcpWSGIServer = create_server(
            application,
            map=self.connections,
            sockets=[listening],
            threads=threads,
            connection_limit=settings.WEB_CONNECTIONS,
            channel_timeout=settings.WEB_TIMEOUT,
            cleanup_interval=1,
            inbuf_overflow=65_536,  # what is longer waits on disk
            max_request_header_size=settings.WEB_MAX_HEADER_BYTES,
            max_request_body_size=settings.WEB_MAX_BODY_BYTES,
            clear_untrusted_proxy_headers=False,  # Django's settings say which of them are believed
            log_socket_errors=False,  # people close their browsers
        )
        self.server.channel_class = Channel

    def stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Make `run` finish what has begun, and return."""
        self.stopping = True
        self.server.pull_trigger()

    def run(self) -> None:
        """Serve until `stop` is called; then answer the requests that have arrived whole, within `STOP_WITHIN`."""
        while not self.stopping:
            self._wait()
        self.server.accepting = False
        deadline = time.monotonic() + STOP_WITHIN
        self._wait()  # what has just come
        while self._at_work() and time.monotonic() < deadline:
            self._wait()
        self.server.task_dispatcher.shutdown(timeout=1)

    def _wait(self) -> None:
        wasyncore.loop(timeout=0.5, use_poll=True, map=self.connections, count=1)  # select() ends at 1,024 connections

    def _at_work(self) -> bool:
        return any(channel.requests or channel.total_outbufs_len for channel in self.server.active_channels.values())


def allow_open_files(number: int) -> None:
    """Raise this process's own limit, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        number = min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m config.running.web_server", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", type=int, help="listen at this port of 127.0.0.1")
    where.add_argument("--socket", type=int, help="the number of an open file: a socket that listens already")
    parser.add_argument("--threads", type=int, default=settings.WEB_THREADS)
    chosen = parser.parse_args(arguments)
    listening = listen("127.0.0.1", chosen.port) if chosen.socket is None else socket.socket(fileno=chosen.socket)
    allow_open_files(200 + 3 * settings.WEB_CONNECTIONS)  # long bodies and long answers have a file of their own, too
    server = Server(listening, chosen.threads)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, server.stop)
    server.run()


if __name__ == "__main__":
    main()
