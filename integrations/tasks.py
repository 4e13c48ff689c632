"""Every task of this app, where Celery looks for it; and the names that tasks had in 0.1.0, one version longer."""

from __future__ import annotations

import logging
from typing import Any

from celery import Task, shared_task

from integrations.distributions.tasks import ask_statistics
from integrations.health.tasks import heartbeat, send_alert_emails, send_alert_messages
from integrations.sync.tasks import run_backfill_slice, run_slice
from integrations.timetable.tasks import tick
from integrations.webhooks.tasks import check_watches, look_up

logger = logging.getLogger(__name__)

# Former name → task. Messages under these names may wait in a queue during an upgrade.
FORMER_NAMES: dict[str, Task] = {
    "integrations.tasks.dispatch": tick,
    "integrations.tasks.run_slice": run_slice,
    "integrations.tasks.run_backfill_slice": run_backfill_slice,
    "integrations.tasks.look_up": look_up,
    "integrations.tasks.check_watches": check_watches,
    "integrations.tasks.ask_statistics": ask_statistics,
    "integrations.tasks.give_sign": heartbeat,
    "integrations.tasks.write_letters": send_alert_emails,
    "integrations.tasks.send_alert_messages": send_alert_messages,
}


def _keep_former_name(former: str, task: Task) -> None:
    @shared_task(name=former)
    def run(*arguments: Any) -> None:
        logger.warning("The task %s is called %s now; the former name works in this version only", former, task.name)
        task.run(*arguments)


for _former, _task in FORMER_NAMES.items():
    _keep_former_name(_former, _task)
