"""Watches: who tells us of new responses. The row says what ought to be; the vendor is brought in line with it.

A subscription cannot be changed at the vendor, only made and ended, one by one. What a crash leaves there without a row
here is found by the daily check, which knows our own subscriptions by their address.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from feedback.models import Survey
from integrations.models import Connection, Delivery, ResponseWatch
from integrations.models.due import take_due
from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.events import topic_of
from integrations.qualtrics.records import Subscription
from integrations.surveys.access import reader_of
from integrations.troubles.errors import NotFound, QualtricsError, RightMissing
from integrations.troubles.isolation import Parts
from integrations.troubles.refusals import Refusal
from integrations.troubles.table import Retry, trouble_of
from integrations.vault import encryption
from integrations.vault.secret import Secret
from integrations.vendor import turns
from integrations.vendor.clients import client_for
from versioning.saving import save_if_current

logger = logging.getLogger(__name__)

CHECK_EVERY = timedelta(days=1)
# After trouble, and as long as a check may take before another worker tries.
CHECK_AGAIN = timedelta(hours=1)
# If workers are busy with the connection.
CHECK_SOON = timedelta(minutes=1)
# A former key stays valid for messages that were signed with it and are still tried again.
KEY_OVERLAP = timedelta(days=1)
KEEP_DELIVERIES = timedelta(days=30)


class CannotWatch(Refusal):
    """No watch can be made; `code` says why."""


def watches() -> QuerySet[ResponseWatch]:
    """Those that are on, with what their lists show."""
    return ResponseWatch.objects.filter(is_ending=False).select_related("survey", "connection").order_by("survey__name")


# --- actions of people --------------------------------------------------------------------------------------------------


def create_watch(survey: Survey, *, name: str = "", by: User | None = None) -> ResponseWatch:
    """Watch a survey. The row stays even if Qualtrics refuses the subscription: it then says why, and is tried again."""
    if not settings.PUBLIC_URL:
        raise CannotWatch("no_public_url")
    connection = reader_of(survey)
    if connection is None:
        raise CannotWatch("connection_gone")
    if code := connection.hindrance(asked=True):
        raise CannotWatch(code)
    now = timezone.now()
    watch = ResponseWatch(
        connection=connection,
        survey=survey,
        name=(name or survey.name)[:120],
        created_by=by,
        key_set_at=now,
        next_check_at=now + CHECK_AGAIN,
    )
    try:
        watch.key_envelope = _sealed(watch, _new_key())
        with transaction.atomic():
            watch.save()
    except encryption.EncryptionError as error:
        raise CannotWatch(error.code) from error
    except IntegrityError:
        raise CannotWatch("already_watched") from None
    bring_in_line(watch)
    return watch


def rename_watch(watch: ResponseWatch, seen_version: int, name: str) -> None:
    """Raises `Outdated`."""
    watch.name = name
    with transaction.atomic():
        save_if_current(watch, seen_version, ["name"])


def rotate_key(watch: ResponseWatch, seen_version: int) -> None:
    """A new key with a new subscription; then the old one ends, and its key is valid for another day. Raises `Outdated`."""
    watch.former_key_envelope, watch.former_subscription_id = watch.key_envelope, watch.subscription_id
    watch.key_envelope, watch.subscription_id = _sealed(watch, _new_key()), ""
    watch.key_set_at = timezone.now()
    with transaction.atomic():
        save_if_current(
            watch,
            seen_version,
            ["key_envelope", "subscription_id", "key_set_at", "former_key_envelope", "former_subscription_id"],
        )
    bring_in_line(watch)


def end_watch(watch: ResponseWatch, seen_version: int) -> None:
    """Nothing is accepted for it any more; the row goes as soon as the subscription is gone. Raises `Outdated`."""
    watch.is_ending = True
    with transaction.atomic():
        save_if_current(watch, seen_version, ["is_ending"])
    bring_in_line(watch)


def end_subscriptions(connection: Connection, subscription_ids: Iterable[str]) -> None:
    """For a connection that was deleted, with its watches: the last call that its token makes."""
    try:
        with client_for(connection) as client:
            for subscription_id in subscription_ids:
                _unsubscribe(client, subscription_id)
    except QualtricsError as error:
        logger.warning("Subscriptions of a deleted connection stay at the vendor: %s", error)


def subscriptions_of(connection: Connection) -> list[str]:
    """Ids of all subscriptions that were made through a connection."""
    rows = connection.watches.values_list("subscription_id", "former_subscription_id")
    return [subscription_id for row in rows for subscription_id in row if subscription_id]


# --- when another connection feeds the survey ---------------------------------------------------------------------------


def watches_to_move(parts: Parts) -> list[int]:
    """Watches that were made by another connection than feeds their survey now; each is given to one caller only."""
    elsewhere = ResponseWatch.objects.filter(is_ending=False, survey__feed__isnull=False)
    elsewhere = elsewhere.exclude(survey__feed__connection=F("connection"))
    taken = []
    for pk in elsewhere.filter(next_check_at__lte=timezone.now()).values_list("pk", flat=True):
        with parts.alone(f"watch {pk}"):
            if take_due(ResponseWatch.objects.filter(pk=pk), "next_check_at", CHECK_AGAIN):
                taken.append(pk)
    return taken


def move_watch(watch: ResponseWatch) -> None:
    """Have the connection that feeds the survey subscribe, then end the former subscription through the one that made it.

    If Qualtrics refuses, the former one stays: its messages lead to the same responses.
    """
    connection = Connection.objects.filter(feeds__survey=watch.survey_id).exclude(pk=watch.connection_id).first()
    if connection is None or not settings.PUBLIC_URL:
        return
    now = timezone.now()
    made = ResponseWatch(
        connection=connection,
        survey=watch.survey,
        name=watch.name,
        created_by=watch.created_by,
        key_set_at=now,
        next_check_at=now + CHECK_AGAIN,
        is_ending=True,  # until it is confirmed: a crash in between leaves one that the next check ends
    )
    try:
        made.key_envelope = _sealed(made, _new_key())
        made.save()
        with client_for(connection) as client:
            _subscribe(made, client)
    except (QualtricsError, encryption.EncryptionError) as error:
        logger.warning("The watch %s stays with the connection %s: %s", watch.pk, watch.connection_id, error)
        if made.pk:
            made.delete()
        return
    with transaction.atomic():
        if ResponseWatch.objects.filter(pk=watch.pk, is_ending=False).update(is_ending=True, next_check_at=now):
            checked = {"checked_at": now, "next_check_at": now + CHECK_EVERY}
            ResponseWatch.objects.filter(pk=made.pk).update(is_ending=False, **checked)
            watch.is_ending = True
    if not watch.is_ending:  # somebody ended it meanwhile
        bring_in_line(made)
    elif Connection.objects.filter(pk=watch.connection_id, enabled=True, stopped_code="").exists():
        bring_in_line(watch)  # else by the daily check, once it may call again


# --- keys -------------------------------------------------------------------------------------------------------------


def keys_of(watch: ResponseWatch) -> list[Secret]:
    """The keys that messages may be signed with now. Raises `encryption.EncryptionError`."""
    envelopes = [("key_envelope", watch.key_envelope)]
    if watch.former_key_envelope and timezone.now() < watch.key_set_at + KEY_OVERLAP:
        envelopes.append(("former_key_envelope", watch.former_key_envelope))
    return [encryption.decrypt(envelope, **binding_of(watch)) for _column, envelope in envelopes]


def _new_key() -> Secret:
    return Secret(secrets.token_urlsafe(32))


def _sealed(watch: ResponseWatch, key: Secret) -> str:
    return encryption.encrypt(key, **binding_of(watch))


def binding_of(watch: ResponseWatch) -> dict[str, Any]:
    """Where an envelope of this watch belongs, and opens."""
    # Both keys of a row have the same place, for one becomes the other. A key belongs to our address, not to a host.
    return {"table": ResponseWatch._meta.db_table, "column": "key_envelope", "row": watch.uuid, "host": ""}


# --- the vendor -------------------------------------------------------------------------------------------------------


def address_of(watch: ResponseWatch) -> str:
    """Where its messages come to."""
    return settings.PUBLIC_URL + reverse("hooks:qualtrics", args=[watch.uuid])


def bring_in_line(watch: ResponseWatch) -> None:
    """Make or end subscriptions until the vendor has what the row says. Trouble is noted, and tried again later."""
    try:
        with client_for(watch.connection) as client:
            _bring_in_line(watch, client)
    except (QualtricsError, encryption.EncryptionError) as error:
        _note_trouble(watch, error)


def _bring_in_line(watch: ResponseWatch, client: QualtricsClient) -> None:
    if watch.is_ending:
        for subscription_id in filter(None, (watch.subscription_id, watch.former_subscription_id)):
            _unsubscribe(client, subscription_id)
        watch.delete()
        return
    if not watch.subscription_id:
        _subscribe(watch, client)
    if watch.former_subscription_id:
        _unsubscribe(client, watch.former_subscription_id)
        _write(watch, former_subscription_id="")
    _write(watch, trouble_code="", checked_at=timezone.now(), next_check_at=timezone.now() + CHECK_EVERY)


def _subscribe(watch: ResponseWatch, client: QualtricsClient) -> None:
    key, url = encryption.decrypt(watch.key_envelope, **binding_of(watch)), address_of(watch)
    made = client.subscribe(topic_of(watch.survey.external_id), url, key)
    # Under the same key only (its envelope may be another by now): if somebody else was quicker, theirs is the subscription,
    # and ours goes.
    mine = ResponseWatch.objects.filter(pk=watch.pk, key_set_at=watch.key_set_at, subscription_id="")
    if mine.update(subscription_id=made, publication_url=url, successful_calls=0):
        watch.subscription_id, watch.publication_url, watch.successful_calls = made, url, 0
    else:
        _unsubscribe(client, made)
        watch.refresh_from_db()


def _unsubscribe(client: QualtricsClient, subscription_id: str) -> None:
    try:
        client.unsubscribe(subscription_id)
    except NotFound:
        logger.info("Subscription %s was gone already", subscription_id)


# --- the daily check --------------------------------------------------------------------------------------------------


def connections_to_check(parts: Parts) -> list[int]:
    """Connections that have a watch whose check is due; each is given to one caller only."""
    due = ResponseWatch.objects.filter(next_check_at__lte=timezone.now())
    found = sorted(set(due.values_list("connection_id", flat=True)))
    taken = []
    for pk in found:
        with parts.alone(f"connection {pk}"):
            if take_due(ResponseWatch.objects.filter(connection=pk), "next_check_at", CHECK_AGAIN):
                taken.append(pk)
    return taken


def check_connection(connection: Connection) -> None:
    """Compare with the vendor's list: what vanished is made again, what has no row here any more is ended."""
    if connection.hindrance() or not settings.PUBLIC_URL:
        return
    rows = list(connection.watches.select_related("survey", "connection"))
    try:
        with turns.turn(connection) as turn, client_for(connection, on_call=turn.note_call) as client:
            listed = {subscription.id: subscription for subscription in client.subscriptions()}
            for watch in rows:
                _compare(watch, listed)
                _bring_in_line(watch, client)
            for orphan in _orphans(listed.values()):
                _unsubscribe(client, orphan)
    except turns.NoTurn:
        connection.watches.update(next_check_at=timezone.now() + CHECK_SOON)
    except (QualtricsError, encryption.EncryptionError) as error:
        for watch in rows:
            if watch.pk:  # not gone meanwhile
                _note_trouble(watch, error)
    old = timezone.now() - KEEP_DELIVERIES
    Delivery.objects.filter(watch__connection=connection, received_at__lt=old).exclude(
        verdict=Delivery.Verdict.PENDING
    ).delete()


