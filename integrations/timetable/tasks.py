"""What Celery calls. A message says only "look at this row"; losing one, or getting it twice, does no harm."""

from __future__ import annotations

import logging

from celery import shared_task
from celery.signals import worker_shutting_down
from kombu.exceptions import OperationalError

from integrations.distributions import sending, statistics
from integrations.health import alerts, delivery, emails
from integrations.models import Connection, Distribution, Fetch
from integrations.sync import dispatch, engine, requests, shutdown
from integrations.sync.failpoints import reach
from integrations.timetable import clock, maintenance
from integrations.webhooks import inbox, subscriptions
from kpis.counting.refresh import refresh_changed_days

logger = logging.getLogger(__name__)

# Kept by the broker at most this long: the tick rings again for whatever is still due.
_RING_EXPIRES = 120
_LONGEST_COUNTDOWN = 240

worker_shutting_down.connect(shutdown.announce, dispatch_uid="integrations.stop_soon")


@shared_task(name="integrations.tasks.dispatch", ignore_result=True)
def tick() -> None:
    """Open the fetches that are due, wake workers for them, and refresh what a crash left unrefreshed."""
    clock.keep_time()
    opened = dispatch.open_due_fetches()
    for uuid, full in dispatch.fetches_to_wake():
        ring(uuid, full=full)
    for survey in dispatch.surveys_left_to_refresh():
        refresh_changed_days(survey)
    for watch in inbox.watches_to_wake():
        ring_look_up(watch)
    for connection in subscriptions.connections_to_check():
        check_watches.delay(connection)
    sending.own_up()
    for distribution in statistics.to_ask():
        ask_statistics.delay(distribution)
    if opened:
        logger.info("Opened %d fetches", opened)
    for queue in clock.queues_to_ask():
        give_sign.apply_async((queue,), queue=queue, expires=clock.ASK_EVERY.total_seconds())
    alerts.look()
    for target in delivery.targets_to_wake():
        ring_target(target)
    if emails.letters_are_due():
        write_letters.delay()
    if clock.upkeep_is_due():
        maintenance.keep_up()


@shared_task
def run_slice(uuid: str) -> None:
    """Work on a fetch for a while, and ring again for the rest."""
    wait = engine.run(uuid)
    fetch = Fetch.objects.select_related("feed__connection", "feed__survey").filter(uuid=uuid).first()
    if fetch is None:
        return
    if wait is not None:
        ring(uuid, full=fetch.full, countdown=wait)
    elif not fetch.is_open and (more := requests.ask_for_missing(fetch.feed)) and fetch.state != Fetch.State.FAILED:
        ring(more.uuid, full=more.full)  # a question was mapped while this fetch ran


@shared_task
def run_backfill_slice(uuid: str) -> None:
    """The same, on the queue for long loads, so that these do not hold up short ones."""
    run_slice(uuid)


def ring(uuid: object, *, full: bool, countdown: float = 0.0) -> None:
    """Wake a worker for this fetch. A long wait is left to the tick."""
    if countdown > _LONGEST_COUNTDOWN:
        return
    reach("publish")
    task = run_backfill_slice if full else run_slice
    task.apply_async(
        (str(uuid),), countdown=countdown or None, expires=countdown + _RING_EXPIRES, argsrepr="(uuid)", kwargsrepr="{}"
    )


def wake(fetch: Fetch) -> None:
    """Ring from a web request. With the broker away the row waits for the next tick, and the page still answers."""
    try:
        ring(fetch.uuid, full=fetch.full)
    except (OperationalError, OSError):
        logger.warning("The broker did not take the message for fetch %s; the next tick will", fetch.uuid)


@shared_task
def look_up(watch: int) -> None:
    """Look up the responses that messages told of, show their numbers, and ring again for the rest."""
    outcome = inbox.work_off(watch)
    if outcome.changed:
        refresh_changed_days(outcome.changed)
    if outcome.fetch:
        ring(outcome.fetch.uuid, full=outcome.fetch.full)
    if outcome.wait is not None:
        ring_look_up(watch, outcome.wait)


@shared_task
def check_watches(connection: int) -> None:
    """Compare a connection's watches with what the vendor knows of them."""
    found = Connection.objects.filter(pk=connection).first()
    if found:
        subscriptions.check_connection(found)


@shared_task
def ask_statistics(distribution: int) -> None:
    """Ask the vendor how far a distribution is."""
    found = Distribution.objects.select_related("connection").filter(pk=distribution).first()
    if found:
        statistics.ask(found)


@shared_task
def give_sign(queue: str) -> None:
    """A worker of this queue is alive."""
    clock.note_answer(queue)


@shared_task
def write_letters() -> None:
    """Tell the admins what is new about alerts."""
    emails.write_letters()


@shared_task
def send_alert_messages(target: int) -> None:
    """Send what waits for this webhook, and ring again for the rest."""
    wait = delivery.work_off(target)
    if wait is not None:
        ring_target(target, wait)


def ring_target(target: int, countdown: float = 0.0) -> None:
    """Wake a worker for the messages that wait for this webhook. A long wait is left to the tick."""
    if countdown <= _LONGEST_COUNTDOWN:
        send_alert_messages.apply_async((target,), countdown=countdown or None, expires=countdown + _RING_EXPIRES)


def wake_target(target: int) -> None:
    """The same from a web request; with the broker away, the next tick finds what is due."""
    try:
        ring_target(target)
    except (OperationalError, OSError):
        logger.warning("The broker did not take the message for webhook %s; the next tick will", target)


def ring_look_up(watch: int, countdown: float = 0.0) -> None:
    """Wake a worker for what messages of this watch told. A long wait is left to the tick."""
    if countdown <= _LONGEST_COUNTDOWN:
        look_up.apply_async((watch,), countdown=countdown or None, expires=countdown + _RING_EXPIRES)


def wake_look_up(watch: int, countdown: float) -> None:
    """The same from a web request; with the broker away, the next tick finds what is due."""
    try:
        ring_look_up(watch, countdown)
    except (OperationalError, OSError):
        logger.warning("The broker did not take the message for watch %s; the next tick will", watch)
