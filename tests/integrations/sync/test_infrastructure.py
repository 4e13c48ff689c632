"""Lost messages, many workers, jumping clocks, a full disk, a database in trouble: played within one process."""

from __future__ import annotations

import errno
import multiprocessing
import os
import random
import threading
from collections import deque
from datetime import time, timedelta

import pytest
import time_machine
from django.db import OperationalError, connections
from django.db import connection as database
from django.utils import timezone

from feedback import intake
from feedback.models import Response, Survey
from integrations.models import Connection, Fetch, SurveyFeed, Timekeeping, WorkerSlot
from integrations.qualtrics import client as client_module
from integrations.qualtrics.events import Completed
from integrations.sync import dispatch, engine, loading, requests, steps
from integrations.sync import tasks as sync_tasks
from integrations.sync.lease import SLICE, Lease, claim
from integrations.sync.slots import next_slot
from integrations.timetable import clock as timekeeping
from integrations.timetable import tasks
from integrations.vendor import processes, turns
from integrations.webhooks import inbox
from tests.factories import make_connection, make_feed, make_item, make_question, make_survey
from tests.integrations.sync.conftest import work
from tests.integrations.webhooks.conftest import make_watch

pytestmark = pytest.mark.django_db


def stored(survey: Survey) -> set[str]:
    return set(Response.objects.filter(survey=survey, deleted_at=None).values_list("external_id", flat=True))


def truth(sandbox) -> set[str]:
    return {row["id"] for row in sandbox.control.truth("post-journey")}


def latest(survey: Survey) -> Fetch:
    return Fetch.objects.filter(feed__survey=survey).latest("pk")


# --- messages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share_lost", [0.1, pytest.param(0.9, marks=pytest.mark.soak)])
def test_lost_messages_delay_and_lose_nothing(sandbox, survey, add_item, monkeypatch, share_lost):
    queue: deque[str] = deque()
    source, lost = random.Random(3), []

    def send(args, **_options) -> None:
        (lost if source.random() < share_lost else queue).append(args[0])

    monkeypatch.setattr(sync_tasks.run_slice, "apply_async", send)
    monkeypatch.setattr(sync_tasks.run_backfill_slice, "apply_async", send)
    monkeypatch.setattr(loading, "BATCH", 25)
    monkeypatch.setattr("integrations.sync.lease.SLICE", 0.0)  # so that each batch needs a message
    add_item(survey)
    with time_machine.travel(timezone.now()) as clock:
        for _tick in range(300):
            tasks.tick()
            while queue:
                sync_tasks.run_slice(queue.popleft())
            if not latest(survey).is_open:
                break
            clock.shift(30)
    assert lost
    assert latest(survey).state == Fetch.State.DONE
    assert stored(survey) == truth(sandbox)


# --- many workers -----------------------------------------------------------------------------------------------------


def _claim(uuid: str, barrier, results) -> None:
    connections.close_all()
    barrier.wait(60)
    try:
        results.put((os.getpid(), claim(uuid) is not None))
        barrier.wait(60)  # the winner lives on until all have tried
    finally:
        connections.close_all()


def _place(uuid: str, barrier, results) -> None:
    connections.close_all()
    mine = Lease(claim(uuid))
    barrier.wait(60)
    try:
        results.put(steps.take_place(mine, step=Fetch.Step.QUESTIONS))
    finally:
        connections.close_all()


def _turn(uuid: str, barrier, results) -> None:
    connections.close_all()
    turns.Workers.count = 4
    connection = Connection.objects.get(feeds__fetches__uuid=uuid)
    barrier.wait(60)
    try:
        turns.begin(connection)
        results.put(True)
    except turns.NoTurn:
        results.put(False)
    finally:
        barrier.wait(60)  # the winners live on until all have tried
        connections.close_all()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("take", [_place, _turn], ids=["an export each", "a turn each"])
