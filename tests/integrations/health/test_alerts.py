"""One fact, one alert: opened when it holds, closed when it ends, whatever was missed meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as db
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from feedback.models import FeedbackItem, Question, Survey
from integrations.health import alerts
from integrations.models import Alert, Connection, Fetch, ResponseWatch, SurveyFeed, Timekeeping
from integrations.sync import requests
from integrations.timetable import tasks
from integrations.troubles.table import TROUBLES
from integrations.webhooks import subscriptions
from sandbox.demo import RAILWAY_TOKEN
from tests import factories
from tests.integrations.sync.conftest import add_item, mirrored, work  # noqa: F401 (add_item is a fixture)
from tests.integrations.webhooks.conftest import make_watch

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    """No message to a worker is needed here."""
    monkeypatch.setattr("integrations.timetable.steps.send_alert_emails.delay", lambda: None)


def make_feed(connection: Connection | None = None, **survey_fields) -> SurveyFeed:
    """A feed that an item retrieves daily, and that was fetched well just now."""
    connection = connection or factories.make_connection(token_envelope="x")
    now = timezone.now()
    facts = {"retrieve_every": DAY, "last_good_fetch_at": now} | survey_fields
    survey = factories.make_survey(connection.source, **facts)
    factories.make_item(factories.make_question(survey))
    return factories.make_feed(connection, survey, next_due_at=now + DAY)


def look_again() -> None:
    alerts.ask_for_look(SurveyFeed.objects.all())
    alerts.evaluate()


def standing() -> set[tuple[str, str, int | None]]:
    return set(Alert.objects.filter(closed_at=None).values_list("kind", "code", "survey"))


def test_all_well_opens_nothing():
    make_feed()
    look_again()
    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    ("facts", "failures", "kind", "code"),
    [
        ({"failure_code": "server_trouble"}, 3, "fetches_failing", "server_trouble"),
        ({"last_good_fetch_at": timezone.now() - 3 * DAY}, 0, "data_stale", "data_stale"),
        ({"last_good_fetch_at": timezone.now() - 3 * DAY, "failure_code": "dns_failed"}, 2, "data_stale", "dns_failed"),
        ({"attention_code": "survey_gone", "failure_code": "survey_gone"}, 1, "needs_attention", "survey_gone"),
        ({"attention_code": "right_missing", "failure_code": "right_missing"}, 1, "needs_attention", "right_missing"),
        ({"attention_code": "mass_disappearance"}, 0, "needs_attention", "mass_disappearance"),
    ],
)
def test_each_fact_of_a_survey_has_its_alert_and_ends_with_it(facts, failures, kind, code):
    feed = make_feed(**facts)
    SurveyFeed.objects.filter(pk=feed.pk).update(failures_in_a_row=failures)
    look_again()
    look_again()
    assert standing() == {(kind, code, feed.survey_id)}
    Survey.objects.update(failure_code="", attention_code="", last_good_fetch_at=timezone.now())
    SurveyFeed.objects.update(failures_in_a_row=0)
    look_again()
    assert standing() == set()
    assert Alert.objects.count() == 1


def test_a_failure_or_two_is_no_alert(settings):
    feed = make_feed(failure_code="server_trouble")
    SurveyFeed.objects.filter(pk=feed.pk).update(failures_in_a_row=2)
    look_again()
    assert standing() == set()
    settings.ALERT_AFTER_FAILURES = 2
    look_again()
    assert standing() == {("fetches_failing", "server_trouble", feed.survey_id)}


def test_old_data_that_then_fail_are_one_alert_in_another_form():
    feed = make_feed(last_good_fetch_at=timezone.now() - 3 * DAY, failure_code="dns_failed")
    look_again()
    SurveyFeed.objects.filter(pk=feed.pk).update(failures_in_a_row=3)
    look_again()
    assert list(Alert.objects.values_list("kind", "closed_at")) == [("fetches_failing", None)]


def test_data_get_old_by_time_alone():
    feed = make_feed()
    alerts.evaluate()
    feed.refresh_from_db()
    assert feed.look_at == feed.survey.last_good_fetch_at + 2 * DAY
    Survey.objects.update(last_good_fetch_at=timezone.now() - 3 * DAY)
    SurveyFeed.objects.update(look_at=timezone.now())  # that moment has come
    alerts.evaluate()
    assert standing() == {("data_stale", "data_stale", feed.survey_id)}


def test_a_fetch_under_way_excuses_old_data_for_an_hour():
    feed = make_feed(last_good_fetch_at=timezone.now() - 3 * DAY)
    fetch = Fetch.objects.create(feed=feed, trigger="manual", due_at=timezone.now())
    look_again()
    assert standing() == set()
    Fetch.objects.filter(pk=fetch.pk).update(created_at=timezone.now() - timedelta(minutes=61))
    look_again()
    assert standing() == {("data_stale", "data_stale", feed.survey_id)}


@pytest.mark.parametrize(
    ("change", "code"),
    [({"fingerprint": "other choices"}, "question_changed"), ({"gone_at": timezone.now()}, "question_gone")],
)
def test_a_survey_that_drifts_has_an_alert_until_its_items_are_put_right(change, code):
    feed = make_feed()
    Question.objects.update(**change)
    look_again()
    assert standing() == {("survey_drift", code, feed.survey_id)}
    FeedbackItem.objects.update(chosen_state="paused")
    look_again()
    assert standing() == set()


@pytest.mark.parametrize(
    ("fields", "kind", "code"),
    [
        ({"stopped_code": "token_refused"}, "connection_stopped", "token_refused"),
        ({"stopped_code": "key_missing"}, "connection_stopped", "key_missing"),
        ({"failures_in_a_row": 5}, "fetches_failing", "outage"),
    ],
)
def test_a_connection_in_trouble_has_one_alert_for_all_its_surveys(fields, kind, code):
    connection = factories.make_connection(token_envelope="x", **fields)
    for _ in range(3):
        feed = make_feed(connection, last_good_fetch_at=timezone.now() - 9 * DAY, failure_code="token_refused")
        SurveyFeed.objects.filter(pk=feed.pk).update(failures_in_a_row=9)
    look_again()
    look_again()
    assert standing() == {(kind, code, None)}
    Connection.objects.update(enabled=False)
    look_again()
    assert standing() == set()


def test_what_is_switched_off_or_asked_for_by_nobody_raises_no_alert():
    make_feed(factories.make_connection(enabled=False), attention_code="survey_gone")
    SurveyFeed.objects.filter(pk=make_feed(attention_code="survey_gone").pk).update(next_due_at=None)
    look_again()
    assert standing() == set()


def test_a_watch_that_cannot_be_brought_in_line_for_long_is_lost(settings):
    settings.PUBLIC_URL = "https://parcours.example"
    watch = make_watch(trouble_code="watch_right_missing", checked_at=timezone.now() - timedelta(hours=25))
    alerts.evaluate()
    assert standing() == set()  # it was in line at the last daily check, and is tried again
    ResponseWatch.objects.update(checked_at=timezone.now() - timedelta(hours=27))
    alerts.evaluate()
    assert standing() == {("watch_lost", "watch_right_missing", watch.survey_id)}
    ResponseWatch.objects.update(trouble_code="", checked_at=timezone.now())
    alerts.evaluate()
    assert standing() == set()


def test_a_new_alert_may_follow_an_old_one():
    connection = factories.make_connection(stopped_code="token_refused")
    alerts.evaluate()
    Connection.objects.update(stopped_code="")
    alerts.evaluate()
    Connection.objects.filter(pk=connection.pk).update(stopped_code="key_missing")
    alerts.evaluate()
    assert [(alert.code, alert.closed_at is None) for alert in Alert.objects.order_by("pk")] == [
        ("token_refused", False),
        ("key_missing", True),
    ]


def test_two_ticks_at_once_open_one_alert():
    connection = factories.make_connection(stopped_code="token_refused")
    fact = alerts.Fact(Alert.About.CONNECTION, Alert.Kind.STOPPED, "token_refused", connection.pk)
    assert [alerts._open(fact), alerts._open(fact)] == [True, False]
    found = Alert.objects.get()
    assert [alerts._close(found), alerts._close(found)] == [True, False]


def test_every_alert_has_its_sentences():
    assert {"outage", "data_stale", "question_gone", "question_changed"} <= TROUBLES.keys()


def test_closed_alerts_of_long_ago_go(settings):
    connection = factories.make_connection()
    now = timezone.now()
    for days in (1, settings.KEEP_LEDGER_DAYS + 1):
        Alert.objects.create(
            about="connection", kind="connection_stopped", code="token_refused", connection=connection,
            opened_at=now - timedelta(days=days), closed_at=now - timedelta(days=days),
        )  # fmt: skip
    assert alerts.forget_old_alerts() == 1
    assert Alert.objects.count() == 1


# --- with the engine and the sandbox ----------------------------------------------------------------------------------


@pytest.fixture
def survey(connection, sandbox) -> Survey:
    return mirrored(connection, sandbox, "post-journey")


def test_after_one_refused_call_there_is_an_alert_and_no_further_call(sandbox, survey, add_item, connection, settings):  # noqa: F811
    settings.PUBLIC_URL = "https://parcours.example"
    add_item(survey)
    watch = make_watch(survey, subscription_id="")
    other = mirrored(connection, sandbox, "on-board")
    add_item(other, "QID12")
    sandbox.control.revoke_token(RAILWAY_TOKEN)
    sandbox.control.forget_calls()
    work(survey)
    assert len(sandbox.control.calls()) == 1
    tasks.tick()
    work(other)
    subscriptions.check_connection(Connection.objects.get())
    with pytest.raises(requests.CannotFetch):
        requests.ask_for_fetch(survey.feed, Fetch.Trigger.MANUAL)
    SurveyFeed.objects.update(next_due_at=timezone.now(), look_at=timezone.now())
    tasks.tick()
    assert len(sandbox.control.calls()) == 1
    assert standing() == {("connection_stopped", "token_refused", None)}
    assert watch.connection_id == connection.pk


def test_a_refused_call_outside_a_fetch_stops_the_connection_as_well(sandbox, connection, survey, client_of, admin):
    sandbox.control.revoke_token(RAILWAY_TOKEN)
    watch = make_watch(survey, subscription_id="")
    subscriptions.bring_in_line(watch)
    connection.refresh_from_db()
    assert connection.stopped_code == "token_refused"
    alerts.evaluate()
    assert standing() == {("connection_stopped", "token_refused", None)}


def test_a_slow_answer_about_an_old_token_does_not_stop_the_new_one(sandbox, connection):
    old = Connection.objects.get()
    sandbox.control.revoke_token(RAILWAY_TOKEN)
    Connection.objects.update(token_envelope="a new one", token_set_at=timezone.now())
    make_watch(factories.make_survey(connection.source), subscription_id="")
    watch = ResponseWatch.objects.get()
    watch.connection = old
    subscriptions.bring_in_line(watch)
    assert Connection.objects.get().stopped_code == ""


def test_the_end_of_a_fetch_asks_for_a_look_and_closes_the_alert(sandbox, survey, add_item):  # noqa: F811
    add_item(survey)
    SurveyFeed.objects.update(failures_in_a_row=2, look_at=None)
    sandbox.control.change_settings(export_mode="failed")
    work(survey)
    alerts.evaluate()
    assert standing() == {("fetches_failing", "export_failed", survey.pk)}
    sandbox.control.change_settings(export_mode="instant")
    requests.ask_for_fetch(SurveyFeed.objects.get(), Fetch.Trigger.MANUAL)
    work(survey)
    alerts.evaluate()
    assert standing() == set()


# --- what a tick costs ------------------------------------------------------------------------------------------------


def test_a_tick_takes_as_many_queries_for_thirty_healthy_feeds_as_for_three():
    def queries() -> int:
        Timekeeping.objects.update(asked_queues_at=timezone.now(), kept_up_at=timezone.now())
        with CaptureQueriesContext(db) as log:
            tasks.tick()
        return len(log)

    connection = factories.make_connection(token_envelope="x")
    for _ in range(3):
        make_feed(connection)
    tasks.tick()
    few = queries()
    for _ in range(27):
        make_feed(connection)
    for _ in range(3):
        tasks.tick()  # looks at the new ones, and decides the flags of ten journeys
    assert queries() == few


def test_an_alert_that_stands_costs_no_query_at_the_next_tick():
    connection = factories.make_connection(token_envelope="x", stopped_code="token_refused")
    for _ in range(3):
        make_feed(connection)
    alerts.evaluate()
    with CaptureQueriesContext(db) as one:
        alerts.evaluate()
    for _ in range(5):
        factories.make_connection(token_envelope="x", stopped_code="token_refused")
    alerts.evaluate()
    with CaptureQueriesContext(db) as six:
        alerts.evaluate()
    assert len(one) == len(six) <= 5
