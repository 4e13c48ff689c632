"""Retrieve now: what every button and address that offers it does. Who calls wakes a worker."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from integrations.models import Connection, Fetch, SurveyFeed
from integrations.sync.requests import CannotFetch, ask_for_fetch, ask_for_missing


@transaction.atomic
def retrieve_now(feed: SurveyFeed, by: User) -> Fetch:
    """The open fetch of this feed, made if there is none. Raises `CannotFetch`."""
    return ask_for_missing(feed, asked_by=by) or ask_for_fetch(feed, Fetch.Trigger.MANUAL, asked_by=by)


def retrieve_all(connection: Connection, by: User) -> list[Fetch]:
    """Retrieve now for every survey of a connection that works again; the fetches asked for."""
    asked = []
    for feed in connection.feeds.exclude(next_due_at=None).select_related("survey", "connection"):
        try:
            asked.append(retrieve_now(feed, by))
        except CannotFetch:
            continue
    return asked
