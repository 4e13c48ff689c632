"""Days and windows in the organisation's time zone. A day is what its clocks call so: 23, 24 or 25 hours, or 23.5."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

WINDOWS = (
    "all",
    "last_7_days",
    "last_30_days",
    "last_90_days",
    "last_365_days",
    "this_month",
    "previous_month",
    "previous_quarter",
    "custom",
)

_ONE_DAY = timedelta(days=1)
_ONE_SECOND = timedelta(seconds=1)


def local_day(moment: datetime, tz: tzinfo) -> date:
    """The date on the organisation's calendar at this moment."""
    if moment.tzinfo is None:
        raise ValueError("A moment without a time zone has no local day.")
    return moment.astimezone(tz).date()


def day_bounds(day: date, tz: tzinfo) -> tuple[datetime, datetime]:
    """The moments (in UTC) between which clocks show this date: from the first, up to but without the second."""
    return _start_of(day, tz), _start_of(day + _ONE_DAY, tz)


def _start_of(day: date, tz: tzinfo) -> datetime:
    midnight = datetime.combine(day, time(), tzinfo=tz)
    first, second = (midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return first  # midnight exists; where clocks go back over it, the day starts at the first of the two
    # Clocks jump over midnight, so the day starts with the jump. Reckoned by the offset after it, midnight (`second`)
    # is before the jump; by the offset before it (`first`), at the jump or after it.
    before, after = second, first
    while after - before > _ONE_SECOND:
        middle = before + (after - before) // _ONE_SECOND // 2 * _ONE_SECOND
        if middle.astimezone(tz).date() >= day:
            after = middle
        else:
            before = middle
    return after


@dataclass(frozen=True)
class Window:
    """Local days from `start` to `end`, both included; open where None."""

    name: str
    start: date | None
    end: date | None

    def __post_init__(self) -> None:
        if self.start and self.end and self.end < self.start:
            raise ValueError("A window ends after it starts.")

    def __contains__(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)

    @property
    def days(self) -> int | None:
        """Its length; None if it is open."""
        return (self.end - self.start).days + 1 if self.start and self.end else None

    @property
    def unit(self) -> str | None:
        """`week`, `month` or `quarter` if it is exactly one of the calendar's."""
        if self.start is None:
            return None
        units = ("week", "month", "quarter")
        return next((by for by in units if bucket_bounds(self.start, by) == (self.start, self.end)), None)

    def previous(self) -> Window | None:
        """The month or quarter before, or else as many days, that end the day before; None if this one is open."""
        if self.start is None or self.end is None:
            return None
        if self.unit in ("month", "quarter"):
            return Window("custom", *bucket_bounds(self.start - _ONE_DAY, self.unit))
        return Window("custom", self.start - (self.end - self.start) - _ONE_DAY, self.start - _ONE_DAY)

    def as_json(self, tz_name: str) -> dict[str, str | None]:
        return {
            "from": self.start.isoformat() if self.start else None,
            "to": self.end.isoformat() if self.end else None,
            "tz": tz_name,
        }


def window(name: str, today: date, *, start: date | None = None, end: date | None = None) -> Window:
    """The window of this name as seen today. Those of the last days are closed: they end yesterday; this month ends today."""
    if name not in WINDOWS:
        raise ValueError(f"There is no window {name!r}.")
    if name == "custom":
        return Window(name, start, end)
    if name == "all":
        return Window(name, None, None)
    first_of_month = today.replace(day=1)
    if name == "this_month":
        return Window(name, first_of_month, today)
    if name == "previous_month":
        return Window(name, *bucket_bounds(first_of_month - _ONE_DAY, "month"))
    if name == "previous_quarter":
        return Window(name, *bucket_bounds(bucket_bounds(today, "quarter")[0] - _ONE_DAY, "quarter"))
    days = int(name.split("_")[1])
    return Window(name, today - timedelta(days=days), today - _ONE_DAY)


def bucket_bounds(day: date, by: str) -> tuple[date, date]:
    """The first and the last day of the day, ISO week (Monday to Sunday), month or quarter that holds this day."""
    if by == "day":
        return day, day
    if by == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    if by == "month":
        return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])
    if by == "quarter":
        first = day.replace(month=day.month - (day.month - 1) % 3, day=1)
        last = first.replace(month=first.month + 2)
        return first, last.replace(day=calendar.monthrange(last.year, last.month)[1])
    raise ValueError(f"There are no buckets by {by!r}.")
