"""Servers of a test's own, which it may kill: a Redis, and a PostgreSQL cluster."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for_port(port: int, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"Nothing listens on {port}"
            time.sleep(0.05)


@dataclass
class Redis:
    """A Redis server without persistence: killed, it has forgotten everything."""

    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = shutil.which("redis-server")
        self.process = subprocess.Popen(
            [str(program), "--port", str(self.port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"],
            stdout=subprocess.DEVNULL,
        )
        _wait_for_port(self.port)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def own_redis() -> Iterator[Redis]:
    if not shutil.which("redis-server"):
        pytest.skip("No redis-server on this machine: install Debian's package redis-server to run this test")
    server = Redis(free_port())
    server.start()
    try:
        yield server
    finally:
        server.kill()


@dataclass
class Cluster:
    """A PostgreSQL cluster in a folder; run as `postgres` where the test is root, whom PostgreSQL refuses to serve."""

    folder: Path
    port: int
    programs: Path
    as_user: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self.as_user, str(self.programs / program), *arguments],
            cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode(errors="replace")

    def create(self) -> None:
        self.run("initdb", "-D", str(self.folder), "-U", "postgres", "-A", "trust", "--no-sync")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=50"
        self.run("pg_ctl", "start", "-w", "-D", str(self.folder), "-l", str(self.folder / "log"), "-o", options)

    def stop_at_once(self) -> None:
        """As if somebody had pulled the plug: no checkpoint, no farewell."""
        self.run("pg_ctl", "stop", "-D", str(self.folder), "-m", "immediate")


@contextmanager
def own_cluster(folder: Path) -> Iterator[Cluster]:
    """`folder` must be reachable for the user `postgres`."""
    programs = _programs()
    if programs is None:
        pytest.skip("No initdb on this machine: install Debian's package postgresql to run this test")
    as_user: list[str] = []
    if os.geteuid() == 0:
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres here")
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    cluster = Cluster(folder / "data", free_port(), programs, as_user)
    cluster.create()
    cluster.start()
    try:
        yield cluster
    finally:
        pid_file = cluster.folder / "postmaster.pid"
        if pid_file.exists():
            os.kill(int(pid_file.read_text().split()[0]), signal.SIGQUIT)


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    path = found[-1] if found else shutil.which("initdb")
    return Path(path).parent if path else None
