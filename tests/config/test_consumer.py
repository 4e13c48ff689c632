"""The worker's consumer, when the broker is lost in the middle of a message."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from celery import Celery
from celery.utils.imports import symbol_by_name
from celery.worker.consumer import Consumer as CeleryConsumer
from kombu import Connection, Queue

from config.celery import app
from config.running.consumer import Consumer
from tests.end_to_end.conftest import ROOT
from tests.torture.servers import own_redis


def lose_redis_with_a_message_in_hand(consumer: CeleryConsumer) -> None:
    """A message delivered and not acknowledged, two channels that ask for more, and then nobody who answers."""
    with own_redis() as redis:
        connection = Connection(redis.url, transport_options={"socket_timeout": 5, "socket_connect_timeout": 2})
        channel, another = connection.default_channel, connection.channel()
        connection.Producer().publish({"n": 1}, routing_key="jobs", declare=[Queue("jobs")])
        assert Queue("jobs")(channel).get() is not None
        for asking in (channel, another):
            asking.client.connection = asking.client.connection_pool.get_connection()
            asking._in_poll = asking.client.connection
        redis.kill()
    consumer.connection = connection
    wishes = {
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "worker_enable_prefetch_count_reduction": False,
    }
    consumer.app = SimpleNamespace(conf=SimpleNamespace(**wishes))
    consumer.on_connection_error_after_connected(ConnectionResetError("gone"))


def test_the_application_uses_it():
    assert symbol_by_name(app.conf.worker_consumer) is Consumer


@pytest.mark.timeout(60)
def test_b9_redis_lost_with_a_message_in_hand_does_not_end_the_worker():
    consumer = Consumer.__new__(Consumer)
    lose_redis_with_a_message_in_hand(consumer)
    assert consumer.connection is None


@pytest.mark.timeout(60)
def test_celerys_own_consumer_still_ends_then():
    """Once this fails, `config/running/consumer.py` is no longer needed."""
    with pytest.raises(AttributeError, match="hostname"):
        lose_redis_with_a_message_in_hand(CeleryConsumer.__new__(CeleryConsumer))


# --- a pool process that dies while its worker starts -------------------------------------------------------------------

FRAIL = """
import os, pathlib, signal
from celery import Celery
from celery.signals import worker_process_init

here = pathlib.Path(__file__).parent
app = Celery("frail", broker=os.environ["BROKER"])
app.conf.update(worker_consumer=os.environ["CONSUMER"], broker_connection_retry_on_startup=True)

@worker_process_init.connect
def die_twice(**_more):
    if len(list(here.glob("*.dead"))) < 2:
        (here / f"{os.getpid()}.dead").touch()
        os.kill(os.getpid(), signal.SIGKILL)

@app.task(name="hello")
def hello():
    (here / "hello").touch()
"""


def work_is_done(folder, consumer: str) -> bool:
    """Whether a worker, two of whose pool processes die in their first moment, does what it is asked."""
    (folder / "frail.py").write_text(FRAIL)
    with own_redis() as redis:
        environment = os.environ | {"BROKER": redis.url, "CONSUMER": consumer, "PYTHONPATH": f"{folder}:{ROOT}"}
        with (folder / "log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "frail", "worker", "--pool", "prefork", "--concurrency", "2"],
                cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            with Celery(broker=redis.url) as sender:
                sender.send_task("hello")
            deadline = time.monotonic() + 40
            while time.monotonic() < deadline and worker.poll() is None and not (folder / "hello").exists():
                time.sleep(0.1)
            return (folder / "hello").exists()
        finally:
            worker.terminate()
            worker.wait(20)


@pytest.mark.workers
@pytest.mark.timeout(120)
def test_pool_processes_that_die_in_their_first_moment_are_replaced(tmp_path):
    assert work_is_done(tmp_path, "config.running.consumer:Consumer")
    assert len(list(tmp_path.glob("*.dead"))) == 2


@pytest.mark.workers
@pytest.mark.soak
@pytest.mark.timeout(120)
def test_celerys_own_worker_still_ends_then(tmp_path):
    """Once this fails, `Consumer.on_ready` is no longer needed."""
    assert not work_is_done(tmp_path, "celery.worker.consumer:Consumer")
