"""Flags: decided once for a period that is over, written down, and never changed."""

from datetime import timedelta

import orjson
import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from feedback.intake import note_days
from feedback.models import Survey
from integrations.health import endpoints
from integrations.models import AlertMessage
from integrations.timetable import steps
from kpis.counting import notes
from kpis.flags import deciding
from kpis.models import Flag
from tests.factories import make_days, make_item, make_journey, make_manual_item
from tests.kpis.blocks import set_threshold, under_threshold
from tests.kpis.flagging import decide_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]
FELL = {"2026-09-10": {"9": 60}, "2026-10-10": {"0": 60}}


@pytest.fixture
def today():
    with time_machine.travel("2026-11-03 12:00:00+00:00", tick=False):
        yield


@pytest.fixture
def item():
    item = make_item()
    make_days(item.question, FELL)
    return item


def due_months():
    return [each for each in deciding.due(10) if each.level == "month"]


def changes():
    return Flag.objects.filter(kind="change").order_by("subject", "level")


def test_a_month_that_is_over_is_decided_once_for_all_levels(item):
    journey = item.card.lane.journey
    phase = journey.phases.create(name="Before")
    journey.stages.update(phase=phase)
    assert decide_all() == 4
    assert {flag.subject.split(":")[0] for flag in changes()} == {"item", "stage", "phase", "journey"}
    flag = changes().get(subject=f"item:{item.pk}")
    assert (flag.level, str(flag.period), flag.direction) == ("month", "2026-10-01", "down")
    assert (flag.figures["before"]["value"], flag.figures["after"]["value"]) == (100.0, -100.0)
    assert flag.figures["looked_at"] == 4 and not flag.figures["good"]
    assert decide_all() == 0 and changes().count() == 4


def test_later_data_neither_withdraw_a_flag_nor_raise_one(item):
    decide_all()
    steady = make_item(stage=item.card.stage)
    make_days(steady.question, FELL)
    make_days(item.question, {"2026-10-11": {"9": 600}})
    assert decide_all() == 0
    assert changes().get(subject=f"item:{item.pk}").figures["after"]["value"] == -100.0
    assert not changes().filter(subject=f"item:{steady.pk}").exists()


def test_a_period_waits_until_every_survey_was_fetched_past_it(item):
    other = make_item(stage=item.card.stage)
    make_days(other.question, FELL)
    Survey.objects.filter(pk=item.survey_id).update(last_good_fetch_at=timezone.now())
    assert not due_months()
    Survey.objects.filter(pk=other.survey_id).update(last_good_fetch_at=timezone.now())
    assert due_months()


@pytest.mark.parametrize("behind", ["refresh", "people"])
def test_a_period_waits_until_its_days_are_counted(item, behind):
    Survey.objects.update(last_good_fetch_at=timezone.now())
    if behind == "refresh":
        note_days(item.survey, [timezone.now().date() - timedelta(days=10)])
    else:
        notes.note_look(item.survey)
    assert not due_months()


def test_a_survey_that_stays_behind_holds_nobody_up_for_longer_than_a_week(item):
    silent = make_item(stage=item.card.stage)
    make_days(silent.question, FELL)
    Survey.objects.filter(pk=item.survey_id).update(last_good_fetch_at=timezone.now())
    with time_machine.travel("2026-11-11 12:00:00+00:00", tick=False):
        assert sum(map(deciding.decide, due_months())) == 1
    # Neither the silent item, nor any sum that it is in.
    assert [flag.subject for flag in changes()] == [f"item:{item.pk}"]


def test_a_new_map_waits_for_its_first_fetches_however_long_the_period_is_over(item):
    with time_machine.travel("2026-11-20 12:00:00+00:00", tick=False):
        make_item(stage=item.card.stage)
        assert not list(deciding.due(10))
        Survey.objects.update(last_good_fetch_at=timezone.now())
        assert {each.level for each in deciding.due(10)} == {"week", "month", "quarter"}


def test_weeks_are_flagged_only_where_every_bucket_holds_a_hundred_answers():
    few, many = make_item(), make_item()
    make_days(few.question, {"2026-10-20": {"9": 60}, "2026-10-27": {"0": 60}})
    make_days(many.question, {"2026-10-20": {"9": 100}, "2026-10-27": {"0": 100}})
    decide_all()
    assert {flag.subject for flag in changes().filter(level="week", subject__startswith="item")} == {f"item:{many.pk}"}


