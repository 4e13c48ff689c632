"""One survey of the railway with four answers, seen through two connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone

from feedback.models import FeedbackItem, Question, Survey, SurveyJoin
from integrations.connections import editing
from integrations.joining import joining
from integrations.models import Connection
from integrations.qualtrics.hosts import normalise_host
from integrations.surveys import brands
from integrations.vault.secret import Secret
from sandbox.demo import COLLEAGUE_TOKEN
from tests.integrations.sync.conftest import add_item, connection, mirrored, running, sandbox, survey, work  # noqa: F401

KEY = "seen-twice"


@pytest.fixture
def four(sandbox) -> Iterator[list[str]]:  # noqa: F811
    """The ids of the survey's four responses, two of them on one day."""
    sandbox.control.add_survey("Seen twice", key=KEY, like="post-journey", active=True)
    yield [
        sandbox.control.add_response(KEY, answers={"QID2": score}, recorded_at=moment)["id"]
        for score, moment in ((10, "2026-11-02T09:00:00Z"), (9, "2026-11-02T10:00:00Z"), (8, "2026-11-03T09:00:00Z"),
                              (0, "2026-11-04T09:00:00Z"))
    ]  # fmt: skip
    sandbox.control.remove_survey(KEY)


@pytest.fixture
def second(sandbox, db) -> Connection:  # noqa: F811
    """The same brand through a colleague's token; nobody has asked whose it is."""
    return editing.create_connection(
        host=normalise_host(sandbox.host), token=Secret(COLLEAGUE_TOKEN), name="Colleague", frequency="daily"
    )


@pytest.fixture
def twins(sandbox, four, connection, second, add_item) -> tuple[FeedbackItem, FeedbackItem]:  # noqa: F811
    """Items of both connections on rows of their own, each with the four answers: how it stood before brands were known."""
    made = []
    for each in (connection, second):
        found = mirrored(each, sandbox, KEY)
        made.append(add_item(found))
        assert work(found).new == 4
    return made[0], made[1]


@pytest.fixture
def recognised(twins, connection, second) -> SurveyJoin:  # noqa: F811
    """What the next tick after the upgrade finds, with what the last tests had said."""
    Connection.objects.update(brand="coastline")
    brands.settle_all()
    return SurveyJoin.objects.select_related("survey", "twin").get(survey=twins[0].survey_id)


@pytest.fixture
def join_all() -> Callable[[], None]:
    """A worker's turns, until nothing is left to join."""

    def work_off() -> None:
        for _ in range(20):
            SurveyJoin.objects.update(due_at=timezone.now())
            for pk in joining.joins_to_do():
                joining.work(pk)
            if not SurveyJoin.objects.filter(ended_at=None).exists():
                return
        raise AssertionError("Not joined after 20 turns")

    return work_off


def question_of(found: Survey, field: str = "QID2") -> Question:
    return Question.objects.get(survey=found, field=field)
