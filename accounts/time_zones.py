"""The time zones that are offered for choice."""

from __future__ import annotations

import zoneinfo
from functools import cache

# Old names and offsets that the tz database keeps for compatibility: accepted when typed, not offered.
_REGIONS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


@cache
def offered_time_zones() -> tuple[str, ...]:
    """Names by place, "UTC" first."""
    return ("UTC", *sorted(name for name in zoneinfo.available_timezones() if name.startswith(_REGIONS)))
