"""Calls are counted by connection, hour and family, whoever makes them, and cost no query each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection as db
from django.db.utils import OperationalError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import CallCount
from integrations.qualtrics.limits import FAMILIES, family_of
from integrations.troubles.errors import QualtricsError
from integrations.vendor import call_counts
from integrations.vendor.call_counts import CallMeter, forget_old_counts, usage_by_connection, usage_of
from integrations.vendor.clients import client_for
from tests import factories

pytestmark = pytest.mark.django_db

START = "/API/v3/surveys/SV_1/export-responses"


@pytest.mark.parametrize(
    ("method", "path", "family"),
    [
        ("POST", START, "exports"),
        ("GET", f"{START}/ES_1", "progress"),
        ("GET", f"{START}/0c9a-def/file", "files"),
        ("GET", "/API/v3/surveys/SV_1/responses/R_1", "responses"),
        ("GET", "/API/v3/surveys/SV_1/response-schema", "schemas"),
        ("POST", "/API/v3/eventsubscriptions", "subscriptions"),
        ("DELETE", "/API/v3/eventsubscriptions/SUB_1", "subscriptions"),
        ("GET", "/API/v3/eventsubscriptions?offset=100", "subscriptions"),
        ("PUT", "/API/v3/directories/POOL_1/contacts/CID_1", "contacts"),
        ("GET", "/API/v3/directories/POOL_1/contacts", ""),
        ("GET", "/API/v3/surveys", ""),
        ("GET", "/API/v3/whoami", ""),
    ],
)
def test_each_call_has_its_family(method, path, family):
    assert family_of(method, path) == family


def test_every_family_has_a_label():
    assert len({call_counts.label_of(family.key) for family in FAMILIES}) == len(FAMILIES)


def test_a_real_call_is_counted_whatever_comes_of_it(sandbox, connection):
    sandbox.control.forget_calls()
    with client_for(connection) as client:
        client.whoami()
        list(client.surveys())
    sandbox.control.switch_fault_on("500", path="*/whoami")
    with client_for(connection) as client, pytest.raises(QualtricsError):
        client.whoami()
    made = len(sandbox.control.calls())
    assert made > 3
    assert [(usage.family, usage.calls) for usage in usage_of(connection, timezone.now())] == [("", made)]


def test_calls_are_written_once_a_minute_and_not_one_by_one():
    connection = factories.make_connection()
    with time_machine.travel(datetime(2026, 11, 22, 9, 0, 10, tzinfo=UTC), tick=False):
        meter = CallMeter(connection.pk)
        with CaptureQueriesContext(db) as log:
            for _ in range(50):
                meter.count("GET", f"{START}/ES_1")
        assert len(log) == 0
        meter.write()
    assert set(CallCount.objects.values_list("family", "calls", "busiest_minute")) == {
        ("", 50, 50),
        ("progress", 50, 50),
    }


def test_the_busiest_minute_is_kept():
    connection = factories.make_connection()
    for second, number in [(5, 3), (20, 4), (65, 5), (130, 1)]:
        with time_machine.travel(datetime(2026, 11, 22, 9, 0, tzinfo=UTC) + timedelta(seconds=second), tick=False):
            meter = CallMeter(connection.pk)
            for _ in range(number):
                meter.count("POST", START)
            meter.write()
    now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    usages = [(usage.family, usage.calls, usage.busiest_minute, usage.a_minute) for usage in usage_of(connection, now)]
    assert usages == [("", 13, 7, 3000), ("exports", 13, 7, 100)]
    assert usage_by_connection(now)[connection.pk].calls == 13
    assert usage_of(connection, now + timedelta(days=1))[0].calls == 0


def test_the_calls_of_a_deleted_connection_are_nobodys():
    connection = factories.make_connection()
    meter = CallMeter(connection.pk)
    meter.count("DELETE", "/API/v3/eventsubscriptions/SUB_1")
    connection.delete()
    meter.write()
    assert not CallCount.objects.exists()


def test_work_goes_on_when_counting_fails(monkeypatch, caplog):
    def broken(*_args):
        raise OperationalError("database is locked")

    monkeypatch.setattr(call_counts, "_add", broken)
    meter = CallMeter(factories.make_connection().pk)
    meter.count("GET", "/API/v3/whoami")
    meter.write()
    assert "were not counted" in caplog.text


def test_counts_of_long_ago_go():
    connection = factories.make_connection()
    now = timezone.now()
    for days in (1, 40):
        CallCount.objects.create(connection=connection, hour=now - timedelta(days=days), minute=now, calls=1)
    assert forget_old_counts() == 1
    assert CallCount.objects.count() == 1
