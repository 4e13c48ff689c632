"""Finds what is due. A tick costs by what is due, not by what exists: every query here goes along a partial index."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Q, QuerySet, When, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from feedback.models import Survey
from integrations.models import Connection, Fetch, SurveyFeed
from integrations.sync import demand, lease, requests
from integrations.troubles.isolation import Parts
from integrations.vendor import processes
from integrations.vendor.turns import Workers
from kpis.counting.refresh import surveys_to_refresh

logger = logging.getLogger(__name__)

AT_ONCE = 500


def open_due_fetches() -> int:
    """Open a fetch for each feed whose slot has come, and set its next slot; the number opened.

    Missed slots are made up for by one fetch, not by one each. The slot is unique, so a second beat opens nothing.
    Connections take turns. Raises `PartsFailed`.
    """
    now = timezone.now()
    due = (
        SurveyFeed.objects.filter(next_due_at__lte=now)
        .annotate(turn=_turn("connection", "next_due_at"))
        .select_related("survey", "connection")
        .defer("survey__questionnaire")
        .order_by("turn", "next_due_at")[:AT_ONCE]
    )
    opened = 0
    with Parts() as parts:
        for feed in due:
            with parts.alone(f"survey {feed.survey_id}"):
                opened += _open(feed)
        if opened:
            logger.info("Opened %d fetches", opened)
    return opened


def _open(feed: SurveyFeed) -> bool:
    slot, following = feed.next_due_at, demand.next_due(feed, timezone.now())
    with transaction.atomic():
        if not SurveyFeed.objects.filter(pk=feed.pk, next_due_at=slot).update(next_due_at=following):
            return False  # another tick was first
        if following is None:
            return False
        try:
            if requests.ask_for_missing(feed, slot=slot) is None:
                trigger = Fetch.Trigger.RECONCILE if requests.is_to_reconcile(feed) else Fetch.Trigger.SCHEDULE
                requests.ask_for_fetch(feed, trigger, slot=slot)
        except requests.CannotFetch as refusal:
            demand.wait_for_circuit(feed)  # one try then, before the timetable goes on
            logger.info("Nothing fetched for %s: %s", feed.pk, refusal.code)
            return False
    return True


def fetches_to_resume() -> list[tuple[UUID, bool]]:
    """(uuid, whether it is a full fetch) of open fetches that are due or whose worker has died, oldest first.

    Connections take turns, so that one with many surveys does not hold up the others. Of those that will call the vendor, no
    more of a connection than may do so at once: whoever is done wakes a worker for the next one. What is left to load needs
    no vendor.
    """
    running = Fetch.objects.filter(state=Fetch.State.RUNNING).values_list("pk", "holder")
    left_behind = [pk for pk, holder in running if processes.is_dead(holder)]
    rows = _due(Q(pk__in=left_behind)).annotate(
        will_call=Case(When(step__in=Fetch.CALLING, then=True), default=False),
        turn=_turn("feed__connection", "due_at", "will_call"),
    )
    woken = rows.filter(Q(will_call=False) | Q(turn__lte=Workers.share())).order_by("turn", "due_at", "pk")
    return list(woken.values_list("uuid", "full")[:AT_ONCE])


def next_of(connection: Connection) -> Fetch | None:
    """The fetch of this connection that is due first, if it will call the vendor."""
    due = _due().filter(feed__connection=connection, step__in=Fetch.CALLING)
    return due.exclude(state=Fetch.State.RUNNING).order_by("due_at", "pk").first()


def _due(also: Q | None = None) -> QuerySet[Fetch]:
    """Open fetches whose time has come, or whose worker died; not where the circuit is open, but for those a person asked for."""
    due = lease.is_due() | lease.is_orphaned()
    may_call = (
        ~Q(step__in=Fetch.CALLING)
        | Q(feed__connection__open_until=None)
        | Q(feed__connection__open_until__lte=timezone.now())
        | Q(trigger=Fetch.Trigger.MANUAL)
        | Q(asked_by__isnull=False)
    )
    return Fetch.objects.filter(due | also if also else due, may_call, state__in=Fetch.OPEN)


def _turn(connection: str, due_at: str, *more: str) -> Window:
    """1 for the oldest of each connection, 2 for its next one, and so on."""
    return Window(RowNumber(), partition_by=[connection, *more], order_by=[due_at, "pk"])


def surveys_left_to_refresh() -> list[Survey]:
    """Surveys whose KPIs are behind their responses and that no running fetch will refresh."""
    busy = Fetch.objects.filter(state=Fetch.State.RUNNING, lease_until__gt=timezone.now())
    feeds = set(busy.values_list("feed__survey", flat=True))
    return [survey for survey in surveys_to_refresh(AT_ONCE) if survey.pk not in feeds]


def last_tick_is_older_than(span: timedelta) -> bool:
    """Whether feeds are overdue by more than `span`, which a living beat does not let happen."""
    return SurveyFeed.objects.filter(next_due_at__lt=timezone.now() - span).exists()
