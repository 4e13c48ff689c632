"""The worker's consumer, when the broker is lost in the middle of a message."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from celery.utils.imports import symbol_by_name
from celery.worker.consumer import Consumer as CeleryConsumer
from kombu import Connection, Queue

from config.celery import app
from config.running.consumer import Consumer
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
