"""Health on the pages and over the REST API: worst first, one sentence each, and what to do."""

from __future__ import annotations

import re
import socket
from datetime import timedelta

import pytest
from django.db import connection as db
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from integrations.health import alerts, endpoints
from integrations.health.status import system_checks
from integrations.health.tasks import heartbeat, send_alert_messages
from integrations.models import Alert, AlertEndpoint, AlertMessage, Connection, Fetch, SurveyFeed, Timekeeping
from integrations.outbound.network import Network
from integrations.timetable import tasks
from integrations.vendor import call_counts
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client_of, admin):
    return client_of(admin)


@pytest.fixture
def api(api_of, admin):
    return api_of(admin)


@pytest.fixture(autouse=True)
def rung(monkeypatch) -> list[int]:
    """The webhooks for which a worker would have been woken."""
    found: list[int] = []
    monkeypatch.setattr(send_alert_messages, "apply_async", lambda arguments, **_options: found.append(*arguments))
    return found


def text_of(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def furnished_connection(**fields) -> Connection:
    connection = factories.make_connection(token_envelope="x", owner_name="Ana Ruiz", **fields)
    now = timezone.now()
    survey = factories.make_survey(
        connection.source,
        name="Post-journey",
        last_good_fetch_at=now - timedelta(hours=5),
        failure_code="export_failed",
    )
    feed = factories.make_feed(connection, survey, next_due_at=now + timedelta(hours=1))
    Fetch.objects.create(
        feed=feed, trigger="schedule", state="failed", due_at=now, started_at=now, finished_at=now,
        error_code="export_failed",
    )  # fmt: skip
    meter = call_counts.CallMeter(connection.pk)
    for _ in range(90):
        meter.count("POST", "/API/v3/surveys/SV_1/export-responses")
    meter.write()
    return connection


def test_the_page_of_a_connection_tells_all_of_its_health(alice):
    connection = furnished_connection()
    page = text_of(alice.get(reverse("integrations:connection", args=[connection.pk])))
    for words in (
        "The last fetch of 1 survey failed.", "Ana Ruiz", "Qualtrics could not prepare the export.",
        "It is asked for again at the next fetch.", "Exports asked for 90 90 100", "All calls 90 90 3,000",
    ):  # fmt: skip
        assert words in page


def test_the_api_tells_the_same(api):
    connection = furnished_connection()
    told = api.get(reverse("api:connection-health", args=[connection.pk])).json()
    assert told["health"]["condition"] == "trouble"
    assert told["owner_name"] == "Ana Ruiz"
    assert told["next_fetch_at"] is not None
    assert [(row["family"], row["calls"], row["limit_a_minute"]) for row in told["usage"]] == [
        ("", 90, 3000),
        ("exports", 90, 100),
    ]
    assert told["last_failure"]["is_over"] is False
    assert told["last_failure"]["fetch"]["error_code"] == "export_failed"
    assert told["watching"] == {"watched": 0, "failing": 0, "last_delivery_at": None}
    assert told["alerts"] == []


def test_a_survey_that_was_fetched_since_is_no_trouble_any_more(api):
    connection = furnished_connection()
    connection.feeds.get().survey.__class__.objects.update(failure_code="")
    told = api.get(reverse("api:connection-health", args=[connection.pk])).json()
    assert (told["last_failure"]["is_over"], told["health"]["condition"]) == (True, "working")


def test_the_overview_is_worst_first(alice, api):
    for name, fields in {
        "A works": {},
        "B off": {"enabled": False},
        "C interrupted": {"open_until": timezone.now() + timedelta(hours=1)},
        "D stopped": {"stopped_code": "token_refused"},
    }.items():
        factories.make_connection(name=name, token_envelope="x", **fields)
    factories.make_feed(Connection.objects.get(name="A works"), next_due_at=timezone.now() + timedelta(hours=1))
    page = text_of(alice.get(reverse("integrations:health")))
    names = ["D stopped", "C interrupted", "A works", "B off"]
    assert sorted(names, key=page.index) == names
    assert "Qualtrics refused the API token." in page
    told = api.get(reverse("api:health")).json()
    assert [row["name"] for row in told["connections"]] == names
    assert [sign["key"] for sign in told["signs"]] == [
        "timetable", "workers_sync", "workers_backfill", "queue", "mail",
    ]  # fmt: skip


def test_an_open_alert_of_a_survey_shows_in_the_state_of_its_connection(alice):
    connection = factories.make_connection(token_envelope="x")
    feed = factories.make_feed(connection, next_due_at=timezone.now() + timedelta(hours=1))
    Alert.objects.create(
        about="retrieval", kind="data_stale", code="data_stale", connection=connection, survey=feed.survey,
        opened_at=timezone.now(),
    )  # fmt: skip
    for page in ("health", "connection_list"):
        assert "The last good fetch is longer ago than it should be." in text_of(
            alice.get(reverse(f"integrations:{page}"))
        )


def test_without_connections_and_alerts_the_page_says_so(alice):
    page = text_of(alice.get(reverse("integrations:health")))
    assert "Nothing needs you." in page
    assert "No connection yet" in page
    assert "No alert yet" in text_of(alice.get(reverse("integrations:alert_list")))


def test_the_overview_takes_the_same_queries_for_one_and_four(alice, api):
    def queries(client, name: str) -> int:
        with CaptureQueriesContext(db) as log:
            assert client.get(reverse(name)).status_code == 200
        return len(log)

    furnished_connection(stopped_code="token_refused")
    alerts.evaluate()
    pages = [
        (alice, "integrations:health"),
        (alice, "integrations:alert_list"),
        (api, "api:health"),
        (api, "api:alert-list"),
    ]
    for page in pages:
        queries(*page)
    few = [queries(*page) for page in pages]
    for _ in range(3):
        furnished_connection(stopped_code="token_refused")
    alerts.evaluate()
    assert [queries(*page) for page in pages] == few


# --- the machinery ----------------------------------------------------------------------------------------------------


def tones() -> dict[str, str]:
    return {sign.key: sign.tone for sign in system_checks(timezone.now())}


def test_a_timetable_that_stands_still_is_seen(settings):
    assert tones()["timetable"] == "bad"  # it never ran
    now = timezone.now()
    Timekeeping.objects.create(pk=1, ticked_at=now)
    assert tones()["timetable"] == "good"
    Timekeeping.objects.update(ticked_at=now - timedelta(seconds=3 * settings.DISPATCH_INTERVAL + 1))
    assert tones()["timetable"] == "bad"
    assert tones()["workers_sync"] == "neutral"


def test_workers_give_a_sign_of_life_when_the_tick_asks(monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(heartbeat, "apply_async", lambda args, queue, expires: asked.append((*args, queue)))
    tasks.tick()
    assert asked == [("sync", "sync"), ("backfill", "backfill")]
    tasks.tick()
    assert len(asked) == 2  # not at every tick
    assert tones()["workers_sync"] == "neutral"
    heartbeat("sync")
    assert (tones()["workers_sync"], tones()["workers_backfill"]) == ("good", "neutral")
    Timekeeping.objects.update(asked_queues_at=timezone.now() - timedelta(minutes=6))
    assert (tones()["workers_sync"], tones()["workers_backfill"]) == ("good", "bad")
    Timekeeping.objects.update(sync_answered_at=timezone.now() - timedelta(minutes=11))
    assert tones()["workers_sync"] == "bad"


def test_a_queue_that_is_behind_is_seen():
    feed = factories.make_feed()
    Fetch.objects.create(feed=feed, trigger="manual", due_at=timezone.now() - timedelta(seconds=30))
    assert tones()["queue"] == "good"
    Fetch.objects.update(due_at=timezone.now() - timedelta(minutes=5))
    sign = next(sign for sign in system_checks(timezone.now()) if sign.key == "queue")
    assert sign.tone == "warn"
    assert sign.sentence.startswith("1 fetch waits for a worker, since")


@pytest.fixture
def names(monkeypatch):
    """What the names of webhooks lead to; somebody's public address, unless a test says otherwise."""
    known = {"hooks.example.org": ["93.184.216.34"]}

    def resolve(_network, host, _port):
        if host in known:
            return known[host]
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(Network, "resolve", resolve)
    return known


INSIDE = [
    ["127.0.0.1"], ["10.0.0.7"], ["169.254.169.254"], ["::1"], ["93.184.216.34", "192.168.1.1"], ["100.64.0.1"],
    ["fd00::1"], ["64:ff9b::7f00:1"], ["2002:7f00:1::"],
]  # fmt: skip


@pytest.mark.parametrize("addresses", INSIDE)
@pytest.mark.parametrize("by_api", [False, True])
def test_an_address_that_leads_inside_is_refused_when_it_is_saved(alice, api, names, addresses, by_api):
    names["hooks.example.org"] = addresses
    values = {"name": "Inner", "url": "https://hooks.example.org/"}
    if by_api:
        answer = api.post(reverse("api:alert-target-list"), values)
        told = (answer.status_code, str(answer.json()["errors"]["url"]))
    else:
        page = alice.post(reverse("integrations:alert_targets"), values)
        told = ({422: 400}[page.status_code], str(page.context["form"].errors["url"]))
    assert (told[0], "not on the public internet" in told[1]) == (400, True)
    assert not AlertEndpoint.objects.exists()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://127.0.0.1/", "not on the public internet"),
        ("https://169.254.169.254/latest/meta-data/", "not on the public internet"),
        ("https://[::1]/", "not on the public internet"),
        ("https://2130706433/", "not on the public internet"),
        ("https://nobody.example.org/", "cannot be looked up"),
        ("https://hooks.example.org:22/", "not sent to this port"),
        ("https://hooks.example.org:80/", "not sent to this port"),
    ],
)
def test_other_addresses_that_nothing_is_sent_to_are_not_saved_either(alice, names, url, sentence):
    names.update({"127.0.0.1": ["127.0.0.1"], "169.254.169.254": ["169.254.169.254"], "::1": ["::1"]})
    names["2130706433"] = ["127.0.0.1"]  # as the system reads this number
    page = alice.post(reverse("integrations:alert_targets"), {"name": "Inner", "url": url})
    assert page.status_code == 422
    assert sentence in str(page.context["form"].errors["url"])
    assert not AlertEndpoint.objects.exists()


