"""Retrieve now: ask for a fetch and wake a worker, as every button and address that offers it does."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from accounts.models import User
from integrations.models import Connection, Fetch, SurveyFeed
from integrations.sync.requests import CannotFetch, ask_for_fetch, ask_for_missing
from integrations.sync.tasks import notify_from_web


@transaction.atomic
def retrieve_now(feed: SurveyFeed, by: User) -> Fetch:
    """The open fetch of this feed, made if there is none. Raises `CannotFetch`. A worker starts on it at once."""
    fetch = ask_for_missing(feed) or ask_for_fetch(feed, Fetch.Trigger.MANUAL, asked_by=by)
    transaction.on_commit(partial(notify_from_web, fetch))
    return fetch


def retrieve_all(connection: Connection, by: User) -> int:
    """Retrieve now for every survey of a connection that works again; the number of fetches asked for."""
    asked = 0
    for feed in connection.feeds.exclude(next_due_at=None).select_related("survey", "connection"):
        try:
            retrieve_now(feed, by)
        except CannotFetch:
            continue
        asked += 1
    return asked
