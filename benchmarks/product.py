"""One fetch by the product, in this process or by a real worker.

`python -m benchmarks.product fetch [--full] [--further N]` runs the survey's fetch here, and N more after it, and prints
what each took; with `--again stale|analysed` the backfill and a complete fetch that compares everything with it. `... move HOST`
lets the connection ask another vendor. `... ask [--full]` only asks for the fetch and rings; `... wait UUID` waits until the
books are closed.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402

from benchmarks.data import SURVEY  # noqa: E402
from benchmarks.effort import spent  # noqa: E402
from benchmarks.vendor import TOKEN  # noqa: E402
from feedback.models import Survey  # noqa: E402
from integrations.connections import editing  # noqa: E402
from integrations.models import Connection, Fetch, SurveyFeed  # noqa: E402
from integrations.qualtrics.hosts import normalise_host  # noqa: E402
from integrations.sync import (  # noqa: E402
    engine,
    requests,
    tasks,
)
from integrations.vault.secret import Secret  # noqa: E402


def facts(fetch: Fetch, seconds: float) -> dict[str, Any]:
    return {
        "state": fetch.state,
        "seconds": seconds,
        "received": fetch.received,
        "new": fetch.new,
        "changed": fetch.changed,
        "unchanged": fetch.unchanged,
        "error": fetch.error_code,
    } | spent(connection.connection.info.backend_pid if connection.vendor == "postgresql" else None)


def ask(full: bool, trigger: str = Fetch.Trigger.MANUAL) -> Fetch:
    feed = SurveyFeed.objects.select_related("connection", "survey").get(survey__external_id=SURVEY)
    return requests.ask_for_fetch(feed, trigger, full=full)


def fetch_here(full: bool, trigger: str = Fetch.Trigger.MANUAL) -> dict[str, Any]:
    Survey.objects.first()  # a worker has its database connection already
    began = time.perf_counter()
    fetch = ask(full, trigger)
    wait: float | None = 0.0
    while wait is not None:
        wait = engine.run(fetch.uuid)
    seconds = time.perf_counter() - began
    fetch.refresh_from_db()
    return facts(fetch, seconds)


def fetch_and_compare(statistics: str) -> list[dict[str, Any]]:
    """The backfill, and all of it again, of which PostgreSQL knows nothing (stale) or everything (analysed)."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE feedback_response SET (autovacuum_enabled = off)")
        backfill = fetch_here(True)
        if statistics == "analysed":
            cursor.execute("ANALYZE")
    return [backfill, fetch_here(True, Fetch.Trigger.RECONCILE)]


def wait_for(uuid: str) -> dict[str, Any]:
    while True:
        fetch = Fetch.objects.get(uuid=uuid)
        if not fetch.is_open and fetch.finished_at:
            return facts(fetch, (fetch.finished_at - fetch.created_at).total_seconds())
        connection.close()
        time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["fetch", "move", "ask", "wait"])
    parser.add_argument("which", nargs="?")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--further", type=int, default=0)
    parser.add_argument("--again", choices=["stale", "analysed"])
    chosen = parser.parse_args()
    if chosen.again:
        print(json.dumps(fetch_and_compare(chosen.again)))
    elif chosen.what == "fetch":
        print(json.dumps([fetch_here(chosen.full), *(fetch_here(False) for _ in range(chosen.further))]))
    elif chosen.what == "wait":
        print(json.dumps(wait_for(chosen.which)))
    elif chosen.what == "move":
        host, token = normalise_host(chosen.which), Secret(TOKEN)
        made = Connection.objects.get(name="Benchmark")
        editing.change_connection(made, made.version, host=host, token=token)
        print(json.dumps(host.name))
    else:
        fetch = ask(chosen.full)
        tasks.notify_worker(fetch.uuid, full=fetch.full)
        print(json.dumps(str(fetch.uuid)))


if __name__ == "__main__":
    main()
