"""What people do to connections: make, change, switch, delete. A connection and its source live and die together."""

from __future__ import annotations

from copy import copy
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from accounts.versions import delete_if_current, save_if_current
from feedback.models import FeedbackItem, Response, Source
from integrations import watches
from integrations.models import Connection
from integrations.qualtrics.hosts import DOMAIN, Host, normalise_host
from integrations.secret import Secret
from integrations.sync import watch
from integrations.tokens import store_token, token_of

# What a person may set directly; host and token have rules of their own.
SETTINGS = ("name", "frequency", "at_time", "weekday", "enabled")
# What the vendor said of the token's owner at the last test; another token or host may have another owner.
_OWNER = ("owner_name", "brand", "account_type", "tested_at", "test_results")
_TOKEN = ("token_envelope", "token_set_at")
_HEALTH = ("stopped_code", "failures_in_a_row", "open_until")


class TokenNeeded(Exception):
    """The host changes, and the stored token belongs to the old one: it must be typed again.

    Otherwise somebody could point the connection at a machine of theirs and be sent a token they never knew.
    """


class InUse(Exception):
    """Items on the map live from this connection; deleting it would take their values away."""

    def __init__(self, items: list[FeedbackItem]) -> None:
        super().__init__(f"{len(items)} items use this connection")
        self.items = items


@transaction.atomic
def create_connection(*, host: Host, token: Secret, by: User | None = None, **settings: Any) -> Connection:
    """A new connection, with the source that its surveys will belong to."""
    connection = Connection(host=host.name, created_by=by, **_only_settings(settings))
    connection.source = Source.objects.create(name=connection.name)
    store_token(connection, token)
    connection.save()
    return connection


@transaction.atomic
def change_connection(
    connection: Connection, seen_version: int, *, host: Host | None = None, token: Secret | None = None, **settings: Any
) -> Connection:
    """Change what is named; `token=None` keeps the stored one. Raises `TokenNeeded`, `Outdated`."""
    stored_host = Connection.objects.values_list("host", flat=True).get(pk=connection.pk)
    if host and host.name != stored_host and token is None:
        raise TokenNeeded
    for name, value in _only_settings(settings).items():
        setattr(connection, name, value)
    fields = [*SETTINGS, "host"]
    connection.host = host.name if host else stored_host
    if token is not None:
        _forget_owner_and_health(connection)
        store_token(connection, token)
        fields += [*_TOKEN, *_OWNER, *_HEALTH]
    save_if_current(connection, seen_version, fields)
    Source.objects.filter(pk=connection.source_id).update(name=connection.name)
    watch.follow_connection(connection)
    return connection


@transaction.atomic
def switch(connection: Connection, seen_version: int, *, enabled: bool) -> None:
    """Start or stop all retrieval through this connection."""
    connection.enabled = enabled
    save_if_current(connection, seen_version, ["enabled"])
    watch.follow_connection(connection)


@transaction.atomic
def correct_host(connection: Connection, seen_version: int, suggested: str) -> None:
    """Move to the data centre that Qualtrics itself named. The token moves along, inside qualtrics.com only."""
    host = normalise_host(suggested)
    if host.is_test or not connection.host.endswith(f".{DOMAIN}"):
        raise TokenNeeded
    token = token_of(connection)  # opens under the old host only
    connection.host = host.name
    connection.test_results = []
    store_token(connection, token)
    save_if_current(connection, seen_version, ["host", "test_results", *_TOKEN])


@transaction.atomic
def delete_connection(connection: Connection, seen_version: int) -> None:
    """Delete it with its surveys and their stored responses. Raises `InUse` while an item shows their values."""
    if users := [item for item in items_using(connection) if item.chosen_state != FeedbackItem.Chosen.DRAFT]:
        raise InUse(users)
    source = connection.source
    if subscriptions := watches.subscriptions_of(connection):
        transaction.on_commit(partial(watches.end_subscriptions, copy(connection), subscriptions))
    delete_if_current(connection, seen_version)
    source.delete()


def items_using(connection: Connection) -> QuerySet[FeedbackItem]:
    """The items whose values come through this connection, or that are drafts naming it."""
    return (
        FeedbackItem.objects.filter(source=connection.source_id)
        .select_related("card__lane__journey", "card__stage", "survey")
        .order_by("card__lane__journey__name", "card__title")
    )


def what_goes_with(connection: Connection) -> dict[str, int]:
    """What deleting the connection takes away, counted."""
    return {
        "surveys": connection.source.surveys.count(),
        "responses": Response.objects.filter(survey__source=connection.source_id).count(),
    }


def _only_settings(values: dict[str, Any]) -> dict[str, Any]:
    if unknown := values.keys() - set(SETTINGS):
        raise TypeError(f"Not settings of a connection: {sorted(unknown)}")
    return values


def _forget_owner_and_health(connection: Connection) -> None:
    connection.owner_name = connection.brand = connection.account_type = connection.stopped_code = ""
    connection.tested_at, connection.test_results = None, []
    connection.failures_in_a_row, connection.open_until = 0, None
