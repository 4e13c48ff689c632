"""Every slot comes exactly once, whatever the clocks of the organisation do."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from integrations.sync.slots import at_local_time, interval, most_frequent, next_slot

PARIS = ZoneInfo("Europe/Paris")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-11-22 03:59", "2026-11-22 04:00"),  # 05:00 in Paris in winter
        ("2026-11-22 04:00", "2026-11-23 04:00"),  # a slot is later than the moment, never at it
        ("2026-07-01 00:00", "2026-07-01 03:00"),  # 05:00 in Paris in summer
    ],
)
def test_daily_at_a_local_time(after, expected):
    assert next_slot("daily", time(5), 0, PARIS, utc(after)) == utc(expected)


def test_weekly_on_a_weekday():
    assert next_slot("weekly", time(5), 2, PARIS, utc("2026-11-22 12:00")) == utc("2026-11-25 04:00")
    assert next_slot("weekly", time(5), 2, PARIS, utc("2026-11-25 04:00")) == utc("2026-12-02 04:00")


def test_hourly_on_the_hour(settings):
    assert next_slot("hourly", time(5), 0, PARIS, utc("2026-11-22 03:20")) == utc("2026-11-22 04:00")
    settings.HOUR_SECONDS = 20
    assert next_slot("hourly", time(5), 0, PARIS, utc("2026-11-22 03:20:05")) == utc("2026-11-22 03:20:20")


def test_a_time_that_does_not_exist_comes_as_much_later_as_the_clocks_jump():
    # 2026-03-29, 02:00 to 03:00 is skipped in Paris.
    assert at_local_time(date(2026, 3, 29), time(2, 30), PARIS) == utc("2026-03-29 01:30")


def test_a_time_that_comes_twice_is_taken_once():
    # 2026-10-25, 02:00 to 03:00 comes twice in Paris: the first is 00:30 UTC.
    first = next_slot("daily", time(2, 30), 0, PARIS, utc("2026-10-24 12:00"))
    assert first == utc("2026-10-25 00:30")
    assert next_slot("daily", time(2, 30), 0, PARIS, first) == utc("2026-10-26 01:30")


@pytest.mark.parametrize(
    "zone",
    ["Europe/Paris", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Tehran",
     "Pacific/Apia", "Pacific/Chatham", "America/Sao_Paulo", "Asia/Beirut"],
)  # fmt: skip
@pytest.mark.parametrize("at", [time(0), time(0, 30), time(1, 59), time(2, 30), time(23, 45)])
def test_one_slot_for_each_local_day_through_fifteen_years(zone, at):
    zone = ZoneInfo(zone)
    moment = utc("2020-01-01 00:00")
    days = []
    while moment.year < 2035:
        moment = next_slot("daily", at, 0, zone, moment)
        days.append(moment)
    gaps = {later - earlier for earlier, later in pairwise(days)}
    assert all(timedelta(hours=21) <= gap <= timedelta(hours=27) for gap in gaps)
    assert len(days) == (days[-1] - days[0]).days + 1 or abs(len(days) - (days[-1] - days[0]).days) <= 1


def test_most_frequent():
    assert most_frequent(["weekly", "hourly", "daily"]) == "hourly"
    assert interval("weekly") == timedelta(days=7)
