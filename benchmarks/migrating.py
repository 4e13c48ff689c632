"""How long the migrations keep somebody waiting who writes to the table of responses.

`python -m benchmarks.migrating ROWS`, in an empty installation: makes the tables as they were at first, fills them, and brings
them up to date while a second connection changes one response after the other. It prints the longest wait of that one.
"""

from __future__ import annotations

import json
import sys
import threading
import time

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402

FIRST = ("feedback", "0001_tables")
FILL = {
    "postgresql": """INSERT INTO feedback_response (survey_id, external_id, recorded_at, fetch_number, status, flags, finished,
            language, channel, content_hash, answers)
        SELECT %s, 'R_' || lpad(n::text, 15, '0'), timestamptz '2024-11-01' + n * interval '63 seconds', 1,
            CASE n %% 50 WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 8 ELSE 0 END, 0, n %% 20 <> 0,
            'FR', 'email', decode(md5(n::text), 'hex'), jsonb_build_object('1', n %% 11, '2', n %% 5, '3', n %% 7, '4', n %% 60)
        FROM generate_series(1, %s) AS n""",
    "sqlite": """INSERT INTO feedback_response (survey_id, external_id, recorded_at, fetch_number, status, flags, finished,
            language, channel, content_hash, answers)
        WITH RECURSIVE numbers (survey, n, last) AS
            (SELECT %s, 1, %s UNION ALL SELECT survey, n + 1, last FROM numbers WHERE n < last)
        SELECT survey, 'R_' || printf('%%015d', n), datetime('2024-11-01', (n * 63) || ' seconds'), 1,
            CASE n %% 50 WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 8 ELSE 0 END, 0, n %% 20 <> 0,
            'FR', 'email', randomblob(16), json_object('1', n %% 11, '2', n %% 5, '3', n %% 7, '4', n %% 60)
        FROM numbers""",
}


def fill(rows: int) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([FIRST])
    apps = executor.loader.project_state([FIRST]).apps
    source = apps.get_model("feedback", "Source").objects.create(name="Many")
    survey = apps.get_model("feedback", "Survey").objects.create(source=source, external_id="SV_many", name="Many")
    with connection.cursor() as cursor:
        cursor.execute(FILL[connection.vendor], [survey.pk, rows])


class Writer(threading.Thread):
    """Changes one response after the other, and keeps the longest time that one change took."""

    def __init__(self, rows: int) -> None:
        super().__init__(daemon=True)
        self.rows, self.longest, self.changes = rows, 0.0, 0
        self.end = threading.Event()

    def run(self) -> None:
        while not self.end.wait(0.01):
            began = time.perf_counter()
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE feedback_response SET flags = flags WHERE id = %s", [1 + self.changes * 7919 % self.rows]
                )
            self.longest = max(self.longest, time.perf_counter() - began)
            self.changes += 1
        connections.close_all()


def main() -> None:
    rows = int(sys.argv[1])
    fill(rows)
    writer = Writer(rows)
    writer.start()
    time.sleep(1)
    began = time.perf_counter()
    call_command("migrate", verbosity=0)
    seconds = time.perf_counter() - began
    writer.end.set()
    writer.join()
    print(json.dumps({"seconds": seconds, "longest": writer.longest, "changes": writer.changes}))


if __name__ == "__main__":
    main()
