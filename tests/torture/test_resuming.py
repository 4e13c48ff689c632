"""How long work stands still after a death, with the times of production: 5 s after a child's, 120 s after a worker's."""

from __future__ import annotations

import time

import pytest

from integrations.models import Fetch
from tests.torture.conftest import Ordeal, kill

pytestmark = pytest.mark.django_db(transaction=True)

AS_IN_PRODUCTION = {"SYNC_LEASE_SECONDS": "60", "DISPATCH_INTERVAL": "30", "SYNC_BATCH": "250"}
# Passing this point for the third time stops the worker's clock: the child waits to be killed in the middle of its work.
IN_THE_MIDDLE = "batch_committed*3=wait"


def until_somebody_waits(ordeal: Ordeal) -> Fetch:
    ordeal.deployment.wait_until(lambda: ordeal.latest().lines_done >= 750, 60, "the third batch is committed")
    return ordeal.latest()


def seconds_until_progress(ordeal: Ordeal, since: Fetch, limit: float) -> float:
    started = time.monotonic()
    ordeal.deployment.wait_until(lambda: ordeal.latest().lines_done > since.lines_done, limit, "work goes on")
    return time.monotonic() - started


def test_work_goes_on_within_five_seconds_of_a_childs_death(ordeal):
    hard = ordeal(3000)
    hard.start_worker(failpoints=IN_THE_MIDDLE, **AS_IN_PRODUCTION)
    before = until_somebody_waits(hard)
    kill(hard.holder())
    assert seconds_until_progress(hard, before, 20) <= 5
    hard.settle()
    hard.is_as_if_nothing_happened()


@pytest.mark.torture
@pytest.mark.parametrize("known_dead", [True, False], ids=["on the same machine", "on another machine"])
def test_work_goes_on_within_two_minutes_of_a_workers_death(ordeal, known_dead):
    hard = ordeal(3000)
    worker = hard.start_worker(failpoints=IN_THE_MIDDLE, **AS_IN_PRODUCTION)
    before = until_somebody_waits(hard)
    worker.kill()
    if not known_dead:
        Fetch.objects.filter(pk=before.pk).update(holder="elsewhere/1@1")
    hard.start_worker(**AS_IN_PRODUCTION)
    assert seconds_until_progress(hard, before, 150) <= 120
    hard.settle()
    hard.is_as_if_nothing_happened()
