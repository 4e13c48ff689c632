"""What came of a distribution: asked on demand and now and then, kept, and shown with its time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.distributions import statistics
from integrations.distributions.tasks import ask_statistics
from integrations.models import Distribution
from integrations.timetable import tasks
from integrations.troubles.isolation import Parts

pytestmark = pytest.mark.django_db
URL = "/api/v1/distributions/"


@pytest.fixture
def done(api, email):
    """A distribution that was sent."""

    def make(**changes):
        draft = api.post(URL, email(**changes)).json()
        assert api.post(f"{URL}{draft['id']}/send/", {"version": 1}).json()["state"] == "sent"
        return Distribution.objects.get(pk=draft["id"])

    return make


def page_of(row, action=""):
    return reverse(f"integrations:distribution{action}", args=[row.pk])


def come_due(row):
    Distribution.objects.filter(pk=row.pk).update(next_ask_at=timezone.now() - timedelta(seconds=1))


def ask_all():
    """What a tick and its messages do."""
    for pk in statistics.to_ask(Parts()):
        ask_statistics(pk)


def asked(sandbox):
    return len([call for call in sandbox.control.calls() if call["method"] == "GET" and "/EMD_" in call["path"]])


def test_the_button_asks_and_the_page_shows_what_was_told_with_its_time(alice, done, there):
    row = done(mailing_list=there.regular.id)
    assert "Qualtrics is asked for them soon" in alice.get(page_of(row)).content.decode()
    assert alice.post(page_of(row, "_refresh")).url == page_of(row)
    page = alice.get(page_of(row))
    assert dict(page.context["counts"]) == {
        "Sent": 130, "Opened": 70, "Started": 32, "Finished": 27, "Bounced": 1, "Failed": 0,
    }  # fmt: skip
    row.refresh_from_db()
    assert (row.vendor_status, row.statistics["finished"]) == ("Done", 27)
    assert abs(row.statistics_at - timezone.now()) < timedelta(minutes=1)
    listed = alice.get(reverse("integrations:distributions")).content.decode()
    assert ">27<" in listed


def test_the_api_tells_what_is_kept(api, done):
    row = done()
    assert api.get(f"{URL}{row.pk}/").json()["statistics"] == {}
    told = api.get(f"{URL}{row.pk}/progress/").json()
    kept = api.get(f"{URL}{row.pk}/").json()
    assert (kept["statistics"], kept["vendor_status"]) == (told["statistics"], told["status"])
    assert kept["statistics_at"] == told["as_of"]


def test_looking_at_pages_asks_nothing(alice, done, sandbox):
    row = done()
    sandbox.control.forget_calls()
    alice.get(page_of(row))
    alice.get(reverse("integrations:distributions"))
    assert sandbox.control.calls() == []


def test_what_was_told_stays_when_qualtrics_is_in_trouble(alice, api, done, sandbox):
    row = done()
    alice.post(page_of(row, "_refresh"))
    before = Distribution.objects.get()
    sandbox.control.switch_fault_on("503", path="*/distributions/*", method="GET")
    answer = alice.post(page_of(row, "_refresh"), follow=True)
    assert "toast" in answer.content.decode()
    assert api.get(f"{URL}{row.pk}/progress/").status_code == 502
    come_due(row)
    ask_all()
    after = Distribution.objects.get()
    assert (after.statistics, after.statistics_at) == (before.statistics, before.statistics_at)
    assert after.next_ask_at > timezone.now() + timedelta(minutes=55)


@pytest.mark.parametrize("state", ["draft", "sending", "failed", "unknown"])
def test_what_was_not_sent_has_no_statistics_to_ask_for(alice, api, email, state, sandbox):
    row = Distribution.objects.get(pk=api.post(URL, email()).json()["id"])
    Distribution.objects.update(state=state, confirmed_at=timezone.now(), next_ask_at=timezone.now())
    sandbox.control.forget_calls()
    assert alice.post(page_of(row, "_refresh")).status_code == 404
    ask_all()
    assert sandbox.control.calls() == []


def test_it_is_asked_soon_then_hourly_then_daily_then_no_more(done, sandbox):
    row, now = done(), timezone.now()
    sandbox.control.forget_calls()
    assert timedelta(0) < row.next_ask_at - now < timedelta(minutes=2)
    for age, wait in (
        (timedelta(hours=1), timedelta(hours=1)),
        (timedelta(days=4), timedelta(days=1)),
        (timedelta(days=31), None),
    ):
        request = row.request | {"sendDate": (now - age).strftime("%Y-%m-%dT%H:%M:%SZ")}
        Distribution.objects.update(request=request)
        come_due(row)
        ask_all()
        found = Distribution.objects.get().next_ask_at
        assert (found and round((found - now) / timedelta(hours=1))) == (wait and wait / timedelta(hours=1))
    assert asked(sandbox) == 3
    ask_all()
    assert asked(sandbox) == 3


def test_one_that_waits_for_its_date_is_asked_after_it(done):
    row = done(send_at="2036-01-01T00:00:00Z")
    assert row.next_ask_at == row.send_at + timedelta(minutes=1)
    assert statistics.to_ask(Parts()) == []
    statistics.refresh(row)
    assert (row.vendor_status, row.next_ask_at) == ("Pending", row.send_at + timedelta(minutes=1))


def test_each_is_given_to_one_worker_and_a_tick_sends_the_message(done, monkeypatch):
    row, rung = done(), []
    come_due(row)
    monkeypatch.setattr(ask_statistics, "delay", rung.append)
    tasks.tick()
    tasks.tick()
    assert rung == [row.pk]


def test_one_that_somebody_deleted_in_qualtrics_is_asked_no_more(done, sandbox):
    row = done()
    sandbox.site.services.distributions.all.pop(row.external_id)
    come_due(row)
    ask_all()
    assert Distribution.objects.get().next_ask_at is None


def test_a_connection_that_is_off_or_stopped_is_not_asked(done, connection, sandbox):
    row = done()
    for changes in ({"enabled": False}, {"enabled": True, "stopped_code": "token_refused"}):
        type(connection).objects.update(**changes)
        come_due(row)
        sandbox.control.forget_calls()
        ask_all()
        assert sandbox.control.calls() == []


def test_a_row_that_is_gone_meanwhile_is_no_trouble(db):
    ask_statistics(999_999)
