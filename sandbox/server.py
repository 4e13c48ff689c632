"""The sandbox on real sockets: two ports (one per data centre), keep-alive, and faults below HTTP."""

import contextlib
import socket
import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

from sandbox.api.envelope import HttpResponse, Request, failure, json_response
from sandbox.api.site import Site
from sandbox.control.http import CONTROL_ROOT, respond_control
from sandbox.control.surface import Control
from sandbox.demo import DATA_CENTRES, build_world
from sandbox.demo.live_feed import LiveFeed
from sandbox.page import view
from sandbox.state.refusal import Refusal
from sandbox.state.world import World

PIECE = 256 * 1024
READ_AT_MOST = 20_000_000


class _Server(ThreadingHTTPServer):
    """One port. Knows its open connections, so that stopping does not wait for idle clients."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], sandbox: "RunningSandbox", data_centre: str) -> None:
        self.sandbox = sandbox
        self.data_centre = data_centre
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request) -> None:  # type: ignore[no-untyped-def]
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        """Clients may go away at any moment; that is no news. Anything else is a mistake of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            traceback.print_exc()

    def hang_up(self) -> None:
        """Wake every thread that reads from a client or sends to one piece by piece."""
        self.stopping.set()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_GET  # noqa: N815 (http.server's names)

    def log_message(self, format: str, *args: object) -> None:
        """Calls are logged by the site, not on the console."""

    def _serve(self) -> None:
        request = self._read()
        if request is None:
            return
        try:
            response = self._respond(request)
        except Exception:  # a mistake of ours must be seen, and must not look like a fault that was switched on
            traceback.print_exc()
            response = failure(Refusal(500, "SBX_BUG", "The sandbox itself is broken; see its console."))
        try:
            self._send(response)
        except OSError:
            self.close_connection = True

    def _respond(self, request: Request) -> HttpResponse:
        sandbox = self.server.sandbox
        if request.path.startswith(CONTROL_ROOT):
            return respond_control(sandbox.control, request)
        if request.path in ("/", "/favicon.ico"):
            return view.respond(sandbox.control, request)
        return sandbox.site.respond(request)

    def _read(self) -> Request | None:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdecimal() or int(length) > READ_AT_MOST:
            self.close_connection = True
            self._send(json_response(413 if length.isdecimal() else 411, {"meta": {"httpStatus": "refused"}}))
            return None
        body = self.rfile.read(int(length))
        parts = urlsplit(self.path)
        host = self.headers.get("Host", "")
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers=headers,
            body=body,
            data_centre=data_centre_of(host, self.server.data_centre),
            base_url=f"{headers.get('x-forwarded-proto', 'http')}://{host}",
        )

    def _send(self, response: HttpResponse) -> None:
        if response.delay and self.server.stopping.wait(response.delay):
            return
        if response.cut_at is not None and response.cut_at < 0:
            self.close_connection = True
            return
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(response.size()))
        self.end_headers()
        if self.command == "HEAD":
            return
        if (
            response.cut_at is None
            and response.throttle is None
            and isinstance(response.body, bytes)
            and response.length is None
        ):
            self.wfile.write(response.body)
            return
        self._send_slowly_or_in_part(response)

    def _send_slowly_or_in_part(self, response: HttpResponse) -> None:
        left = response.size() if response.cut_at is None else min(response.cut_at, response.size())
        size, pause = response.throttle or (PIECE, 0.0)
        for piece in pieces(response, size):
            self.wfile.write(piece[:left])
            self.wfile.flush()
            left -= len(piece[:left])
            if left <= 0 or self.server.stopping.wait(pause):
                break
        if response.cut_at is not None or left > 0:
            self.close_connection = True


def pieces(response: HttpResponse, size: int) -> Iterator[bytes]:
    """The body in pieces; a padded one ends in blanks made on the way."""
    if isinstance(response.body, Path):
        with response.body.open("rb") as file:
            while piece := file.read(size):
                yield piece
        return
    for start in range(0, len(response.body), size):
        yield response.body[start : start + size]
    padding = (response.length or 0) - len(response.body)
    while padding > 0:
        yield b" " * min(size, padding)
        padding -= size


def data_centre_of(host: str, of_port: str) -> str:
    """By the Host header when it looks like the vendor's (`fra1.qualtrics.com`), else by the port."""
    name = host.split(":")[0].lower()
    if not name.endswith(".qualtrics.com"):
        return of_port
    return name.removesuffix(".qualtrics.com").split(".")[-1]


class RunningSandbox:
    """A sandbox that listens; leave the `with` block, or call `stop`, to end it."""

    def __init__(self, world: World, port: int, host: str = "127.0.0.1") -> None:
        self.world = world
        self.site = Site(world)
        self.live_feed = LiveFeed(world)
        self.control = Control(self.site, self.live_feed)
        self.servers: list[_Server] = []
        try:
            for number, data_centre in enumerate(DATA_CENTRES):
                self.servers.append(_Server((host, port + number if port else 0), self, data_centre))
        except OSError:
            self.stop()
            raise
        for server in self.servers:
            world.hosts[server.data_centre] = f"{host}:{server.server_port}"
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.05,), name=f"sandbox-{server.data_centre}")
            for server in self.servers
        ]
        self._threads.append(threading.Thread(target=self.site.services.webhooks.run, name="sandbox-webhooks"))
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    @property
    def port(self) -> int:
        """The port of the first data centre."""
        return self.servers[0].server_port

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT` of the first data centre, the railway's."""
        return self.world.hosts[DATA_CENTRES[0]]

    @property
    def other_host(self) -> str:
        """`127.0.0.1:PORT` of the second data centre, the bank's."""
        return self.world.hosts[DATA_CENTRES[1]]

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`"""
        return f"http://{self.host}"

    def stop(self) -> None:
        """End all threads and close all sockets."""
        self.live_feed.stop()
        self.site.close()
        for server in self.servers:
            if hasattr(self, "_threads"):
                server.shutdown()
            server.hang_up()
            server.server_close()
        for thread in getattr(self, "_threads", []):
            thread.join(10)

    def __enter__(self) -> "RunningSandbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    port: int = 0,
    *,
    seed: int = 7,
    small: bool = True,
    now: datetime | None = None,
    world: World | None = None,
    live_feed: float | None = None,
) -> RunningSandbox:
    """Start a sandbox in background threads; port 0 takes free ports, else `port` and `port + 1` are used."""
    running = RunningSandbox(world or build_world(seed=seed, small=small, now=now), port)
    if live_feed:
        running.live_feed.start(live_feed)
    return running
