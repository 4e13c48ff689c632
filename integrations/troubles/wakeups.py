"""Messages that wake a worker for a row. The row is the job: a message that gets lost costs one tick, never work."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from celery import Task
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

# Kept by the broker at most this long, in seconds: the tick wakes again for whatever is still due.
_EXPIRES = 120
_LONGEST_COUNTDOWN = 240


@dataclass(frozen=True, slots=True)
class Wakeup:
    """How workers are woken for one kind of row: `task` takes the key of the row."""

    task: Task

    def notify_worker(self, key: int | str, countdown: float = 0.0) -> None:
        """Wake a worker after `countdown` seconds. A long wait is left to the tick."""
        if countdown <= _LONGEST_COUNTDOWN:
            self.task.apply_async(
                (key,), countdown=countdown or None, expires=countdown + _EXPIRES, argsrepr="(key)", kwargsrepr="{}"
            )

    def notify_from_web(self, key: int | str, countdown: float = 0.0) -> None:
        """The same from a web request: with the broker away the row waits for the next tick, and the page still answers."""
        try:
            self.notify_worker(key, countdown)
        except (OperationalError, OSError):
            logger.warning("The broker did not take the message for %s %s; the next tick will", self.task.name, key)
