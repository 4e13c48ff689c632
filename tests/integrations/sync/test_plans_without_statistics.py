"""What PostgreSQL does with much data that it knows nothing of: no statement may depend on a lucky plan.

Until the first ANALYZE, PostgreSQL takes a survey of 100,000 responses for a handful, and joins it by a nested loop. That is
quick where the inner side is one look into an index, and takes hours where each turn reads all of the other side.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from feedback import erasure, intake, retention
from feedback.deletion_detection import mark_vanished
from feedback.intake import NewResponse
from feedback.models import Erasure, Question, Response, Survey
from feedback.tombstones import erased_among
from integrations.models import Delivery, Fetch
from integrations.timetable import maintenance
from integrations.webhooks import inbox
from kpis.counting.refresh import rebuild, refresh_changed_days
from tests.factories import make_connection, make_feed, make_question, make_survey
from tests.integrations.webhooks.conftest import make_watch

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="SQLite always joins by a nested loop along an index, which it makes itself where there is none.",
    ),
]

MANY = 100_000
PARIS = ZoneInfo("Europe/Paris")
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
RESPONSES = """INSERT INTO feedback_response (survey_id, external_id, recorded_at, fetch_number, status, flags, finished,
        language, channel, content_hash, answers)
    SELECT %s, 'R_' || lpad(n::text, 15, '0'), timestamptz '2026-01-01' + n * interval '63 seconds', 1, 0, 0, true,
        'FR', 'email', decode(md5(n::text), 'hex'), jsonb_build_object(%s::text, n %% 11)
    FROM generate_series(1, %s) AS n"""
DELIVERIES = """INSERT INTO integrations_delivery (watch_id, response_id, verdict, received_at, times, due_at, tries, fetch_id,
        error_code)
    SELECT %s, 'R_' || lpad((5 * n)::text, 15, '0'), 'pending', now(), 1, now(), 1, %s, ''
    FROM generate_series(1, %s) AS n"""
HISTOGRAMS = """INSERT INTO kpis_dayhistogram (question_id, day, counts)
    SELECT id, date '2024-01-01' + n, '{}' FROM feedback_question CROSS JOIN generate_series(1, 730) AS n
    WHERE survey_id = %s"""
FETCHES = """INSERT INTO integrations_fetch ({columns}) SELECT {values}
    FROM integrations_fetch CROSS JOIN generate_series(1, %s) AS n WHERE id = %s"""
TABLES = [
    "feedback_response", "feedback_changedday", "feedback_erasedresponse", "kpis_dayhistogram", "integrations_delivery",
    "integrations_fetch",
]  # fmt: skip
LARGE = {*TABLES, "present_ids"}


def external_id(number: int) -> str:
    return f"R_{number:015d}"


class PlanError(AssertionError):
    """A plan reads many rows again for each of many others."""


def nested_loops(plan: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the nested loops of a plan: an inner side that is not found along an index by the outer row."""
    children = plan.get("Plans", [])
    if plan["Node Type"] == "Nested Loop":
        outer, inner = children[:2]
        if not _is_one_row(outer):
            yield from _without_index(inner)
    for child in children:
        if child.get("Parent Relationship") == "SubPlan" and "hashed SubPlan" not in json.dumps(plan):
            yield from _without_index(child)
        yield from nested_loops(child)


def _without_index(inner: dict[str, Any]) -> Iterator[str]:
    """Large leaves of a side that is read once for each outer row, and is not one look into an index."""
    if children := inner.get("Plans", []):
        if inner["Node Type"] != "Bitmap Heap Scan":
            for child in children:
                yield from _without_index(child)
            return
        inner = children[0] | {"Relation Name": inner["Relation Name"]}
    name, told = inner.get("Relation Name", ""), inner.get("Index Cond", "")
    is_large = name in LARGE or inner["Node Type"] == "Function Scan"
    if is_large and not _is_one_row(inner) and not re.search(r"\w\.\w|\$\d", re.sub(r"'[^']*'", "", told)):
        yield f"{inner['Node Type']} of {name} {told}"


def _is_one_row(node: dict[str, Any]) -> bool:
    """A constant, a single value, or a primary key that the statement names."""
    if node["Node Type"] == "Index Scan" and re.fullmatch(r"\(id = '?\d+'?(::\w+)?\)", node.get("Index Cond", "")):
        return True
    return node["Node Type"] == "Result" or (node["Node Type"] == "Aggregate" and "Group Key" not in node)


