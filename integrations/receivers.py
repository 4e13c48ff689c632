"""Hears what the rooms below announce, and puts the feeds in line."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.dispatch import receiver

from feedback.models import Survey
from feedback.signals import demand_changed
from integrations.sync import asking, watch
from integrations.tasks import wake


@receiver(demand_changed, dispatch_uid="integrations.follow_demand")
def follow_demand(survey: Survey, **_kwargs: object) -> None:
    """Bring the feed in line in the same transaction; after it, wake a worker if history is missing."""
    feed = watch.follow(survey)
    if feed is not None and (fetch := asking.ask_for_missing(feed)):
        transaction.on_commit(partial(wake, fetch))
