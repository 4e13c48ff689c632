"""Signed messages to other people's addresses: each arrives once or is tried again, and none reaches an inner network."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import time_machine
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from integrations.health import alerts, delivery, endpoints
from integrations.health.delivery import RETRY_AFTER, process_due, signature
from integrations.health.endpoints import AddressRefused, checked_url
from integrations.health.tasks import send_alert_messages
from integrations.models import AlertEndpoint, AlertMessage, Connection, Installation
from integrations.timetable import tasks
from integrations.troubles.table import TROUBLES
from integrations.vault.encryption import EnvelopeBroken
from integrations.vault.secret import Secret
from integrations.vendor import instance_guard
from tests import factories
from tests.integrations.qualtrics.stage import RedirectedNetwork

pytestmark = pytest.mark.django_db


class Receiver(ThreadingHTTPServer):
    """Notes what it gets, and answers with `status` after `delay` seconds, or when the test is over."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status, self.delay, self.over = 200, 0.0, threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _body in self.got]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.server.over.wait(self.server.delay)
        self.send_response(self.server.status)
        self.send_header("Location", f"http://{self.server.place}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args) -> None:
        pass


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    server = Receiver()
    settings.ALERT_TEST_HOSTS = [server.place]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def target(receiver, db) -> AlertEndpoint:
    return endpoints.add_target("Team chat", f"http://{receiver.place}/hook?room=7")[0]


def message() -> AlertMessage:
    return AlertMessage.objects.get()


def test_the_signature_is_that_of_the_published_example():
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", '{"test": 2432232314}', secret)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_alert_is_told_when_it_opens_and_when_it_ends(receiver, target, settings):
    settings.PUBLIC_URL = "https://parcours.example"
    connection = factories.make_connection(name="Coastline Rail", stopped_code="token_refused")
    alerts.evaluate()
    alerts.evaluate()
    Connection.objects.update(stopped_code="")
    alerts.evaluate()
    assert process_due(target.pk) is None
    verifier = Webhook(endpoints.secret_of(target).reveal())
    opened, closed = (verifier.verify(body, headers) for headers, body in receiver.got)
    assert (opened["type"], closed["type"]) == ("alert.opened", "alert.closed")
    assert opened["data"] | {"id": 0, "opened_at": ""} == {
        "id": 0,
        "kind": "connection_stopped",
        "code": "token_refused",
        "title": "Qualtrics refused the API token.",
        "what_to_do": opened["data"]["what_to_do"],
        "connection": {"id": connection.pk, "name": "Coastline Rail"},
        "survey": None,
        "opened_at": "",
        "closed_at": None,
        "url": f"https://parcours.example/settings/connections/{connection.pk}/",
    }
    assert closed["data"]["id"] == opened["data"]["id"]
    assert closed["data"]["closed_at"] is not None
    assert set(AlertMessage.objects.values_list("state", "tries", "status")) == {("delivered", 1, 200)}


def test_the_receiver_can_check_who_sent_it_and_when(receiver, target):
    """With the verifier that the specification's authors publish, and nothing of ours."""
    endpoints.send_test(target)
    process_due(target.pk)
    headers, body = receiver.got[0]
    secret = endpoints.secret_of(target).reveal()
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert Webhook(secret).verify(body, headers)["type"] == "alert.test"
    assert headers["content-type"] == "application/json"
    for changed in (
        (body + b" ", headers),
        (body, headers | {"webhook-id": "msg_another"}),
        (body, headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 1)}),
    ):
        with pytest.raises(WebhookVerificationError, match="No matching signature"):
            Webhook(secret).verify(*changed)


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_what_is_not_accepted_is_sent_again_with_the_same_id(receiver, target, status):
    receiver.status = status
    endpoints.send_test(target)
    assert process_due(target.pk) == pytest.approx(RETRY_AFTER[0], abs=1)
    assert (message().state, message().status, message().error_code) == ("pending", status, "receiver_refused")
    assert process_due(target.pk) == pytest.approx(RETRY_AFTER[0], abs=1)  # not before its time
    receiver.status = 204
    AlertMessage.objects.update(due_at=timezone.now())
    assert process_due(target.pk) is None
    assert len(receiver.got) == 2  # a redirect was not followed
    assert len(set(receiver.ids)) == 1
    assert (message().state, message().status, message().error_code, message().tries) == ("delivered", 204, "", 2)


