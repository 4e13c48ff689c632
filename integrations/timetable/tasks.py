"""What beat sends: one tick; what is due stands in the database."""

from __future__ import annotations

from celery import shared_task

from integrations.timetable import steps


@shared_task
def tick() -> None:
    """Open the fetches that are due, wake workers for them, refresh what a crash left unrefreshed, and so on: see `steps.py`."""
    steps.run_tick()
