"""Recognises the brand that a connection sees, so that every survey of it stands here once, however many connections see it."""

from __future__ import annotations

import logging

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from feedback.models import FeedbackItem, Source, Survey, SurveyJoin
from integrations.models import Connection, SurveyAccess
from integrations.qualtrics.gateway import Limits
from integrations.qualtrics.records import Identity
from integrations.troubles.isolation import Parts
from integrations.vendor.clients import client_for

logger = logging.getLogger(__name__)

# Somebody has pressed "Save" and waits.
_QUICK = Limits(tries=1, json_seconds=5.0)


def key_of(brand: str) -> str:
    """The key of the source that holds a brand of Qualtrics; empty for an unknown one. Brand ids are parts of host names."""
    return f"qualtrics:{brand.lower()}" if brand else ""


def learn(connection: Connection) -> None:
    """Ask Qualtrics whose token it is, and let the connection join its brand. Raises `QualtricsError`."""
    with client_for(connection, limits=_QUICK) as client:
        keep_owner(connection, client.whoami())


@transaction.atomic
def keep_owner(connection: Connection, owner: Identity) -> None:
    """Remember what Qualtrics said of the token's owner, and let the connection join its brand."""
    connection.owner_name = (owner.full_name or owner.user_name or owner.user_id)[:200]
    connection.brand, connection.account_type = owner.brand[:120], owner.account_type[:60]
    connection.last_good_call_at = timezone.now()
    connection.save(update_fields=["owner_name", "brand", "account_type", "last_good_call_at"])
    settle(connection)


def same_brand(connection: Connection) -> QuerySet[Connection]:
    """The other connections that see the brand."""
    return Connection.objects.filter(source=connection.source_id).exclude(pk=connection.pk).order_by("name")


def settle_all() -> int:
    """Let every connection join the brand that Qualtrics named at its last test, the oldest source first; how many did."""
    key = Source.objects.filter(pk=OuterRef("source")).values("brand_key")
    joined = 0
    with Parts() as parts:
        found = Connection.objects.exclude(brand="").annotate(known=Subquery(key)).order_by("source", "pk")
        for connection in found:
            if connection.known != key_of(connection.brand):
                with parts.alone(f"connection {connection.pk}"):
                    settle(connection)
                    joined += 1
    return joined


@transaction.atomic
def settle(connection: Connection) -> None:
    """Put the connection under the source of its brand, with the surveys that it brought; an unknown brand changes nothing."""
    key = key_of(connection.brand)
    if not key:
        return
    own = Connection.objects.values_list("source", flat=True).get(pk=connection.pk)
    held = {
        each.pk: each for each in Source.objects.select_for_update().filter(Q(pk=own) | Q(brand_key=key)).order_by("pk")
    }
    source, brand = held[own], next((each for each in held.values() if each.brand_key == key), None)
    if source == brand:
        return
    if brand is None:
        brand = _claim(source, key) if not source.brand_key else _source_of(connection.name, key)
    if source == brand:
        return
    if source.brand_key:
        _leave(connection, source)
    else:
        _bring(source, brand)
    connection.source = brand
    Connection.objects.filter(pk=connection.pk).update(source=brand)
    _forget(source)
    logger.info("The connection %s sees the brand %s, source %s", connection.pk, key, brand.pk)


def _claim(source: Source, key: str) -> Source:
    """The source becomes that of the brand, unless another has become it at this moment."""
    try:
        with transaction.atomic():
            Source.objects.filter(pk=source.pk).update(brand_key=key)
    except IntegrityError:
        return Source.objects.select_for_update().get(brand_key=key)
    return source


def _source_of(name: str, key: str) -> Source:
    try:
        with transaction.atomic():
            return Source.objects.create(name=name, brand_key=key)
    except IntegrityError:
        return Source.objects.select_for_update().get(brand_key=key)


def _bring(source: Source, brand: Source) -> None:
    """Surveys that the brand lacks change their source; of those that it has, the rows are joined: see `integrations/joining`."""
    now = timezone.now()
    ours = {survey.external_id: survey for survey in brand.surveys.only("pk", "external_id")}
    theirs = list(source.surveys.only("pk", "external_id"))
    twins = [survey for survey in theirs if survey.external_id in ours]
    SurveyJoin.objects.bulk_create(
        [SurveyJoin(survey=ours[twin.external_id], twin=twin, twin_source=source.name, due_at=now) for twin in twins]
    )
    Survey.objects.filter(source=source).exclude(pk__in=[twin.pk for twin in twins]).update(source=brand)
    FeedbackItem.objects.filter(source=source).update(source=brand)


def _leave(connection: Connection, source: Source) -> None:
    """Its token belongs to another brand now. What it fed waits for another connection that sees it."""
    Survey.objects.filter(source=source, feed__connection=connection).update(attention_code="survey_gone")
    SurveyAccess.objects.filter(connection=connection).delete()


def _forget(source: Source) -> None:
    """Without surveys and connections nothing is left of it. Twins that are being joined are: the last one takes it along."""
    if not source.surveys.exists() and not source.connections.exists():
        source.delete()
