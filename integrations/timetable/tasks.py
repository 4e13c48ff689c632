"""What beat sends: one tick; what is due stands in the database."""

from __future__ import annotations

import logging

from celery import shared_task

from integrations.distributions import sending, statistics
from integrations.distributions.tasks import ask_statistics
from integrations.health import alerts, delivery, emails, workers
from integrations.health.tasks import MESSAGES, heartbeat, send_alert_emails
from integrations.sync import dispatch
from integrations.sync.tasks import notify_worker
from integrations.timetable import clock, maintenance
from integrations.webhooks import inbox, subscriptions
from integrations.webhooks.tasks import INBOX, check_watches
from kpis.counting.refresh import refresh_changed_days

logger = logging.getLogger(__name__)


@shared_task
def tick() -> None:
    """Open the fetches that are due, wake workers for them, and refresh what a crash left unrefreshed."""
    clock.keep_time()
    opened = dispatch.open_due_fetches()
    for uuid, full in dispatch.fetches_to_resume():
        notify_worker(uuid, full=full)
    for survey in dispatch.surveys_left_to_refresh():
        refresh_changed_days(survey)
    for watch in inbox.watches_to_process():
        INBOX.notify_worker(watch)
    for connection in subscriptions.connections_to_check():
        check_watches.delay(connection)
    sending.mark_lost_sends()
    for distribution in statistics.to_ask():
        ask_statistics.delay(distribution)
    if opened:
        logger.info("Opened %d fetches", opened)
    for queue in workers.queues_to_ask():
        heartbeat.apply_async((queue,), queue=queue, expires=workers.ASK_EVERY.total_seconds())
    alerts.evaluate()
    for endpoint in delivery.endpoints_to_notify():
        MESSAGES.notify_worker(endpoint)
    if emails.emails_are_due():
        send_alert_emails.delay()
    if clock.upkeep_is_due():
        maintenance.run_maintenance()
