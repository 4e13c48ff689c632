"""Figures over time and verdicts."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.counting.histograms import total
from kpis.metrics.formulas import Formula, Measure, measure
from kpis.metrics.trends import buckets, rolling, suppress_buckets

NPS = Formula("nps")
MEAN = Formula("mean", 1, 5)
JULY = date(2026, 7, 1)  # a Wednesday


def counted(**histogram: int):
    return {"counted": {value.removeprefix("a"): n for value, n in histogram.items()}}


def test_weeks_start_on_monday_and_a_week_without_answers_is_a_gap():
    days = {date(2026, 7, 5): counted(a10=1), date(2026, 7, 6): counted(a0=1), date(2026, 7, 20): counted(a10=2)}
    series = buckets(days, NPS, by="week", first=date(2026, 6, 29), last=date(2026, 7, 26))
    assert [(each.start.day, each.end.day, each.measure.value) for each in series] == [
        (29, 5, 100.0),
        (6, 12, -100.0),
        (13, 19, None),
        (20, 26, 100.0),
    ]
    assert series[2].measure.n == 0
    assert not any(each.partial for each in series)


def test_iso_week_over_new_year():
    days = {date(2026, 12, 31): counted(a10=1), date(2027, 1, 1): counted(a0=1)}
    (week,) = buckets(days, NPS, by="week", first=date(2026, 12, 28), last=date(2027, 1, 3))
    assert week.measure.value == 0.0


def test_running_and_cut_buckets_are_partial():
    days = {JULY + timedelta(days=i): counted(a9=1) for i in range(60)}
    series = buckets(days, NPS, by="month", first=date(2026, 6, 1), last=date(2026, 12, 31), today=date(2026, 8, 15))
    assert [(each.start, each.end, each.partial) for each in series] == [
        (date(2026, 6, 1), date(2026, 6, 30), False),
        (date(2026, 7, 1), date(2026, 7, 31), False),
        (date(2026, 8, 1), date(2026, 8, 15), True),
    ]
    assert series[-1].measure.n == 15
    cut = buckets(days, NPS, by="month", first=date(2026, 7, 10), last=date(2026, 7, 31))
    assert [(each.start.day, each.measure.n, each.partial) for each in cut] == [(10, 22, True)]
    assert [each.partial for each in buckets(days, NPS, by="day", last=JULY + timedelta(days=1), today=JULY)] == [True]


day_counts = st.dictionaries(
    st.integers(0, 70).map(lambda i: JULY + timedelta(days=i)),
    st.fixed_dictionaries(
        {"counted": st.dictionaries(st.sampled_from(["0", "7", "10", "", "99"]), st.integers(0, 5))},
        optional={"preview": st.just({"9": 2})},
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(day_counts, st.sampled_from(["day", "week", "month"]))
def test_bucket_sums_are_the_whole(days, by):
    series = buckets(days, NPS, by=by)
    whole = measure(NPS, total(days.values()).get("counted", {}))
    assert sum(each.measure.n for each in series) == whole.n
    for each in series:
        inside = total(counts for day, counts in days.items() if each.start <= day <= each.end)
        assert each.measure.value == measure(NPS, inside.get("counted", {})).value
    covered = [each.start + timedelta(days=i) for each in series for i in range((each.end - each.start).days + 1)]
    assert covered == sorted(set(covered))
    assert set(days) <= set(covered)


@settings(max_examples=60, deadline=None)
@given(day_counts, st.integers(1, 40))
def test_rolling_equals_recomputing_each_window(days, length):
    series = rolling(days, NPS, days=length, first=JULY + timedelta(days=5), last=JULY + timedelta(days=80))
    assert [each.end for each in series] == [JULY + timedelta(days=i) for i in range(5, 81)]
    for each in series:
        assert (each.end - each.start).days == length - 1
        inside = total(counts for day, counts in days.items() if each.start <= day <= each.end)
        expected = measure(NPS, inside.get("counted", {}))
        assert (each.measure.value, each.measure.n, each.measure.ci95) == (expected.value, expected.n, expected.ci95)
        assert each.measure.excluded.get("preview", 0) == sum(inside.get("preview", {}).values())


def test_rolling_never_takes_away_what_it_has_not_added():
    days = {JULY: counted(a10=5), JULY + timedelta(days=3): counted(a0=1)}
    series = rolling(days, NPS, days=3, first=JULY + timedelta(days=3))
    assert [(each.measure.n, each.measure.value) for each in series] == [(1, -100.0)]


def test_no_days_no_series():
    assert buckets({}, NPS) == []
    assert rolling({}, NPS, days=28) == []
    assert [each.measure.value for each in buckets({}, NPS, by="day", first=JULY, last=JULY)] == [None]


def test_suppressed_buckets_tell_their_n_only():
    series = buckets({JULY: counted(a10=4, a11=3), JULY + timedelta(days=1): counted(a10=5)}, NPS, by="day")
    small, enough = suppress_buckets(series, 5)
    assert small.measure == Measure(n=4)
    assert enough == series[1]
    assert suppress_buckets(series, None) == series
