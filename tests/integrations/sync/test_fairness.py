"""A connection with a crowd of due surveys does not hold up another that has one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Fetch, SurveyFeed
from integrations.sync import dispatch
from integrations.vendor.turns import Workers
from tests.factories import make_connection, make_feed, make_item, make_question, make_survey

pytestmark = pytest.mark.django_db
CROWD = 120


@pytest.fixture(autouse=True)
def _small_ticks(monkeypatch):
    monkeypatch.setattr(dispatch, "AT_ONCE", 100)


@pytest.fixture
def crowd(db) -> list[SurveyFeed]:
    """Feeds of one connection that have been due for an hour, more than one tick can take."""
    connection = make_connection()
    feeds = [make_feed(connection, make_survey(connection.source)) for _ in range(CROWD)]
    SurveyFeed.objects.update(next_due_at=timezone.now() - timedelta(hours=1))
    return feeds


@pytest.fixture
def single(crowd) -> SurveyFeed:
    """The only feed of another connection, due a moment ago."""
    connection = make_connection(frequency="hourly")
    survey = make_survey(connection.source)
    feed = make_feed(connection, survey)
    make_item(make_question(survey))  # somebody wants to see it
    SurveyFeed.objects.filter(pk=feed.pk).update(next_due_at=timezone.now() - timedelta(seconds=1))
    return feed


def open_fetch(feed: SurveyFeed, due_at) -> Fetch:
    return Fetch.objects.create(feed=feed, trigger="schedule", due_at=due_at)


def test_its_fetch_is_woken_by_the_first_tick_and_among_the_first(crowd, single):
    now = timezone.now()
    Fetch.objects.bulk_create(
        Fetch(feed=feed, trigger="schedule", due_at=now - timedelta(hours=1, seconds=-number))
        for number, feed in enumerate(crowd)
    )
    mine = open_fetch(single, now - timedelta(seconds=1))
    woken = [uuid for uuid, _full in dispatch.fetches_to_resume()]
    assert len(woken) == 2  # of the crowd as many as may call at once: here one
    assert mine.uuid in woken


def test_its_slot_is_opened_by_the_first_tick(crowd, single):
    dispatch.open_due_fetches()
    assert Fetch.objects.filter(feed=single).exists()


def test_turns_go_round_and_the_oldest_of_each_connection_comes_first(monkeypatch):
    monkeypatch.setattr(Workers, "count", 8)
    now = timezone.now()
    first, second = make_connection(), make_connection()
    expected = []
    for seconds, connection in ((50, first), (40, first), (30, first), (20, second), (10, second)):
        fetch = open_fetch(make_feed(connection, make_survey(connection.source)), now - timedelta(seconds=seconds))
        expected.append(fetch.uuid)
    order = [expected.index(uuid) for uuid, _full in dispatch.fetches_to_resume()]
    assert order == [0, 3, 1, 4, 2]
