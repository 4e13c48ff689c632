"""Days, windows and buckets, in every zone and over every change of clocks."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.counting.periods import WINDOWS, Window, bucket_bounds, day_bounds, local_day, window
from kpis.metrics.formulas import Formula
from kpis.metrics.trends import buckets

# Every kind of clock: none, half-hour and 45-minute offsets, half-hour changes, changes at midnight, around Ramadan.
ZONES = """UTC Europe/Paris Europe/London Europe/Lisbon Europe/Kyiv Europe/Istanbul Europe/Chisinau America/New_York
America/Los_Angeles America/St_Johns America/Halifax America/Sao_Paulo America/Santiago America/Asuncion America/Havana
America/Scoresbysund America/Nuuk America/Mexico_City America/Caracas Africa/Cairo Africa/Casablanca Africa/El_Aaiun
Africa/Johannesburg Asia/Beirut Asia/Gaza Asia/Jerusalem Asia/Tehran Asia/Amman Asia/Damascus Asia/Kolkata
Asia/Kathmandu Asia/Tokyo Asia/Shanghai Australia/Sydney Australia/Lord_Howe Australia/Eucla Pacific/Auckland
Pacific/Chatham Pacific/Apia Pacific/Kiritimati Antarctica/Troll""".split()  # noqa: SIM905


def changes_of_clocks(zone: ZoneInfo) -> list[date]:
    """The UTC dates, 2020 to 2035, on which the zone's offset changes."""
    day, last, found = datetime(2020, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC), []
    offset = day.astimezone(zone).utcoffset()
    while day < last:
        day += timedelta(days=1)
        if (after := day.astimezone(zone).utcoffset()) != offset:
            found.append((day - timedelta(days=1)).date())
            offset = after
    return found


@pytest.mark.parametrize("zone_name", ZONES)
def test_local_days_add_up_over_every_change_of_clocks(zone_name):
    """Each quarter of an hour around a change lies in one local day, within that day's bounds, and is counted once."""
    zone = ZoneInfo(zone_name)
    changes = changes_of_clocks(zone)
    chosen = random.Random(zone_name).sample(changes, min(8, len(changes))) or [date(2026, 6, 1)]
    for change in chosen:
        start = datetime(change.year, change.month, change.day, tzinfo=UTC) - timedelta(days=1, hours=12)
        moments = [start + timedelta(minutes=15 * i, seconds=i % 60) for i in range(4 * 24 * 4)]
        counts: dict[date, dict] = {}
        for moment in moments:
            day = local_day(moment, zone)
            first, end = day_bounds(day, zone)
            assert first <= moment < end
            bins = counts.setdefault(day, {"counted": {"9": 0}})["counted"]
            bins["9"] += 1
        series = buckets(counts, Formula("nps"), by="day")
        assert sum(bucket.measure.n for bucket in series) == len(moments)


@pytest.mark.parametrize("zone_name", ZONES)
def test_days_follow_each_other_without_gap_or_overlap(zone_name):
    zone = ZoneInfo(zone_name)
    for change in changes_of_clocks(zone):
        for day in (change + timedelta(days=i) for i in range(-2, 4)):
            start, end = day_bounds(day, zone)
            assert end == day_bounds(day + timedelta(days=1), zone)[0]
            assert local_day(start, zone) == day
            assert local_day(start - timedelta(seconds=1), zone) < day
            assert local_day(end - timedelta(seconds=1), zone) == day


@pytest.mark.parametrize(
    ("day", "zone_name", "hours"),
    [
        (date(2026, 3, 29), "Europe/Paris", 23),
        (date(2026, 10, 25), "Europe/Paris", 25),
        (date(2026, 6, 1), "Europe/Paris", 24),
        (date(2026, 4, 24), "Africa/Cairo", 23),  # midnight does not exist
        (date(2026, 10, 29), "Africa/Cairo", 25),  # the hour before midnight comes twice
        (date(2026, 9, 6), "America/Santiago", 23),
        (date(2026, 11, 1), "America/Havana", 25),  # midnight comes twice
        (date(2026, 10, 4), "Australia/Lord_Howe", 23.5),
        (date(2026, 4, 5), "Australia/Lord_Howe", 24.5),
        (date(1919, 3, 30), "America/Toronto", 23.5),  # from half past eleven to half past midnight
        (date(1919, 3, 31), "America/Toronto", 23.5),
        (date(2011, 12, 30), "Pacific/Apia", 0),  # a day that Samoa left out
    ],
)
def test_length_of_a_day(day, zone_name, hours):
    start, end = day_bounds(day, ZoneInfo(zone_name))
    assert end - start == timedelta(hours=hours)
    assert start.tzinfo is UTC


