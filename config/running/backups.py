"""Backup and restore of the database, by the database's own means: a whole and consistent copy while others write."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from django.db import connection


class BackupFailed(Exception):
    """It was not made, or not put back; the words say why."""


def backup(to: Path) -> None:
    """Write a copy of the database to a file that does not exist yet; it appears when it is complete."""
    if to.exists():
        raise BackupFailed(f"{to} exists already.")
    draft = to.with_name(f"{to.name}.part")
    draft.unlink(missing_ok=True)
    try:
        if connection.vendor == "postgresql":
            _run("pg_dump", "--format=custom", f"--file={draft}")
        else:
            connection.ensure_connection()
            with closing(sqlite3.connect(draft)) as copy:
                connection.connection.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, without companions
        draft.chmod(0o600)
        draft.replace(to)
    finally:
        draft.unlink(missing_ok=True)


def restore(source: Path) -> None:
    """Put the database back as it was. Web and workers must not run meanwhile."""
    if not source.exists():
        raise BackupFailed(f"There is no {source}.")
    if connection.vendor == "postgresql":
        connection.close()
        _run("pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", str(source))
        return
    with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as copy:
        try:
            sound = copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        except sqlite3.DatabaseError as error:
            raise BackupFailed(f"{source} is not a backup of an embedded database.") from error
        if not sound:
            raise BackupFailed(f"{source} is damaged.")
        connection.ensure_connection()
        copy.backup(connection.connection)
    connection.close()


def _run(program: str, *arguments: str) -> None:
    if not shutil.which(program):
        raise BackupFailed(f"{program} is not installed here; Debian's package is postgresql-client.")
    settings = connection.settings_dict
    environment = os.environ | {
        "PGHOST": str(settings["HOST"]),
        "PGPORT": str(settings["PORT"] or 5432),
        "PGUSER": str(settings["USER"]),
        "PGPASSWORD": str(settings["PASSWORD"]),
        "PGDATABASE": str(settings["NAME"]),
    }
    command = [program, *arguments]
    if program == "pg_restore":
        command += [f"--dbname={settings['NAME']}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BackupFailed(done.stderr.strip()[-2000:])