# --- webhooks ---------------------------------------------------------------------------------------------------------


def test_a_webhook_is_added_its_secret_shown_once_and_deleted(alice, names):
    address = reverse("integrations:alert_targets")
    page = alice.post(address, {"name": "Team chat", "url": "https://hooks.example.org/x"}).content.decode()
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", page)[0]
    target = AlertEndpoint.objects.get()
    assert endpoints.secret_of(target).reveal() == secret
    for again in (address, reverse("integrations:alert_target", args=[target.pk])):
        assert "whsec_" not in alice.get(again).content.decode()
    assert secret not in target.secret_envelope
    alice.post(reverse("integrations:alert_target_delete", args=[target.pk]))
    assert not AlertEndpoint.objects.exists()
    noted = list(AuditEvent.objects.filter(event__startswith="alert_target").values_list("event", "by_email", "about"))
    assert [row[:2] for row in noted] == [
        ("alert_target_deleted", "alice@example.org"),
        ("alert_target_added", "alice@example.org"),
    ]
    assert secret not in str(noted)


def test_an_address_that_is_refused_says_why_at_its_field(alice):
    page = alice.post(reverse("integrations:alert_targets"), {"name": "Inner", "url": "http://intranet/"})
    assert page.status_code == 422
    assert "Messages are sent over https only." in str(page.context["form"].errors["url"])
    assert not AlertEndpoint.objects.exists()