def test_the_same_moment_is_another_day_elsewhere():
    moment = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert local_day(moment, ZoneInfo("Europe/Paris")) == date(2026, 11, 23)
    assert local_day(moment, ZoneInfo("America/New_York")) == date(2026, 11, 22)
    with pytest.raises(ValueError, match="time zone"):
        local_day(datetime(2026, 11, 22), UTC)


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("all", None, None),
        ("last_7_days", date(2028, 2, 23), date(2028, 2, 29)),
        ("last_30_days", date(2028, 1, 31), date(2028, 2, 29)),
        ("last_90_days", date(2027, 12, 2), date(2028, 2, 29)),
        ("last_365_days", date(2027, 3, 2), date(2028, 2, 29)),
        ("this_month", date(2028, 3, 1), date(2028, 3, 1)),
        ("previous_month", date(2028, 2, 1), date(2028, 2, 29)),
        ("previous_quarter", date(2027, 10, 1), date(2027, 12, 31)),
    ],
)
def test_windows_seen_on_the_first_of_march_of_a_leap_year(name, start, end):
    seen = window(name, date(2028, 3, 1))
    assert (seen.start, seen.end) == (start, end)


def test_custom_window():
    custom = window("custom", date(2026, 1, 1), start=date(2025, 5, 1))
    assert date(2025, 5, 1) in custom
    assert date(2025, 4, 30) not in custom
    assert custom.days is None
    with pytest.raises(ValueError, match="after it starts"):
        window("custom", date(2026, 1, 1), start=date(2025, 5, 2), end=date(2025, 5, 1))
    with pytest.raises(ValueError, match="no window"):
        window("last_week", date(2026, 1, 1))


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.sampled_from(WINDOWS))
def test_the_previous_window_is_as_long_and_ends_the_day_before(today, name):
    seen = window(name, today, start=today - timedelta(days=10), end=today)
    before = seen.previous()
    if name == "all":
        assert before is None
        return
    assert before.days == seen.days or seen.unit in ("month", "quarter")
    assert before.end + timedelta(days=1) == seen.start
    assert seen.end <= today


def test_the_window_before_a_month_or_quarter_is_the_one_before():
    march = Window("custom", date(2026, 3, 1), date(2026, 3, 31))
    assert march.previous() == Window("custom", date(2026, 2, 1), date(2026, 2, 28))
    first_quarter = Window("custom", date(2026, 1, 1), date(2026, 3, 31))
    assert first_quarter.previous() == Window("custom", date(2025, 10, 1), date(2025, 12, 31))
    week = Window("custom", date(2026, 3, 2), date(2026, 3, 8))
    assert (week.unit, week.previous()) == ("week", Window("custom", date(2026, 2, 23), date(2026, 3, 1)))
    assert Window("custom", date(2026, 3, 1), date(2026, 3, 30)).unit is None


def test_window_for_the_api():
    assert Window("custom", date(2026, 10, 1), date(2026, 10, 31)).as_json("Europe/Paris") == {
        "from": "2026-10-01",
        "to": "2026-10-31",
        "tz": "Europe/Paris",
    }


def test_bucket_bounds():
    assert bucket_bounds(date(2026, 11, 22), "week") == (date(2026, 11, 16), date(2026, 11, 22))
    assert bucket_bounds(date(2028, 2, 10), "month") == (date(2028, 2, 1), date(2028, 2, 29))
    assert bucket_bounds(date(2028, 2, 10), "quarter") == (date(2028, 1, 1), date(2028, 3, 31))
    assert bucket_bounds(date(2028, 12, 31), "quarter") == (date(2028, 10, 1), date(2028, 12, 31))
    assert bucket_bounds(date(2028, 2, 10), "day") == (date(2028, 2, 10), date(2028, 2, 10))
    with pytest.raises(ValueError, match="no buckets"):
        bucket_bounds(date(2028, 2, 10), "year")
