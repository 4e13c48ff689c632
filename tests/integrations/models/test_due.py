"""Of several workers that look for what is due, one gets it."""

import multiprocessing
import os
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connections
from django.db.models import F
from django.utils import timezone

from integrations.models import AlertEndpoint, AlertMessage
from integrations.models.due import take_due

LEASE = timedelta(minutes=3)


@pytest.fixture
def row():
    target = AlertEndpoint.objects.create(name="Pager", url="https://hooks.example.org/")
    return AlertMessage.objects.create(target=target, uuid=uuid4(), kind="test", body="{}", due_at=timezone.now())


def take(row, **more) -> bool:
    return take_due(AlertMessage.objects.filter(pk=row.pk), "due_at", LEASE, **more)


@pytest.mark.django_db
def test_the_second_finds_it_taken_until_the_lease_is_over(row):
    with time_machine.travel(timezone.now() + timedelta(seconds=1), tick=False) as clock:
        assert take(row, tries=F("tries") + 1)
        assert not take(row, tries=F("tries") + 1)
        clock.shift(LEASE - timedelta(seconds=1))
        assert not take(row, tries=F("tries") + 1)
        clock.shift(timedelta(seconds=1))
        assert take(row, tries=F("tries") + 1)
    row.refresh_from_db()
    assert row.tries == 2


@pytest.mark.django_db
@pytest.mark.parametrize("due_at", [None, timedelta(seconds=60)])
def test_what_is_not_due_is_not_taken(row, due_at):
    AlertMessage.objects.update(due_at=due_at and timezone.now() + due_at)
    assert not take(row)


@pytest.mark.django_db
def test_only_rows_that_were_asked_for_are_taken(row):
    assert not take_due(AlertMessage.objects.filter(pk=row.pk, state="delivered"), "due_at", LEASE)
    other = AlertMessage.objects.create(target=row.target, uuid=uuid4(), kind="test", body="{}", due_at=row.due_at)
    assert take(row)
    assert take(other)


def _take(row, barrier, results) -> None:
    connections.close_all()
    barrier.wait(20)
    try:
        results.put((os.getpid(), take(row, tries=F("tries") + 1)))
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_of_processes_that_ask_at_the_same_moment_one_gets_it(row):
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(4), context.Queue()
    connections.close_all()  # a connection must not be shared with children
    children = [context.Process(target=_take, args=(row, barrier, results)) for _ in range(4)]
    for child in children:
        child.start()
    answers = [results.get(timeout=60) for _ in children]
    for child in children:
        child.join(30)
    assert len({pid for pid, _got in answers}) == 4
    assert sum(got for _pid, got in answers) == 1
    row.refresh_from_db()
    assert row.tries == 1
