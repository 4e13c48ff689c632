"""The sandbox's own time: real time plus an offset that the control surface may move."""

import re
import time
from datetime import UTC, datetime
from functools import lru_cache

SECOND = 1000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
WEEK = 7 * DAY

# Qualtrics wants the seconds and a zone: `2026-11-01T00:00:00Z` or `...-07:00`.
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)", re.ASCII)


class Clock:
    """Milliseconds since 1970, as the pretend Qualtrics sees them."""

    def __init__(self, start: datetime | None = None) -> None:
        self._offset = 0
        self._held_at: int | None = None
        if start is not None:
            self.set(to_ms(start))

    def now(self) -> int:
        """The present moment."""
        return self._real() + self._offset if self._held_at is None else self._held_at

    def set(self, moment: int) -> None:
        """Jump to this moment; time runs on from there unless it is held."""
        if self._held_at is not None:
            self._held_at = moment
        self._offset = moment - self._real()

    def advance(self, milliseconds: int) -> None:
        """Jump forwards (or back, with a negative number)."""
        self.set(self.now() + milliseconds)

    def hold(self, held: bool = True) -> None:
        """Stop time, or let it run on from where it stands."""
        now = self.now()
        self._held_at = now if held else None
        self._offset = now - self._real()

    @staticmethod
    def _real() -> int:
        return time.time_ns() // 1_000_000


def to_ms(moment: datetime) -> int:
    """A moment with a zone, as milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def to_datetime(moment: int) -> datetime:
    """Milliseconds since 1970, as a moment in UTC."""
    return datetime.fromtimestamp(moment / 1000, tz=UTC)


def parse_moment(text: object) -> int | None:
    """An ISO text with seconds and zone as milliseconds; None if it is anything else."""
    if not isinstance(text, str) or not ISO.fullmatch(text):
        return None
    try:
        return to_ms(datetime.fromisoformat(text))
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    return datetime.fromtimestamp(number * 86400, tz=UTC).strftime("%Y-%m-%d")


def iso(moment: int) -> str:
    """`2026-11-03T09:15:02Z`"""
    days, rest = divmod(moment // 1000, 86400)
    return f"{_day(days)}T{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}Z"


def iso_ms(moment: int) -> str:
    """`2026-11-03T09:17:41.204Z`"""
    return f"{iso(moment)[:-1]}.{moment % 1000:03}Z"


def plain(moment: int) -> str:
    """`2026-11-03 09:15:02`, the form of CSV cells and of webhooks."""
    return iso(moment)[:-1].replace("T", " ")
