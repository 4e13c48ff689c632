"""A tick is a list of steps, each run alone; what fails is noted, shown and told, and keeps the others from nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import time_machine
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Organisation
from feedback.models import ChangedDay, Survey
from integrations.distributions.tasks import ask_statistics
from integrations.health import alerts, emails, endpoints
from integrations.health.status import system_checks
from integrations.health.tasks import heartbeat, send_alert_messages
from integrations.models import (
    Alert,
    AlertMessage,
    Delivery,
    Distribution,
    FailingStep,
    Fetch,
    SurveyFeed,
    Timekeeping,
)
from integrations.sync import demand, requests
from integrations.sync.tasks import run_backfill_slice, run_slice
from integrations.timetable import clock, maintenance, steps
from integrations.timetable.tasks import tick
from integrations.troubles.isolation import Parts, PartsFailed
from integrations.troubles.table import STEP_LABELS, explain
from integrations.webhooks.tasks import check_watches, look_up
from kpis.counting.refresh import refresh_changed_days
from tests import factories
from tests.integrations.webhooks.conftest import make_watch

pytestmark = pytest.mark.django_db

NAMES = [step.name for step in steps.STEPS]
MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class Broken(RuntimeError):
    """What a step raises here."""


def fail(*_args, **_options):
    raise Broken("on purpose")


def spied(monkeypatch, done: list[str], **instead) -> None:
    """Note each step that gets to its end; run those of `instead` otherwise."""

    def run(step: steps.Step) -> object:
        answer = instead.get(step.name, step.run)()
        done.append(step.name)
        return answer

    monkeypatch.setattr(steps, "STEPS", tuple(replace(step, run=partial(run, step)) for step in steps.STEPS))


def noted() -> dict[str, int]:
    return dict(FailingStep.objects.values_list("name", "times"))


def timetable() -> tuple[str, str]:
    """Tone and sentence of the timetable on the Health page."""
    sign = next(sign for sign in system_checks(timezone.now()) if sign.key == "timetable")
    return sign.tone, sign.sentence


# --- each step ----------------------------------------------------------------------------------------------------------


def test_every_step_has_a_label_and_sentences_for_its_alert():
    assert list(STEP_LABELS) == NAMES
    assert NAMES[0] == "clock"
    for name in NAMES:
        for language in ("en", "fr"):
            with translation.override(language):
                assert str(STEP_LABELS[name]) in explain(f"step_{name}").title


@pytest.mark.parametrize("name", NAMES)
def test_each_step_may_fail_and_all_others_are_done(name, monkeypatch, caplog):
    real = steps.STEPS
    done: list[str] = []
    spied(monkeypatch, done, **{name: fail})
    tick()
    assert done == [other for other in NAMES if other != name]
    row = FailingStep.objects.get()
    assert (row.name, row.times, row.error_class, row.parts, row.part) == (name, 1, "Broken", 0, "")
    assert timetable()[0] == "warn"
    assert str(STEP_LABELS[name]) in timetable()[1]
    assert any(record.exc_info and f"step {name}" in record.message for record in caplog.records)
    monkeypatch.setattr(steps, "STEPS", real)
    tick()
    assert noted() == {}
    assert timetable()[0] == "good"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "step_alerts"])
def test_each_step_that_fails_three_times_opens_an_alert(name, monkeypatch):
    real = steps.STEPS
    spied(monkeypatch, [], **{name: fail})
    tick()
    tick()
    alerts.evaluate_steps()
    assert not Alert.objects.exists()
    tick()
    alerts.evaluate_steps()  # as the next tick does, for the steps that come behind it
    assert list(Alert.objects.values_list("kind", "code", "connection", "closed_at")) == [
        ("step_failing", f"step_{name}", None, None)
    ]
    monkeypatch.setattr(steps, "STEPS", real)
    tick()
    tick()
    assert Alert.objects.get().closed_at is not None


def test_of_the_step_that_alerts_about_steps_health_and_the_log_tell(monkeypatch):
    spied(monkeypatch, [], step_alerts=fail)
    for _ in range(4):
        tick()
    assert noted() == {"step_alerts": 4}
    assert timetable()[0] == "warn"
    assert not Alert.objects.exists()


def test_two_steps_have_an_alert_each_and_end_apart(monkeypatch):
    real = steps.STEPS
    spied(monkeypatch, [], fetches=fail, recounts=fail)
    for _ in range(4):
        tick()
    assert set(Alert.objects.values_list("code", "closed_at")) == {("step_fetches", None), ("step_recounts", None)}
    monkeypatch.setattr(steps, "STEPS", real)
    spied(monkeypatch, [], fetches=fail)
    tick()
    assert list(Alert.objects.filter(closed_at=None).values_list("code", flat=True)) == ["step_fetches"]


def test_one_step_has_one_open_alert():
    now = timezone.now()
    make = partial(Alert.objects.create, about="step", kind="step_failing", opened_at=now)
    make(code="step_fetches")
    make(code="step_recounts")
    make(code="step_clock", closed_at=now)
    make(code="step_clock")
    with pytest.raises(IntegrityError), transaction.atomic():
        make(code="step_fetches")


def test_a_note_about_a_step_that_is_no_more_goes():
    now = timezone.now()
    FailingStep.objects.create(name="of_another_version", failing_since=now, last_failed_at=now, times=9)
    tick()
    assert noted() == {}


def test_notes_that_cannot_be_kept_cost_no_step(monkeypatch, caplog):
    done: list[str] = []
    spied(monkeypatch, done, clock=fail)
    monkeypatch.setattr(FailingStep, "objects", _Away())
    tick()
    assert done == [name for name in NAMES if name not in ("clock", "step_alerts")]  # the latter reads that table
    assert "noting how the step clock went" in caplog.text


class _Away:
    """A table whose database is away."""

    def __getattr__(self, name: str):
        raise OperationalError("away")


def test_a_step_that_takes_all_of_the_time_ends_the_tick_and_comes_last_in_the_next(monkeypatch, caplog):
    def overrun():
        with Parts() as parts, parts.alone("a part"):
            raise SoftTimeLimitExceeded

    done: list[str] = []
    spied(monkeypatch, done, recounts=overrun)
    with pytest.raises(SoftTimeLimitExceeded):
        tick()
    assert done == NAMES[: NAMES.index("recounts")]
    assert list(FailingStep.objects.values_list("name", "error_class")) == [("recounts", "SoftTimeLimitExceeded")]
    for times in (2, 3, 4):
        done.clear()
        with pytest.raises(SoftTimeLimitExceeded):
            tick()
        assert done == [name for name in NAMES if name != "recounts"]
        assert noted() == {"recounts": times}
    assert Alert.objects.get().code == "step_recounts"


# --- a connection to the database that is left broken ---------------------------------------------------------------------


def _ask_for_nonsense() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")


def _leave_a_transaction() -> None:
    transaction.atomic().__enter__()
    Organisation.objects.update(name="Half done")
    raise Broken


def _leave_a_transaction_and_say_nothing() -> None:
    transaction.atomic().__enter__()
    Organisation.objects.update(name="Half done")


def _switch_autocommit_off() -> None:
    transaction.set_autocommit(False)
    Organisation.objects.update(name="Half done")
    raise Broken


def _lose_the_connection() -> None:
    connection.ensure_connection()
    connection.connection.close()
    Organisation.objects.count()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "leave",
    [
        _ask_for_nonsense,
        _leave_a_transaction,
        _leave_a_transaction_and_say_nothing,
        _switch_autocommit_off,
        _lose_the_connection,
    ],
)
@pytest.mark.parametrize("name", ["clock", "recounts"])
def test_what_a_step_leaves_of_its_transaction_spoils_nothing(name, leave, monkeypatch):
    Organisation.current()
    Organisation.objects.update(name="Whole")
    done: list[str] = []
    spied(monkeypatch, done, **{name: leave})
    tick()
    assert [other for other in done if other != name] == [other for other in NAMES if other != name]
    assert not connection.in_atomic_block
    assert connection.get_autocommit()
    assert Organisation.objects.get().name == "Whole"
    assert set(noted()) == ({name} if leave is not _leave_a_transaction_and_say_nothing else set())


@pytest.mark.django_db(transaction=True)
def test_a_part_that_breaks_the_connection_spoils_nothing_of_the_next():
    with pytest.raises(PartsFailed) as failed, Parts() as parts:
        with parts.alone("first"):
            _lose_the_connection()
        with parts.alone("second"):
            Organisation.current()
        with parts.alone("third"):
            _ask_for_nonsense()
    assert list(failed.value.failed) == ["first", "third"]
    name, error = failed.value.newest
    assert name == "third"
    assert isinstance(error, DatabaseError)
    assert Organisation.objects.exists()


# --- one survey whose recount raises --------------------------------------------------------------------------------------


@pytest.fixture
def moved():
    with time_machine.travel(MORNING, tick=False) as clock_of_today:
        yield clock_of_today


def text_of(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def test_one_survey_that_cannot_be_recounted_stops_nothing_else(
    moved, monkeypatch, admin, client_of, api_of, settings, mailoutbox, caplog
):
    settings.PUBLIC_URL = "https://parcours.example"
    monkeypatch.setattr("integrations.timetable.steps.send_alert_emails.delay", emails.send_alert_emails)
    monkeypatch.setattr(send_alert_messages, "apply_async", lambda *_args, **_options: None)
    endpoints.add_target("Team chat", "https://hooks.example.org/")
    refused = factories.make_connection(name="Coastline Rail", stopped_code="token_refused")
    surveys = [factories.make_survey() for _ in range(3)]
    for survey in surveys:
        ChangedDay.objects.create(survey=survey, day=MORNING.date())
    broken = surveys[1]

    def recount(survey: Survey) -> int:
        return fail() if survey == broken else refresh_changed_days(survey)

    monkeypatch.setattr(steps, "refresh_changed_days", recount)
    tick()
    assert list(ChangedDay.objects.values_list("survey", flat=True)) == [broken.pk]
    assert list(Alert.objects.values_list("code", "connection")) == [("token_refused", refused.pk)]
    assert [mail.subject for mail in mailoutbox] == ["Parcours: 1 new alert"]
    assert f"survey {broken.pk}" in caplog.text
    for _ in range(2):
        moved.shift(30)
        ChangedDay.objects.get_or_create(survey=surveys[2], day=MORNING.date())
        tick()
        assert list(ChangedDay.objects.values_list("survey", flat=True)) == [broken.pk]

    row = FailingStep.objects.get()
    assert (row.name, row.times, row.parts, row.part) == ("recounts", 3, 1, f"survey {broken.pk}")
    assert (row.failing_since, row.last_failed_at) == (MORNING, MORNING + timedelta(minutes=1))

    said = f"It runs, but a step fails: “recount what was left over”, since 23 Nov 2026, 08:00 (Broken, survey {broken.pk})."
    page = text_of(client_of(admin).get(reverse("integrations:health")))
    assert said in page
    assert "A step of the timetable fails again and again: recount what was left over." in page
    told = api_of(admin).get(reverse("api:health")).json()
    assert told["signs"][0]["state"] == "warn"
    assert told["signs"][0]["sentence"] == said
    assert told["failing_steps"] == [
        {
            "name": "recounts", "label": "recount what was left over", "failing_since": "2026-11-23T08:00:00Z",
            "last_failed_at": "2026-11-23T08:01:00Z", "times": 3, "error_class": "Broken", "parts": 1,
            "part": f"survey {broken.pk}",
        }
    ]  # fmt: skip
    alert = Alert.objects.get(about="step")
    listed = api_of(admin).get(reverse("api:alert-detail", args=[alert.pk])).json()
    assert (listed["kind"], listed["code"]) == ("step_failing", "step_recounts")
    assert (listed["connection"], listed["connection_name"], listed["survey"]) == (None, None, None)
    assert (alert.opened_at, alert.closed_at) == (MORNING + timedelta(minutes=1), None)
    opened = json.loads(AlertMessage.objects.filter(kind="alert.opened").latest("pk").body)["data"]
    assert (opened["code"], opened["connection"], opened["survey"]) == ("step_recounts", None, None)
    assert opened["url"] == "https://parcours.example/settings/health/"
    mailoutbox.clear()
    moved.shift(timedelta(minutes=10))
    tick()
    assert [mail.subject for mail in mailoutbox] == ["Parcours: 1 new alert"]
    assert "* Timetable\n  A step of the timetable fails again and again" in mailoutbox[0].body

    monkeypatch.setattr(steps, "refresh_changed_days", refresh_changed_days)
    mailoutbox.clear()
    moved.shift(timedelta(minutes=10))
    tick()
    assert not ChangedDay.objects.exists()
    assert noted() == {}
    alert.refresh_from_db()
    assert alert.closed_at == timezone.now()
    assert json.loads(AlertMessage.objects.latest("pk").body)["type"] == "alert.closed"
    assert [mail.subject for mail in mailoutbox] == ["Parcours: what was wrong has ended"]
    assert timetable()[0] == "good"
    assert "A step of the timetable fails" in text_of(client_of(admin).get(reverse("integrations:alert_list")))
    assert list(Alert.objects.filter(closed_at=None).values_list("code", flat=True)) == ["token_refused"]


# --- the parts of the other steps -----------------------------------------------------------------------------------------


def but_first(real=lambda *_args, **_options: None):
    """What fails when it is called first, and does as `real` from then on."""
    calls: list[tuple] = []

    def run(*args, **options):
        calls.append(args)
        return fail() if len(calls) == 1 else real(*args, **options)

    run.calls = calls
    return run


def due_feeds() -> list[SurveyFeed]:
    now = timezone.now()
    feeds = []
    for _ in range(2):
        source = factories.make_connection(token_envelope="x").source
        survey = factories.make_survey(
            source, retrieve_every=timedelta(days=1), last_good_fetch_at=now - timedelta(days=9)
        )
        factories.make_item(factories.make_question(survey))
        feeds.append(factories.make_feed(source.connection, survey, next_due_at=now))
    return feeds


def open_fetches() -> None:
    for feed in due_feeds():
        Fetch.objects.create(feed=feed, trigger="manual", due_at=timezone.now())


def told_of() -> None:
    for _ in range(2):
        now = timezone.now()
        Delivery.objects.create(watch=make_watch(), response_id="R_1", received_at=now, due_at=now)


def sent_distributions() -> None:
    for _ in range(2):
        Distribution.objects.create(
            connection=factories.make_connection(), kind="email", state="sent", survey_external_id="SV_1",
            survey_name="S", recipients=1, next_ask_at=timezone.now(), confirmed_at=timezone.now(),
        )  # fmt: skip


def waiting_messages() -> None:
    for name in "AB":
        endpoints.send_test(endpoints.add_target(name, "https://hooks.example.org/")[0])


@pytest.mark.parametrize(
    ("name", "prepare", "owner", "attribute"),
    [
        ("fetches", due_feeds, requests, "ask_for_missing"),
        ("wakeups", open_fetches, run_slice, "apply_async"),
        ("announcements", told_of, look_up, "apply_async"),
        ("watches", lambda: [make_watch(), make_watch()], check_watches, "delay"),
        ("statistics", sent_distributions, ask_statistics, "delay"),
        ("heartbeats", lambda: None, heartbeat, "apply_async"),
        ("alerts", due_feeds, alerts, "_facts_of"),
        ("alert_messages", waiting_messages, send_alert_messages, "apply_async"),
    ],
)
def test_each_part_of_a_step_may_fail_and_the_others_are_done(name, prepare, owner, attribute, monkeypatch, settings):
    settings.PUBLIC_URL = "https://parcours.example"
    for task in (run_slice, run_backfill_slice, look_up, check_watches, ask_statistics, heartbeat, send_alert_messages):
        monkeypatch.setattr(task, "apply_async", lambda *_args, **_options: None)
    Timekeeping.objects.create(pk=1)
    prepare()
    spy = but_first(getattr(owner, attribute))
    monkeypatch.setattr(owner, attribute, spy)
    next(step for step in steps.STEPS if step.name == name).run_alone(())
    assert len(spy.calls) == 2
    row = FailingStep.objects.get()
    assert (row.name, row.times, row.error_class, row.parts) == (name, 1, "Broken", 1)
    assert re.fullmatch(r"\w+ [\w-]+", row.part)


def test_a_survey_whose_alerts_cannot_be_evaluated_keeps_no_other_from_its_alert(monkeypatch):
    first, second = due_feeds()
    monkeypatch.setattr(alerts, "_facts_of", but_first(alerts._facts_of))
    with pytest.raises(PartsFailed):
        alerts.evaluate()
    found = Alert.objects.get()
    assert found.code == "data_stale"
    failed = first if found.survey_id == second.survey_id else second
    assert list(SurveyFeed.objects.filter(look_at__lte=timezone.now())) == [failed]  # it is due again at once
    alerts.evaluate()
    assert Alert.objects.count() == 2


@pytest.mark.parametrize("opened", ["connections", "surveys"])
def test_an_alert_that_cannot_be_opened_keeps_no_other_from_being_opened(opened, monkeypatch):
    if opened == "connections":
        for _ in range(2):
            factories.make_connection(stopped_code="token_refused")
    else:
        due_feeds()
    monkeypatch.setattr(endpoints, "announce", but_first())
    with pytest.raises(PartsFailed):
        alerts.evaluate()
    assert Alert.objects.count() == 1
    alerts.evaluate()
    assert Alert.objects.count() == 2


def test_trouble_with_the_facts_of_connections_keeps_no_survey_from_its_alert(monkeypatch):
    due_feeds()
    monkeypatch.setattr(alerts, "_connections_in_trouble", fail)
    with pytest.raises(PartsFailed):
        alerts.evaluate()
    assert Alert.objects.count() == 2


def test_an_item_that_cannot_be_looked_at_keeps_no_other_survey_from_its_alert(monkeypatch):
    for feed in due_feeds():
        feed.survey.questions.update(gone_at=timezone.now())
    monkeypatch.setattr(alerts, "facts_of", but_first(alerts.facts_of))
    with pytest.raises(PartsFailed):
        alerts.evaluate()
    assert Alert.objects.filter(kind="survey_drift").count() == 1
    assert Alert.objects.values("survey").distinct().count() == 1  # of the other nothing is known, so nothing is said
    alerts.evaluate()
    assert Alert.objects.filter(kind="survey_drift").count() == 2


def test_a_feed_that_cannot_be_planned_anew_is_due_at_once_and_the_others_are_planned(monkeypatch):
    far = timezone.now() + timedelta(days=300)
    due_feeds()
    SurveyFeed.objects.update(next_due_at=far)
    Timekeeping.objects.create(pk=1, ticked_at=far)
    monkeypatch.setattr(demand, "next_due", but_first(demand.next_due))
    with pytest.raises(PartsFailed):
        clock.keep_time()
    now = timezone.now()
    assert SurveyFeed.objects.filter(next_due_at__lte=now).count() == 1
    assert SurveyFeed.objects.filter(next_due_at__gt=now, next_due_at__lt=far).count() == 1


# --- daily maintenance ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part",
    [
        "remove_stray_files",
        "remove_old_rejections",
        "remove_old_ledger_lines",
        "remove_old_operations",
        "remove_old_responses",
    ],
)
def test_each_part_of_maintenance_may_fail_and_the_others_are_done(part, monkeypatch):
    done: list[str] = []

    def spy(name: str):
        def run() -> int:
            if name == part:
                fail()
            done.append(name)
            return 0

        run.__name__ = name
        return run

    names = ["remove_stray_files", "remove_old_rejections", "remove_old_ledger_lines"]
    names += ["remove_old_operations", "remove_old_responses"]
    for name in names:
        monkeypatch.setattr(maintenance, name, spy(name))
    others = {"forget_old_counts": maintenance.call_counts, "forget_old_alerts": alerts}
    others["forget_old_messages"] = maintenance.delivery
    for name, module in others.items():
        monkeypatch.setattr(module, name, spy(name))
    with pytest.raises(PartsFailed) as failed:
        maintenance.run_maintenance()
    assert list(failed.value.failed) == [part]
    assert done == [name for name in (*names, *others) if name != part]


def test_a_file_that_cannot_be_removed_keeps_no_other(settings, monkeypatch):
    for name in "abc":
        (settings.SPOOL_DIR / name).write_bytes(b"x")
    monkeypatch.setattr(maintenance, "YOUNG", timedelta(seconds=-5))
    monkeypatch.setattr(maintenance.Path, "unlink", but_first(maintenance.Path.unlink))
    with pytest.raises(PartsFailed):
        maintenance.remove_stray_files()
    assert len(list(settings.SPOOL_DIR.iterdir())) == 1


def test_a_survey_that_cannot_be_purged_keeps_no_other(settings, monkeypatch):
    settings.RESPONSE_RETENTION_DAYS = 30
    long_ago = timezone.now() - timedelta(days=60)
    for _ in range(2):
        factories.make_survey(first_response_at=long_ago)
    monkeypatch.setattr(maintenance, "refresh_changed_days", but_first(lambda _survey: 0))
    with pytest.raises(PartsFailed):
        maintenance.remove_old_responses()
    assert Survey.objects.exclude(purged_until=None).count() == 1


def test_maintenance_that_failed_is_tried_again_in_an_hour_and_noted_until_it_works(moved, monkeypatch):
    tries: list[datetime] = []

    def run_maintenance() -> None:
        tries.append(timezone.now())
        if len(tries) < 4:
            fail()

    monkeypatch.setattr(maintenance, "run_maintenance", run_maintenance)
    for minutes in (0, 1, 59, 1, 59):
        moved.shift(timedelta(minutes=minutes))
        tick()
    assert [at - MORNING for at in tries] == [timedelta(0), timedelta(hours=1), timedelta(hours=2)]
    assert noted() == {"maintenance": 3}
    assert list(Alert.objects.values_list("code", flat=True)) == []
    moved.shift(30)
    tick()
    assert list(Alert.objects.values_list("code", flat=True)) == ["step_maintenance"]
    moved.shift(timedelta(hours=1))
    tick()
    assert len(tries) == 4
    assert noted() == {}
    moved.shift(timedelta(hours=23, minutes=59))
    tick()
    assert len(tries) == 4
    assert Alert.objects.get().closed_at is not None
    moved.shift(timedelta(minutes=2))
    tick()
    assert len(tries) == 5


# --- what it costs and looks like -----------------------------------------------------------------------------------------


def test_a_quiet_tick_asks_three_questions_more_than_its_steps():
    """Which steps failed before, at the beginning; which are to have an alert, and which have one, behind the alerts."""
    tick()
    with CaptureQueriesContext(connection) as all_of_it:
        tick()
    with CaptureQueriesContext(connection) as alone:
        for step in steps.STEPS:
            if step.name != "step_alerts":
                step.run()
    assert len(all_of_it) == len(alone) + 3
    assert noted() == {}


def test_a_timetable_that_stands_still_is_worse_than_a_step_that_fails(moved, monkeypatch):
    spied(monkeypatch, [], clock=fail)
    tick()
    assert timetable()[0] == "warn"  # it runs, although nobody could note the tick
    moved.shift(600)
    tone, sentence = timetable()
    assert (tone, "stands still: the last tick was at 23 Nov 2026, 08:00" in sentence) == ("bad", True)


def test_workers_are_judged_although_a_step_fails(monkeypatch):
    spied(monkeypatch, [], recounts=fail)
    monkeypatch.setattr(heartbeat, "apply_async", lambda *_args, **_options: None)
    tick()
    heartbeat("sync")
    assert {sign.key: sign.tone for sign in system_checks(timezone.now())}["workers_sync"] == "good"
