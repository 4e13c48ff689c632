"""Webhooks that hear of alerts: their addresses, their secrets, and the messages that wait for them.

The form is that of Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation

from accounts.audit import Event, note
from accounts.models import User
from integrations.models import Alert, AlertEndpoint, AlertMessage
from integrations.outbound.network import Network, checked_addresses
from integrations.troubles.errors import QualtricsError
from integrations.troubles.refusals import Refusal
from integrations.troubles.table import trouble_of
from integrations.vault import encryption
from integrations.vault.secret import Secret
from kpis.flags.showing import flag_json
from kpis.models import Flag

LONGEST_URL = 500
TEST = "alert.test"
CHANGED = "kpi.changed"
_SECRET_BYTES = 32
_PREFIX = "whsec_"
# A name or an address, a port, and what follows; no user, no fragment, no backslash: browsers and libraries differ on these.
_URL = re.compile(
    r"(https?)://((?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::([0-9]{1,5}))?)((?:/[\x21\x22\x24-\x5b\x5d-\x7e]*)?)",
    re.ASCII | re.IGNORECASE,
)


class AddressRefused(Refusal):
    """Nothing is ever sent to such an address; `code` says why."""


def checked_url(text: str) -> str:
    """The address as it is stored. Raises `AddressRefused`."""
    match = _URL.fullmatch(text.strip())
    if not match or len(text) > LONGEST_URL or int(match[3] or 443) > 65535:
        raise AddressRefused("address_malformed")
    scheme, where, rest = match[1].lower(), match[2].lower(), match[4]
    if is_test_host(where) != (scheme == "http"):
        raise AddressRefused("address_not_https")
    if scheme == "https" and match[3] and int(match[3]) != 443 and int(match[3]) < 1024:
        raise AddressRefused("address_port")
    return f"{scheme}://{where}{rest or '/'}"


def public_url(text: str) -> str:
    """The address as it is stored, if its name leads to a public one now; that is asked again at each call.

    Raises `AddressRefused`.
    """
    url = checked_url(text)
    where = urlsplit(url)
    try:
        checked_addresses(
            Network(), where.hostname or "", where.port or 443, lambda *_where: is_test_host(where.netloc)
        )
    except QualtricsError as error:
        raise AddressRefused(trouble_of(error.code).of_receiver or error.code) from None
    return url


def is_test_host(where: str) -> bool:
    """Whether this `host:port` may be reached over plain http and need not be public: see ALERT_TEST_HOSTS."""
    return where in settings.ALERT_TEST_HOSTS


# --- actions of people --------------------------------------------------------------------------------------------------


def targets() -> QuerySet[AlertEndpoint]:
    """With what their list shows of their messages."""
    waiting = Q(messages__state=AlertMessage.State.PENDING)
    return AlertEndpoint.objects.annotate(
        waiting=Count("messages", filter=waiting),
        failed=Count("messages", filter=Q(messages__state=AlertMessage.State.FAILED)),
        last_delivered_at=Max("messages__tried_at", filter=Q(messages__state=AlertMessage.State.DELIVERED)),
    ).order_by("name", "pk")


@transaction.atomic
def add_target(name: str, url: str, by: User | None = None) -> tuple[AlertEndpoint, Secret]:
    """A new target, and its secret: to be shown now and never again. Raises `AddressRefused`, `EncryptionError`."""
    target = AlertEndpoint(name=name, url=checked_url(url), created_by=by)
    secret = Secret(_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode())
    target.secret_envelope = encryption.encrypt(secret, **binding_of(target))
    target.save()
    note(Event.ALERT_TARGET_ADDED, target)
    return target, secret


@transaction.atomic
def delete_target(target: AlertEndpoint) -> None:
    """Delete it with its messages."""
    note(Event.ALERT_TARGET_DELETED, target)
    target.delete()


def secret_of(target: AlertEndpoint) -> Secret:
    """The secret. Raises `encryption.EncryptionError`."""
    return encryption.decrypt(target.secret_envelope, **binding_of(target))


def binding_of(target: AlertEndpoint) -> dict[str, Any]:
    """Where its envelope belongs: to this row, and to this address."""
    return {"table": AlertEndpoint._meta.db_table, "column": "secret_envelope", "row": target.uuid, "host": target.url}


@transaction.atomic
def send_test(target: AlertEndpoint) -> AlertMessage:
    """A message that says only that it is a test. Whoever asks for it wants another try, also of a target given up."""
    AlertEndpoint.objects.filter(pk=target.pk).update(is_gone=False)
    return _put(target, TEST, {"target": {"id": target.pk, "name": target.name}})


# --- messages ---------------------------------------------------------------------------------------------------------


def announce(kind: str, alert: Alert) -> None:
    """A message about this alert for each target, in the transaction that changed the alert."""
    _put_for_all(kind, lambda: data_of(alert))


@transaction.atomic
def announce_change(pk: int) -> bool:
    """A message about this flag for each target, once: whoever marks the flag writes them."""
    if not Flag.objects.filter(pk=pk, announced_at=None).update(announced_at=timezone.now()):
        return False
    _put_for_all(CHANGED, lambda: _data_of_change(Flag.objects.select_related("journey").get(pk=pk)))
    return True


def _put_for_all(kind: str, data: Callable[[], dict[str, Any]]) -> None:
    waiting = list(AlertEndpoint.objects.filter(is_gone=False))
    if waiting:
        told = data()
        for target in waiting:
            _put(target, kind, told)


def _data_of_change(flag: Flag) -> dict[str, Any]:
    told = flag_json(flag)
    subject, key = flag.subject.split(":")
    page = reverse("kpis:item", args=[key]) if subject == "item" else reverse("kpis:journey", args=[flag.journey_id])
    span = told["period"]
    return {
        "id": flag.pk,
        "subject": {"kind": subject, "id": int(key), "name": flag.figures["title"]},
        "journey": {"id": flag.journey_id, "name": flag.journey.name},
        **told,
        "url": f"{settings.PUBLIC_URL}{page}?from={span['from']}&to={span['to']}",
    }


def data_of(alert: Alert) -> dict[str, Any]:
    """What a message says of an alert, in the language of the organisation's programs: English."""
    with translation.override(settings.LANGUAGE_CODE):
        title, what_to_do = alert.explanation
    survey, connection = alert.survey, alert.connection
    page = reverse("integrations:connection", args=[connection.pk]) if connection else reverse("integrations:health")
    return {
        "id": alert.pk,
        "kind": alert.kind,
        "code": alert.code,
        "title": title,
        "what_to_do": what_to_do,
        "connection": {"id": connection.pk, "name": connection.name} if connection else None,
        "survey": {"id": survey.pk, "external_id": survey.external_id, "name": survey.name} if survey else None,
        "opened_at": alert.opened_at,
        "closed_at": alert.closed_at,
        "url": settings.PUBLIC_URL + page,
    }


def _put(target: AlertEndpoint, kind: str, data: dict[str, Any]) -> AlertMessage:
    now = timezone.now()
    body = orjson.dumps({"type": kind, "timestamp": now, "data": data}).decode()
    return AlertMessage.objects.create(target=target, uuid=uuid4(), kind=kind, body=body, due_at=now)
