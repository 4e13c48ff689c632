"""SIGKILL at each named step of a fetch: the pool's child alone, or the worker's whole process group."""

from __future__ import annotations

import pytest

from integrations.models import Fetch
from integrations.sync.failpoints import ACTIONS, POINTS, Plan
from tests.torture.conftest import Ordeal

pytestmark = pytest.mark.django_db(transaction=True)

# Passes at which to die: the points inside the loops also later than at the first.
LATER = {"batch_begun": 3, "batch_stored": 4, "checkpoint": 5, "batch_committed": 6, "refreshing": 2}


def finish_in_spite_of(ordeal: Ordeal, failpoints: str) -> None:
    """Start a worker, and another whenever it has died, until the fetch has ended well."""
    worker = ordeal.start_worker(failpoints=failpoints)

    def is_done() -> bool:
        nonlocal worker
        if worker.process.poll() is not None:
            worker = ordeal.start_worker(failpoints=failpoints)
        return ordeal.latest().state == Fetch.State.DONE and ordeal.is_idle()

    ordeal.deployment.wait_until(is_done, 150, "the fetch ends well")
    ordeal.settle()


def test_a_child_that_dies_at_every_point_in_turn(ordeal):
    """One fetch after the other, with a death at each point that they pass; a reconciliation passes all of them."""
    hard = ordeal(4000)
    plan = ";".join(f"{point}*{LATER.get(point, 1)}=kill" for point in POINTS if point != "vanished")
    finish_in_spite_of(hard, plan + ";vanished=kill")
    control = hard.deployment.sandbox.control
    for row in control.truth("post-journey")[:5]:
        control.delete_response("post-journey", row["id"])
    hard.change_something()
    hard.ask(full=True, trigger=Fetch.Trigger.RECONCILE)
    hard.deployment.wait_until(hard.is_idle, 60, "the reconciliation ends")
    hard.settle()
    hard.is_as_if_nothing_happened()
    assert hard.passed() == set(POINTS)
    assert all((hard.passes / point).stat().st_size >= LATER.get(point, 1) for point in POINTS)
    assert sum(Fetch.objects.values_list("vanished", flat=True)) == 5


def test_a_whole_worker_that_dies_where_it_hurts(ordeal):
    hard = ordeal(2000)
    finish_in_spite_of(hard, "export_started=kill_group;batch_stored*2=kill_group;checkpoint*5=kill_group;"
                             "refreshing=kill_group;watermark=kill_group;closed=kill_group")  # fmt: skip
    hard.is_as_if_nothing_happened()


@pytest.mark.torture
@pytest.mark.parametrize("point", [point for point in POINTS if point != "vanished"])
def test_a_whole_worker_that_dies_at_every_point(ordeal, point):
    hard = ordeal(1000)
    finish_in_spite_of(hard, f"{point}=kill_group")
    hard.is_as_if_nothing_happened()
    assert point in hard.passed()


def test_a_plan_names_only_points_that_exist(tmp_path):
    with pytest.raises(ValueError, match="There is no failpoint 'nowhere'"):
        Plan("nowhere=kill", tmp_path)


def test_a_plan_acts_at_the_pass_it_names_and_only_there(tmp_path, monkeypatch):
    acted: list[int] = []
    monkeypatch.setattr("integrations.sync.failpoints.ACTIONS", dict(ACTIONS) | {"note": lambda: acted.append(1)})
    for _process in range(2):  # passes are counted over processes
        plan = Plan("claimed*2=note", tmp_path)
        plan("claimed")
        plan("polled")
    plan("claimed")
    assert acted == [1]
