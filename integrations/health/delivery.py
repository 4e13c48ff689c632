"""Sends the messages that wait for webhooks: signed, to checked addresses, again and again at growing intervals.

The rows are the queue. A worker takes a row by moving its due time, sends, and notes what came of it; if it dies, the row is
due again. A receiver that does not answer costs a worker ten seconds, and is then left alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import time
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import requests
from django.db.models import F, Min
from django.utils import timezone

from integrations.health.endpoints import is_test_host, secret_of
from integrations.models import AlertEndpoint, AlertMessage
from integrations.models.due import take_due
from integrations.outbound.network import CONNECT_TIMEOUT, Network, PinnedAdapter, TimeLimit, diagnose
from integrations.troubles.errors import NoConnection, QualtricsError
from integrations.troubles.table import trouble_of
from integrations.vault.encryption import EncryptionError
from integrations.vault.secret import Secret
from integrations.vendor.instance_guard import is_confirmed

logger = logging.getLogger(__name__)

# Seconds after each try; after the last one the message is given up. In all, two days.
RETRY_AFTER = (5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000)
SECONDS_A_TRY = 10.0
# One turn of a worker; whoever took a message is believed dead after the lease.
SECONDS_A_TURN = 60.0
LEASE = timedelta(minutes=3)
KEEP = timedelta(days=30)
_GONE = 410
_PENDING = AlertMessage.State.PENDING


def endpoints_to_notify() -> list[int]:
    """Targets that something waits for whose time has come."""
    due = AlertMessage.objects.filter(due_at__lte=timezone.now()).order_by()
    found = sorted(set(due.values_list("target_id", flat=True)))
    return found if found and is_confirmed() else []


def process_due(target_pk: int, network: Network | None = None) -> float | None:
    """Send what is due to this target, oldest first, until one fails. Seconds until the next is due; None if none is."""
    target = AlertEndpoint.objects.filter(pk=target_pk).first()
    # A copy of this database would tell the receivers of the original: see installation.py.
    if target is None or not is_confirmed():
        return None
    until = time.monotonic() + SECONDS_A_TURN
    waiting = AlertMessage.objects.filter(target=target, state=_PENDING)
    while time.monotonic() < until and (message := waiting.filter(due_at__lte=timezone.now()).order_by("pk").first()):
        if not _take(message):
            break  # another worker is at it
        if not _deliver(target, message, network):
            break
    following = waiting.aggregate(next=Min("due_at"))["next"]
    return max(0.5, (following - timezone.now()).total_seconds()) if following else None


def _take(message: AlertMessage) -> bool:
    row = AlertMessage.objects.filter(pk=message.pk, state=_PENDING, due_at=message.due_at)
    message.tries += 1
    return take_due(row, "due_at", LEASE, tries=F("tries") + 1, tried_at=timezone.now())


def _deliver(target: AlertEndpoint, message: AlertMessage, network: Network | None) -> bool:
    """One try, and what it means for the message and for those behind it."""
    status, code = None, ""
    try:
        status = _post(target, message, network)
        code = "" if 200 <= status < 300 else "receiver_refused"
    except (QualtricsError, EncryptionError) as error:
        code = trouble_of(error.code).of_receiver or error.code
    row = AlertMessage.objects.filter(pk=message.pk, state=_PENDING)
    if not code:
        row.update(state=AlertMessage.State.DELIVERED, due_at=None, status=status, error_code="")
        return True
    logger.warning("Message %s to webhook %s failed: %s %s", message.uuid, target.pk, code, status or "")
    if status == _GONE:
        # The receiver wants nothing any more; only a person's test begins again.
        AlertEndpoint.objects.filter(pk=target.pk).update(is_gone=True)
        waiting = AlertMessage.objects.filter(target=target, state=_PENDING)
        waiting.update(state=AlertMessage.State.FAILED, due_at=None, status=status, error_code=code)
        return False
    if message.tries > len(RETRY_AFTER):
        row.update(state=AlertMessage.State.FAILED, due_at=None, status=status, error_code=code)
        return False
    due_at = timezone.now() + timedelta(seconds=RETRY_AFTER[message.tries - 1])
    row.update(due_at=due_at, status=status, error_code=code)
    # Those behind it wait as well, instead of finding out for themselves.
    AlertMessage.objects.filter(target=target, state=_PENDING, due_at__lt=due_at).update(due_at=due_at)
    return False


def headers_of(message: AlertMessage, secret: Secret, at: datetime) -> dict[str, str]:
    """The three headers of Standard Webhooks. The id stays the same over all tries, the time is that of this one."""
    identity, seconds = message.message_id, str(int(at.timestamp()))
    return {
        "webhook-id": identity,
        "webhook-timestamp": seconds,
        "webhook-signature": signature(identity, seconds, message.body, secret),
    }


def signature(identity: str, seconds: str, body: str, secret: Secret) -> str:
    """`v1,` and the HMAC-SHA256 of id, time and body under the bytes of the secret, in base64."""
    key = base64.b64decode(secret.reveal().removeprefix("whsec_"))
    mac = hmac.new(key, f"{identity}.{seconds}.{body}".encode(), hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"


def _post(target: AlertEndpoint, message: AlertMessage, network: Network | None) -> int:
    """The status that came back. Raises `QualtricsError`s, as all calls over checked connections do."""
    host = urlsplit(target.url).hostname or ""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Parcours",
        **headers_of(message, secret_of(target), timezone.now()),
    }
    with requests.Session() as session, TimeLimit(SECONDS_A_TRY) as limit:
        session.trust_env = False  # no proxy, no .netrc
        session.adapters.clear()
        adapter = PinnedAdapter(network or Network(), lambda name, port: is_test_host(f"{name}:{port}"))
        session.mount("https://", adapter)
        if is_test_host(urlsplit(target.url).netloc):
            session.mount("http://", adapter)
        try:
            # What the receiver says is of no interest: its body is not read.
            with session.post(
                target.url,
                data=message.body.encode(),
                headers=headers,
                timeout=(CONNECT_TIMEOUT, SECONDS_A_TRY),
                allow_redirects=False,
                stream=True,
            ) as answer:
                return answer.status_code
        except (QualtricsError, requests.RequestException, OSError) as error:
            problem = diagnose(error, host)
    if limit.over:
        problem = NoConnection("The call took too long.", code="deadline", host=host)
    raise problem


def forget_old_messages() -> int:
    """Those that came to an end a month ago; how many went."""
    old = timezone.now() - KEEP
    return AlertMessage.objects.exclude(state=_PENDING).filter(created_at__lt=old).delete()[0]
