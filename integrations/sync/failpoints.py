"""Named places at which a worker may die: tests kill it there and look whether anything is lost or doubled.

Nothing is switched on in production: `reach` is then one comparison. `FAILPOINTS` in the environment of a worker switches
some on: `batch_stored*3=kill; closed=kill_group` ends the process at the third pass through `batch_stored`, and its whole
group at the first through `closed`. Passes are counted over all processes, in files of the folder `FAILPOINTS_DIR`, so
that each of them happens once however often the work is taken up again.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

# In the order in which a fetch passes them.
POINTS = (
    "publish",  # the row is committed, its message is not sent yet
    "claimed",
    "export_started",  # Qualtrics has the order, the row does not know of it yet
    "exporting",
    "polled",
    "spooled",  # the file is here, the row does not know of it yet
    "downloaded",
    "batch_read",
    "batch_begun",
    "batch_stored",  # rows written, checkpoint not yet
    "checkpoint",  # both written, not committed
    "batch_committed",
    "loaded",
    "vanished",  # a reconciliation has marked what is gone, not committed
    "refreshing",  # some days recounted, not committed
    "refreshed",
    "ledger_closed",  # the fetch is closed, the watermark not moved, nothing committed
    "watermark",  # moved, not committed
    "closed",  # committed, the file still there
)
ACTIONS: Mapping[str, Callable[[], object]] = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "kill_group": lambda: os.killpg(os.getpgid(0), signal.SIGKILL),
    "wait": lambda: time.sleep(3600),
    "stop_group": lambda: os.killpg(os.getpgid(0), signal.SIGSTOP),
}


class Plan:
    """What is to happen where, and at which pass."""

    def __init__(self, text: str, folder: Path) -> None:
        self.folder = folder
        self.actions: dict[tuple[str, int], Callable[[], object]] = {}
        for entry in filter(None, (part.strip() for part in text.split(";"))):
            place, _, action = entry.partition("=")
            name, _, number = place.partition("*")
            if name not in POINTS:
                raise ValueError(f"There is no failpoint {name!r}. There are: {', '.join(POINTS)}.")
            self.actions[name, int(number or 1)] = ACTIONS[action]

    def __call__(self, name: str) -> None:
        if action := self.actions.get((name, self._count(name))):
            action()

    def _count(self, name: str) -> int:
        """This pass's number: the size of a file to which each pass appends a byte."""
        descriptor = os.open(self.folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, b".")
            return os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)


# What happens at each failpoint; tests within one process put a function of their own here.
on_reach: Callable[[str], object] | None = (
    Plan(os.environ["FAILPOINTS"], Path(os.environ["FAILPOINTS_DIR"])) if "FAILPOINTS" in os.environ else None
)


def reach(name: str) -> None:
    """The work has come to this point."""
    if on_reach is not None:
        on_reach(name)
