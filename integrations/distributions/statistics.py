"""How far the vendor is with a distribution: status and statistics, asked when a person wants it and now and then."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from integrations.distributions.rules import PATH
from integrations.models import Distribution
from integrations.models.due import take_due
from integrations.qualtrics.gateway import Limits
from integrations.qualtrics.records import mapping, text
from integrations.troubles.errors import NotFound, QualtricsError
from integrations.troubles.isolation import Parts
from integrations.vendor import turns
from integrations.vendor.clients import BACKGROUND, INTERACTIVE, client_for

logger = logging.getLogger(__name__)

COUNTED = ("sent", "opened", "started", "finished", "bounced", "failed")
# People answer within days: asked often at first, then daily, then not by itself any more.
FRESH, FRESH_EVERY = timedelta(days=3), timedelta(hours=1)
RECENT, RECENT_EVERY = timedelta(days=30), timedelta(days=1)
SOON = timedelta(minutes=1)
# In one tick; the others wait for the next one.
_AT_ONCE = 20


def first_ask_at(distribution: Distribution) -> datetime:
    """When to ask first: soon after it is sent."""
    return max(timezone.now(), distribution.send_at) + SOON


def refresh(
    distribution: Distribution, limits: Limits = INTERACTIVE, on_call: Callable[[str, str], None] | None = None
) -> None:
    """Ask for status and statistics, and keep them. Raises `QualtricsError`; what was told last stays then."""
    with client_for(distribution.connection, limits=limits, on_call=on_call) as client:
        path = (*PATH[distribution.kind], distribution.external_id)
        found = client.get(*path, query={"surveyId": distribution.survey_external_id})
    counted, now = mapping(found.get("stats")), timezone.now()
    distribution.vendor_status = text(found.get("requestStatus"))[:40]
    distribution.statistics = {
        name: int(counted[name]) for name in COUNTED if isinstance(counted.get(name), int | float)
    }
    distribution.statistics_at = now
    distribution.next_ask_at = _next_ask_at(distribution, now)
    distribution.save(update_fields=["vendor_status", "statistics", "statistics_at", "next_ask_at"])


def to_ask(parts: Parts) -> list[int]:
    """Distributions whose statistics are due; each is given to one caller only."""
    sent = Distribution.objects.filter(state=Distribution.State.SENT)
    due = sent.filter(next_ask_at__lte=timezone.now()).order_by("next_ask_at").values_list("pk", flat=True)[:_AT_ONCE]
    taken = []
    for pk in due:
        with parts.alone(f"distribution {pk}"):
            if take_due(sent.filter(pk=pk), "next_ask_at", FRESH_EVERY):
                taken.append(pk)
    return taken


def ask(distribution: Distribution) -> None:
    """Refresh in the background: trouble is logged, and it is tried again when its turn comes."""
    connection = distribution.connection
    if connection.hindrance():
        return
    try:
        with turns.turn(connection) as turn:
            refresh(distribution, BACKGROUND, on_call=turn.note_call)
    except turns.NoTurn:
        Distribution.objects.filter(pk=distribution.pk).update(next_ask_at=timezone.now() + SOON)
    except NotFound:  # somebody deleted it in Qualtrics
        Distribution.objects.filter(pk=distribution.pk).update(next_ask_at=None)
    except QualtricsError as error:
        logger.info("The statistics of distribution %s cannot be read: %s", distribution.pk, error)


def _next_ask_at(distribution: Distribution, now: datetime) -> datetime | None:
    age = now - distribution.send_at
    if age < timedelta(0):
        return distribution.send_at + SOON
    if age < FRESH:
        return now + FRESH_EVERY
    return now + RECENT_EVERY if age < RECENT else None
