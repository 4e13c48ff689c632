"""What a fetch asks for, and how long it waits: decided from data only."""

from datetime import UTC, date, datetime, timedelta

import pytest

from integrations.sync import plan

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def window(**facts):
    defaults = {
        "wanted": {"1": None},
        "covered": {"1": None},
        "known_until": NOW - timedelta(days=1),
        "token": "",
        "token_at": None,
        "now": NOW,
    }
    return plan.window(**(defaults | facts))


def test_the_first_fetch_asks_for_everything():
    assert window(known_until=None) == plan.Window(full=True)


def test_a_question_never_fetched_asks_for_everything():
    assert window(wanted={"1": None, "2": None}) == plan.Window(full=True)


def test_a_young_token_continues():
    asked = window(token="t", token_at=NOW - timedelta(days=5))
    assert asked == plan.Window(full=False, continuation="t")


def test_an_old_token_gives_way_to_the_watermark_less_an_hour():
    asked = window(token="t", token_at=NOW - timedelta(days=6))
    assert asked == plan.Window(full=False, start=NOW - timedelta(days=1, hours=1))


def test_a_missing_sentiment_is_asked_for_by_its_date_and_never_narrows_the_window():
    long_ago = NOW - timedelta(days=2)
    for token in ("", "t"):
        asked = window(unanalysed_since=long_ago, token=token, token_at=NOW)
        assert asked == plan.Window(full=False, start=long_ago)
    asked = window(unanalysed_since=NOW)
    assert asked == plan.Window(full=False, start=NOW - timedelta(days=1, hours=1))


@pytest.mark.parametrize(
    ("wanted", "covered", "expected"),
    [
        ({"1": None}, {"1": None}, False),
        ({"1": "2026-11-01"}, {"1": None}, False),
        ({"1": "2026-11-01"}, {"1": "2026-11-01"}, False),
        ({"1": "2026-11-02"}, {"1": "2026-11-01"}, False),
        ({"1": "2026-10-31"}, {"1": "2026-11-01"}, True),
        ({"1": None}, {"1": "2026-11-01"}, True),
        ({"1": None}, {}, True),
        ({}, {}, False),
    ],
)
def test_missing_history(wanted, covered, expected):
    assert plan.missing(wanted, covered) is expected


def test_the_first_day_is_the_earliest_or_none():
    assert plan.first_day({"1": "2026-11-05", "2": "2026-11-01"}) == date(2026, 11, 1)
    assert plan.first_day({"1": "2026-11-05", "2": None}) is None
    assert plan.first_day({}) is None


def test_waits_grow_and_end():
    delays = [plan.poll_delay(n) for n in range(12)]
    assert delays == sorted(delays)
    assert delays[0] == 1
    assert delays[-1] == 30
    assert [plan.retry_delay(n, None, 0) for n in (1, 2, 3)] == [15, 30, 60]
    assert plan.retry_delay(1, 7, 0) == 7
    assert plan.retry_delay(1, 315_360_000, 0) == 900
    assert plan.retry_delay(1, -1, 0) == 1
    assert plan.retry_delay(20, None, 1) == 900 * 1.25


def test_the_circuit_opens_after_five_failures_and_for_an_hour_at_most():
    assert plan.circuit_delay(4) is None
    assert plan.circuit_delay(5) == timedelta(minutes=5)
    assert plan.circuit_delay(50) == timedelta(minutes=60)
