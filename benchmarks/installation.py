"""Fresh installations to measure: a database with everything but responses, copied anew for every run."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "bench"
POSTGRES = os.environ.get("BENCH_DATABASE_URL", "postgres://root@127.0.0.1:5432/bench")
SQLITE = "sqlite"
ENGINES = ("postgresql", "sqlite")


@dataclass
class Installation:
    """One engine's database, and the environment in which the product's processes find it."""

    engine: str
    name: str = "bench"
    hosts: list[str] = field(default_factory=list)

    @property
    def var(self) -> Path:
        return FOLDER / f"var-{self.engine}-{self.name}"

    @property
    def sqlite_file(self) -> Path:
        return self.var / "parcours.sqlite3"

    @property
    def url(self) -> str:
        return urlunsplit(urlsplit(POSTGRES)._replace(path=f"/{self.name}"))

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        kept |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PARCOURS_VAR_DIR": str(self.var),
            "SPOOL_DIR": str(self.var / "spool"),
            "STATIC_ROOT": str(FOLDER / "static"),
            "SECRET_KEY": "only-for-measuring-only-for-measuring-only-for-measuring",
            "ENCRYPTION_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}",
            "HTTPS": "false",
            "LOG_LEVEL": "WARNING",
            "QUALTRICS_TEST_HOSTS": ",".join(self.hosts),
            "PYTHONWARNINGS": "ignore",
            "PUBLIC_URL": "http://127.0.0.1:9",  # nobody listens there: only the demo asks for an address
        }
        return kept | ({"DATABASE_URL": self.url} if self.engine == "postgresql" else {})

    def run(self, module: str, *arguments: object) -> Any:
        """What `python -m benchmarks.<module>` says in its last line, as JSON."""
        command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])

    @contextlib.contextmanager
    def process(self, *command: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """A process of the product that runs meanwhile; it and what it started are gone afterwards."""
        with _running(command, self.environment | environment) as process:
            yield process

    def copy_from(self, template: Installation) -> None:
        """Become what the template is now."""
        shutil.rmtree(self.var, ignore_errors=True)
        if self.engine == "postgresql":
            self.var.mkdir(parents=True)
            _create(self.name, template.name)
        else:
            shutil.copytree(template.var, self.var)

    def make_empty(self) -> None:
        shutil.rmtree(self.var, ignore_errors=True)
        self.var.mkdir(parents=True)
        if self.engine == "postgresql":
            _create(self.name, "template0")

    def contents(self) -> str:
        """A fingerprint of what a fetch leaves: responses with their hashes and answers, and the histograms."""
        queries = (
            "SELECT external_id, kind, status, finished, language, channel, content_hash, CAST(answers AS text)"
            " FROM feedback_response ORDER BY external_id",
            "SELECT question_id, CAST(day AS text), CAST(counts AS text) FROM kpis_dayhistogram ORDER BY 1, 2",
        )
        found = hashlib.blake2b()
        connect = psycopg.connect(self.url) if self.engine == "postgresql" else sqlite3.connect(self.sqlite_file)
        with contextlib.closing(connect) as connection:
            for query in queries:
                for *facts, document in connection.execute(query):
                    found.update(repr([bytes(f) if isinstance(f, memoryview) else f for f in facts]).encode())
                    found.update(json.dumps(json.loads(document), sort_keys=True).encode())
        return found.hexdigest()

    def settle(self) -> None:
        """Leave no work of the last run for this one: everything on the disk, logs short."""
        if self.engine == "postgresql":
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute("CHECKPOINT")
        else:
            with contextlib.closing(sqlite3.connect(self.sqlite_file)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _create(name: str, template: str) -> None:
    server = urlunsplit(urlsplit(POSTGRES)._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


def postgresql_trouble() -> str:
    """Why PostgreSQL cannot be measured here; empty if it can."""
    try:
        psycopg.connect(urlunsplit(urlsplit(POSTGRES)._replace(path="/postgres")), connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return str(error).strip().splitlines()[0]
    return ""


def postgresql_version() -> str:
    with psycopg.connect(urlunsplit(urlsplit(POSTGRES)._replace(path="/postgres"))) as connection:
        return f"{connection.info.server_version // 10000}.{connection.info.server_version % 10000}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def vendor(backfill: Path, increment: Path, wait: float = 0.0) -> Iterator[str]:
    """The vendor's process; its `host:port`."""
    command = [sys.executable, "-m", "benchmarks.vendor", str(backfill), str(increment), "--wait", str(wait)]
    with _running(command, dict(os.environ)) as process:
        port = process.stdout.readline().strip() if process.stdout else ""
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def _running(command: Sequence[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        list(command), cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()
        time.sleep(0.1)
