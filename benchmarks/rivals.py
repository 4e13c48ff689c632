"""What people would use instead: the same file from the vendor, a row per response, a row per answer, and the histograms.

They keep no ledger and no checkpoints, check nothing, and count everything in one statement at the end.
`python -m benchmarks.rivals executemany|bulk_create URL HOST`. dlt has a script of its own, for its own Python.
"""

from __future__ import annotations

import json
import sys
import time
import zipfile
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson
import psycopg

from benchmarks.counting import histograms
from benchmarks.data import MAPPED
from benchmarks.download import download

AT_ONCE = 2000
TABLES = """
CREATE TABLE rival_response (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, survey_id bigint NOT NULL,
    external_id varchar(64) NOT NULL, recorded_at timestamptz NOT NULL, status smallint NOT NULL,
    finished boolean NOT NULL, language varchar(16) NOT NULL, channel varchar(40) NOT NULL,
    UNIQUE (survey_id, external_id));
CREATE INDEX ON rival_response (survey_id, recorded_at);
CREATE TABLE rival_answer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, external_id varchar(64) NOT NULL,
    field varchar(120) NOT NULL, value text, UNIQUE (external_id, field));
"""


def batches(host: str) -> Iterator[tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]]:
    """Rows of responses and of answers, some thousand at a time."""
    with zipfile.ZipFile(download(host)) as archive, archive.open(archive.infolist()[0]) as entry:
        while block := list(islice(entry, AT_ONCE)):
            responses, answers = [], []
            for line in block:
                record = orjson.loads(line)
                values, identity = record["values"], record["responseId"]
                at, finished = values["recordedDate"], values["finished"] == 1
                rest = (values["status"], finished, values["userLanguage"], values["distributionChannel"])
                responses.append((1, identity, at, *rest))
                answers += [(identity, field, str(values[field])) for field in MAPPED if field in values]
            yield responses, answers


def executemany(url: str, host: str) -> None:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for responses, answers in batches(host):
            cursor.executemany(
                "INSERT INTO rival_response (survey_id, external_id, recorded_at, status, finished, language, channel)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (survey_id, external_id) DO UPDATE SET"
                " recorded_at = EXCLUDED.recorded_at, status = EXCLUDED.status, finished = EXCLUDED.finished,"
                " language = EXCLUDED.language, channel = EXCLUDED.channel",
                responses,
            )
            cursor.executemany(
                "INSERT INTO rival_answer (external_id, field, value) VALUES (%s, %s, %s)"
                " ON CONFLICT (external_id, field) DO UPDATE SET value = EXCLUDED.value",
                answers,
            )
            connection.commit()


def bulk_create(url: str, host: str) -> None:
    # Django needs a settings module only for the address; the product's tables play no part.
    import django  # noqa: PLC0415 (the other rival runs without it)

    django.setup()
    from django.db import models, transaction  # noqa: PLC0415

    class RivalResponse(models.Model):  # noqa: DJ008
        survey_id = models.BigIntegerField()
        external_id = models.CharField(max_length=64)
        recorded_at = models.DateTimeField()
        status = models.SmallIntegerField()
        finished = models.BooleanField()
        language = models.CharField(max_length=16)
        channel = models.CharField(max_length=40)

        class Meta:
            app_label, db_table = "feedback", "rival_response"

    class RivalAnswer(models.Model):  # noqa: DJ008
        external_id = models.CharField(max_length=64)
        field = models.CharField(max_length=120)
        value = models.TextField()

        class Meta:
            app_label, db_table = "feedback", "rival_answer"

    fields = ["survey_id", "external_id", "recorded_at", "status", "finished", "language", "channel"]
    for responses, answers in batches(host):
        with transaction.atomic():
            RivalResponse.objects.bulk_create(
                [RivalResponse(**dict(zip(fields, row, strict=True))) for row in responses],
                update_conflicts=True,
                unique_fields=fields[:2],
                update_fields=fields[2:],
            )
            RivalAnswer.objects.bulk_create(
                [RivalAnswer(external_id=a, field=f, value=v) for a, f, v in answers],
                update_conflicts=True,
                unique_fields=["external_id", "field"],
                update_fields=["value"],
            )


if __name__ == "__main__":
    name, url, host = sys.argv[1:]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLES)
        began = time.perf_counter()
        {"executemany": executemany, "bulk_create": bulk_create}[name](url, host)
        connection.execute(histograms("rival_response", "rival_answer"))
        print(json.dumps({"seconds": time.perf_counter() - began}))
