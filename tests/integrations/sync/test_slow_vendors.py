"""Slow, hanging and failing connections keep no other one waiting: hours of work played with a clock of its own.

The decisions are the product's (turns, wake-ups, circuit, timetable); only calls and workers are made up. A worker is busy for
as long as a turn lasts, messages are taken in the order in which they come, and nothing waits in earnest.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace

import pytest
import time_machine

from integrations.models import Connection, Fetch, SurveyFeed
from integrations.sync import closing, demand, dispatch, tasks
from integrations.sync.lease import Lease, claim
from integrations.troubles.errors import NoConnection, QualtricsError, ServerTrouble
from integrations.vendor import turns
from integrations.vendor.clients import BACKGROUND
from tests.factories import make_connection, make_feed, make_item, make_question, make_survey

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 2, 8, 0, 30, tzinfo=UTC)
TICK = 30.0
CROWD = 3
# Seconds of a call, and what comes of it.
VENDORS: dict[str, tuple[float, type[QualtricsError] | None]] = {
    "well": (0.3, None),
    "slow": (8.0, None),
    "hanging": (30.0, NoConnection),
    "failing": (0.1, ServerTrouble),
}
# The steps of a fetch: how many calls each makes, and how long the vendor then wants to be left alone.
STEPS = (
    (Fetch.Step.QUESTIONS, 3, None),
    (Fetch.Step.EXPORT, 1, 1.0),
    (Fetch.Step.POLL, 1, 2.0),
    (Fetch.Step.POLL, 1, None),
    (Fetch.Step.DOWNLOAD, 1, None),
)


@dataclass
class Play:
    """Some workers, a queue, and a clock that jumps from event to event."""

    clock: time_machine.Coordinates
    workers: int
    kinds: dict[int, str] = field(default_factory=dict)
    now: float = 0.0
    events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    waiting: list[tuple[float, int, Callable[[], float]]] = field(default_factory=list)
    busy: int = 0
    longest: dict[int, int] = field(default_factory=dict)  # workers that a connection kept at once
    held: dict[int, int] = field(default_factory=dict)
    done: dict[int, list[float]] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)  # how far each fetch is
    number: count = field(default_factory=count)

    def at(self, moment: float, what: Callable[[], None]) -> None:
        heapq.heappush(self.events, (moment, next(self.number), what))

    def send(self, work: Callable[[], float], countdown: float = 0.0) -> None:
        """A message: `work` is begun by the first worker that is free, and says how long it takes."""
        order = next(self.number)
        self.at(self.now + countdown + 0.01, lambda: heapq.heappush(self.waiting, (self.now, order, work)))

    def run(self, until: float) -> None:
        while self.events and self.events[0][0] <= until:
            self.now, _order, what = heapq.heappop(self.events)
            self.clock.move_to(START + timedelta(seconds=self.now))
            what()
            while self.waiting and self.busy < self.workers:
                _at, _order, work = heapq.heappop(self.waiting)
                if took := work():
                    self.busy += 1
                    self.at(self.now + took, self._free)

    def _free(self) -> None:
        self.busy -= 1

    # --- what the messages ask for --------------------------------------------------------------------------------------

    def tick(self) -> None:
        def work() -> float:
            dispatch.open_due_fetches()
            for uuid, full in dispatch.fetches_to_resume():
                tasks.notify_worker(uuid, full=full)
            return 0.05

        self.send(work)
        self.at(self.now + TICK, self.tick)

    def fetch(self, uuid: str) -> float:
        """A turn with this fetch, as `run_slice` takes it; how long it keeps the worker."""
        fetch = Fetch.objects.select_related("feed__connection").get(uuid=uuid)
        if not fetch.is_open:
            return 0.0
        connection = fetch.feed.connection
        try:
            turn = turns.begin(connection, asked=fetch.is_asked)
        except turns.NoTurn as refused:
            tasks.step_aside(fetch, refused)
            return 0.0
        if (found := claim(uuid)) is None:
            turn.end()
            return 0.0
        self._count(connection, +1)
        lease, took, wait, error = Lease(found, turn), 0.0, None, None
        seconds, trouble = VENDORS[self.kinds[connection.pk]]
        while self.places.get(uuid, 0) < len(STEPS) and took < turns.LONG and wait is None and error is None:
            _step, calls, pause = STEPS[self.places.get(uuid, 0)]
            if trouble:
                took, error = took + seconds, trouble()
            else:
                took, wait = took + calls * seconds, pause
                self.places[uuid] = self.places.get(uuid, 0) + 1
        self.at(self.now + took, lambda: self._end(lease, turn, wait, error))
        return took

    def _end(self, lease: Lease, turn: turns.Turn, wait: float | None, error: QualtricsError | None) -> None:
        uuid, place = str(lease.fetch.uuid), self.places.get(str(lease.fetch.uuid), 0)
        self._count(lease.connection, -1)
        turn.note_call()
        if error:
            if self.kinds[lease.connection.pk] == "hanging":
                error.code = "read_timeout"
            wait = closing.handle_vendor_error(lease, error, jitter=0.5)
        elif place == len(STEPS):
            lease.save(covers=demand.wanted_questions(lease.survey))
            closing.succeed(lease)
            self.done.setdefault(lease.connection.pk, []).append(self.now)
        else:
            wait = lease.put_back(wait or 0.0, state=Fetch.State.PENDING, step=STEPS[place][0], attempts=0)
        turn.end()
        tasks.go_on(uuid, wait, turn)

    def _count(self, connection: Connection, change: int) -> None:
        held = self.held[connection.pk] = self.held.get(connection.pk, 0) + change
        self.longest[connection.pk] = max(self.longest.get(connection.pk, 0), held)

    def look_up(self, connection: Connection, sent_at: float, delays: list[float]) -> float:
        """What a webhook's message asks for: one call to another vendor, which is well."""
        turn = turns.begin(Connection.objects.get(pk=connection.pk))

        def end() -> None:
            turn.end()
            delays.append(self.now - sent_at)

        self.at(self.now + 0.3, end)
        return 0.3


