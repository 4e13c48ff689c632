"""A worker takes a slot before it calls a vendor."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.utils import timezone

from integrations.models import Connection, WorkerSlot
from integrations.vendor import turns
from integrations.vendor.turns import NoTurn, begin
from tests.factories import make_connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still, and moves both kinds of time."""
    with time_machine.travel(timezone.now(), tick=False) as travel:
        began = timezone.now()
        now = SimpleNamespace(monotonic=lambda: (timezone.now() - began).total_seconds())
        monkeypatch.setattr(turns, "time", now)
        yield travel


def workers(monkeypatch, count: int) -> None:
    turns.Workers.note(SimpleNamespace(concurrency=count))
    monkeypatch.setattr(turns.Workers, "count", count)


def again(connection: Connection) -> Connection:
    return Connection.objects.get(pk=connection.pk)


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    monkeypatch.setattr(turns.Workers, "count", 1)


def take_slowly(connection: Connection, clock, seconds: float = 8.0) -> turns.Turn:
    turn = begin(again(connection))
    turn.note_call()
    clock.shift(seconds)
    turn.end()
    return turn


@pytest.mark.parametrize(("count", "at_once"), [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4)])
def test_a_connection_keeps_half_of_the_workers_at_most(monkeypatch, count, at_once):
    workers(monkeypatch, count)
    connection, other = make_connection(), make_connection()
    held = [begin(connection) for _ in range(at_once)]
    with pytest.raises(NoTurn):
        begin(connection)
    begin(other)
    held[0].end()
    begin(connection)


def test_slow_ones_leave_a_worker_to_the_others(monkeypatch, clock):
    workers(monkeypatch, 3)
    slow = [make_connection() for _ in range(3)]
    for connection in slow:
        take_slowly(connection, clock)
    assert all(again(connection).is_slow for connection in slow)
    begin(again(slow[0]))
    second = begin(again(slow[1]))
    with pytest.raises(NoTurn) as refused:
        begin(again(slow[2]))
    assert refused.value.wait == turns.LONG  # it comes back by itself
    second.end()
    begin(again(slow[2]))


def test_one_that_answers_in_time_again_is_slow_no_more(clock):
    connection = make_connection()
    take_slowly(connection, clock)
    clock.shift(60)
    turn = begin(again(connection))
    turn.end()
    assert again(connection).is_slow  # it was not asked anything
    turn = begin(again(connection))
    turn.note_call()
    turn.end()
    assert not again(connection).is_slow


def test_a_single_worker_rests_after_a_slow_turn_as_long_as_it_lasted(clock):
    connection, other = make_connection(), make_connection()
    turn = take_slowly(connection, clock)
    assert turn.rest > 8
    with pytest.raises(NoTurn):
        begin(again(connection))
    begin(other).end()
    clock.shift(8)
    begin(again(connection))


def test_a_turn_is_over_after_some_seconds(clock):
    turn = begin(make_connection())
    assert not turn.is_over()
    clock.shift(turns.LONG)
    assert turn.is_over()


def test_slots_of_dead_workers_come_back(clock):
    connection = make_connection()
    begin(connection)
    with pytest.raises(NoTurn):
        begin(connection)
    clock.shift(turns.LEASE.total_seconds() + 1)  # nobody knows what became of it
    begin(connection)
    place, _, process = WorkerSlot.objects.get().holder.rpartition("/")
    if place:  # known to have ended: nobody waits
        number, _, start = process.partition("@")
        WorkerSlot.objects.update(holder=f"{place}/{number}@{int(start) - 1}")
        begin(connection)


def test_one_that_lost_its_slot_does_not_give_it_away(clock):
    connection = make_connection()
    late = begin(connection)
    clock.shift(turns.LEASE.total_seconds() + 1)
    begin(connection)
    late.end()
    with pytest.raises(NoTurn):
        begin(connection)


def test_a_long_turn_keeps_its_slot_by_signs_of_life(clock):
    connection = make_connection()
    turn = begin(connection)
    for _ in range(12):
        clock.shift(turns.LEASE.total_seconds() / 4)
        turn.note_call()
    with pytest.raises(NoTurn):
        begin(connection)


def test_where_the_circuit_is_open_only_a_person_gets_a_turn(monkeypatch):
    workers(monkeypatch, 4)
    connection = make_connection(open_until=timezone.now() + timedelta(minutes=5), failures_in_a_row=5)
    with pytest.raises(NoTurn) as refused:
        begin(connection)
    assert refused.value.wait is None
    begin(connection, asked=True).end()
    connection.open_until = timezone.now() - timedelta(seconds=1)
    begin(connection)  # one try
    with pytest.raises(NoTurn):
        begin(connection)
