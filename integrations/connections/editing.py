"""What people do to connections: make, change, switch, delete. A source goes with the last connection that sees it."""

from __future__ import annotations

from copy import copy
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.audit import Event, note
from accounts.models import User
from feedback.models import FeedbackItem, Response, Source
from integrations.models import Connection, Fetch, SurveyFeed
from integrations.qualtrics.hosts import DOMAIN, Host, normalise_host
from integrations.qualtrics.oauth import OAuthClient
from integrations.surveys.access import able
from integrations.surveys.brands import same_brand
from integrations.sync import demand, feeding
from integrations.troubles.refusals import Refusal
from integrations.vault.secret import Secret
from integrations.vendor.tokens import FIELDS, credentials_of, store_client, store_token
from integrations.webhooks import subscriptions as watches
from versioning.saving import delete_if_current, save_if_current

# What a person may set directly; host, token and OAuth client have rules of their own.
SETTINGS = ("name", "scopes", "frequency", "at_time", "weekday", "enabled")
# What the vendor said of the token's owner at the last test; another token or host may have another owner.
_OWNER = ("owner_name", "brand", "account_type", "tested_at", "test_results")
_HEALTH = ("stopped_code", "failures_in_a_row", "open_until")


class TokenNeeded(Exception):
    """The host changes, and the stored token or client secret belongs to the old one: it must be typed again.

    Otherwise somebody could point the connection at a machine of theirs and be sent a token they never knew.
    """


class InUse(Refusal):
    """Items on the map live from this connection; deleting it would take their values away."""

    code = "in_use"
    words = gettext_lazy("This connection cannot be deleted while items on a map use it.")

    def __init__(self, items: list[FeedbackItem]) -> None:
        super().__init__(items=[{"id": item.pk, "title": item.card.title} for item in items])


@transaction.atomic
def create_connection(
    *,
    host: Host,
    token: Secret | None = None,
    client_id: str = "",
    client_secret: Secret | None = None,
    by: User | None = None,
    **settings: Any,
) -> Connection:
    """A new connection, with the source that its surveys will belong to. It has a token, or an OAuth client."""
    connection = Connection(host=host.name, created_by=by, **_only_settings(settings))
    connection.source = Source.objects.create(name=connection.name)
    if not _store(connection, token, client_id, client_secret):
        raise TokenNeeded
    connection.save()
    note(Event.CONNECTION_ADDED, connection, host=connection.host)
    return connection


@transaction.atomic
def change_connection(
    connection: Connection,
    seen_version: int,
    *,
    host: Host | None = None,
    token: Secret | None = None,
    client_id: str = "",
    client_secret: Secret | None = None,
    **settings: Any,
) -> Connection:
    """Change what is named; without token and client secret the stored one is kept. Raises `TokenNeeded`, `Outdated`."""
    former = Connection.objects.get(pk=connection.pk)
    stored_host, stored_id, scopes = former.host, former.client_id, former.scopes
    is_moved = (host and host.name != stored_host) or client_id not in ("", stored_id)
    if is_moved and token is None and client_secret is None:
        raise TokenNeeded
    for name, value in _only_settings(settings).items():
        setattr(connection, name, value)
    fields = [*SETTINGS, "host"]
    connection.host = host.name if host else stored_host
    stored = _store(connection, token, client_id or stored_id, client_secret)
    if stored or connection.scopes != scopes:
        _forget_owner_and_health(connection)
        fields += [*(FIELDS if stored else ()), *_OWNER, *_HEALTH]
    save_if_current(connection, seen_version, fields)
    changed = [name for name in (*SETTINGS, "host", "client_id") if getattr(connection, name) != getattr(former, name)]
    note(Event.CONNECTION_CHANGED, connection, changed=changed, host=connection.host, new_secret=stored)
    if not same_brand(connection).filter(pk__lt=connection.pk).exists():  # the source is called like its first one
        Source.objects.filter(pk=connection.source_id).update(name=connection.name)
    demand.follow_connection(connection)
    return connection


@transaction.atomic
def switch(connection: Connection, seen_version: int, *, enabled: bool) -> None:
    """Start or stop all retrieval through this connection."""
    connection.enabled = enabled
    save_if_current(connection, seen_version, ["enabled"])
    note(Event.CONNECTION_CHANGED, connection, changed=["enabled"], enabled=enabled)
    demand.follow_connection(connection)


