"""A sandbox, a connection to it, and a worker's turns played by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from feedback import items
from feedback.models import FeedbackItem, Question, Survey
from integrations.connections import editing
from integrations.models import Connection, Fetch
from integrations.qualtrics.hosts import normalise_host
from integrations.surveys.mirror import mirror_questions, mirror_surveys
from integrations.sync import engine
from integrations.vault.secret import Secret
from integrations.vendor.clients import client_for
from kpis.metrics.proposals import propose
from sandbox.demo import RAILWAY_TOKEN
from sandbox.server import RunningSandbox, start
from tests.factories import make_journey, make_lane


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with start(small=True) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox, settings) -> RunningSandbox:
    """Fresh: exports are ready at once, nothing lags, and nobody is in the midst of answering.

    What is left unfinished is recorded a week later: by our clock, which tests move, a response would come by itself.
    """
    running.control.reset()
    now = running.world.clock.now()
    for responses in running.world.responses.values():
        for response in [response for response in responses.values() if response.recorded > now]:
            del responses[response.id]
    running.control.change_settings(export_mode="instant", export_lag=0, single_response_delay=0, text_iq_delay=0)
    settings.QUALTRICS_TEST_HOSTS = [running.host, running.other_host]
    return running


@pytest.fixture
def connection(sandbox: RunningSandbox, db) -> Connection:
    return editing.create_connection(
        host=normalise_host(sandbox.host), token=Secret(RAILWAY_TOKEN), name="Coastline Rail", frequency="hourly"
    )


@pytest.fixture
def survey(connection: Connection, sandbox: RunningSandbox) -> Survey:
    """The railway's post-journey survey, with its questions."""
    return mirrored(connection, sandbox, "post-journey")


def mirrored(connection: Connection, sandbox: RunningSandbox, key: str) -> Survey:
    external_id = sandbox.control.survey_id(key)
    with client_for(connection) as client:
        survey = next(s for s in mirror_surveys(connection, client) if s.external_id == external_id)
        mirror_questions(survey, client)
    return survey


@pytest.fixture
def add_item() -> Callable[..., FeedbackItem]:
    """Adds an item for a field of a survey, as the wizard would: with the proposed metric, retrieving."""
    lane = None

    def add(survey: Survey, field: str = "QID2", retrieve: bool = True, **fields) -> FeedbackItem:
        nonlocal lane
        lane = lane or make_lane(make_journey())
        question = Question.objects.get(survey=survey, field=field)
        formula = propose(question.kind, question.scale_min, question.scale_max, question.choices, question.wording)[0]
        return items.create_item(
            lane,
            lane.journey.stages.first(),
            title=field,
            user=None,
            retrieve=retrieve,
            source=survey.source,
            survey=survey,
            question=question,
            metric=formula.metric,
            scale_min=formula.scale_min,
            scale_max=formula.scale_max,
            positive_values=list(formula.positive_values),
            reverse=formula.reverse,
            **fields,
        )

    return add


def work(survey: Survey, turns: int = 50) -> Fetch:
    """Give the survey's open fetch turns until it is closed, whatever its waiting times; the fetch."""
    fetch = Fetch.objects.filter(feed__survey=survey).latest("pk")
    for _ in range(turns):
        if not fetch.is_open:
            return fetch
        Fetch.objects.filter(pk=fetch.pk).update(due_at=timezone.now() - timedelta(seconds=1))
        engine.run(fetch.uuid)
        fetch.refresh_from_db()
    raise AssertionError(f"Still {fetch.state} at {fetch.step} after {turns} turns: {fetch.error_code}")