@contextmanager
def plans_looked_at() -> Iterator[list[str]]:
    """Look at the plan of each statement before it runs; one that may never end raises and does not begin."""
    seen: list[str] = []

    def look(execute, sql, params, many, context):
        if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)\b", sql) and not many:
            with connection.connection.cursor() as cursor:
                plan = cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params).fetchone()[0][0]["Plan"]
            seen.append(sql)
            if wrong := list(nested_loops(plan)):
                raise PlanError(f"{sql[:600]}\n\n{wrong}\n{json.dumps(plan, indent=1)}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield seen


@pytest.fixture(params=["never analysed", "analysed after a purge of everything"])
def question(db, request) -> Question:
    """One of a survey with many responses that PostgreSQL believes to have hardly any."""
    with connection.cursor() as cursor:  # new files: what other tests have rolled back would count as rows
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    question = make_question(make_survey(make_connection().source))
    with connection.cursor() as cursor:
        if request.param != "never analysed":
            cursor.execute(RESPONSES, [question.survey_id, question.pk, 2000])
            Response.objects.all().delete()
            cursor.execute(f"ANALYZE {', '.join(TABLES)}")
        cursor.execute(RESPONSES, [question.survey_id, question.pk, MANY])
        cursor.execute(HISTOGRAMS, [make_many_questions().pk])
    Survey.objects.filter(pk=question.survey_id).update(
        first_response_at=FIRST + timedelta(seconds=63), last_response_at=FIRST + timedelta(seconds=63 * MANY)
    )
    question.survey.refresh_from_db()
    return question


def make_many_questions() -> Survey:
    survey = make_survey()
    Question.objects.bulk_create(
        Question(survey=survey, field=f"QID{n}", external_id=f"QID{n}", wording="?", kind="nps") for n in range(50)
    )
    return survey


def many_of(fetch: Fetch, count: int) -> None:
    """That many more lines like this one in the ledger."""
    columns = [field.column for field in Fetch._meta.concrete_fields if field.column != "id"]
    values = ["gen_random_uuid()" if column == "uuid" else f'"{column}"' for column in columns]
    quoted = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(FETCHES.format(columns=quoted, values=", ".join(values)), [count, fetch.pk])


def came(number: int, question: Question) -> NewResponse:
    at = FIRST + timedelta(seconds=63 * number)
    return NewResponse(external_id(number), at, at, 0, True, "FR", "email", {question.pk: 3}, b"x" * 16, kind="counted")


def test_no_statement_joins_two_large_sets_without_an_index(question, settings):
    survey, feed = question.survey, make_feed(question.survey.source.connections.get(), question.survey)
    watch, now = make_watch(survey), timezone.now()
    fetch = Fetch.objects.create(
        feed=feed, trigger=Fetch.Trigger.WEBHOOK, state=Fetch.State.DONE, due_at=now, started_at=now,
        finished_at=now - timedelta(days=settings.KEEP_LEDGER_DAYS + 1),
    )  # fmt: skip
    many_of(fetch, 1000)
    with connection.cursor() as cursor:
        cursor.execute(DELIVERIES, [watch.pk, fetch.pk, MANY // 5])
    with plans_looked_at() as seen:
        stored = intake.store(
            survey, [came(20 * n, question) for n in range(1, 5001)], asked=[question.pk], fetch_number=2, zone=PARIS
        )
        assert (stored.new, stored.changed) == (0, 5000)
        found = mark_vanished(survey, map(external_id, range(51, MANY + 1)), before_fetch=3, zone=PARIS, confirmed=50)
        assert (found.gone, found.marked) == (50, True)
        refresh_changed_days(survey)
        rebuild(survey)
        inbox._close_exported(Delivery.objects.filter(watch=watch, verdict="pending"), survey)
        assert Delivery.objects.filter(verdict="exported").count() == MANY // 5
        wish = Erasure.objects.create(way=Erasure.Way.IDS, asked=5000)
        ids = [external_id(n) for n in range(MANY - 4999, MANY + 1)]
        erasure.note(ids, wish)
        assert erased_among(map(external_id, range(MANY - 9999, MANY + 1))) == set(ids)
        assert erasure.remove(ids, [survey]).responses == 5000
        refresh_changed_days(survey)
        survey.refresh_from_db()
        assert retention.purge(survey, date(2026, 1, 4), datetime(2026, 1, 3, 23, tzinfo=UTC)) > 0
        maintenance.remove_old_ledger_lines()
    assert len(seen) > 100
