"""When the next fetch of a feed is due: hourly, or at a local time of the organisation, daylight saving included."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from feedback.models import Frequency


def next_slot(frequency: str, at_time: time, weekday: int, zone: ZoneInfo, after: datetime) -> datetime:
    """The first slot later than `after` (aware), in UTC. `weekday`: 0 is Monday; used by weekly feeds only."""
    if frequency == Frequency.HOURLY:
        hour = settings.HOUR_SECONDS
        return datetime.fromtimestamp((after.timestamp() // hour + 1) * hour, UTC)
    day = after.astimezone(zone).date() - timedelta(days=1)
    while True:
        if frequency == Frequency.DAILY or day.weekday() == weekday:
            slot = at_local_time(day, at_time, zone)
            if slot > after:
                return slot
        day += timedelta(days=1)


def at_local_time(day: date, at_time: time, zone: ZoneInfo) -> datetime:
    """This local time of this day, in UTC: the first of the two where clocks are set back; where they are set forward
    and the time does not exist, as much later as the clocks jump. Every day has exactly one."""
    return datetime.combine(day, at_time, zone).replace(fold=0).astimezone(UTC)


def interval(frequency: str) -> timedelta:
    """Time between two slots, for judging whether data are stale."""
    match frequency:
        case Frequency.HOURLY:
            return timedelta(seconds=settings.HOUR_SECONDS)
        case Frequency.WEEKLY:
            return timedelta(days=7)
        case _:
            return timedelta(days=1)


def most_frequent(frequencies: list[str]) -> str:
    """The shortest of these frequencies."""
    return min(frequencies, key=interval)