def test_after_two_days_it_is_given_up(receiver, target):
    receiver.status = 500
    endpoints.send_test(target)
    started = timezone.now()
    with time_machine.travel(started, tick=False) as clock:
        waits = []
        while (wait := process_due(target.pk)) is not None:
            waits.append(round(wait))
            clock.shift(wait + 1)
        assert tuple(waits) == RETRY_AFTER
        assert timedelta(days=2) < timezone.now() - started < timedelta(days=3)
    assert (message().state, message().due_at) == ("failed", None)
    assert len(receiver.got) == len(RETRY_AFTER) + 1


def test_a_failing_receiver_is_asked_once_for_all_that_waits(receiver, target):
    receiver.status = 500
    for _ in range(5):
        endpoints.send_test(target)
    process_due(target.pk)
    process_due(target.pk)
    assert len(receiver.got) == 1
    assert delivery.endpoints_to_notify() == []
    receiver.status = 200
    AlertMessage.objects.update(due_at=timezone.now())
    assert delivery.endpoints_to_notify() == [target.pk]
    process_due(target.pk)
    assert len(receiver.got) == 6
    assert len(set(receiver.ids)) == 5


def test_a_slow_receiver_holds_a_worker_only_so_long(receiver, target, monkeypatch):
    monkeypatch.setattr(delivery, "SECONDS_A_TRY", 0.3)
    receiver.delay = 120
    for _ in range(3):
        endpoints.send_test(target)
    started = time.monotonic()
    process_due(target.pk)
    assert time.monotonic() - started < 60
    assert set(AlertMessage.objects.values_list("state", "error_code").order_by()) == {
        ("pending", "receiver_slow"),
        ("pending", ""),
    }


def test_of_two_workers_one_sends(receiver, target):
    sent = endpoints.send_test(target)
    seen = AlertMessage.objects.get(pk=sent.pk)
    assert delivery._take(sent)
    assert not delivery._take(seen)


def test_a_message_whose_worker_died_is_sent_again(receiver, target):
    sent = endpoints.send_test(target)
    delivery._take(sent)
    assert process_due(target.pk) == pytest.approx(delivery.LEASE.total_seconds(), abs=2)
    with time_machine.travel(timezone.now() + delivery.LEASE + timedelta(seconds=1)):
        process_due(target.pk)
    assert len(receiver.got) == 1
    assert message().state == "delivered"


def test_a_receiver_that_is_gone_gets_nothing_more_until_it_is_tested(receiver, target):
    receiver.status = 410
    endpoints.send_test(target)
    endpoints.send_test(target)
    process_due(target.pk)
    factories.make_connection(stopped_code="token_refused")
    alerts.evaluate()
    assert process_due(target.pk) is None
    assert len(receiver.got) == 1
    assert set(AlertMessage.objects.values_list("state", flat=True)) == {"failed"}
    receiver.status = 200
    target.refresh_from_db()
    assert target.is_gone
    endpoints.send_test(target)
    process_due(target.pk)
    assert not AlertEndpoint.objects.get().is_gone
    assert len(receiver.got) == 2


def test_the_tick_wakes_a_worker_for_what_is_due(receiver, target, monkeypatch):
    rung: list[int] = []
    monkeypatch.setattr(send_alert_messages, "apply_async", lambda arguments, **_options: rung.append(*arguments))
    factories.make_connection(stopped_code="token_refused")
    tasks.tick()
    assert rung == [target.pk]
    send_alert_messages(target.pk)
    rung.clear()
    tasks.tick()
    assert rung == []


def test_a_copy_of_the_database_tells_nobody_until_an_admin_says_what_it_is(receiver, target):
    instance_guard.known()
    endpoints.send_test(target)
    Installation.objects.update(place="another")
    assert delivery.endpoints_to_notify() == []
    assert process_due(target.pk) is None
    assert receiver.got == []
    instance_guard.confirm_instance(is_copy=False)
    assert delivery.endpoints_to_notify() == [target.pk]
    process_due(target.pk)
    assert message().state == "delivered"


