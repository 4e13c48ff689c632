"""Starts the processes of the embedded mode, or of the web server, restarts one that ends, and leaves none behind.

Each child leads a process group of its own, so that what it started in turn (beat, pool processes) goes with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from django.core.management.base import CommandError

GRACE = 15.0  # seconds between asking a process group to end and ending it
QUICK_DEATH = 5.0  # a child that ends sooner than this after its start is restarted more slowly each time
_PR_SET_PDEATHSIG = 1


class AlreadyRunning(CommandError):
    """Another supervisor looks after this folder."""


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the kernel lets go of however the process ends; else raise `AlreadyRunning`.

    Two supervisors on one folder would share a database and a queue, and each worker would know the other's addresses wrong.
    """
    with (folder / "running.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"Parcours already runs in {folder}. End it first, or name another folder in PARCOURS_VAR_DIR."
            ) from None
        yield


@dataclass
class Child:
    """A process to keep alive."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[int] = ()  # open files that it inherits
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    quick_deaths: int = 0
    start_at: float = 0.0

    def start(self) -> None:
        self.process = subprocess.Popen(  # noqa: S603 (our own command lines)
            self.command,
            env=os.environ | dict(self.environment),
            pass_fds=self.files,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        self.started_at = time.monotonic()

    def signal_group(self, number: int) -> None:
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def _die_with_parent() -> None:
    """If the supervisor itself is killed, Linux tells the child; elsewhere it is found and ended by hand."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Runs children until it is told to stop."""

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self.children = children
        self.say = say
        self.stopping = False

    def run(self, once_started: Callable[[], None] | None = None) -> None:
        """Start all, call `once_started`, and keep them alive until SIGINT or SIGTERM."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        for child in self.children:
            child.start()
        try:
            if once_started:
                once_started()
            while not self.stopping:
                self._look_after()
                time.sleep(0.2)
        finally:
            self.end()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _look_after(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is None:
                if now >= child.start_at:
                    child.start()
            elif child.process.poll() is not None:
                child.signal_group(signal.SIGKILL)  # what it left behind must not work beside its successor
                lived = now - child.started_at
                child.quick_deaths = child.quick_deaths + 1 if lived < QUICK_DEATH else 0
                wait = min(2.0**child.quick_deaths, 30.0) if child.quick_deaths else 0.5
                self.say(f"{child.name} ended with {child.process.returncode}; starting it again in {wait:.0f} s")
                child.process, child.start_at = None, now + wait

    def end(self) -> None:
        """Ask all to end, wait, then end what is left."""
        for child in self.children:
            if child.process and child.process.poll() is None:
                # The leader only: it ends its own children in order.
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        for child in self.children:
            if child.process:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(0.1, deadline - time.monotonic()))
            child.signal_group(signal.SIGKILL)


def python(*arguments: str) -> list[str]:
    """A command line of this same Python."""
    return [sys.executable, *arguments]


def web(port: int) -> list[str]:
    """One process of the web server, at this port of 127.0.0.1."""
    return python("-m", "config.running.web_server", "--port", str(port))


def web_on(listening: int, threads: int) -> list[str]:
    """One process of the web server, on an inherited socket that others may listen on, too."""
    return python("-m", "config.running.web_server", "--socket", str(listening), "--threads", str(threads))


def worker_with_beat(slots: int = 2) -> list[str]:
    """One Celery process: worker threads and the timetable's tick."""
    return python(
        *(
            "-m",
            "celery",
            "--quiet",
            "-A",
            "config",
            "worker",
            "--beat",
            "--pool",
            "threads",
            "--concurrency",
            str(slots),
        ),
        *("--queues", "default,sync,backfill", "--loglevel", "WARNING"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    )