def test_of_eight_workers_two_get_a_place_at_the_same_vendor(take):
    connection = make_connection()
    feeds = [make_feed(connection, make_survey(connection.source)) for _ in range(8)]
    context = multiprocessing.get_context("fork")
    for _round in range(3):
        WorkerSlot.objects.all().delete()
        Fetch.objects.all().delete()
        fetches = [Fetch.objects.create(feed=feed, trigger="manual", due_at=timezone.now()) for feed in feeds]
        barrier, results = context.Barrier(8), context.Queue()
        connections.close_all()
        children = [context.Process(target=take, args=(fetch.uuid, barrier, results)) for fetch in fetches]
        for child in children:
            child.start()
        got = [results.get(timeout=60) for _ in children]
        for child in children:
            child.join(90)
        assert sum(got) == 2


@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_one_gets_the_fetch():
    feed = make_feed()
    context = multiprocessing.get_context("fork")
    for _round in range(3):
        fetch = Fetch.objects.create(feed=feed, trigger="manual", due_at=timezone.now())
        barrier, results = context.Barrier(8), context.Queue()
        connections.close_all()  # a connection must not be shared with children
        children = [context.Process(target=_claim, args=(fetch.uuid, barrier, results)) for _ in range(8)]
        for child in children:
            child.start()
        answers = [results.get(timeout=60) for _ in children]
        for child in children:
            child.join(90)
        assert sum(got for _pid, got in answers) == 1
        fetch.refresh_from_db()
        assert (fetch.fence, fetch.attempts) == (1, 1)
        winner = next(pid for pid, got in answers if got)
        assert f"/{winner}@" in fetch.holder
        assert processes.is_dead(fetch.holder)  # it has ended since
        # So the next one need not wait for its lease; but of two at once again only one gets it.
        assert claim(fetch.uuid) is not None
        assert claim(fetch.uuid) is None
        Fetch.objects.filter(pk=fetch.pk).update(state=Fetch.State.DONE)


def test_a_living_holder_a_stopped_one_and_one_elsewhere_are_not_dead():
    assert processes.this_process()
    assert not processes.is_dead(processes.this_process())
    assert not processes.is_dead("")
    place, _, process = processes.this_process().rpartition("/")
    number, _, start = process.partition("@")
    assert not processes.is_dead(f"another-boot/pid:[1]/{number}@{start}")
    assert processes.is_dead(f"{place}/{number}@{int(start) - 1}")  # the number was given out again
    assert len(processes.this_process()) <= Fetch._meta.get_field("holder").max_length


def test_the_tick_finds_what_a_dead_worker_held(db):
    fetch = Fetch.objects.create(
        feed=make_feed(), trigger="manual", state=Fetch.State.RUNNING, due_at=timezone.now(),
        lease_until=timezone.now() + timedelta(seconds=50), holder=processes.this_process(),
    )  # fmt: skip
    assert dispatch.fetches_to_resume() == []
    place, _, process = processes.this_process().rpartition("/")
    Fetch.objects.update(holder=f"{place}/{process.partition('@')[0]}@1")
    assert dispatch.fetches_to_resume() == [(fetch.uuid, False)]


# --- clocks -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def feeds(db) -> list[SurveyFeed]:
    """An hourly, a daily and a weekly feed, all of them wanted."""
    found = []
    for frequency in ("hourly", "daily", "weekly"):
        connection = make_connection(frequency=frequency, at_time=time(5))
        survey = make_survey(connection.source)
        question = make_question(survey)
        make_item(question)
        now = timezone.now()
        slot = next_slot(frequency, connection.at_time, 0, timezone.get_default_timezone(), now)
        found.append(
            make_feed(connection, survey, next_due_at=slot, modified_until=now, covered_questions={str(question.pk): None})
        )  # fmt: skip
    return found


def close_all() -> None:
    Fetch.objects.filter(state__in=Fetch.OPEN).update(state=Fetch.State.DONE, finished_at=timezone.now())


@pytest.mark.parametrize("days", [1, 30])
def test_a_clock_that_jumps_ahead_brings_one_catch_up_each(feeds, days, settings):
    settings.RECONCILE_DAYS = 0
    with time_machine.travel(timezone.now() + timedelta(days=days)):
        timekeeping.keep_time()
        due = SurveyFeed.objects.filter(next_due_at__lte=timezone.now()).count()
        assert due >= 2  # the weekly one only after more than a day
        assert dispatch.open_due_fetches() == Fetch.objects.count() == due
        close_all()
        assert dispatch.open_due_fetches() == 0
        assert all(feed.next_due_at > timezone.now() for feed in SurveyFeed.objects.all())