def test_a_test_message_wakes_a_worker_and_its_result_is_shown(alice, rung):
    target, _secret = endpoints.add_target("Team chat", "https://hooks.example.org/")
    alice.post(reverse("integrations:alert_target_test", args=[target.pk]))
    assert rung == [target.pk]
    AlertMessage.objects.update(status=500, error_code="receiver_refused", tries=1)
    page = text_of(alice.get(reverse("integrations:alert_target", args=[target.pk])))
    assert "The receiver did not accept the message." in page
    assert "answered 500" in page


def test_webhooks_over_the_api(api, rung, names):
    listed = reverse("api:alert-target-list")
    refused = api.post(listed, {"name": "Inner", "url": "https://user@intranet/"})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["url"])
    made = api.post(listed, {"name": "Warehouse", "url": "https://hooks.example.org/"}).json()
    assert made["secret"].startswith("whsec_")
    assert [row["secret"] for row in api.get(listed).json()["results"]] == [None]
    tested = api.post(reverse("api:alert-target-test", args=[made["id"]]))
    assert (tested.status_code, rung) == (202, [made["id"]])
    sent = api.get(reverse("api:alert-target-messages", args=[made["id"]])).json()["results"]
    former = api.get(reverse("api:alert-target-deliveries", args=[made["id"]]))
    assert (former.json()["results"], former["Deprecation"]) == (sent, "true")
    assert [(row["message_id"], row["kind"], row["state"]) for row in sent] == [
        (tested.json()["message_id"], "alert.test", "pending")
    ]
    assert api.delete(reverse("api:alert-target-detail", args=[made["id"]])).status_code == 204
    assert not AlertMessage.objects.exists()


def test_alerts_over_the_api(api):
    connection = factories.make_connection(stopped_code="token_refused")
    alerts.evaluate()
    Connection.objects.update(stopped_code="")
    alerts.evaluate()
    Connection.objects.update(stopped_code="key_missing")
    alerts.evaluate()
    rows = api.get(reverse("api:alert-list")).json()["results"]
    assert [(row["code"], row["closed_at"] is None) for row in rows] == [
        ("key_missing", True),
        ("token_refused", False),
    ]
    assert rows[1]["sentence"] == "Qualtrics refused the API token."
    opened = api.get(reverse("api:alert-list"), {"open": "true", "connection": connection.pk}).json()["results"]
    assert [row["code"] for row in opened] == ["key_missing"]
    assert api.get(reverse("api:alert-detail", args=[rows[0]["id"]])).json() == rows[0]
    assert SurveyFeed.objects.count() == 0
