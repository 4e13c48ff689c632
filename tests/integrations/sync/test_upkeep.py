"""What has served its time goes; what was counted of it stays counted."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organisation
from feedback.models import Response
from integrations.models import Fetch, RejectedRecord, SurveyFeed
from integrations.sync import requests
from integrations.timetable import clock, maintenance
from integrations.timetable.tasks import tick
from journeys.editing import actions as editing
from journeys.models import Operation
from kpis.counting.recount import differences
from kpis.counting.refresh import rebuild
from kpis.models import DayHistogram
from tests.factories import make_card, make_feed, make_lane
from tests.integrations.sync.conftest import work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


def closed(feed: SurveyFeed, days_ago: int, **fields) -> Fetch:
    then = timezone.now() - timedelta(days=days_ago)
    return Fetch.objects.create(
        feed=feed, trigger="manual", state=Fetch.State.DONE, due_at=then, started_at=then, finished_at=then, **fields
    )


def spool(settings, name: str, hours_ago: float):
    file = settings.SPOOL_DIR / name
    file.write_bytes(b"zip")
    then = time.time() - hours_ago * 3600
    os.utime(file, (then, then))
    return file


def test_files_without_an_open_fetch_go(settings):
    feed = make_feed()
    open_fetch = Fetch.objects.create(feed=feed, trigger="manual", due_at=timezone.now())
    done = closed(make_feed(), 1)
    kept = [
        spool(settings, f"{open_fetch.uuid}-1.zip", 30),
        spool(settings, f"{done.uuid}-2.zip", 0.1),  # somebody may be writing it
    ]
    stray = [spool(settings, f"{done.uuid}-1.zip", 30), spool(settings, f"{done.uuid}-1.zip.abc.part", 2)]
    assert maintenance.remove_stray_files() == 2
    assert all(file.exists() for file in kept)
    assert not any(file.exists() for file in stray)


def test_folders_of_what_was_cut_short_go_with_all_that_is_in_them(settings):
    """A process that dies in the middle of a preview leaves its export behind."""
    folders = [settings.SPOOL_DIR / name for name in ("old", "young")]
    for folder in folders:
        folder.mkdir()
        (folder / "preview.zip").write_bytes(b"x")
    long_ago = time.time() - 7200
    os.utime(folders[0], (long_ago, long_ago))
    assert maintenance.remove_stray_files() == 1
    assert [folder.exists() for folder in folders] == [False, True]


def test_old_rejections_go_and_young_ones_stay(settings):
    feed = make_feed()
    for days in (31, 29):
        RejectedRecord.objects.create(fetch=closed(feed, days), line=1, reason="nan")
    assert maintenance.remove_old_rejections() == 1
    assert RejectedRecord.objects.get().fetch.finished_at > timezone.now() - timedelta(days=30)


def test_old_ledger_lines_go_but_the_latest_of_each_survey(settings):
    busy, quiet = make_feed(), make_feed()
    gone = closed(busy, 500)
    kept = [closed(busy, 10), closed(quiet, 900)]
    assert maintenance.remove_old_ledger_lines() == 1
    assert set(Fetch.objects.all()) == set(kept)
    assert gone not in Fetch.objects.all()


def test_what_was_done_to_maps_long_ago_goes_but_the_last_of_each_map(settings):
    lane = make_lane(kind="text")
    card = make_card(lane)
    editing.delete(card, 1)
    for n in range(2):
        editing.change(lane, lane.version, name=f"Lane {n}")
    Operation.objects.update(at=timezone.now() - timedelta(days=settings.KEEP_OPERATIONS_DAYS + 1))
    editing.change(other := make_lane(kind="text"), other.version, name="Young")
    assert maintenance.remove_old_operations() == 2
    assert list(lane.journey.operations.values_list("number", flat=True)) == [3]
    assert other.journey.operations.count() == 1


@pytest.fixture
def kept_for_a_month(sandbox, survey, add_item, settings):
    item = add_item(survey)
    work(survey)
    before = {row.day: row.counts for row in DayHistogram.objects.filter(question=item.question)}
    settings.RESPONSE_RETENTION_DAYS = 30
    assert maintenance.remove_old_responses() > 100
    survey.refresh_from_db()
    return survey, item, before


def counted(item) -> dict:
    return {row.day: row.counts for row in DayHistogram.objects.filter(question=item.question)}


def test_old_responses_go_and_their_numbers_stay(kept_for_a_month):
    survey, item, before = kept_for_a_month
    assert not Response.objects.filter(recorded_at__lt=timezone.now() - timedelta(days=31)).exists()
    assert Response.objects.exists()
    assert survey.first_response_at == Response.objects.earliest("recorded_at").recorded_at
    assert counted(item) == before
    assert maintenance.remove_old_responses() == 0


def test_a_recount_leaves_purged_days_alone(kept_for_a_month):
    survey, item, before = kept_for_a_month
    rebuild(survey)
    assert counted(item) == before
    assert list(differences(survey)) == []


def test_another_time_zone_recounts_only_what_is_kept(kept_for_a_month):
    survey, item, before = kept_for_a_month
    Organisation.objects.update(time_zone="Pacific/Auckland")
    rebuild(survey)
    first = survey.purged_until.date() + timedelta(days=1)
    assert {day: c for day, c in counted(item).items() if day < first} == {
        day: c for day, c in before.items() if day < first
    }


def test_a_complete_export_does_not_bring_them_back(sandbox, kept_for_a_month):
    survey, item, before = kept_for_a_month
    rows = Response.objects.count()
    requests.ask_for_fetch(SurveyFeed.objects.get(survey=survey), Fetch.Trigger.RECONCILE)
    fetch = work(survey)
    assert (fetch.state, fetch.new, fetch.changed, fetch.vanished) == (Fetch.State.DONE, 0, 0, 0)
    assert Response.objects.count() == rows
    assert counted(item) == before


def test_nothing_is_removed_unless_it_is_asked_for(sandbox, survey, add_item, settings):
    add_item(survey)
    work(survey)
    assert settings.RESPONSE_RETENTION_DAYS == 0
    assert maintenance.remove_old_responses() == 0


def test_a_tick_does_it_once_a_day(monkeypatch, db):
    done: list[int] = []
    monkeypatch.setattr(maintenance, "run_maintenance", lambda: done.append(1))
    now = timezone.now()
    for hours in (0, 1, 23, 24.1, 30):
        monkeypatch.setattr(timezone, "now", lambda hours=hours: now + timedelta(hours=hours))
        tick()
    assert len(done) == 2


def test_two_who_ask_at_once_do_it_once(db):
    clock.keep_time()
    assert [clock.upkeep_is_due(), clock.upkeep_is_due()] == [True, False]