def connect(play: Play, kind: str, surveys: int) -> list[SurveyFeed]:
    connection = make_connection(frequency="hourly")
    play.kinds[connection.pk] = kind
    feeds = [make_feed(connection, make_survey(connection.source), next_due_at=START) for _ in range(surveys)]
    for feed in feeds:
        make_item(make_question(feed.survey))
    return feeds


@dataclass(frozen=True)
class Seen:
    """The longest that fetches and webhooks of the connections that are well had to wait, in seconds."""

    fetch: float
    webhook: float
    of_the_bad: int
    most_workers: int


def play_it(monkeypatch, workers: int, bad: tuple[str, ...], hours: float = 0.12, begin: float = 0.0) -> Seen:
    """Some minutes with crowds of these kinds; a survey that is well is due every 97 s from `begin` on, and messages come."""
    with time_machine.travel(START, tick=False) as clock:
        play = Play(clock, workers)
        monkeypatch.setattr(turns.Workers, "count", workers)
        monkeypatch.setattr(turns, "time", SimpleNamespace(monotonic=lambda: play.now))

        def send(arguments: tuple[str], countdown: float | None = None, **_options: object) -> None:
            play.send(lambda: play.fetch(arguments[0]), countdown or 0.0)

        monkeypatch.setattr(tasks.run_slice, "apply_async", send)
        monkeypatch.setattr(tasks.run_backfill_slice, "apply_async", send)
        for kind in bad:
            connect(play, kind, CROWD)
        [well] = connect(play, "well", 1)
        watched = make_connection()
        delays: list[float] = []
        waits: list[float] = []

        def told() -> None:
            since = play.now
            play.send(lambda: play.look_up(watched, since, delays))

        def ask() -> None:
            since = play.now
            fetch = Fetch.objects.create(
                feed=well, trigger=Fetch.Trigger.SCHEDULE, due_at=START + timedelta(seconds=since)
            )
            play.send(lambda: play.fetch(str(fetch.uuid)))
            play.at(since + 40, told)
            play.at(since + 96, lambda: waits.append(play.done[well.connection_id][-1] - since))
            play.at(since + 97, ask)

        SurveyFeed.objects.filter(pk=well.pk).update(next_due_at=None)
        play.at(0.0, play.tick)
        play.at(begin + 7.0, ask)
        play.run(begin + hours * 3600)
        worst = max((play.longest.get(pk, 0) for pk, kind in play.kinds.items() if kind != "well"), default=0)
        finished = sum(len(play.done.get(pk, ())) for pk, kind in play.kinds.items() if kind == "slow")
        assert len(waits) >= hours * 3600 / 97 - 2
        return Seen(max(waits), max(delays), finished, worst)


soak = pytest.mark.soak


@pytest.mark.parametrize(
    ("workers", "bad"),
    [
        (2, "slow"),
        (2, "hanging"),
        *(pytest.param(*each, marks=soak) for each in ((2, "failing"), (4, "slow"), (4, "hanging"), (4, "failing"))),
    ],
)
def test_with_several_workers_others_wait_at_most_twice_as_long(monkeypatch, workers, bad):
    normal = play_it(monkeypatch, workers, ())
    Fetch.objects.all().delete()
    seen = play_it(monkeypatch, workers, (bad,))
    assert seen.most_workers <= workers // 2
    assert seen.fetch <= 2 * normal.fetch
    assert seen.webhook <= 2 * normal.webhook
    if bad == "slow":
        assert seen.of_the_bad > 0  # it gets its data, too


@pytest.mark.parametrize("bad", ["slow", "hanging", pytest.param("failing", marks=soak)])
def test_with_one_worker_others_wait_at_most_one_call_longer(monkeypatch, bad):
    normal = play_it(monkeypatch, 1, ())
    Fetch.objects.all().delete()
    seen = play_it(monkeypatch, 1, (bad,))
    assert seen.fetch <= normal.fetch + BACKGROUND.json_seconds
    assert seen.webhook <= normal.webhook + BACKGROUND.json_seconds
    if bad == "slow":
        assert seen.of_the_bad > 0


@pytest.mark.soak
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_all_of_them_at_once_are_no_worse_once_they_are_known(monkeypatch, workers):
    normal = play_it(monkeypatch, workers, ())
    Fetch.objects.all().delete()
    seen = play_it(monkeypatch, workers, ("slow", "hanging", "failing", "slow"), hours=0.5, begin=120.0)
    limit = normal.fetch + BACKGROUND.json_seconds if workers == 1 else 2 * normal.fetch
    assert seen.fetch <= limit
    assert seen.of_the_bad > 0
