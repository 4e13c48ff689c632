"""What Celery calls for fetches. A message says only "look at this row"; losing one, or getting it twice, does no harm."""

from __future__ import annotations

from functools import partial

from celery import shared_task
from celery.signals import worker_shutting_down
from django.db import transaction

from integrations.models import Fetch
from integrations.sync import engine, requests, shutdown
from integrations.sync.failpoints import reach
from integrations.troubles.wakeups import Wakeup

worker_shutting_down.connect(shutdown.announce, dispatch_uid="integrations.stop_soon")


@shared_task
def run_slice(uuid: str) -> None:
    """Work on a fetch for a while, and wake a worker for the rest."""
    wait = engine.run(uuid)
    fetch = Fetch.objects.select_related("feed__connection", "feed__survey").filter(uuid=uuid).first()
    if fetch is None:
        return
    if wait is not None:
        notify_worker(uuid, full=fetch.full, countdown=wait)
    elif not fetch.is_open and (more := requests.ask_for_missing(fetch.feed)) and fetch.state != Fetch.State.FAILED:
        notify_worker(more.uuid, full=more.full)  # a question was mapped while this fetch ran


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
