"""Redis killed and emptied, PostgreSQL stopped in the middle of everything: work goes on unaided once they are back."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError
from django.db import connection as database

from tests.broker import use_broker
from tests.end_to_end.conftest import ROOT
from tests.torture.servers import Cluster, Redis, own_cluster, own_redis

pytestmark = pytest.mark.django_db(transaction=True)
STOPS = {"ci": 3, "torture": 20}


@pytest.fixture
def redis_of_ours(deployment) -> Iterator[Redis]:
    with own_redis() as server:
        options = {"visibility_timeout": 900, "socket_timeout": 5, "socket_connect_timeout": 2}
        deployment.environment["CELERY_BROKER_URL"] = server.url
        use_broker(server.url, **options)
        yield server
        for worker in deployment.workers:
            worker.kill()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.torture)])
def test_redis_is_killed_and_forgets_everything(redis_of_ours, ordeal, times):
    hard = ordeal(3000)
    hard.start_worker()
    for number in range(times):
        hard.deployment.wait_until(lambda: hard.is_idle() or hard.holder() is not None, 60, "somebody works")
        if number % 2:
            subprocess.run(["redis-cli", "-p", str(redis_of_ours.port), "FLUSHALL"], check=True, capture_output=True)
        else:
            redis_of_ours.kill()
            time.sleep(1)
            redis_of_ours.start()
        hard.deployment.wait_until(hard.is_idle, 120, "work goes on after Redis is back")
        hard.change_something()
        hard.ask(full=True)
    hard.settle(120)
    hard.is_as_if_nothing_happened()


def test_asking_while_redis_is_away_does_not_fail(redis_of_ours, ordeal):
    redis_of_ours.kill()
    hard = ordeal(200)  # creates items, which rings for workers
    assert not hard.is_idle()
    redis_of_ours.start()
    hard.start_worker()
    hard.settle()
    hard.is_as_if_nothing_happened()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("how", ["ci", pytest.param("torture", marks=pytest.mark.torture)])
def test_postgresql_is_stopped_at_once_again_and_again(how):
    """Runs the test below in a process of its own, against a cluster of its own."""
    if "OWN_CLUSTER" in os.environ:
        pytest.skip("This is the inner run")
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    try:
        with own_cluster(folder) as cluster:
            environment = os.environ | {
                "OWN_CLUSTER": f"{cluster.folder}|{cluster.port}|{cluster.programs}|{' '.join(cluster.as_user)}",
                "OWN_CLUSTER_STOPS": str(STOPS[how]),
                "DATABASE_URL": cluster.url,
                "PARCOURS_VAR_DIR": str(folder / "var"),
                "SPOOL_DIR": str(folder / "spool"),
                "SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
                "ENCRYPTION_KEYS": "k1:" + "A" * 43 + "=",
                "HTTPS": "false",
            }
            (folder / "var" / "queue" / "messages").mkdir(parents=True)
            (folder / "var" / "queue" / "control").mkdir()
            (folder / "spool").mkdir()
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--create-db", "-m", "soak"]
            inner = subprocess.run(
                [*command, f"{__file__}::test_inside_the_cluster"],
                cwd=ROOT, env=environment, capture_output=True, text=True, timeout=800,
            )  # fmt: skip
            assert inner.returncode == 0, inner.stdout[-8000:] + inner.stderr[-2000:]
            assert "1 passed" in inner.stdout
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(800)
def test_inside_the_cluster(request):
    if "OWN_CLUSTER" not in os.environ:
        pytest.skip("Run by the test above, inside a cluster that may be stopped")
    place, port, programs, as_user = os.environ["OWN_CLUSTER"].split("|")
    cluster = Cluster(Path(place), int(port), Path(programs), as_user.split())
    hard = request.getfixturevalue("ordeal")(6000)
    hard.start_worker(SYNC_BATCH="100")
    for _ in range(int(os.environ["OWN_CLUSTER_STOPS"])):
        hard.deployment.wait_until(lambda: hard.is_idle() or hard.holder() is not None, 90, "somebody works")
        time.sleep(hard.source.uniform(0, 0.8))
        cluster.stop_at_once()
        time.sleep(0.5)
        cluster.start()
        _reconnect()
        if hard.is_idle():
            hard.change_something()
            hard.ask(full=True)
    hard.settle(180)
    hard.change_something()
    hard.ask()
    hard.settle(120)
    hard.is_as_if_nothing_happened()


def _reconnect() -> None:
    """This test's own connection has died as well."""
    for _ in range(100):
        with contextlib.suppress(OperationalError, InterfaceError):
            database.close()
            database.ensure_connection()
            return
        time.sleep(0.1)
