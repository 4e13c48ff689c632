"""Closes the network for this process: whatever is not this machine is refused before a packet leaves.

The tests' own process imports it by name. Its folder stands in PYTHONPATH, where Python looks for a module of this name
whenever it starts: so the workers, servers and commands that tests start are closed as well. Chromium gets a rule of its
own (see `conftest.py`); other programs, such as pg_dump, are only ever given addresses of this machine.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any


class NetworkClosed(RuntimeError):
    """No OSError: nothing may take it for a network that happens to fail, and try again or go on without."""


def _is_here(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes | bytearray) else str(host or "localhost")
    try:
        return (address := ipaddress.ip_address(name.partition("%")[0])).is_loopback or address.is_unspecified
    except ValueError:
        return name in ("localhost", socket.gethostname())


def _is_an_address(host: object) -> bool:
    """Whether it says by itself where it is: nobody is asked for the number of a number."""
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes | bytearray) else str(host))
    except ValueError:
        return False
    return True


def _watch(event: str, details: tuple[Any, ...]) -> None:
    if not event.startswith("socket."):
        return
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = details[1]
        if isinstance(address, tuple) and not _is_here(address[0]):
            raise NetworkClosed(f"A test tried to reach {address[0]}, port {address[1]}: tests stay on this machine")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        if not _is_here(details[0]) and not _is_an_address(details[0]):
            raise NetworkClosed(f"A test tried to look up {details[0]!r}: tests stay on this machine")
    elif event == "socket.gethostbyaddr" and not _is_here(details[0]):
        raise NetworkClosed(f"A test tried to look up whose address {details[0]} is: tests stay on this machine")


# An audit hook sees every socket, whichever library opened it, and cannot be taken away again.
if not hasattr(sys, "network_is_closed"):
    sys.addaudithook(_watch)
    sys.network_is_closed = True  # type: ignore[attr-defined]