@transaction.atomic
def correct_host(connection: Connection, seen_version: int, suggested: str) -> None:
    """Move to the data centre that Qualtrics itself named. The token moves along, inside qualtrics.com only."""
    host = normalise_host(suggested)
    if host.is_test or not connection.host.endswith(f".{DOMAIN}"):
        raise TokenNeeded
    credentials = credentials_of(connection)  # opens under the old host only
    connection.host = host.name
    connection.test_results = []
    _forget_health(connection)
    if isinstance(credentials, OAuthClient):
        store_client(connection, credentials.id, credentials.secret)
    else:
        store_token(connection, credentials)
    save_if_current(connection, seen_version, ["host", "test_results", *_HEALTH, *FIELDS])
    demand.follow_connection(connection)
    note(Event.CONNECTION_CHANGED, connection, changed=["host"], host=host.name)


@transaction.atomic
def delete_connection(connection: Connection, seen_version: int) -> None:
    """Delete it, and if no other sees its brand, the surveys and their stored responses: then `InUse` is raised while an item
    shows their values. What it feeds another one feeds from then on.
    """
    others = same_brand(connection)
    if others:
        _hand_over_all(connection)
    elif users := [item for item in items_using(connection) if item.chosen_state != FeedbackItem.Chosen.DRAFT]:
        raise InUse(users)
    source = connection.source
    if subscriptions := watches.subscriptions_of(connection):
        transaction.on_commit(partial(watches.end_subscriptions, copy(connection), subscriptions))
    note(Event.CONNECTION_DELETED, connection, host=connection.host)
    delete_if_current(connection, seen_version)
    if not others:
        source.delete()


def _hand_over_all(connection: Connection) -> None:
    """Its feeds go on with the others: with one that sees the survey, else with one that may come to."""
    for feed in connection.feeds.select_related("survey"):
        if not feeding.hand_over(feed):
            others = same_brand(connection).order_by("pk")
            other = able(others).first() or others.first()
            fetch = feed.fetches.filter(state__in=Fetch.OPEN)
            fetch.update(state=Fetch.State.CANCELLED, lease_until=None, finished_at=timezone.now())
            SurveyFeed.objects.filter(pk=feed.pk).update(
                connection=other, continuation_token="", continuation_token_at=None
            )
            demand.follow(feed.survey)


def items_using(connection: Connection) -> QuerySet[FeedbackItem]:
    """The items whose values come through this connection, or that are drafts naming its brand."""
    through_another = same_brand(connection).values("pk")
    return (
        FeedbackItem.objects.filter(source=connection.source_id)
        .exclude(survey__feed__connection__in=through_another)
        .select_related("card__lane__journey", "card__stage", "survey")
        .order_by("card__lane__journey__name", "card__title")
    )


def what_goes_with(connection: Connection) -> dict[str, int]:
    """What deleting the connection takes away, counted: nothing if another one sees the same brand."""
    if same_brand(connection).exists():
        return {"surveys": 0, "responses": 0}
    return {
        "surveys": connection.source.surveys.count(),
        "responses": Response.objects.filter(survey__source=connection.source_id).count(),
    }


def _store(connection: Connection, token: Secret | None, client_id: str, client_secret: Secret | None) -> bool:
    """Put on the instance what was given; whether anything was."""
    if client_secret is not None and client_id:
        store_client(connection, client_id, client_secret)
    elif token is not None:
        store_token(connection, token)
    else:
        return False
    return True


def _only_settings(values: dict[str, Any]) -> dict[str, Any]:
    if unknown := values.keys() - set(SETTINGS):
        raise TypeError(f"Not settings of a connection: {sorted(unknown)}")
    return values


def _forget_owner_and_health(connection: Connection) -> None:
    connection.owner_name = connection.brand = connection.account_type = ""
    connection.tested_at, connection.test_results = None, []
    _forget_health(connection)


def _forget_health(connection: Connection) -> None:
    connection.stopped_code, connection.failures_in_a_row, connection.open_until = "", 0, None
