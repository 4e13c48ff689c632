"""Turns: a worker takes a slot before it calls a vendor, so that a slow one never keeps all workers, nor others, waiting.

A connection has slots for half of the workers. One whose last turn was slow has a single one, and needs one of those that all
slow connections share as well: they are one fewer than there are workers. Where there is one worker only, a slow turn is
followed by a rest as long as it was. Who gets no slot steps aside at once; what is due stays due.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from integrations.models import Connection, WorkerSlot
from integrations.vendor import processes

logger = logging.getLogger(__name__)

# Until a worker that took a slot is believed dead. It says that it lives before each call, and while a file arrives.
LEASE = 2 * timedelta(seconds=settings.SYNC_LEASE_SECONDS)
RENEW_EVERY = LEASE.total_seconds() / 8
# After so many seconds a turn makes no further call, and was a slow one.
LONG = settings.TURN_SECONDS


class Workers:
    """How many workers this process and its siblings are. On other machines there may be more, which does no harm."""

    count = 1

    @classmethod
    def note(cls, instance: Any = None, **_kwargs: object) -> None:
        """Celery tells, before it starts its pool."""
        cls.count = int(instance.concurrency or 1)

    @classmethod
    def share(cls) -> int:
        """How many of them one connection may keep busy."""
        return max(1, cls.count // 2)


class NoTurn(Exception):
    """Nobody may call through this connection now.

    `wait`: seconds after which to try again; None if somebody else will wake a worker for it: the turn that it waits for,
    or the tick.
    """

    def __init__(self, wait: float | None = None) -> None:
        super().__init__(wait)
        self.wait = wait


class Turn:
    """A worker's turn with a connection. `begin` makes it."""

    def __init__(self, connection: Connection, token: uuid.UUID) -> None:
        self._connection = connection
        self._token = token
        self._began = self._renewed = time.monotonic()
        self._has_called = self._has_ended = False
        # How long to leave the connection to itself afterwards, in seconds: others that are slow as well come first.
        self.rest = 0.0

    def is_over(self) -> bool:
        """Whether no further call is to be made."""
        return self._has_ended or time.monotonic() - self._began >= LONG

    def note_call(self, *_call: object) -> None:
        """A call is about to be sent, or a file still arrives: keep the slot, if it is time to say so."""
        self._has_called = True
        if not self._has_ended and time.monotonic() - self._renewed > RENEW_EVERY:
            self._renewed = time.monotonic()
            self._slots().update(free_at=timezone.now() + LEASE)

    def end(self) -> None:
        """Give the slot back, and remember whether the vendor was slow."""
        if self._has_ended:
            return
        self._has_ended = True
        now, took = timezone.now(), time.monotonic() - self._began
        is_slow = took >= LONG
        self._slots().update(free_at=now)
        if self._has_called and is_slow != self._connection.is_slow:
            Connection.objects.filter(pk=self._connection.pk).update(is_slow=is_slow)
            logger.info("Connection %s is %s", self._connection.pk, "slow" if is_slow else "no longer slow")
        if is_slow:
            self.rest = took + 1
            if Workers.count == 1:
                until = now + min(timedelta(seconds=took), LEASE)
                WorkerSlot.objects.update_or_create(connection=None, number=0, defaults={"free_at": until})

    def _slots(self) -> Any:
        return WorkerSlot.objects.filter(turn=self._token)


def begin(connection: Connection, *, asked: bool = False) -> Turn:
    """Take a slot. Raises `NoTurn`. `asked`: by a person, who need not wait for the circuit to close."""
    if connection.is_resting and not asked:
        raise NoTurn
    token = uuid.uuid4()
    # A circuit that has just closed has one try, before the others follow.
    slots = 1 if connection.is_slow or connection.open_until else Workers.share()
    if not _take(connection, slots, token):
        raise NoTurn
    if connection.is_slow and not _take(None, max(1, Workers.count - 1), token):
        WorkerSlot.objects.filter(turn=token).update(free_at=timezone.now())
        raise NoTurn(LONG)
    return Turn(connection, token)


@contextmanager
def turn(connection: Connection, *, asked: bool = False) -> Iterator[Turn]:
    """`begin`, and end it whatever comes."""
    mine = begin(connection, asked=asked)
    try:
        yield mine
    finally:
        mine.end()


def _take(connection: Connection | None, slots: int, token: uuid.UUID) -> bool:
    """One of so many slots. Each is asked for by a conditional UPDATE: whoever comes second finds it taken."""
    now = timezone.now()
    rows = {row.number: row for row in WorkerSlot.objects.filter(connection=connection)}
    for number in range(slots):
        row = rows.get(number)
        if row is None:
            row, _made = WorkerSlot.objects.get_or_create(
                connection=connection, number=number, defaults={"free_at": now}
            )
        # A time further ahead than any we set was set before the clock was put back.
        can_be_had = Q(free_at__lte=now) | Q(free_at__gt=now + 2 * LEASE)
        if row.free_at > now and processes.is_dead(row.holder):
            can_be_had |= Q(turn=row.turn)
        facts = {"free_at": now + LEASE, "turn": token, "holder": processes.this_process()}
        if WorkerSlot.objects.filter(can_be_had, pk=row.pk).update(**facts):
            return True
    return False
