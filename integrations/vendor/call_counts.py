"""Counts the calls made through each connection, hour by hour, to be held against what Qualtrics allows a minute."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import Case, F, Max, Q, Sum, Value, When
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.models import CallCount, Connection
from integrations.qualtrics.limits import ALL, FAMILIES, family_of

logger = logging.getLogger(__name__)

KEEP = timedelta(days=35)
DAY = timedelta(days=1)


class CallMeter:
    """Counts in memory, and writes when a minute or the client is over: a call costs no query of its own.

    A process that dies takes the counts of its last minute with it. They are figures for people; no limit relies on them.
    """

    def __init__(self, connection: int) -> None:
        self._connection = connection
        self._minute: datetime | None = None
        self._counts: Counter[str] = Counter()

    def count(self, method: str, path: str) -> None:
        """One call is about to be sent."""
        minute = timezone.now().replace(second=0, microsecond=0)
        if minute != self._minute:
            self.write()
            self._minute = minute
        self._counts.update({ALL, family_of(method, path)})

    def write(self) -> None:
        """Add what was counted. Work never fails because of it."""
        counts, self._counts = self._counts, Counter()
        if not counts or self._minute is None:
            return
        try:
            with transaction.atomic():
                for family in sorted(counts):  # in one order, so that writers do not wait for each other in a circle
                    _add(self._connection, family, self._minute, counts[family])
        except DatabaseError as error:
            logger.warning("%d calls of connection %s were not counted: %s", counts[ALL], self._connection, error)


def _add(connection: int, family: str, minute: datetime, calls: int) -> None:
    hour = minute.replace(minute=0)
    row = CallCount.objects.filter(connection=connection, family=family, hour=hour)
    in_minute = Case(When(minute=minute, then=F("in_minute") + calls), default=Value(calls))
    written = {
        "calls": F("calls") + calls,
        "minute": minute,
        "in_minute": in_minute,
        "busiest_minute": Greatest(F("busiest_minute"), in_minute),
    }
    # The last calls of a connection may be those that follow its deletion.
    if not row.update(**written) and Connection.objects.filter(pk=connection).exists():
        CallCount.objects.get_or_create(connection_id=connection, family=family, hour=hour, defaults={"minute": minute})
        row.update(**written)


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls of one family in the last 24 hours. `busiest_minute` and `a_minute` (the limit) are calls a minute."""

    family: str
    label: str
    calls: int
    busiest_minute: int
    a_minute: int

    @property
    def share(self) -> float:
        """Per cent of the limit that the busiest minute used."""
        return 100 * self.busiest_minute / self.a_minute


def usage_of(connection: Connection, now: datetime) -> list[Usage]:
    """All calls first, then the families with a limit of their own that were called at all."""
    found = {row["family"]: row for row in _sums(Q(connection=connection), now, "family")}
    return [
        Usage(family.key, label_of(family.key), row["total"], row["busiest"], family.a_minute)
        for family in FAMILIES
        if (row := found.get(family.key) or ({"total": 0, "busiest": 0} if family.key == ALL else None))
    ]


def usage_by_connection(now: datetime) -> dict[int, Usage]:
    """All calls of each connection that made any, by its key."""
    limit = FAMILIES[0].a_minute
    return {
        row["connection"]: Usage(ALL, label_of(ALL), row["total"], row["busiest"], limit)
        for row in _sums(Q(family=ALL), now, "connection")
    }


def _sums(which: Q, now: datetime, by: str) -> list[dict]:
    rows = CallCount.objects.filter(which, hour__gt=now - DAY).order_by()
    return list(rows.values(by).annotate(total=Sum("calls"), busiest=Max("busiest_minute")))


def label_of(family: str) -> str:
    """What the calls of a family do."""
    return {
        ALL: _("All calls"),
        "exports": _("Exports asked for"),
        "progress": _("Looks whether an export is ready"),
        "files": _("Exports downloaded"),
        "responses": _("Single responses read"),
        "schemas": _("Response schemas read"),
        "subscriptions": _("Webhook subscriptions"),
        "contacts": _("Changes of contacts and mailing lists"),
    }[family]


def forget_old_counts() -> int:
    """Counts that nobody looks at any more; how many went."""
    return CallCount.objects.filter(hour__lt=timezone.now() - KEEP).delete()[0]