# --- where messages may go --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("https://hooks.example.org", "https://hooks.example.org/"),
        (" HTTPS://Hooks.Example.org/Services/T0/B1?x=1 ", "https://hooks.example.org/Services/T0/B1?x=1"),
        ("https://hooks.example.org:8443/a", "https://hooks.example.org:8443/a"),
    ],
)
def test_an_address_has_one_form(typed, stored):
    assert checked_url(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "", "hooks.example.org", "http://hooks.example.org/", "ftp://hooks.example.org/", "https://", "https:///a",
        "https://user:word@hooks.example.org/", "https://hooks.example.org@evil.example/", "https://hooks.example.org\\@evil/",
        "https://hooks.example.org/a b", "https://hooks.example.org/#a", "https://hooks.example.org:99999/",
        "https://hooks.example.org/\r\nHost: evil", "https://hooks。example.org/", "javascript:alert(1)",
        f"https://hooks.example.org/{'a' * 500}", "http://127.0.0.1:8000/",
    ],
)  # fmt: skip
def test_other_addresses_are_refused(typed):
    with pytest.raises(AddressRefused) as refused:
        checked_url(typed)
    assert refused.value.code in TROUBLES


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.0.0.7"], ["169.254.169.254"], ["93.184.216.34", "192.168.1.1"], ["::1"], ["100.64.0.1"]],
)
def test_a_name_that_leads_inside_is_never_connected_to(receiver, addresses):
    target, _secret = endpoints.add_target("Inner", "https://hooks.example.org/")
    endpoints.send_test(target)
    network = RedirectedNetwork(int(receiver.place.partition(":")[2]), addresses)
    process_due(target.pk, network)
    assert network.connected == []
    assert receiver.got == []
    assert (message().state, message().error_code) == ("pending", "host_internal_address")


def test_a_certificate_of_somebody_else_is_refused(receiver):
    target, _secret = endpoints.add_target("Imitated", "https://hooks.example.org/")
    endpoints.send_test(target)
    network = RedirectedNetwork(int(receiver.place.partition(":")[2]))
    process_due(target.pk, network)
    assert network.connected == [("93.184.216.34", 443)]
    assert message().error_code == "tls_failed"  # plain http answers there
    assert receiver.got == []


def test_a_test_host_counts_only_while_the_setting_names_it(receiver, target, settings):
    settings.ALERT_TEST_HOSTS = []
    endpoints.send_test(target)
    process_due(target.pk)
    assert receiver.got == []
    assert message().state == "pending"
    assert message().error_code in TROUBLES


# --- the secret -------------------------------------------------------------------------------------------------------


def test_the_secret_is_bound_to_its_row_and_address(receiver, target):
    other, _secret = endpoints.add_target("Other", f"http://{receiver.place}/other")
    AlertEndpoint.objects.filter(pk=other.pk).update(secret_envelope=target.secret_envelope)
    with pytest.raises(EnvelopeBroken):
        endpoints.secret_of(AlertEndpoint.objects.get(pk=other.pk))
    AlertEndpoint.objects.filter(pk=target.pk).update(url="https://evil.example/")
    with pytest.raises(EnvelopeBroken):
        endpoints.secret_of(AlertEndpoint.objects.get(pk=target.pk))


def test_without_its_key_nothing_is_sent_and_the_reason_is_kept(receiver, target, settings):
    settings.ENCRYPTION_KEYS = []
    endpoints.send_test(target)
    process_due(target.pk)
    assert receiver.got == []
    assert message().error_code == "key_missing"


def test_messages_of_long_ago_go(receiver, target):
    for _ in range(3):
        endpoints.send_test(target)
    old = timezone.now() - timedelta(days=31)
    pks = list(AlertMessage.objects.values_list("pk", flat=True))
    AlertMessage.objects.filter(pk__in=pks[:2]).update(created_at=old)
    AlertMessage.objects.filter(pk=pks[0]).update(state="delivered", due_at=None)
    assert delivery.forget_old_messages() == 1
