"""The steps of a tick, each run alone: one that fails is logged and noted, and the others are done.

A step that works on many things does each of them alone as well, and fails when one of them did. What is noted shows on the
Health page; three times in a row open an alert.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise

from integrations.distributions import sending, statistics
from integrations.distributions.tasks import ask_statistics
from integrations.health import alerts, delivery, emails, endpoints, workers
from integrations.health.tasks import MESSAGES, heartbeat, send_alert_emails
from integrations.joining.joining import joins_to_do
from integrations.joining.tasks import JOINS, read_list
from integrations.models import FailingStep
from integrations.surveys import brands
from integrations.surveys.access import lists_to_read
from integrations.sync import dispatch, feeding
from integrations.sync.tasks import notify_worker
from integrations.timetable import clock, maintenance
from integrations.troubles.isolation import Parts, PartsFailed, forget_connection, tidy_connection
from integrations.troubles.table import STEP_LABELS
from integrations.troubles.wakeups import Wakeup
from integrations.webhooks import inbox, subscriptions
from integrations.webhooks.tasks import INBOX, check_watches, move_watch
from kpis.counting.refresh import refresh_changed_days
from kpis.counting.together import surveys_to_count
from kpis.flags import deciding
from kpis.models import Flag
from kpis.tasks import count_people

logger = logging.getLogger(__name__)

_JOURNEYS_AT_ONCE = 10
PEOPLE = Wakeup(count_people)
_OVERRAN = SoftTimeLimitExceeded.__name__


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a tick does. `run` answers False when it was not due, which does not show whether it works."""

    name: str
    label: str | Promise
    run: Callable[[], object]

    def run_alone(self, failing: Collection[str]) -> None:
        """Run it and note what came of it. Raises `SoftTimeLimitExceeded` only: the time of the whole tick is over."""
        inside = connection.in_atomic_block
        try:
            was_due = self.run() is not False
        except SoftTimeLimitExceeded as error:
            forget_connection(inside=inside)
            self._note_failure(error)
            raise
        except PartsFailed as error:
            logger.error("The step %s of the tick failed in part: %s", self.name, error)
            self._note_failure(error)
        except Exception as error:
            logger.exception("The step %s of the tick failed, the others go on", self.name)
            forget_connection(inside=inside)
            self._note_failure(error)
        else:
            tidy_connection(inside=inside)
            if was_due and self.name in failing:
                self._note_success()

    def _note_failure(self, error: Exception) -> None:
        part, newest = error.newest if isinstance(error, PartsFailed) else ("", error)
        now = timezone.now()
        seen = {
            "last_failed_at": now,
            "error_class": type(newest).__name__[:100],
            "parts": len(error.failed) if isinstance(error, PartsFailed) else 0,
            "part": part[:200],
        }
        with _whatever_comes(self.name):
            FailingStep.objects.update_or_create(
                name=self.name,
                defaults=seen | {"times": F("times") + 1},
                create_defaults=seen | {"failing_since": now, "times": 1},
            )

    def _note_success(self) -> None:
        with _whatever_comes(self.name):
            FailingStep.objects.filter(name=self.name).delete()
            logger.info("The step %s of the tick works again", self.name)


def _whatever_comes(name: str) -> AbstractContextManager[None]:
    """Notes are worth no tick: with the database away they are left out, and logged."""
    return Parts().alone(f"noting how the step {name} went")


# --- the steps --------------------------------------------------------------------------------------------------------


def _join_brands() -> None:
    with Parts() as parts:
        with parts.alone("brands"):
            brands.settle_all()
        for join in joins_to_do():
            with parts.alone(f"join {join}"):
                JOINS.notify_worker(join)


def _wake_fetches() -> None:
    with Parts() as parts:
        for uuid, full in dispatch.fetches_to_resume():
            with parts.alone(f"fetch {uuid}"):
                notify_worker(uuid, full=full)


def _recount() -> None:
    with Parts() as parts:
        for survey in dispatch.surveys_left_to_refresh():
            with parts.alone(f"survey {survey.pk}"):
                refresh_changed_days(survey)


