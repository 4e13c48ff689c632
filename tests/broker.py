"""Points this process's Celery application at another broker while tests run."""

from __future__ import annotations

from typing import Any

from kombu import pools

from config.celery import app


def use_broker(url: str, **transport_options: Any) -> None:
    """Publish to this broker from now on."""
    app.conf.broker_url = app.conf.broker_read_url = app.conf.broker_write_url = url
    app.conf.broker_transport_options = transport_options
    if app._pool is not None:
        app._pool.force_close_all()
    app._pool = None
    app.amqp._producer_pool = None
    pools.reset()