def test_a_clock_that_is_put_back_leaves_no_gap(feeds):
    now = timezone.now()
    with time_machine.travel(now + timedelta(days=1)):
        timekeeping.keep_time()
        dispatch.open_due_fetches()
        close_all()
    with time_machine.travel(now, tick=False):  # a day earlier again
        timekeeping.keep_time()
        hourly = SurveyFeed.objects.get(connection__frequency="hourly")
        assert now < hourly.next_due_at <= now + timedelta(hours=1)
        assert dispatch.open_due_fetches() == 0  # and no storm


def test_a_connection_at_rest_and_a_message_that_waits_do_not_rest_for_as_long_as_the_clock_went_back(feeds):
    now = timezone.now()
    connection, watch = feeds[0].connection, make_watch(feeds[0].survey)
    with time_machine.travel(now + timedelta(days=3)):
        timekeeping.keep_time()
        Connection.objects.filter(pk=connection.pk).update(open_until=timezone.now() + timedelta(minutes=5))
        inbox.keep(watch, Completed(watch.survey.external_id, "R_told"))
    with time_machine.travel(now, tick=False):
        assert inbox.watches_to_process() == []
        timekeeping.keep_time()
        connection.refresh_from_db()
        assert connection.open_until <= timezone.now()
        assert inbox.watches_to_process() == [watch.pk]


