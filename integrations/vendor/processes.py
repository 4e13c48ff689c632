"""Who holds a fetch. A holder that has died on this machine is known to be dead at once, without waiting for its lease.

A process is named by machine, process namespace, number and start, so that no later process is mistaken for it. Where the
kernel does not tell (not Linux, or another machine) nobody is known to be dead, and the lease decides alone.
"""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def this_process() -> str:
    """The name of this process; empty where there is none that others could check."""
    return _name(os.getpid()) or ""


def is_dead(holder: str) -> bool:
    """Whether this holder certainly works no more. A process that is merely stopped is alive."""
    place, _, rest = holder.rpartition("/")
    number, _, _start = rest.partition("@")
    if not number.isdecimal() or place != _place():
        return False
    return _name(int(number)) != holder


def _place() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _name(pid: int) -> str | None:
    """The name of a running process; None if there is none, or it has ended and is only not buried yet."""
    try:
        status = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command's name, in brackets, may hold anything.
    fields = status.rpartition(")")[2].split()
    state, start = fields[0], fields[19]
    place = _place()
    return None if state in "ZX" or not place else f"{place}/{pid}@{start}"
