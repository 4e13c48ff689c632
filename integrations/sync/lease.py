"""The lease of a fetch: whoever holds it works, and each write checks the fence.

A worker that lost its lease changes nothing more: its next write raises `LeaseLost`.
"""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from feedback.models import Survey
from integrations.models import Connection, Fetch, SurveyFeed
from integrations.sync import plan, shutdown
from integrations.sync.failpoints import reach
from integrations.vendor import processes
from integrations.vendor.turns import Turn

LEASE = timedelta(seconds=settings.SYNC_LEASE_SECONDS)
SLICE = 200.0  # seconds of work, then the fetch goes back to the queue


class LeaseLost(Exception):
    """Another worker has taken the fetch over. Nothing of ours was written since."""


def claim(uuid: UUID | str) -> Fetch | None:
    """Take the fetch, if it is due and nobody else holds it. One conditional UPDATE, on every database the same."""
    fetch = Fetch.objects.filter(uuid=uuid)
    if not _take(fetch.filter(is_due() | is_orphaned())):
        held = fetch.filter(state=Fetch.State.RUNNING).values("fence", "holder").first()
        # A holder that died here need not be waited for; under its fence nobody else can take it at the same time.
        if held is None or not processes.is_dead(held["holder"]) or not _take(fetch.filter(**held)):
            return None
    reach("claimed")
    return fetch.select_related("feed__survey", "feed__connection", "connection").get()


def _take(fetch: QuerySet[Fetch]) -> bool:
    now = timezone.now()
    return bool(
        fetch.filter(state__in=Fetch.OPEN).update(
            state=Fetch.State.RUNNING,
            fence=F("fence") + 1,
            attempts=F("attempts") + 1,
            lease_until=now + LEASE,
            holder=processes.this_process(),
        )
    )


def is_due() -> Q:
    """Fetches whose time has come. A time further ahead than any we set was set before the clock was put back."""
    now = timezone.now()
    waits = Q(state__in=[Fetch.State.PENDING, Fetch.State.WAITING])
    return waits & (Q(due_at__lte=now) | Q(due_at__gt=now + plan.LONGEST_WAIT))


def is_orphaned() -> Q:
    """Fetches whose worker has let its lease run out; the same holds of leases as of due times."""
    now = timezone.now()
    return Q(state=Fetch.State.RUNNING) & (Q(lease_until__lt=now) | Q(lease_until__gt=now + 2 * LEASE))


class Lease:
    """One worker's turn with one fetch: the rows that it works on, and the way to write to them."""

    def __init__(self, fetch: Fetch, turn: Turn | None = None) -> None:
        self.fetch = fetch
        self.turn = turn  # with the vendor; without one there is no limit
        self.feed: SurveyFeed = fetch.feed
        self.survey: Survey = fetch.feed.survey
        self.connection: Connection = fetch.connection or fetch.feed.connection
        self.started = time.monotonic()
        self.last_renewal = self.started
        self.noted_work = self.started

    def is_over(self) -> bool:
        """Whether this turn has lasted long enough, or the worker is to end."""
        return shutdown.is_announced() or time.monotonic() - self.started > SLICE

    def may_go_on(self) -> bool:
        """Whether the next step belongs to this turn, too. Loading needs the vendor no more: others may call it meanwhile."""
        if self.is_over():
            return False
        if self.turn is None:
            return True
        if self.fetch.step in Fetch.CALLING:
            return not self.turn.is_over()
        self.turn.end()
        return True

    def save(self, **fields: object) -> None:
        """Write to the row as long as we hold it, else raise `LeaseLost`; renews the lease."""
        now = time.monotonic()
        fields.setdefault("lease_until", timezone.now() + LEASE)
        fields["work_seconds"] = self.fetch.work_seconds + now - self.noted_work
        held = Fetch.objects.filter(pk=self.fetch.pk, fence=self.fetch.fence, state=Fetch.State.RUNNING)
        if held.update(**fields) != 1:
            raise LeaseLost
        self.last_renewal = self.noted_work = now
        for name, value in fields.items():
            setattr(self.fetch, name, value)

    def put_back(self, seconds: float, *, state: str, **fields: object) -> float:
        """Give the fetch back, due again after `seconds`."""
        self.save(state=state, due_at=timezone.now() + timedelta(seconds=seconds), lease_until=None, **fields)
        return seconds

    def renew(self) -> None:
        """Keep the lease alive during long reading."""
        if self.turn:
            self.turn.note_call()
        if time.monotonic() - self.last_renewal > LEASE.total_seconds() / 4:
            self.save()

    def on_call(self, method: str, path: str) -> None:
        """Count a call to the vendor."""
        if self.turn:
            self.turn.note_call()
        self.save(calls=self.fetch.calls + 1)

    @property
    def spool(self) -> Path:
        """Where this export lies between its download and the end of its loading."""
        return settings.SPOOL_DIR / f"{self.fetch.uuid}-{self.fetch.export_attempts}.zip"
