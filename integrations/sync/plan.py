"""Decides how a fetch goes on. Sees data only: no database, no network, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

# Re-read this much before the newest known change: responses reach exports some seconds late, and clocks differ.
OVERLAP = timedelta(hours=1)
# Qualtrics keeps a continuation token for a week.
TOKEN_LIFE = timedelta(days=6)
# A sentiment is worked out after its response was recorded, and the vendor need not date that as a change: so long, and for
# so many responses, those whose comment has none yet are asked for again.
LATE_SENTIMENTS = timedelta(days=3)
MOST_UNANALYSED = 5000
MAX_EXPORT_ATTEMPTS = 3
MAX_FAILURES = 5
MAX_CLAIMS = 5
MAX_DATABASE_FAILURES = 3
GIVE_UP_WAITING = timedelta(minutes=60)
_POLL_DELAYS = (1, 1, 2, 2, 4, 8, 15)
_LONGEST_POLL = 30
_RETRY_BASE, _RETRY_LONGEST = 15, 900
# No due time is set further ahead than this.
LONGEST_WAIT = timedelta(minutes=20)

# {question pk as text: first local day whose responses are wanted or here; None for all}
Coverage = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Window:
    """What to ask the vendor for: everything, what changed since `start`, or since a continuation token."""

    full: bool
    start: datetime | None = None
    continuation: str = ""


def missing(wanted: Coverage, covered: Coverage) -> bool:
    """Whether history is wanted that is not here: a question never fetched, or an earlier first day."""
    for question, first_day in wanted.items():
        if question not in covered:
            return True
        here = covered[question]
        if here is not None and (first_day is None or first_day < here):
            return True
    return False


def window(
    *,
    wanted: Coverage,
    covered: Coverage,
    known_until: datetime | None,
    token: str,
    token_at: datetime | None,
    now: datetime,
    unanalysed_since: datetime | None = None,
    full: bool = False,
) -> Window:
    """The window of a new fetch. `known_until` and `token` come from the vendor's own data, never from our clock.

    `unanalysed_since`: from here on responses are wanted although they may not have changed.
    """
    if full or known_until is None or missing(wanted, covered):
        return Window(full=True)
    if unanalysed_since:
        return Window(full=False, start=min(unanalysed_since, known_until - OVERLAP))
    if token and token_at and now - token_at < TOKEN_LIFE:
        return Window(full=False, continuation=token)
    return Window(full=False, start=known_until - OVERLAP)


def first_day(wanted: Coverage) -> date | None:
    """The earliest day that anybody wants; None if somebody wants all of them."""
    days = list(wanted.values())
    if not days or None in days:
        return None
    return date.fromisoformat(min(day for day in days if day))


def poll_delay(polls: int) -> float:
    """Seconds until the next look at an export that is being prepared."""
    return _POLL_DELAYS[polls] if polls < len(_POLL_DELAYS) else _LONGEST_POLL


def retry_delay(failures: int, retry_after: float | None, jitter: float) -> float:
    """Seconds until the next try after passing trouble: what the vendor asked for, else doubling; `jitter` in 0…1."""
    wanted = min(_RETRY_BASE * 2 ** max(0, failures - 1), _RETRY_LONGEST) if retry_after is None else retry_after
    return min(max(wanted, 1.0), _RETRY_LONGEST) * (1 + 0.25 * jitter)


def database_delay(failures: int) -> float:
    """Seconds until the next try after the database failed."""
    return 1.0 * 2**failures


def circuit_delay(failures_in_a_row: int) -> timedelta | None:
    """How long a connection whose calls keep failing is left alone; None while it may go on."""
    if failures_in_a_row < MAX_FAILURES:
        return None
    return timedelta(minutes=min(5 * 2 ** (failures_in_a_row - MAX_FAILURES), 60))
