"""The floor: the shortest way from the vendor to the same rows in the same tables, without the product's code.

No ledger, no checkpoints, no checks, no second worker, one transaction. `python -m benchmarks.floor URL-OR-FILE HOST IDS`,
where IDS is what `benchmarks.prepare` printed; `--further` fetches the increment. It prints what it took.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import psycopg

from benchmarks import data
from benchmarks.download import CHUNK, download
from benchmarks.effort import spent

ZONE = ZoneInfo(data.ZONE)
FEELINGS = {"Very Negative": -2, "Negative": -1, "Neutral": 0, "Positive": 1, "Very Positive": 2, "Mixed": "mixed"}
CLASSES = {(0, 1): "counted", (16, 1): "counted", (1, 1): "preview", (2, 1): "test", (8, 1): "spam"}
COLUMNS = (
    "survey_id, external_id, recorded_at, modified_at, fetch_number, kind, status, flags, finished, language, channel,"
    " content_hash, answers"
)
AT_ONCE = 5000
# (day, question, class) → value → count
Counts = dict[tuple[str, int, str], dict[str, int]]
Row = tuple[Any, ...]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("host")
    parser.add_argument("ids", type=json.loads)
    parser.add_argument("--further", action="store_true")
    chosen = parser.parse_args()
    load = into_postgresql if chosen.database.startswith("postgres") else into_sqlite
    connection = (psycopg.connect if load is into_postgresql else sqlite3.connect)(chosen.database)
    began = time.perf_counter()
    rows = load(connection, download(chosen.host, chosen.further), chosen.ids)
    seconds = time.perf_counter() - began
    backend = connection.info.backend_pid if isinstance(connection, psycopg.Connection) else None
    print(json.dumps({"seconds": seconds, "rows": rows} | spent(backend)))


def lines(file: Any) -> Iterator[bytes]:
    with zipfile.ZipFile(file) as archive, archive.open(archive.infolist()[0]) as entry:
        rest = b""
        while chunk := entry.read(CHUNK):
            whole = (rest + chunk).split(b"\n")
            rest = whole.pop()
            yield from whole


def records(file: Any, ids: dict[str, Any], counts: Counts) -> Iterator[Row]:
    """(id, recorded at as text, kind, status, finished, language, channel, hash, answers as JSON), counted on the way."""
    days: dict[str, str] = {}  # the local day of each hour: whole hours are enough for this zone
    plan = sorted((pk, field) for field, pk in ids["questions"].items())
    sentiment = max(plan)[0]
    comment = next(pk for pk, field in plan if field == "QID5_TEXT")
    loads, dumps = orjson.loads, orjson.dumps
    from_text = datetime.fromisoformat
    for line in lines(file):
        record = loads(line)
        values = record["values"]
        displayed = record["displayedFields"]
        answers: dict[int, Any] = {}
        for pk, field in plan:
            value = values.get(field)
            if value is not None:
                answers[pk] = FEELINGS[value] if pk == sentiment else value
            elif field in displayed:
                answers[pk] = None
        recorded, status, finished = values["recordedDate"], values["status"], values["finished"]
        language, channel = values["userLanguage"], values["distributionChannel"]
        facts = (
            from_text(recorded),
            status,
            finished == 1,
            language,
            channel,
            list(answers),
            list(answers.values()),
        )
        digest = blake2b(dumps(facts), digest_size=16)
        hour = recorded[:13]
        day = days.get(hour)
        if day is None:
            day = days[hour] = from_text(f"{hour}:00Z").replace(tzinfo=UTC).astimezone(ZONE).date().isoformat()
        kind = CLASSES.get((status, finished)) or ("unfinished" if status in (0, 16) else CLASSES[status, 1])
        for pk, value in answers.items():
            key = "" if value is None else "comment" if pk == comment else value
            bins = counts.get((day, pk, kind))
            if bins is None:
                bins = counts[day, pk, kind] = {}
            bins[key] = bins.get(key, 0) + 1
        text = dumps(answers, option=orjson.OPT_NON_STR_KEYS).decode()
        yield record["responseId"], recorded, kind, status, finished, language, channel, digest, text


def histograms(counts: Counts) -> Iterator[tuple[int, str, str]]:
    found: dict[tuple[int, str], dict[str, dict[str, int]]] = {}
    for (day, pk, kind), bins in counts.items():
        found.setdefault((pk, day), {})[kind] = {str(value): n for value, n in bins.items()}
    return ((pk, day, orjson.dumps(classes).decode()) for (pk, day), classes in found.items())


def into_postgresql(connection: psycopg.Connection, file: Any, ids: dict[str, Any]) -> int:
    survey, counts, stored = ids["survey"], {}, 0
    with connection.cursor() as cursor:
        is_empty = cursor.execute("SELECT 1 FROM feedback_response WHERE survey_id = %s LIMIT 1", [survey]).fetchone()
        target = "feedback_response"
        if is_empty is not None:
            target = "incoming"
            cursor.execute(
                f"CREATE TEMP TABLE incoming ON COMMIT DROP AS SELECT {COLUMNS} FROM feedback_response LIMIT 0"
            )
        with cursor.copy(f"COPY {target} ({COLUMNS}) FROM STDIN") as copy:
            block: list[str] = []
            for identity, at, kind, status, finished, language, channel, digest, text in records(file, ids, counts):
                if "\\" in text:
                    text = text.replace("\\", "\\\\")
                block.append(
                    f"{survey}\t{identity}\t{at}\t{at}\t1\t{kind}\t{status}\t0\t{finished}\t{language}\t{channel}"
                    f"\t\\\\x{digest.hexdigest()}\t{text}\n"
                )
                if len(block) == AT_ONCE:
                    copy.write("".join(block))
                    stored += AT_ONCE
                    block.clear()
            copy.write("".join(block))
            stored += len(block)
        if target == "incoming":
            cursor.execute(
                f"INSERT INTO feedback_response AS here ({COLUMNS}) SELECT * FROM incoming"
                " ON CONFLICT (survey_id, external_id) DO UPDATE SET answers = EXCLUDED.answers,"
                " recorded_at = EXCLUDED.recorded_at, modified_at = EXCLUDED.modified_at, kind = EXCLUDED.kind,"
                " status = EXCLUDED.status, finished = EXCLUDED.finished, content_hash = EXCLUDED.content_hash"
                " WHERE here.content_hash <> EXCLUDED.content_hash"
            )
        with cursor.copy("COPY kpis_dayhistogram (question_id, day, counts) FROM STDIN") as copy:
            for row in histograms(counts):
                copy.write_row(row)
    connection.commit()
    return stored


def into_sqlite(connection: sqlite3.Connection, file: Any, ids: dict[str, Any]) -> int:
    survey, counts = ids["survey"], {}
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
    rows = (
        (
            *(survey, identity, at := f"{recorded[:10]} {recorded[11:23]}000", at, 1),
            *(kind, status, 0, finished, language, channel, digest.digest(), text),
        )
        for identity, recorded, kind, status, finished, language, channel, digest, text in records(file, ids, counts)
    )
    marks = ", ".join("?" * 13)
    conflict = (
        " ON CONFLICT (survey_id, external_id) DO UPDATE SET answers = excluded.answers, kind = excluded.kind,"
        " status = excluded.status,"
        " recorded_at = excluded.recorded_at, modified_at = excluded.modified_at, finished = excluded.finished,"
        " content_hash = excluded.content_hash WHERE content_hash <> excluded.content_hash"
    )
    done = connection.executemany(f"INSERT INTO feedback_response ({COLUMNS}) VALUES ({marks}){conflict}", rows)
    connection.executemany(
        "INSERT INTO kpis_dayhistogram (question_id, day, counts) VALUES (?, ?, ?)", histograms(counts)
    )
    connection.commit()
    return done.rowcount


if __name__ == "__main__":
    main()
