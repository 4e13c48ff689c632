"""What Celery calls for health and alerts."""

from __future__ import annotations

from celery import shared_task

from integrations.health import delivery, emails, workers
from integrations.troubles.wakeups import Wakeup


@shared_task
def heartbeat(queue: str) -> None:
    """Note that a worker of this queue is alive."""
    workers.note_heartbeat(queue)


@shared_task
def send_alert_emails() -> None:
    """Tell the admins what is new about alerts."""
    emails.send_alert_emails()


@shared_task
def send_alert_messages(endpoint: int) -> None:
    """Send what waits for this endpoint, and wake a worker for the rest."""
    wait = delivery.process_due(endpoint)
    if wait is not None:
        MESSAGES.notify_worker(endpoint, wait)


MESSAGES = Wakeup(send_alert_messages)