def test_flags_that_are_raised_together_pass_benjamini_and_hochberg():
    journey = make_journey()
    stage = journey.stages.first()
    for _ in range(18):
        make_days(
            make_item(stage=stage).question, {"2026-09-10": {"10": 50, "0": 50}, "2026-10-10": {"10": 51, "0": 50}}
        )
    slight = make_item(stage=stage)
    make_days(slight.question, {"2026-09-10": {"10": 50, "0": 50}, "2026-10-10": {"10": 65, "0": 35}})
    assert decide_all() == 0  # alone it would be one
    assert Flag.objects.get(kind="look", level="month").figures == {"looked_at": 21, "flagged": 0}


def test_two_workers_at_once_write_each_fact_once(item, monkeypatch):
    Survey.objects.update(last_good_fetch_at=timezone.now())
    (found,) = due_months()
    assert deciding.decide(found) == 3
    assert deciding.decide(found) == 0
    flag = changes().first()
    flag.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        flag.save(force_insert=True)


def test_a_crash_between_the_look_and_its_flags_leaves_neither(item, monkeypatch):
    Survey.objects.update(last_good_fetch_at=timezone.now())
    (found,) = due_months()

    def die(*_args, **_kwargs):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("kpis.flags.deciding.Flag.objects.bulk_create", die)
        with pytest.raises(RuntimeError):
            deciding.decide(found)
    assert not Flag.objects.exists()
    assert decide_all() == 3


def test_values_by_hand_are_looked_at_too():
    stage = make_journey().stages.first()
    item = make_manual_item(stage, {"2026-09-05": (90, 200), "2026-10-05": (-90, 200)})
    assert not due_months()  # somebody may still enter one
    with time_machine.travel("2026-11-09 12:00:00+00:00", tick=False):
        decide_all()
    assert changes().filter(subject=f"item:{item.pk}").exists()


def test_a_flag_is_told_once_to_each_webhook(item, settings):
    target, _secret = endpoints.add_target("Ops", "https://hooks.example.org/x")
    Survey.objects.update(last_good_fetch_at=timezone.now())
    for _ in range(2):
        steps._flag_changes()
    messages = [orjson.loads(message.body) for message in AlertMessage.objects.filter(target=target)]
    assert len(messages) == 3 and {message["type"] for message in messages} == {"kpi.changed"}
    (told,) = [message["data"] for message in messages if message["data"]["subject"]["kind"] == "item"]
    assert (told["kind"], told["before"]["value"], told["after"]["value"]) == ("down", 100.0, -100.0)
    assert told["url"].endswith(f"/kpis/items/{item.pk}/?from=2026-10-01&to=2026-10-31")


def test_what_was_long_ago_is_no_news(item):
    with time_machine.travel("2026-11-22 12:00:00+00:00", tick=False):
        decide_all()
    assert changes().filter(level="month").exists() and not changes().filter(announced_at=None).exists()


def test_a_flag_of_before_the_threshold_is_not_shown_under_it(item, api_of, viewer):
    """Its figures are of days: beside those of blocks they would tell of a few answers."""
    decide_all()
    path = f"/api/v1/kpis/items/{item.pk}/"
    assert len(api_of(viewer).get(path).json()["flags"]) == 1
    under_threshold(5)
    assert api_of(viewer).get(path).json()["flags"] == []
    Flag.objects.all().delete()
    decide_all()  # of blocks
    assert [flag["before"]["n"] for flag in api_of(viewer).get(path).json()["flags"]] == [60]
    under_threshold(6)
    assert api_of(viewer).get(path).json()["flags"] == []
    under_threshold(None)
    assert len(api_of(viewer).get(path).json()["flags"]) == 1


def test_nothing_is_decided_before_blocks_are_made(item):
    under_threshold(None)
    set_threshold(5)
    decide_all()
    assert not Flag.objects.exists()
    under_threshold(5)
    assert decide_all() > 0


def test_map_and_pages_show_then_and_now(item, client_of, viewer):
    journey = item.card.lane.journey
    decide_all()
    client = client_of(viewer)
    for path in (
        f"/journeys/{journey.pk}/",
        f"/kpis/journeys/{journey.pk}/?period=previous_month",
        f"/kpis/items/{item.pk}/?period=previous_month",
    ):
        page = " ".join(client.get(path).content.decode().split())
        assert "Down by 200 points from the previous period." in page, path
        assert "+100, then −100, as seen on 3 Nov 2026" in page, path
