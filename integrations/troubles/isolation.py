"""Runs the parts of a piece of work each alone: one that fails is logged, and keeps the others from nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)


class PartsFailed(Exception):
    """Some parts failed, the others were done. `failed`: {name: error}, at least one, in the order in which they failed."""

    def __init__(self, failed: dict[str, Exception]) -> None:
        super().__init__(f"{len(failed)} failed: {', '.join(failed)}")
        self.failed = failed

    @property
    def newest(self) -> tuple[str, Exception]:
        """The name and the error of the part that failed last."""
        return next(reversed(self.failed.items()))


class Parts:
    """`with Parts() as parts:` around it all, `with parts.alone(name):` around each. Raises `PartsFailed` at the end."""

    def __init__(self) -> None:
        self.failed: dict[str, Exception] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        if kind is None and self.failed:
            raise PartsFailed(self.failed)

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Log and note an error instead of raising it; not the end of the task's time, which is everybody's."""
        inside = connection.in_atomic_block
        try:
            yield
        except SoftTimeLimitExceeded:
            raise
        except PartsFailed as error:  # it has parts itself, and each was logged
            self.failed |= error.failed
        except Exception as error:
            logger.exception("This failed, the rest goes on: %s", name)
            self.failed[name] = error
            forget_connection(inside=inside)


def tidy_connection(*, inside: bool) -> None:
    """Forget the connection if work that raised nothing left it broken, or in the middle of a transaction."""
    if connection.connection is not None and (connection.errors_occurred or not connection.autocommit):
        forget_connection(inside=inside)


def forget_connection(*, inside: bool) -> None:
    """Close the database connection with whatever was left open on it; the next query makes a new one.

    Not if this work began `inside` a transaction: that one belongs to the caller.
    """
    if inside:
        return
    connection.close()
    if connection.in_atomic_block:  # left in the middle of a transaction, which only connecting forgets
        try:
            connection.connect()
        except DatabaseError:
            connection.close()
