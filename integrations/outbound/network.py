"""Connections that go where they were checked to go, and that can be cut when they take too long.

The name is looked up once, every address it has is checked, and the socket is opened to a checked address. TLS still
asks for and verifies the name. A second DNS answer, a redirect or a proxy from the environment plays no part.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from integrations.outbound.addresses import is_public
from integrations.troubles.errors import HostRefused, NoConnection, QualtricsError

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
_TLS_CODES = {10: "tls_expired", 9: "tls_expired", 62: "tls_name", 64: "tls_name"}


class Network:
    """The machine's network; tests hand in another one."""

    def resolve(self, host: str, port: int) -> list[str]:
        """Every address of this name."""
        return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]

    def connect(self, address: str, port: int, timeout: float) -> socket.socket:
        """A socket to exactly this address."""
        return socket.create_connection((address, port), timeout=timeout)


class TimeLimit:
    """Cuts the connection in use when the time is over, wherever the call hangs: TLS, headers or body.

    A read time-out alone does not help against a server that sends one byte now and then.
    """

    _of_this_thread = threading.local()

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._plug: socket.socket | None = None
        self._ends_at = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    @classmethod
    def watch(cls, sock: socket.socket | None) -> None:
        """Tell the limit of the running call, if there is one, which socket it would have to cut."""
        limit: TimeLimit | None = getattr(cls._of_this_thread, "limit", None)
        if limit is None or sock is None:
            return
        limit._let_go()
        # A handle of its own: the library closes its socket while a last answer is still being read.
        limit._plug = sock.dup()
        if limit.over:
            limit._cut()

    @classmethod
    def seconds_left(cls, at_most: float) -> float:
        """How long the next step may take."""
        limit: TimeLimit | None = getattr(cls._of_this_thread, "limit", None)
        left = limit._ends_at - time.monotonic() if limit else at_most
        if left <= 0:
            raise NoConnection("The call took too long.", code="deadline")
        return min(left, at_most)

    @property
    def is_up(self) -> bool:
        """Whether the time is over; a step that had all the time left may notice it before the connection is cut."""
        return self.over or time.monotonic() >= self._ends_at

    def __enter__(self) -> "TimeLimit":
        self._of_this_thread.limit = self
        self._timer.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._of_this_thread.limit = None
        self._timer.cancel()
        self._timer.join()  # a late cut must not hit the next call on this socket
        self._let_go()

    def _let_go(self) -> None:
        plug, self._plug = self._plug, None
        if plug is not None:
            plug.close()

    def _cut(self) -> None:
        self.over = True
        plug = self._plug
        if plug is not None:
            with contextlib.suppress(OSError):  # the other side was quicker
                plug.shutdown(socket.SHUT_RDWR)


class _Checked:
    """What both kinds of connection share: opening the socket themselves."""

    network: Network
    is_allowed: Callable[[str, int], bool]  # hosts that need no public address: the test hosts
    host: str
    port: int
    _plug: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        try:
            addresses = self.network.resolve(self.host, self.port)
        except OSError as error:
            raise NoConnection(f"{self.host} has no address ({error}).", code="dns_failed", host=self.host) from None
        if not addresses:
            raise NoConnection(f"{self.host} has no address.", code="dns_failed", host=self.host)
        if not self.is_allowed(self.host, self.port) and not all(map(is_public, addresses)):
            raise HostRefused(
                f"{self.host} leads to an address that is not public.", code="host_internal_address", host=self.host
            )
        sock = self._first_that_answers(addresses)
        # A second handle of the same connection: it stays valid while TLS wraps the first one.
        self._plug = sock.dup()
        TimeLimit.watch(self._plug)
        return sock

    def _first_that_answers(self, addresses: list[str]) -> socket.socket:
        failure: OSError | None = None
        for address in dict.fromkeys(addresses):
            try:
                sock = self.network.connect(address, self.port, TimeLimit.seconds_left(CONNECT_TIMEOUT))
            except OSError as error:
                failure = error
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        code = "connection_failed"
        if isinstance(failure, TimeoutError):
            code = "connect_timeout"
        elif isinstance(failure, ConnectionRefusedError):
            code = "connection_refused"
        raise NoConnection(f"{self.host} cannot be reached ({failure}).", code=code, host=self.host)

    def request(self, *args: Any, **kwargs: Any) -> None:
        TimeLimit.watch(self._plug)
        super().request(*args, **kwargs)  # type: ignore[misc]

    def close(self) -> None:
        plug, self._plug = self._plug, None
        if plug is not None:
            plug.close()
        super().close()  # type: ignore[misc]


class PinnedAdapter(HTTPAdapter):
    """Carries requests over checked connections only. It never retries: the gateway decides that."""

    def __init__(self, network: Network, is_allowed: Callable[[str, int], bool]) -> None:
        super().__init__(max_retries=0, pool_connections=4, pool_maxsize=4)
        shared = {"network": network, "is_allowed": staticmethod(is_allowed)}
        self.poolmanager.pool_classes_by_scheme = {
            scheme: type(pool.__name__, (pool,), {"ConnectionCls": type("Checked", (_Checked, connection), shared)})
            for scheme, pool, connection in (
                ("http", HTTPConnectionPool, HTTPConnection),
                ("https", HTTPSConnectionPool, HTTPSConnection),
            )
        }


def diagnose(error: BaseException, host: str) -> QualtricsError:
    """What a failure inside the HTTP library means."""
    chain = list(_chain(error))
    for cause in chain:
        if isinstance(cause, QualtricsError):
            return cause
        if isinstance(cause, ssl.SSLCertVerificationError):
            code = _TLS_CODES.get(cause.verify_code, "tls_untrusted")
            return NoConnection(f"The certificate of {host} was refused: {cause.verify_message}", code=code, host=host)
    if any(isinstance(cause, ssl.SSLError) for cause in chain):
        return NoConnection(f"No secure connection to {host}.", code="tls_failed", host=host)
    if any(isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__ for cause in chain):
        return NoConnection(f"{host} did not answer in time.", code="read_timeout", host=host)
    names = " < ".join(type(cause).__name__ for cause in chain)
    return NoConnection(f"The connection to {host} broke ({names}).", code="connection_cut", host=host)


def _chain(error: BaseException | None, depth: int = 10) -> Any:
    """The error, then what it wraps; libraries hide causes in arguments as well."""
    while error is not None and depth:
        yield error
        inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
        error = inner if isinstance(inner, BaseException) else (error.__cause__ or error.__context__)
        depth -= 1
