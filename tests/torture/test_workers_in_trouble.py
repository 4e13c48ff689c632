"""Zombies, lost messages, a deploy in the middle: real workers, and what is left of it afterwards."""

from __future__ import annotations

import signal

import pytest

from feedback.models import Response
from integrations.models import Fetch
from tests.torture.conftest import HASTE

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_worker_that_wakes_up_after_its_lease_writes_nothing(ordeal):
    """SIGSTOP beyond the lease; another one finishes; SIGCONT: the fence refuses whatever the first still wants."""
    hard = ordeal(1500)
    sleeper = hard.start_worker(failpoints="batch_read*3=stop_group")
    hard.deployment.wait_until(lambda: hard.latest().lines_done >= 500, 60, "the first worker has stored two batches")
    hard.deployment.wait_until(
        lambda: "batch_read" in hard.passed() and (hard.passes / "batch_read").stat().st_size >= 3
    )
    hard.start_worker()
    hard.settle()
    before = (Fetch.objects.values().get(), list(Response.objects.order_by("pk").values_list("pk", "fetch_number")))
    sleeper.kill(signal.SIGCONT)
    hard.deployment.wait_until(lambda: "was taken over by another worker" in sleeper.log.read_text(), 30)
    assert before == (
        Fetch.objects.values().get(),
        list(Response.objects.order_by("pk").values_list("pk", "fetch_number")),
    )
    hard.is_as_if_nothing_happened()


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_worker_that_is_told_to_end_stops_at_the_next_batch(ordeal, pool):
    """A deploy: SIGTERM in the middle of a load. The fetch goes back whole, and goes on elsewhere at once."""
    hard = ordeal(20_000)
    worker = hard.start_worker(pool, SYNC_BATCH="100", SYNC_LEASE_SECONDS="60")
    hard.deployment.wait_until(lambda: hard.latest().lines_done >= 100, 60, "the load has begun")
    worker.process.send_signal(signal.SIGTERM)
    worker.process.wait(30)
    left = hard.latest()
    assert left.state == Fetch.State.PENDING
    assert 100 <= left.lines_done < 20_000
    hard.start_worker(SYNC_LEASE_SECONDS="60")
    hard.settle()
    hard.is_as_if_nothing_happened()
    assert hard.latest().fence == left.fence + 1


def test_messages_that_are_lost_are_made_up_for_by_the_tick(ordeal):
    """The row is committed, its message is gone before any worker has seen it."""
    hard = ordeal(500)
    hard.deployment.lose_messages()
    hard.start_worker()
    hard.settle()
    hard.is_as_if_nothing_happened()


def test_haste_is_shorter_than_production(settings):
    """What other tests of this folder shorten, so that nobody mistakes it for the defaults."""
    assert float(HASTE["SYNC_LEASE_SECONDS"]) < settings.SYNC_LEASE_SECONDS == 60
    assert settings.DISPATCH_INTERVAL == 30
