"""A tick of the timetable over many feeds of which few are due; and two workers beside one.

`python -m benchmarks.ticks CONNECTIONS SURVEYS DUE` makes the feeds and prints what a tick costs.
`python -m benchmarks.ticks work` works off every open fetch, as one worker does.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from feedback.models import FeedbackItem, Question, Source, Survey  # noqa: E402
from integrations.models import Connection, Fetch, SurveyFeed  # noqa: E402
from integrations.sync import dispatch, engine, requests  # noqa: E402
from journeys.models import Card, Journey, Lane, Stage  # noqa: E402

TIMES = 5


def make(connections: int, surveys: int) -> list[int]:
    """Connections with as many retrieving surveys each; the feeds' keys."""
    sources = Source.objects.bulk_create(Source(name=f"Many {n}") for n in range(connections))
    made = Connection.objects.bulk_create(
        Connection(source=source, name=source.name, host="fra1.qualtrics.com", frequency="hourly") for source in sources
    )
    rows = Survey.objects.bulk_create(
        Survey(source=source, external_id=f"SV_{source.pk}_{n}", name=f"Survey {n}")
        for source in sources
        for n in range(surveys)
    )
    questions = Question.objects.bulk_create(
        (Question(survey=row, field="QID1", external_id="QID1", kind="nps", fingerprint="f") for row in rows), 2000
    )
    journey = Journey.objects.create(name="Journey of many")
    stage = Stage.objects.create(journey=journey, name="All", position=0)
    lane = Lane.objects.create(journey=journey, kind=Lane.Kind.FEEDBACK, position=0)
    cards = Card.objects.bulk_create(
        (Card(lane=lane, stage=stage, position=n, title="NPS") for n in range(len(questions))), 2000
    )
    FeedbackItem.objects.bulk_create(
        (
            FeedbackItem(
                card=card,
                source_id=question.survey.source_id,
                survey=question.survey,
                question=question,
                mapped_fingerprint="f",
                metric="nps",
                chosen_state="retrieving",
            )
            for card, question in zip(cards, questions, strict=True)
        ),
        2000,
    )
    of_source = {each.source_id: each for each in made}
    later = timezone.now() + timedelta(hours=5)
    feeds = SurveyFeed.objects.bulk_create(
        (
            SurveyFeed(
                connection=of_source[question.survey.source_id],
                survey=question.survey,
                next_due_at=later,
                modified_until=timezone.now(),
                covered_questions={str(question.pk): None},
            )
            for question in questions
        ),
        2000,
    )
    return [feed.pk for feed in feeds]


def measure(connections: int, surveys: int, due: int) -> dict[str, Any]:
    """Time and queries of a tick that opens `due` fetches, median of some."""
    SurveyFeed.objects.update(next_due_at=None)
    Fetch.objects.all().delete()
    feeds = make(connections, surveys)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    chosen = feeds[:: max(1, len(feeds) // due)][:due]
    taken, queries = [], 0
    for _ in range(TIMES):
        with transaction.atomic():
            SurveyFeed.objects.filter(pk__in=chosen).update(next_due_at=timezone.now() - timedelta(seconds=1))
            with CaptureQueriesContext(connection) as log:
                began = time.perf_counter()
                opened = dispatch.open_due_fetches()
                woken = len(dispatch.fetches_to_resume())
                dispatch.surveys_left_to_refresh()
                taken.append(time.perf_counter() - began)
            queries = len(log)
            transaction.set_rollback(True)
        if (opened, woken) != (due, due):
            raise RuntimeError(f"{opened} opened, {woken} to wake instead of {due}.")
    return {"seconds": statistics.median(taken), "queries": queries}


def work() -> dict[str, Any]:
    """One worker's share of the open fetches; those that it cannot take are another's."""
    began, done = time.perf_counter(), 0
    while open_now := list(Fetch.objects.filter(state__in=Fetch.OPEN).order_by("pk")):
        for fetch in open_now:
            before = Fetch.objects.filter(pk=fetch.pk, state="pending", due_at__lte=timezone.now()).exists()
            if before and engine.run(fetch.uuid) is None:
                done += 1
        time.sleep(0.02)
    return {"seconds": time.perf_counter() - began, "turns": done}


def ask_all() -> dict[str, Any]:
    for feed in SurveyFeed.objects.select_related("connection", "survey"):
        requests.ask_for_fetch(feed, Fetch.Trigger.MANUAL, full=True)
    return {"open": Fetch.objects.filter(state__in=Fetch.OPEN).count()}


if __name__ == "__main__":
    if sys.argv[1] == "work":
        print(json.dumps(work()))
    elif sys.argv[1] == "ask":
        print(json.dumps(ask_all()))
    else:
        print(json.dumps(measure(*map(int, sys.argv[1:]))))