def test_leases_and_due_times_from_the_future_do_not_block(db):
    fetch = Fetch.objects.create(feed=make_feed(), trigger="manual", due_at=timezone.now() + timedelta(days=1))
    held = Fetch.objects.create(
        feed=make_feed(), trigger="manual", state=Fetch.State.RUNNING, due_at=timezone.now(),
        lease_until=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    assert {uuid for uuid, _full in dispatch.fetches_to_resume()} == {fetch.uuid, held.uuid}
    assert claim(fetch.uuid) is not None
    assert claim(held.uuid) is not None


def test_two_ticks_at_once_open_each_slot_once(feeds, settings):
    settings.RECONCILE_DAYS = 0
    feed = feeds[0]
    for hours in range(1, 200):
        with time_machine.travel(timezone.now() + timedelta(hours=hours), tick=False):
            seen_by_the_second = SurveyFeed.objects.select_related("survey", "connection").get(pk=feed.pk)
            dispatch.open_due_fetches()
            assert not dispatch._open(seen_by_the_second)  # read before the first one wrote
            assert dispatch.open_due_fetches() == 0
            close_all()
    slots = list(Fetch.objects.filter(feed=feed).values_list("slot", flat=True))
    assert len(slots) == len(set(slots)) == 199


@pytest.mark.django_db(transaction=True)
def test_two_beats_open_each_slot_once(feeds, settings):
    settings.RECONCILE_DAYS = 0
    start = timezone.now()
    failures: list[BaseException] = []
    with time_machine.travel(start) as clock:
        barrier = threading.Barrier(2)

        def beat() -> None:
            try:
                for _ in range(30):
                    barrier.wait(60)
                    dispatch.open_due_fetches()
                    if barrier.wait(60) == 0:
                        close_all()
                        clock.shift(3600)
            except BaseException as error:
                failures.append(error)
                barrier.abort()
            finally:
                database.close()

        beats = [threading.Thread(target=beat) for _ in range(2)]
        for each in beats:
            each.start()
        for each in beats:
            each.join(120)
    assert failures == []
    slots = list(Fetch.objects.filter(feed=feeds[0]).values_list("slot", flat=True))
    assert len(slots) == len(set(slots))
    assert 28 <= len(slots) <= 30


def test_the_row_of_time_is_one(db):
    for _ in range(3):
        timekeeping.keep_time()
    assert Timekeeping.objects.count() == 1


# --- disk and database ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("own_files")
def test_a_full_disk_fails_cleanly_and_heals(sandbox, survey, add_item, monkeypatch, settings):
    """The kernel says ENOSPC: `/dev/full` stands in for the draft on the disk."""

    def on_a_full_disk(prefix: str, suffix: str, dir) -> tuple[int, str]:
        return os.open("/dev/full", os.O_WRONLY), str(dir / f"{prefix}{suffix}")

    add_item(survey)
    monkeypatch.setattr(client_module.tempfile, "mkstemp", on_a_full_disk)
    fetch = work(survey)
    assert (fetch.state, fetch.error_code) == (Fetch.State.FAILED, "spool_failed")
    feed = SurveyFeed.objects.get(survey=survey)
    assert (feed.modified_until, feed.continuation_token, feed.covered_questions) == (None, "", {})
    assert stored(survey) == set()
    assert list(settings.SPOOL_DIR.iterdir()) == []
    survey.refresh_from_db()
    assert survey.failing_since is not None
    monkeypatch.undo()
    requests.ask_for_fetch(feed, Fetch.Trigger.MANUAL)
    assert work(survey).state == Fetch.State.DONE
    assert stored(survey) == truth(sandbox)


@pytest.mark.usefixtures("own_files")
def test_a_disk_that_fills_up_while_a_file_is_written_leaves_no_part_of_it(
    sandbox, survey, add_item, monkeypatch, settings
):
    add_item(survey)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(client_module.os, "fsync", full)
    fetch = latest(survey)
    engine.run(fetch.uuid)
    fetch.refresh_from_db()
    assert (fetch.state, fetch.error_code) == (Fetch.State.WAITING, "spool_failed")
    assert list(settings.SPOOL_DIR.iterdir()) == []
    monkeypatch.undo()
    assert work(survey).state == Fetch.State.DONE


@pytest.mark.parametrize("words", ["deadlock detected", "could not serialize access", "database is locked"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_batch_that_the_database_refuses_is_tried_again_whole(sandbox, survey, add_item, monkeypatch, words, times):
    add_item(survey)
    monkeypatch.setattr(loading, "BATCH", 60)
    real, refused = intake.store, []

    def refuses_after_writing(*arguments, **options):
        stored = real(*arguments, **options)
        if len(refused) < times and Response.objects.count() > 100:
            refused.append(Response.objects.count())
            raise OperationalError(words)
        return stored

    monkeypatch.setattr(loading.intake, "store", refuses_after_writing)
    fetch = latest(survey)
    wait = engine.run(fetch.uuid)
    fetch.refresh_from_db()
    assert 0 < wait <= 10
    assert (fetch.state, fetch.failures, fetch.lines_done) == (Fetch.State.PENDING, 1, 60)
    assert Response.objects.count() == 60  # not one row of the refused batch
    fetch = work(survey)
    assert (fetch.state, fetch.error_code) == (Fetch.State.DONE, "")
    assert len(refused) == times
    assert fetch.received == fetch.new == len(truth(sandbox))
    assert stored(survey) == truth(sandbox)


def test_a_database_that_goes_on_refusing_ends_the_fetch(sandbox, survey, add_item, monkeypatch):
    add_item(survey)
    tries: list[int] = []

    def refuses(*_arguments, **_options):
        tries.append(1)
        raise OperationalError("disk I/O error")

    monkeypatch.setattr(loading.intake, "store", refuses)
    fetch = work(survey)
    assert (fetch.state, fetch.error_code) == (Fetch.State.FAILED, "database_trouble")
    assert len(tries) == 4  # once, and three times again
    assert stored(survey) == set()
    monkeypatch.undo()
    requests.ask_for_fetch(fetch.feed, Fetch.Trigger.MANUAL)
    assert work(survey).state == Fetch.State.DONE
    assert stored(survey) == truth(sandbox)


def test_limits_of_time_fit_into_each_other(settings):
    """A slice ends before it is ended, and that before the broker believes its message lost."""
    assert SLICE < settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT
    assert 2 * settings.CELERY_TASK_TIME_LIMIT < settings.BROKER_VISIBILITY_TIMEOUT