def _count_people() -> None:
    with Parts() as parts:
        for survey in surveys_to_count(dispatch.AT_ONCE):
            with parts.alone(f"survey {survey}"):
                PEOPLE.notify_worker(survey)


def _flag_changes() -> None:
    """Decide what is ready, some journeys a tick, and tell of what was flagged."""
    with Parts() as parts:
        for each in list(deciding.due(_JOURNEYS_AT_ONCE)):
            with parts.alone(f"{each.level} of journey {each.journey.pk}"):
                deciding.decide(each)
        news = Flag.objects.filter(kind=Flag.Kind.CHANGE, announced_at=None)
        for pk in list(news.order_by("raised_at").values_list("pk", flat=True)[: dispatch.AT_ONCE]):
            with parts.alone(f"flag {pk}"):
                endpoints.announce_change(pk)


def _wake_watches() -> None:
    with Parts() as parts:
        for watch in inbox.watches_to_process():
            with parts.alone(f"watch {watch}"):
                INBOX.notify_worker(watch)


def _check_watches() -> None:
    with Parts() as parts:
        for watch in subscriptions.watches_to_move(parts):
            with parts.alone(f"watch {watch}"):
                move_watch.delay(watch)
        for connection_pk in subscriptions.connections_to_check(parts):
            with parts.alone(f"connection {connection_pk}"):
                check_watches.delay(connection_pk)


def _ask_statistics() -> None:
    with Parts() as parts:
        for distribution in statistics.to_ask(parts):
            with parts.alone(f"distribution {distribution}"):
                ask_statistics.delay(distribution)


def _ask_queues() -> bool:
    with Parts() as parts:
        queues = workers.queues_to_ask()
        for queue in queues:
            with parts.alone(f"queue {queue}"):
                heartbeat.apply_async((queue,), queue=queue, expires=workers.ASK_EVERY.total_seconds())
    return bool(queues)


def _wake_endpoints() -> None:
    with Parts() as parts:
        for endpoint in delivery.endpoints_to_notify():
            with parts.alone(f"endpoint {endpoint}"):
                MESSAGES.notify_worker(endpoint)


def _send_emails() -> None:
    if emails.emails_are_due():
        send_alert_emails.delay()


def _maintain() -> bool:
    if not clock.upkeep_is_due():
        return False
    for connection_pk in lists_to_read():
        read_list.delay(connection_pk)
    maintenance.run_maintenance()
    clock.note_upkeep()
    return True


# name (stable: it is stored, and part of the alert's code), what runs
STEPS = tuple(
    Step(name, STEP_LABELS[name], run)
    for name, run in (
        ("clock", clock.keep_time),
        ("brands", _join_brands),
        ("takeovers", feeding.hand_over_where_needed),
        ("fetches", dispatch.open_due_fetches),
        ("wakeups", _wake_fetches),
        ("recounts", _recount),
        ("people", _count_people),
        ("flags", _flag_changes),
        ("announcements", _wake_watches),
        ("watches", _check_watches),
        ("lost_sends", sending.mark_lost_sends),
        ("statistics", _ask_statistics),
        ("heartbeats", _ask_queues),
        ("alerts", alerts.evaluate),
        ("step_alerts", alerts.evaluate_steps),
        ("alert_messages", _wake_endpoints),
        ("alert_emails", _send_emails),
        ("maintenance", _maintain),
    )
)


def run_tick() -> None:
    """Run every step. One that took all of the last tick's time comes last, so that it cannot do that to the others again."""
    failing: dict[str, str] = {}
    with _whatever_comes("which failed before"):
        failing = dict(FailingStep.objects.values_list("name", "error_class"))
        if gone := failing.keys() - {step.name for step in STEPS}:  # of another version
            FailingStep.objects.filter(name__in=gone).delete()
    for step in sorted(STEPS, key=lambda step: failing.get(step.name) == _OVERRAN):
        step.run_alone(failing)
