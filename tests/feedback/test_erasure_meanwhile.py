"""An erasure and a batch that is being stored at the same moment: whichever comes first, the response is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from feedback import erasure, intake
from feedback.models import Erasure, Question, Response
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("deployment")]


@pytest.fixture
def question(transactional_db) -> Question:
    return factories.make_question()


def store(question: Question, before_commit: Callable[[], object] = lambda: None) -> None:
    moment = factories.at("2026-11-03 10:00")
    came = [
        intake.NewResponse(each, moment, moment, 0, True, "EN", "email", {question.pk: 9}, b"x" * 16, kind="counted")
        for each in ("R_gone", "R_stays")
    ]
    with transaction.atomic():
        intake.store(question.survey, came, asked=[question.pk], fetch_number=1, zone=ZoneInfo("UTC"))
        before_commit()


def erase(before_commit: Callable[[], object] = lambda: None) -> None:
    with transaction.atomic():
        surveys = erasure.hold_all()
        erasure.note(["R_gone"], Erasure.objects.create(way=Erasure.Way.IDS, asked=1))
        erasure.remove(["R_gone"], surveys)
        before_commit()


@pytest.mark.parametrize("first", ["batch", "erasure"])
def test_the_later_waits_for_the_earlier_and_the_response_is_gone(question, first):
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        go_on.wait(60)

    def in_thread(action: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            action()
            connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def later() -> None:
        erase() if first == "batch" else store(question)
        done.set()

    earlier = in_thread(lambda: store(question, hold) if first == "batch" else erase(hold))
    assert begun.wait(60)
    follower = in_thread(later)
    assert not done.wait(0.5)  # it waits
    go_on.set()
    earlier.join(60)
    follower.join(60)
    assert done.is_set()
    assert list(Response.objects.values_list("external_id", flat=True)) == ["R_stays"]
