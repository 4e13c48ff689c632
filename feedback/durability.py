"""How surely a commit is on the disk before work goes on."""

from __future__ import annotations

from django.db import connection


def commit_soon() -> None:
    """Let the commit of this transaction not wait for the disk.

    For work whose every transaction also says how far it has come: should the server lose power within the next moments,
    rows and checkpoint are gone together, and the work is done again from there. A later commit that waits makes all
    earlier ones sure. SQLite works like this anyway (`synchronous=NORMAL`).
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")
