"""Health says what a person can do about a connection in trouble; only where there is nothing does it say so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from feedback.models import Survey
from integrations.health import alerts, status
from integrations.models import Alert, Connection, Fetch
from integrations.sync import closing
from integrations.sync.lease import Lease, claim
from integrations.troubles.errors import BadRequest, NoConnection, RightMissing, WrongDataCentre
from integrations.troubles.table import TROUBLES, Retry, Stops, explain
from tests.factories import make_connection, make_feed, make_item, make_question, make_survey

pytestmark = pytest.mark.django_db


def health() -> status.Health:
    now = timezone.now()
    return status.by_urgency(Connection.objects.all(), now)[0][1]


def fail(error, times: int = 7) -> None:
    """As many surveys of a connection fail in this way as would open the circuit."""
    connection = make_connection(token_envelope="-")
    for _ in range(times):
        survey = make_survey(connection.source)
        make_item(make_question(survey))
        feed = make_feed(connection, survey, next_due_at=timezone.now() + timedelta(days=1))
        fetch = Fetch.objects.create(feed=feed, trigger="schedule", due_at=timezone.now())
        closing.handle_vendor_error(Lease(claim(fetch.uuid)), error, jitter=0.0)


@pytest.mark.parametrize("error", [BadRequest(status=400), RightMissing(status=403)])
def test_what_time_does_not_heal_is_no_interruption(error):
    fail(error)
    found = health()
    assert found.condition is status.Condition.TROUBLE
    assert found.label == "Partly failing"
    assert found.what_to_do == str(explain(error.code))
    connection = Connection.objects.get()
    assert (connection.failures_in_a_row, connection.open_until) == (0, None)
    assert set(Survey.objects.values_list("attention_code", flat=True)) == {error.code}


def test_a_wrong_data_centre_stops_the_connection_and_names_the_right_one():
    fail(WrongDataCentre(status=400, right_host="sjc1.qualtrics.com"), times=1)
    found = health()
    assert found.condition is status.Condition.STOPPED
    assert "sjc1.qualtrics.com" in found.what_to_do
    alerts.evaluate()
    assert "sjc1.qualtrics.com" in Alert.objects.get().explanation.what_to_do


def test_an_interruption_says_what_its_last_failure_asks_for():
    connection = make_connection(
        token_envelope="-", open_until=timezone.now() + timedelta(minutes=5), failures_in_a_row=5
    )
    feed = make_feed(connection, make_survey(connection.source))
    assert "nothing to do" in health().what_to_do
    Fetch.objects.create(
        feed=feed, trigger="schedule", state="failed", due_at=timezone.now(), error_code="connection_refused"
    )
    assert health().what_to_do == explain("connection_refused").what_to_do


def test_every_mistake_that_is_not_tried_again_stops_something():
    """Else a connection would seem interrupted, and Health would wait for what never comes. A fetch never changes anything."""
    silent = {code for code, row in TROUBLES.items() if row.retry is Retry.NEVER and row.stops is Stops.NOTHING}
    assert silent == {"changes_paused", "path_for_admins", "method_for_admins"}


def test_a_vendor_that_does_not_answer_opens_the_circuit_turn_by_turn():
    """40 surveys that hang half a minute each are not all tried five times before it is noticed."""
    fail(NoConnection(code="read_timeout"), times=5)
    assert not Fetch.objects.filter(state=Fetch.State.FAILED).exists()
    assert Connection.objects.get().is_resting


def test_fetches_that_wait_for_a_slow_vendor_are_not_blamed_on_the_workers():
    connection = make_connection(token_envelope="-", is_slow=True)
    feed = make_feed(connection, make_survey(connection.source), next_due_at=timezone.now())
    Fetch.objects.create(feed=feed, trigger="schedule", due_at=timezone.now() - timedelta(hours=1))
    checks = {check.key: check for check in status.system_checks(timezone.now())}
    assert checks["queue"].tone == "good"
    assert "slowly" in health().what_to_do
    Connection.objects.update(is_slow=False)
    checks = {check.key: check for check in status.system_checks(timezone.now())}
    assert checks["queue"].tone == "warn"
