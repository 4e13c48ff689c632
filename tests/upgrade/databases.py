"""Scratch databases of both engines: made, dumped to SQL, filled from SQL and removed again."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent.parent
SQLITE, POSTGRESQL = "sqlite", "postgresql"
# For the samples only: what they encrypt and sign opens nothing anywhere.
KEYS = {
    "SECRET_KEY": "upgrade-samples-only-0123456789-abcdefghijklmnopqrstuvwxyz",
    "ENCRYPTION_KEYS": "samples:dXBncmFkZS1zYW1wbGVzLW9ubHktMDEyMzQ1Njc4OTA=",
}


@dataclass(frozen=True)
class Database:
    """An own database, and the environment that leads the project's commands to it."""

    engine: str
    address: str  # a file, or the address of a PostgreSQL database
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Of a process that works on this database and sends nothing to anybody."""
        named = "SQLITE_FILE" if self.engine == SQLITE else "DATABASE_URL"
        return (
            {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SQLITE_FILE")}
            | KEYS
            | {
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "PARCOURS_VAR_DIR": str(self.folder),
                "STATIC_ROOT": str(self.folder / "static"),
                "CELERY_BROKER_URL": "memory://",
                "CACHE_URL": "",
                "HTTPS": "false",
                "ALLOWED_HOSTS": "testserver",
                "API_RATE": "100000/min",
                "LOG_LEVEL": "ERROR",
                named: self.address,
            }
            | self.settings
        )

    def run(self, *arguments: str, timeout: float = 900) -> str:
        """Run Python with these arguments; what it printed. Fails with what it said if it fails."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def manage(self, *arguments: str) -> str:
        """Run a management command."""
        return self.run("manage.py", *arguments)

    def load(self, text: str) -> None:
        """Fill the empty database."""
        if self.engine == SQLITE:
            with closing(sqlite3.connect(self.address)) as connection:
                connection.executescript(text)
        else:
            with psycopg.connect(self.address, autocommit=True) as connection:
                connection.execute(text.encode())

    def dump(self) -> str:
        """Everything in it, as SQL that `load` takes; the same for the same rows."""
        if self.engine == SQLITE:
            with closing(sqlite3.connect(self.address)) as connection:
                return "\n".join(connection.iterdump()) + "\n"
        command = ["pg_dump", "--inserts", "--rows-per-insert=200", "--no-owner", "--no-privileges", self.address]
        dumped = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        # Left out: commands of psql, and settings that older servers do not know.
        return re.sub(r"(?m)^(\\(un)?restrict .*|SET transaction_timeout .*|-- Dumped .*)\n", "", dumped)

    def counts(self) -> dict[str, int]:
        """Rows by table."""
        if self.engine == SQLITE:
            names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            with closing(sqlite3.connect(self.address)) as file:
                return {
                    name: file.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]  # noqa: S608 (its own names)
                    for (name,) in file.execute(names).fetchall()
                }
        names = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        with psycopg.connect(self.address) as server:
            return {
                name: server.execute(sql.SQL("SELECT COUNT(*) FROM {}").format(sql.Identifier(name))).fetchone()[0]  # type: ignore[index]
                for (name,) in server.execute(names).fetchall()
            }


@contextmanager
def scratch(engine: str, folder: Path, server: str = "") -> Iterator[Database]:
    """An empty database for a while: a file in `folder`, or one at `server`, the address of any database there."""
    if engine == SQLITE:
        yield Database(SQLITE, str(folder / f"{uuid.uuid4().hex[:12]}.sqlite3"), folder)
        return
    root, name = server.rsplit("/", 1)[0], f"upgrade_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{root}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield Database(POSTGRESQL, f"{root}/{name}", folder)
    finally:
        with psycopg.connect(f"{root}/postgres", autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
