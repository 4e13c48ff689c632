"""What Celery calls for watches."""

from __future__ import annotations

from celery import shared_task

from integrations.models import Connection, ResponseWatch
from integrations.sync.tasks import notify_worker
from integrations.troubles.wakeups import Wakeup
from integrations.webhooks import inbox, subscriptions
from kpis.counting.refresh import refresh_changed_days


@shared_task
def look_up(watch: int) -> None:
    """Look up the responses that messages told of, show their numbers, and wake a worker for the rest."""
    outcome = inbox.process_due(watch)
    if outcome.changed:
        refresh_changed_days(outcome.changed)
    if outcome.fetch:
        notify_worker(outcome.fetch.uuid, full=outcome.fetch.full)
    if outcome.wait is not None:
        INBOX.notify_worker(watch, outcome.wait)


INBOX = Wakeup(look_up)


@shared_task
def move_watch(watch: int) -> None:
    """Let the connection that feeds a survey by now tell of its responses."""
    found = ResponseWatch.objects.filter(pk=watch, is_ending=False).select_related("survey").first()
    if found:
        subscriptions.move_watch(found)


@shared_task
def check_watches(connection: int) -> None:
    """Compare a connection's watches with what the vendor knows of them."""
    found = Connection.objects.filter(pk=connection).first()
    if found:
        subscriptions.check_connection(found)
