"""What Celery calls for fetches. A message says only "look at this row"; losing one, or getting it twice, does no harm."""

from __future__ import annotations

from functools import partial

from celery import shared_task
from celery.signals import celeryd_after_setup, worker_shutting_down
from django.db import transaction

from integrations.models import Fetch
from integrations.sync import dispatch, engine, requests, shutdown
from integrations.sync.failpoints import reach
from integrations.troubles.wakeups import Wakeup
from integrations.vendor import turns

worker_shutting_down.connect(shutdown.announce, dispatch_uid="integrations.stop_soon")
celeryd_after_setup.connect(turns.Workers.note, dispatch_uid="integrations.note_workers")


@shared_task
def run_slice(uuid: str) -> None:
    """Work on a fetch for a while, and wake workers for the rest and for the connection's next one."""
    fetch = _find(uuid)
    if fetch is None or not fetch.is_open:
        return
    if fetch.step not in Fetch.CALLING:
        go_on(uuid, engine.run(uuid))
        return
    try:
        with turns.turn(fetch.feed.connection, asked=fetch.is_asked) as turn:
            wait = engine.run(uuid, turn)
    except turns.NoTurn as refused:
        step_aside(fetch, refused)
    else:
        go_on(uuid, wait, turn)


def go_on(uuid: str, wait: float | None, turn: turns.Turn | None = None) -> None:
    """After a turn: wake a worker for the rest of the fetch, in `wait` seconds, and one for the connection's next fetch."""
    fetch = _find(uuid)
    if fetch is None:
        return
    takes_turns = turn is not None and fetch.step in Fetch.CALLING
    if wait is not None and not (takes_turns and wait == 0):
        notify_worker(uuid, full=fetch.full, countdown=wait)
    elif not fetch.is_open and (more := requests.ask_for_missing(fetch.feed)):
        notify_worker(more.uuid, full=more.full)  # a question was mapped while this fetch ran
    if turn and (following := dispatch.next_of(fetch.feed.connection)):
        notify_worker(following.uuid, full=following.full, countdown=turn.rest)


def step_aside(fetch: Fetch, refused: turns.NoTurn) -> None:
    """Hold no worker. The connection's oldest fetch comes back by itself; the others are woken by the one before them."""
    if refused.wait is not None and fetch == dispatch.next_of(fetch.feed.connection):
        notify_worker(fetch.uuid, full=fetch.full, countdown=refused.wait)


def _find(uuid: str) -> Fetch | None:
    return Fetch.objects.select_related("feed__connection", "feed__survey").filter(uuid=uuid).first()


@shared_task
def run_backfill_slice(uuid: str) -> None:
    """Work on a long fetch: the same, on a queue of its own, so that long loads do not hold up short ones."""
    run_slice(uuid)


_FETCH, _BACKFILL = Wakeup(run_slice), Wakeup(run_backfill_slice)


def notify_worker(uuid: object, *, full: bool, countdown: float = 0.0) -> None:
    """Wake a worker for this fetch."""
    reach("publish")
    (_BACKFILL if full else _FETCH).notify_worker(str(uuid), countdown)


def notify_on_commit(*fetches: Fetch) -> None:
    """Wake a worker for each once it is in the database. For whatever asks for a fetch: views, the API, receivers."""
    for fetch in fetches:
        transaction.on_commit(partial(notify_from_web, fetch))


def notify_from_web(fetch: Fetch) -> None:
    """Wake a worker for this fetch from a web request."""
    reach("publish")
    (_BACKFILL if fetch.full else _FETCH).notify_from_web(str(fetch.uuid))
