"""What Celery calls for joins and for the lists of surveys that they rest on."""

from __future__ import annotations

import logging

from celery import shared_task

from integrations.joining import joining
from integrations.models import Connection
from integrations.surveys.catalogue import surveys_of
from integrations.troubles.wakeups import Wakeup

logger = logging.getLogger(__name__)


@shared_task
def join_twins(join: int) -> None:
    """Join two rows that are one survey, for a while, and wake a worker for the rest."""
    wait = joining.work(join)
    if wait is not None:
        JOINS.notify_worker(join, wait)


JOINS = Wakeup(join_twins)


@shared_task
def read_list(connection: int) -> None:
    """Read which surveys a connection sees: it may stand by for others of its brand."""
    found = Connection.objects.filter(pk=connection).first()
    if found and (trouble := surveys_of(found).trouble):
        logger.warning("The surveys of connection %s cannot be listed: %s", connection, trouble.title)
