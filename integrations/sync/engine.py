"""Carries a fetch through its steps: ask for an export, wait for it, download it, load it, close the books.

The row in the database is the job. Whoever holds its lease works; each commit checks the fence, so that a worker that
lost its lease changes nothing more. Each batch commits its rows, its checkpoint and its counts together: a crash at any
point loses nothing and repeats nothing. While Qualtrics prepares an export no worker waits: the row gets a due time.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from integrations.models import Fetch
from integrations.qualtrics.client import QualtricsClient
from integrations.sync import closing, plan, steps
from integrations.sync.lease import Lease, LeaseLost, claim
from integrations.sync.loading import load
from integrations.troubles.errors import QualtricsError
from integrations.vendor.clients import BACKGROUND, client_for
from integrations.vendor.turns import Turn

logger = logging.getLogger(__name__)

STEPS: dict[str, Callable[[Lease, QualtricsClient], float | None]] = {
    Fetch.Step.START: steps.start,
    Fetch.Step.QUESTIONS: steps.read_questions,
    Fetch.Step.EXPORT: steps.ask_for_export,
    Fetch.Step.POLL: steps.poll,
    Fetch.Step.DOWNLOAD: steps.download,
    Fetch.Step.LOAD: load,
    Fetch.Step.FINISH: steps.finish,
}


def run(uuid: UUID | str, turn: Turn | None = None) -> float | None:
    """Work on the fetch for a while. Seconds until somebody should look at it again; None if nobody needs to.

    `turn`: the one that was taken with its connection; without it, work goes on as long as a slice lasts.
    """
    fetch = claim(uuid)
    if fetch is None:
        return None
    try:
        return work(Lease(fetch, turn))
    except LeaseLost:
        logger.warning("Fetch %s was taken over by another worker", uuid)
        return None


def work(lease: Lease) -> float | None:
    """Take step after step until the fetch is closed, must wait, or this turn is over."""
    fetch, connection = lease.fetch, lease.connection
    if fetch.attempts > plan.MAX_CLAIMS:
        closing.give_up(lease, Fetch.State.QUARANTINED, "crashed_repeatedly")
        return None
    if code := connection.hindrance(asked=True):
        closing.give_up(lease, Fetch.State.CANCELLED, code, failed=False)
        return None
    if fetch.failures and fetch.step in Fetch.PLACES and not steps.take_place(lease):
        return steps.wait_for_place(lease)
    if fetch.started_at is None:
        lease.save(started_at=timezone.now())
    try:
        with client_for(connection, limits=BACKGROUND, on_call=lease.on_call) as client:
            while fetch.is_open:
                wait = STEPS[fetch.step](lease, client)
                if wait is not None:
                    return wait
                if not lease.may_go_on():
                    return lease.put_back(0.0, state=Fetch.State.PENDING)
    except QualtricsError as error:
        return closing.handle_vendor_error(lease, error, jitter=random.random())  # noqa: S311 (spreads retries)
    except (OperationalError, InterfaceError) as error:
        return closing.database_trouble(lease, error)
    return None
