"""The worker's consumer, made to survive a broker that goes away at an awkward moment.

When Redis is lost while a message is still to be acknowledged, kombu 5.7.0 may fail to close the old channel (the read of a
pending `BRPOP` fails, the channel stays half open, and the second attempt meets a transport that has forgotten its
connection). Celery 5.7.0 ignores connection errors there, but not the `AttributeError` that follows, so the worker ends.

No report of exactly this was found (looked for on 2026-11-27). The read of a pending `BRPOP` at closing came with
https://github.com/celery/kombu/pull/1733; the `AttributeError` ('NoneType' object has no attribute 'hostname', raised by
`Channel._connparams`, here out of `restore_unacked_once`) is that of https://github.com/celery/kombu/issues/582, which was
closed for the case in which a queue is deleted. tests/config/test_consumer.py tells when this module is no longer needed.
"""

from __future__ import annotations

import contextlib
import logging

from celery.worker.consumer import Consumer as CeleryConsumer

logger = logging.getLogger(__name__)


class Consumer(CeleryConsumer):
    """Celery's own, with a lost connection let go of whatever state its channels are in, and a pool that fills itself up."""

    def on_ready(self) -> None:
        """Let the worker live although a pool process died while it started; the pool replaces it, as at any later time.

        Celery 5.7.0 asks next, at its first start only, whether all processes live, and ends the whole worker if one does not
        (`did_start_ok` in celery/worker/loops.py, asked nowhere else).
        """
        super().on_ready()
        self.pool.did_start_ok = lambda: True

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        lost = self.connection
        try:
            super().on_connection_error_after_connected(exc)
        except Exception:
            if self.connection is not None:
                raise
            logger.warning("The lost connection could not be closed in order; it is let go", exc_info=True)
            with contextlib.suppress(Exception):
                lost.collect()
            # What comes after the closing: requests whose messages can no longer be acknowledged are cancelled.
            super().on_connection_error_after_connected(exc)
