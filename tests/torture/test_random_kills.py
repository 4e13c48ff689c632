"""SIGKILL at random moments, to the pool's child and to the whole worker, through many fetches."""

from __future__ import annotations

import os
import time

import pytest

from integrations.models import Fetch
from integrations.sync import plan
from tests.torture.conftest import Ordeal, kill

pytestmark = pytest.mark.django_db(transaction=True)


def rain_kills(ordeal: Ordeal, kills: int, *, groups_every: int) -> None:
    """Kill whoever works, again and again; every `groups_every`-th time the whole worker. Something is always under way."""
    worker = ordeal.start_worker()
    full = False
    fence_before = 0
    done = 0
    while done < kills:
        deadline = time.monotonic() + 60
        while True:
            if ordeal.is_idle():
                ordeal.change_something()
                full = not full
                fetch = ordeal.ask(full=full)
                fence_before = 0
            fetch = ordeal.latest()
            # Somebody new works on it: let him come to some random point. A fetch whose workers die five times without
            # getting anywhere is set aside, and rightly so: it gets somewhere before that.
            if (
                fetch.state == Fetch.State.RUNNING
                and fetch.fence > fence_before
                and fetch.attempts < plan.MAX_CLAIMS - 1
            ):
                time.sleep(ordeal.source.uniform(0.0, 0.4))
                break
            assert time.monotonic() < deadline, ordeal.deployment.logs()
            time.sleep(0.02)
        victim = ordeal.holder()
        if victim is None:  # he was quicker
            continue
        fence_before = ordeal.latest().fence
        done += 1
        if done % groups_every == 0:
            worker.kill()
            worker = ordeal.start_worker()
        elif victim != worker.process.pid and victim != os.getpid():
            kill(victim)
    ordeal.settle(120)


@pytest.mark.timeout(400)
def test_twenty_kills_over_ten_thousand_responses(ordeal):
    hard = ordeal(10_000)
    rain_kills(hard, 20, groups_every=4)
    hard.change_something()
    hard.ask()
    hard.settle()
    hard.is_as_if_nothing_happened()


@pytest.mark.torture
@pytest.mark.timeout(3000)
def test_two_hundred_kills_over_a_hundred_thousand_responses(ordeal):
    hard = ordeal(100_000)
    rain_kills(hard, 200, groups_every=4)
    hard.change_something()
    hard.ask()
    hard.settle(300)
    hard.is_as_if_nothing_happened()
