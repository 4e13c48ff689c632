"""What Celery calls for distributions."""

from __future__ import annotations

from celery import shared_task

from integrations.distributions import statistics
from integrations.models import Distribution


@shared_task
def ask_statistics(distribution: int) -> None:
    """Ask the vendor how far a distribution is."""
    found = Distribution.objects.select_related("connection").filter(pk=distribution).first()
    if found:
        statistics.ask(found)
