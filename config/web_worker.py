"""gunicorn's threads, which no slow sender can occupy: a request is given to one once the whole of it has arrived.

gunicorn's own worker gives a new connection to a thread at once, and the thread waits for whatever the sender takes its time
with. As many senders as there are threads, each of which stops in the middle, would close the whole site. Here the waiting
is done by the main loop, which waits for hundreds at a time. Left to the proxy in front are bodies longer than `HELD` and
those that do not say how long they are.
"""

from __future__ import annotations

import re
import socket
import time
from functools import partial
from selectors import EVENT_READ

from gunicorn.workers.gthread import TConn, ThreadWorker

PATIENCE = 10.0  # seconds from the first byte to the last
HELD = 65_536  # bytes of a request that the system keeps for us meanwhile
_LONGEST_HEAD = 16_384
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,12})[ \t]*$", re.IGNORECASE | re.MULTILINE)
_OF_ITS_OWN = re.compile(rb"^(expect|transfer-encoding):", re.IGNORECASE | re.MULTILINE)


def bytes_to_wait_for(arrived: bytes) -> int:
    """How long the beginning of the request must be before a thread takes it; 0: it is long enough."""
    head, end, body = arrived.partition(b"\r\n\r\n")
    if not end:
        return len(arrived) + 1 if len(arrived) < _LONGEST_HEAD else 0
    head = head.replace(b"\r", b"")
    if _OF_ITS_OWN.search(head):
        return 0
    length = _LENGTH.search(head)
    whole = min(len(arrived) - len(body) + (int(length[1]) if length else 0), HELD)
    return whole if len(arrived) < whole else 0


class Worker(ThreadWorker):
    """For `--worker-class`."""

    def enqueue_req(self, conn: TConn) -> None:
        """Called by the main loop when a connection is new, or something came on it."""
        read_ahead = conn.parser is not None and conn.parser.unreader.buf.getvalue()
        if read_ahead or self.cfg.is_ssl:  # what is there cannot be looked at
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        try:
            arrived = conn.sock.recv(HELD, socket.MSG_PEEK)
        except BlockingIOError:
            arrived = None
        except OSError:  # the thread will find the same, and close it
            arrived = b""
        missing = 1 if arrived is None else bytes_to_wait_for(arrived)
        before = getattr(conn, "arrived", None)
        # Nothing came and yet it woke us: the other side has closed.
        if not missing or arrived == b"" or (arrived is not None and before == len(arrived)):
            _wake_at(conn, 1)
            conn.arrived, conn.until, conn.data_ready = None, None, True
            super().enqueue_req(conn)
            return
        conn.arrived = len(arrived or b"")
        conn.until = getattr(conn, "until", None) or time.monotonic() + PATIENCE
        conn.timeout = conn.until
        _wake_at(conn, missing)
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))


def _wake_at(conn: TConn, length: int) -> None:
    """Have the system tell us when so many bytes are there."""
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, length)
