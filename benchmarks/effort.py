"""What this process and its database server spent: on a busy machine steadier than the clock."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any


def spent(backend_pid: int | None = None) -> dict[str, Any]:
    """Processor seconds of this process, of its PostgreSQL backend (if on this machine), and the peak memory."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "peak_mb": usage.ru_maxrss / 1024,
        "cpu": usage.ru_utime + usage.ru_stime,
        "server_cpu": _seconds_of(backend_pid) if backend_pid else 0.0,
    }


def _seconds_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
