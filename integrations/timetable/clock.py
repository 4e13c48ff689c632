"""What ticks and upkeep agree on through one row: when they came last, and whether the clock was put back since."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from integrations.models import (
    Alert,
    AlertMessage,
    Connection,
    Delivery,
    Distribution,
    ResponseWatch,
    SurveyFeed,
    Timekeeping,
    WorkerSlot,
)
from integrations.sync import demand
from integrations.troubles.isolation import Parts

logger = logging.getLogger(__name__)

_THE_ROW = 1
UPKEEP_EVERY = timedelta(days=1)
# After one that failed or lost its process.
UPKEEP_AGAIN = timedelta(hours=1)
# When something is to be looked at next; looking earlier does no harm.
_DUE_TIMES = (
    (Alert, "email_due_at"),
    (AlertMessage, "due_at"),
    (Connection, "open_until"),
    (Delivery, "due_at"),
    (Distribution, "next_ask_at"),
    (ResponseWatch, "next_check_at"),
    (SurveyFeed, "look_at"),
    (WorkerSlot, "free_at"),
)


def keep_time() -> None:
    """Note this tick. If the clock was put back since the last one, plan anew what would otherwise come much too late."""
    now = timezone.now()
    row, _created = Timekeeping.objects.get_or_create(pk=_THE_ROW)
    was_put_back = row.ticked_at is not None and now < row.ticked_at - Timekeeping.PUT_BACK
    Timekeeping.objects.filter(pk=_THE_ROW).update(ticked_at=now)
    if was_put_back:
        logger.warning("The clock was put back since the last tick: all feeds are planned anew")
        _plan_anew(now)


def _plan_anew(now: datetime) -> None:
    with Parts() as parts:
        for model, field in _DUE_TIMES:
            with parts.alone(f"{model.__name__}.{field}"):
                model._default_manager.filter(**{f"{field}__gt": now}).update(**{field: now})
        for feed in SurveyFeed.objects.exclude(next_due_at=None).select_related("survey", "connection"):
            name = f"feed {feed.pk}"
            with parts.alone(name):
                SurveyFeed.objects.filter(pk=feed.pk).update(next_due_at=demand.next_due(feed, now))
            if name in parts.failed:
                with parts.alone(name):  # due at once, rather than much too late
                    SurveyFeed.objects.filter(pk=feed.pk).update(next_due_at=now)


def upkeep_is_due() -> bool:
    """Whether the last upkeep was longer ago than a day; true once, for whoever asks first, and then again after an hour.

    Whoever does it says so with `note_upkeep`: what fails must not wait for another day.
    """
    now = timezone.now()
    due = Q(kept_up_at=None) | Q(kept_up_at__lte=now - UPKEEP_EVERY) | Q(kept_up_at__gt=now + Timekeeping.PUT_BACK)
    again = now - UPKEEP_EVERY + UPKEEP_AGAIN
    return bool(Timekeeping.objects.filter(due, pk=_THE_ROW).update(kept_up_at=again))


def note_upkeep() -> None:
    """It was done: the next one comes in a day."""
    Timekeeping.objects.filter(pk=_THE_ROW).update(kept_up_at=timezone.now())
