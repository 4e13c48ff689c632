"""First fetches, those for a new question and those that were given up wait for the timetable like all others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from feedback.models import Survey
from integrations import tasks
from integrations.models import Connection, Fetch, SurveyFeed
from integrations.sync import closing, demand, engine, requests
from integrations.sync import tasks as sync_tasks
from integrations.sync.lease import Lease, claim
from tests.factories import make_connection, make_feed, make_item, make_question, make_survey, make_user
from tests.integrations.sync.conftest import work

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Waits within one call are not what is tested here."""
    monkeypatch.setattr(engine, "BACKGROUND", replace(engine.BACKGROUND, longest_sleep=0.0))


@pytest.fixture
def messages(monkeypatch) -> list[str]:
    """What workers are woken for; nothing runs by itself."""
    sent: list[str] = []
    for task in (sync_tasks.run_slice, sync_tasks.run_backfill_slice):
        monkeypatch.setattr(task, "apply_async", lambda arguments, **_options: sent.append(arguments[0]))
    return sent


def tick_for(seconds: int, messages: list[str]) -> None:
    """Ticks each second, and a worker that takes every message at once."""
    with time_machine.travel(timezone.now()) as clock:
        for _ in range(seconds):
            tasks.tick()
            while messages:
                sync_tasks.run_slice(messages.pop(0))
            clock.shift(1)


def feed_of(survey: Survey) -> SurveyFeed:
    return SurveyFeed.objects.select_related("connection", "survey").get(survey=survey)


@pytest.mark.parametrize(
    ("fault", "path", "code"),
    [
        ("404", "*/surveys/SV_*", "not_found"),
        ("403", "*", "right_missing"),
        ("400", "*export-responses", "bad_request"),
    ],
)
def test_a_first_fetch_that_fails_for_good_is_not_opened_at_the_next_tick(
    sandbox, survey, add_item, messages, fault, path, code
):
    sandbox.control.switch_fault_on(fault, path=path)
    add_item(survey)
    sandbox.control.forget_calls()
    tick_for(30, messages)
    fetch = Fetch.objects.get()  # one, where there were 17
    assert fetch.state == Fetch.State.FAILED
    assert fetch.error_code in (code, "survey_gone")
    assert len(sandbox.control.calls()) <= 4
    assert feed_of(survey).next_due_at > timezone.now() + timedelta(hours=5)


def test_the_six_hours_last_whatever_is_changed_about_its_items(sandbox, survey, add_item, messages):
    sandbox.control.switch_fault_on("403", path="*")
    add_item(survey)
    work(survey)
    due = feed_of(survey).next_due_at
    messages.clear()
    add_item(survey, "QID4")  # a question whose history is missing, on a survey that is looked at some times a day
    assert Fetch.objects.count() == 1
    assert feed_of(survey).next_due_at == due
    sandbox.control.switch_faults_off()
    with time_machine.travel(due + SECOND):
        tasks.tick()
        assert work(survey).state == Fetch.State.DONE
    assert Fetch.objects.count() == 2


def test_a_fetch_that_was_given_up_waits_for_its_slot(survey, add_item, messages):
    add_item(survey)
    fetch = Fetch.objects.get()
    Fetch.objects.update(attempts=9)
    sync_tasks.run_slice(str(fetch.uuid))
    messages.clear()
    tick_for(10, messages)
    assert [(each.state, each.error_code) for each in Fetch.objects.all()] == [
        (Fetch.State.QUARANTINED, "crashed_repeatedly")
    ]
    assert Connection.objects.get().failures_in_a_row == 0  # nothing that the vendor did


def test_a_question_that_was_mapped_meanwhile_is_fetched_at_once_after_a_good_fetch_only(
    sandbox, survey, add_item, messages
):
    add_item(survey)
    fetch = Fetch.objects.get()
    sandbox.control.change_settings(export_mode="normal", export_polls=1)
    engine.run(fetch.uuid)  # the export is ordered, without the next question
    add_item(survey, "QID4")
    messages.clear()
    Fetch.objects.update(due_at=timezone.now())
    sync_tasks.run_slice(str(fetch.uuid))
    more = Fetch.objects.exclude(pk=fetch.pk).get()
    assert (more.trigger, more.full) == (Fetch.Trigger.MAPPING, True)
    assert str(more.uuid) in messages


def test_where_the_circuit_is_open_no_row_is_made_and_the_feed_is_tried_when_it_closes(messages):
    until = timezone.now() + timedelta(minutes=30)
    connection = make_connection(frequency="weekly", open_until=until, failures_in_a_row=5)
    survey = make_survey(connection.source)
    make_item(make_question(survey))
    feed = demand.follow(survey)
    assert requests.ask_for_missing(feed) is None
    assert not Fetch.objects.exists()
    assert feed_of(survey).next_due_at == until
    with time_machine.travel(until + SECOND):
        tasks.tick()
        assert Fetch.objects.get().trigger == Fetch.Trigger.FIRST


def test_a_person_who_asks_waits_for_neither(messages):
    connection = make_connection(open_until=timezone.now() + timedelta(minutes=30), failures_in_a_row=5)
    feed = make_feed(connection, failures_in_a_row=2)
    make_item(make_question(feed.survey))
    Survey.objects.update(failure_code="server_trouble")
    feed = feed_of(feed.survey)
    with pytest.raises(requests.CannotFetch, match="outage"):
        requests.ask_for_fetch(feed, Fetch.Trigger.WEBHOOK)
    fetch = requests.ask_for_missing(feed, asked_by=make_user())
    tasks.tick()
    assert messages == [str(fetch.uuid)]


def test_open_fetches_wait_until_the_circuit_closes_and_then_one_goes_first(messages):
    now = timezone.now()
    connection = make_connection(open_until=now + timedelta(minutes=5), failures_in_a_row=5)
    feeds = [make_feed(connection, make_survey(connection.source)) for _ in range(3)]
    for feed in feeds:
        Fetch.objects.create(feed=feed, trigger="schedule", due_at=now - SECOND)
    tasks.tick()
    assert messages == []
    with time_machine.travel(now + timedelta(minutes=6)):
        tasks.tick()
        assert len(messages) == 1


def test_what_failed_in_an_outage_is_tried_when_it_is_over_not_at_the_next_slot():
    connection = make_connection(frequency="weekly", failures_in_a_row=4)
    feed = make_feed(connection, make_survey(connection.source), next_due_at=timezone.now() + timedelta(days=6))
    fetch = Fetch.objects.create(feed=feed, trigger="schedule", due_at=timezone.now())
    closing.give_up(Lease(claim(fetch.uuid)), Fetch.State.FAILED, "server_trouble")
    connection.refresh_from_db()
    assert connection.open_until > timezone.now()
    assert feed_of(feed.survey).next_due_at == connection.open_until


def test_one_redirect_costs_a_retry(sandbox, survey, add_item):
    sandbox.control.switch_fault_on("redirect", path="*", count=1)
    add_item(survey)
    fetch = work(survey)
    assert (fetch.state, Fetch.objects.count()) == (Fetch.State.DONE, 1)
