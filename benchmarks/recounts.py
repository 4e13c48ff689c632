"""What numbers cost once the responses are there: recounting days, and reading KPIs and trends.

`python -m benchmarks.recounts` in an installation that holds a backfill prints what each took.
"""

from __future__ import annotations

import json
import statistics
import time
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from accounts.models import User  # noqa: E402
from benchmarks.data import FIRST, SURVEY  # noqa: E402
from feedback.intake import note_days  # noqa: E402
from feedback.models import FeedbackItem, Survey  # noqa: E402
from kpis.counting.refresh import rebuild, refresh_changed_days  # noqa: E402

FEW, MORE = 7, 70
TIMES = 5


def recount(survey: Survey, days: int) -> float:
    """Seconds until this many changed days are counted again."""
    note_days(survey, [(FIRST + timedelta(days=100 + n)).date() for n in range(days)])
    began = time.perf_counter()
    if refresh_changed_days(survey) != days:
        raise RuntimeError("Other days were counted than those noted.")
    return time.perf_counter() - began


def recount_all(survey: Survey) -> float:
    with transaction.atomic():
        began = time.perf_counter()
        rebuild(survey)
        taken = time.perf_counter() - began
        transaction.set_rollback(True)
    return taken


def reading(client: Client, address: str) -> dict[str, Any]:
    """Milliseconds of an answer, and how many of its queries read responses."""
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        answer = client.get(address, headers={"host": "localhost"})
        taken.append(time.perf_counter() - began)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answers {answer.status_code}.")
    with CaptureQueriesContext(connection) as queries:
        client.get(address, headers={"host": "localhost"})
    scans = [query["sql"] for query in queries.captured_queries if "feedback_response" in query["sql"]]
    return {"ms": statistics.median(taken) * 1000, "queries": len(queries), "response_queries": len(scans)}


def main() -> dict[str, Any]:
    survey = Survey.objects.get(external_id=SURVEY)
    client = Client()
    client.force_login(
        User.objects.get(email="viewer@parcours.example"), backend="django.contrib.auth.backends.ModelBackend"
    )
    item = FeedbackItem.objects.filter(survey=survey, metric="nps").get()
    return {
        "few": statistics.median(recount(survey, FEW) for _ in range(TIMES)),
        "more": statistics.median(recount(survey, MORE) for _ in range(TIMES)),
        "all": recount_all(survey),
        "kpi": reading(client, f"/api/v1/kpis/items/{item.pk}/"),
        "trend": reading(client, f"/api/v1/kpis/items/{item.pk}/trend/?by=week"),
        "page": reading(client, f"/kpis/items/{item.pk}/"),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
