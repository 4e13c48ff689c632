"""Hears what the apps below announce, and puts the feeds in line."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_migrate
from django.dispatch import receiver

from feedback.models import Survey
from feedback.signals import demand_changed
from integrations.sync import demand, requests
from integrations.sync.tasks import notify_on_commit
from integrations.vendor import instance_guard


@receiver(demand_changed, dispatch_uid="integrations.follow_demand")
def follow_demand(survey: Survey, **_kwargs: object) -> None:
    """Bring the feed in line in the same transaction; after it, wake a worker if history is missing."""
    feed = demand.follow(survey)
    if feed is not None and (fetch := requests.ask_for_missing(feed)):
        notify_on_commit(fetch)


@receiver(post_migrate, dispatch_uid="integrations.claim_a_new_database")
def claim_a_new_database(sender: Any, using: str, apps: Any = None, **_kwargs: object) -> None:
    """As early as can be: a copy that is made before the first call must not take itself for the original."""
    is_there = apps is None or "installation" in apps.all_models["integrations"]  # not so on the way back
    if sender.label == "integrations" and using == "default" and is_there:
        instance_guard.known()
