"""Whether workers are alive: each queue is asked now and then, and notes that it was heard."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from integrations.models import Timekeeping

# Workers of these queues are asked for a sign of life this often; the ticks themselves are one of the default queue.
QUEUES = ("sync", "backfill")
ASK_EVERY = timedelta(minutes=5)


def queues_to_ask() -> tuple[str, ...]:
    """The queues whose workers are to give a sign of life now; each time for one caller only."""
    now = timezone.now()
    due = (
        Q(asked_queues_at=None)
        | Q(asked_queues_at__lte=now - ASK_EVERY)
        | Q(asked_queues_at__gt=now + Timekeeping.PUT_BACK)
    )
    return QUEUES if Timekeeping.objects.filter(due).update(asked_queues_at=now) else ()


def note_heartbeat(queue: str) -> None:
    """A worker of this queue is alive."""
    if queue in QUEUES:
        Timekeeping.objects.update(**{f"{queue}_answered_at": timezone.now()})