def _compare(watch: ResponseWatch, listed: dict[str, Subscription]) -> None:
    found = listed.get(watch.subscription_id)
    if found is None:
        _write(watch, subscription_id="")
    elif found.url != address_of(watch) or found.topic != topic_of(watch.survey.external_id):
        # This site has moved: make a new one, then end this.
        _write(watch, subscription_id="", former_subscription_id=found.id)
    else:
        _write(watch, successful_calls=found.successful_calls)
    if watch.former_key_envelope and timezone.now() > watch.key_set_at + KEY_OVERLAP:
        _write(watch, former_key_envelope="")


def _orphans(listed: Iterable[Subscription]) -> list[str]:
    """Subscriptions that send to this site and belong to no watch. Those of others, and of other sites, are not ours."""
    ours: dict[str, UUID] = {}
    start = settings.PUBLIC_URL + reverse("hooks:qualtrics", args=[_ANY]).removesuffix(f"{_ANY}/")
    form = re.compile(re.escape(start) + r"([0-9a-f-]{36})/", re.ASCII)
    for subscription in listed:
        if match := form.fullmatch(subscription.url):
            try:
                ours[subscription.id] = UUID(match[1])
            except ValueError:
                continue
    known: set[str] = set()
    being_made: set[UUID] = set()
    for row in ResponseWatch.objects.values_list("uuid", "subscription_id", "former_subscription_id"):
        known.update(row[1:])
        if not row[1]:
            being_made.add(row[0])
    return [found for found, uuid in ours.items() if found not in known and uuid not in being_made]


_ANY = UUID(int=0)


def _note_trouble(watch: ResponseWatch, error: QualtricsError | encryption.EncryptionError) -> None:
    logger.warning("The watch %s is not in line with the vendor: %s", watch.pk, error)
    again = CHECK_EVERY if trouble_of(error.code).retry is Retry.NEVER else CHECK_AGAIN
    code = "watch_right_missing" if error.code == RightMissing.code else error.code
    _write(watch, trouble_code=code, next_check_at=timezone.now() + again)


def _write(watch: ResponseWatch, **fields: str | int | datetime | None) -> None:
    ResponseWatch.objects.filter(pk=watch.pk).update(**fields)
    for name, value in fields.items():
        setattr(watch, name, value)
