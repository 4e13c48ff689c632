"""An ordeal: a survey that is fetched by workers which keep dying, and the look at what came of it."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.db import connection as database
from django.db.models import F, Sum

from feedback import items
from feedback.models import FeedbackItem, Question, Response, Survey
from integrations.connections import editing
from integrations.models import Fetch, SurveyFeed
from integrations.qualtrics.hosts import normalise_host
from integrations.surveys.mirror import mirror_questions, mirror_surveys
from integrations.sync import requests
from integrations.vault.secret import Secret
from integrations.vendor.clients import client_for
from kpis.counting.recount import differences
from kpis.mapping.choices import choice_of
from kpis.models import DayHistogram
from sandbox.demo import RAILWAY_TOKEN
from tests.end_to_end.conftest import Deployment, Worker
from tests.end_to_end.conftest import deployment as deployment
from tests.factories import make_journey, make_lane

KEY = "post-journey"
COUNTED = ("QID2", "QID4")
# Short enough that tests do not wait; `test_resuming.py` has the times of production.
HASTE = {"SYNC_LEASE_SECONDS": "3", "SYNC_BATCH": "250", "DISPATCH_INTERVAL": "1", "HOUR_SECONDS": "3600"}


@dataclass
class Ordeal:
    """A survey of the sandbox with items on it, and the workers that fetch it."""

    deployment: Deployment
    survey: Survey
    fields: tuple[str, ...]
    passes: Path
    source: random.Random = field(default_factory=lambda: random.Random(7))

    # --- work ---------------------------------------------------------------------------------------------------------

    def start_worker(self, pool: str = "prefork", failpoints: str = "", **environment: str) -> Worker:
        plan = {"FAILPOINTS": failpoints, "FAILPOINTS_DIR": str(self.passes)}
        return self.deployment.start_worker(pool, **HASTE | plan | environment)

    def ask(self, *, full: bool = False, trigger: str = Fetch.Trigger.MANUAL) -> Fetch:
        feed = SurveyFeed.objects.select_related("connection", "survey").get(survey=self.survey)
        return requests.ask_for_fetch(feed, trigger, full=full)

    def latest(self) -> Fetch:
        return Fetch.objects.filter(feed__survey=self.survey).latest("pk")

    def is_idle(self) -> bool:
        return not Fetch.objects.filter(feed__survey=self.survey, state__in=Fetch.OPEN).exists()

    def settle(self, seconds: float = 60.0) -> None:
        """Wait until nothing is open and every day is counted."""
        self.deployment.wait_until(self.is_idle, seconds, "the fetch ends")
        self.deployment.wait_until(lambda: not self.survey.changed_days.exists(), seconds, "the days are counted")

    def change_something(self) -> None:
        """Respondents come and change their minds; half a dozen each."""
        control = self.deployment.sandbox.control
        control.add_responses(KEY, 6)
        for row in self.source.sample(control.truth(KEY), 6):
            control.edit_response(KEY, row["id"], {"QID2": self.source.randrange(11)})

    def holder(self) -> int | None:
        """The process that works on the fetch at this moment."""
        fetch = Fetch.objects.filter(feed__survey=self.survey, state=Fetch.State.RUNNING).first()
        return int(fetch.holder.rpartition("/")[2].partition("@")[0]) if fetch else None

    def passed(self) -> set[str]:
        """The failpoints that workers have reached."""
        return {path.name for path in self.passes.iterdir()}

    # --- the look -----------------------------------------------------------------------------------------------------

    def is_as_if_nothing_happened(self) -> None:
        """Everything once, the same as at the source, the books in order, every number as recounted from scratch."""
        world, control = self.deployment.sandbox.world, self.deployment.sandbox.control
        stored = Response.objects.filter(survey=self.survey)
        live = {row.external_id: row for row in stored.filter(deleted_at=None)}
        truth = {row["id"]: row for row in control.truth(KEY)}
        assert stored.count() == stored.values("external_id").distinct().count()
        assert live.keys() == truth.keys()
        questions = {field: str(Question.objects.get(survey=self.survey, field=field).pk) for field in self.fields}
        asked = set(questions.values())
        with world.lock:
            for external_id, row in live.items():
                values = control.response(KEY, external_id)["values"]
                expected = {pk: values[name] for name, pk in questions.items() if values.get(name) not in (None, "")}
                answers = {pk: value for pk, value in row.answers.items() if pk in asked and value is not None}
                assert answers == expected, external_id
                assert (row.status, row.finished) == (truth[external_id]["status"], truth[external_id]["finished"])
        self.books_add_up()
        assert list(differences(self.survey)) == []
        for name in COUNTED:
            if name in questions:
                rows = DayHistogram.objects.filter(question=int(questions[name]))
                assert {row.day.isoformat(): row.counts for row in rows} == control.count_answers(KEY, name)

    def books_add_up(self) -> None:
        fetches = Fetch.objects.filter(feed__survey=self.survey)
        parts = F("new") + F("changed") + F("unchanged") + F("rejected")
        assert not fetches.exclude(received=parts).exists()
        assert fetches.aggregate(total=Sum("new"))["total"] == Response.objects.filter(survey=self.survey).count()
        assert not fetches.filter(state__in=[Fetch.State.FAILED, Fetch.State.QUARANTINED]).exists(), (
            self.deployment.logs()
        )


@pytest.fixture
def ordeal(deployment: Deployment, tmp_path: Path) -> Iterator[Callable[..., Ordeal]]:
    """Makes an ordeal of so many responses; nothing is fetched before a worker starts."""

    def make(responses: int = 0, fields: tuple[str, ...] = ("QID2", "QID4", "QID8_TEXT")) -> Ordeal:
        control = deployment.sandbox.control
        if responses:
            control.bulk_responses(KEY, responses)
        connection = editing.create_connection(
            host=normalise_host(deployment.sandbox.host), token=Secret(RAILWAY_TOKEN), name="Rail", frequency="daily"
        )
        with client_for(connection) as client:
            wanted = control.survey_id(KEY)
            survey = next(s for s in mirror_surveys(connection, client) if s.external_id == wanted)
            mirror_questions(survey, client)
        lane = make_lane(make_journey())
        for name in fields:
            add_item(survey, name, lane)
        passes = tmp_path / "passes"
        passes.mkdir(exist_ok=True)
        return Ordeal(deployment, survey, fields, passes)

    yield make
    database.close()


def add_item(survey: Survey, name: str, lane) -> FeedbackItem:
    question = Question.objects.get(survey=survey, field=name)
    found = choice_of(question).formulas
    if not found:  # a comment has no metric; it comes along with its sentiment
        question = Question.objects.get(survey=survey, about=question, kind=Question.Kind.SENTIMENT)
        found = choice_of(question).formulas
    formula = found[0]
    return items.create_item(
        lane, lane.journey.stages.first(), title=name, user=None, retrieve=True, source=survey.source, survey=survey,
        question=question, metric=formula.metric, scale_min=formula.scale_min, scale_max=formula.scale_max,
        positive_values=list(formula.positive_values), reverse=formula.reverse,
    )  # fmt: skip


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
