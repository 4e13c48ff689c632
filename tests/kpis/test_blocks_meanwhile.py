"""Responses that come, change and go while others close blocks of them: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest
from django.db import connection

from kpis.counting.recount import blocks_that_differ, differences
from kpis.models import Block
from tests.factories import make_item
from tests.kpis.blocks import History, codes, set_threshold

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("deployment")]


def test_intake_and_refreshes_at_the_same_time(transactional_db):
    set_threshold(3)
    history = History()
    make_item(history.question, metric="mean", scale_min=None, scale_max=None)
    history.refresh()
    done = threading.Event()
    errors: list[BaseException] = []

    def write(first: int) -> None:
        dice = random.Random(first)
        mine: list[int] = []
        for number in range(first, first + 30):
            history.store((number, on := dice.randint(1, 9)))
            mine.append(number)
            if dice.random() < 0.3:
                history.edit((dice.choice(mine), on))
            if dice.random() < 0.2:
                history.delete(mine.pop(dice.randrange(len(mine))))

    def refresh() -> None:
        while not done.is_set():
            history.refresh()

    def in_thread(action: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                action()
            except BaseException as error:
                errors.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    refreshers = [in_thread(refresh) for _ in range(2)]
    writers = [in_thread(lambda first=first: write(first)) for first in (100, 200, 300)]
    for thread in writers:
        thread.join(120)
    done.set()
    for thread in refreshers:
        thread.join(120)
    assert errors == []
    history.refresh()
    assert blocks_that_differ(history.survey) == []
    assert list(differences(history.survey)) == []
    held = [code for block in history.blocks() for code in codes(block.counts)]
    assert len(held) > 30
    assert len(held) == len(set(held))
    assert Block.objects.filter(replaced_at=None, n__lt=3).count() == 0
