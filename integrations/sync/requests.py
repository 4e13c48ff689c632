"""Asks for a fetch. There is at most one open fetch per survey: asking twice gives the same one."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from feedback.twins import is_being_joined
from integrations.models import Fetch, SurveyFeed
from integrations.sync import demand, plan
from integrations.troubles.refusals import Refusal


class CannotFetch(Refusal):
    """Nothing can be fetched now; `code` says why."""


def ask_for_fetch(
    feed: SurveyFeed,
    trigger: str,
    *,
    full: bool = False,
    slot: datetime | None = None,
    asked_by: User | None = None,
    confirmed_gone: int = 0,
) -> Fetch:
    """The survey's open fetch, made if there is none; the caller wakes a worker after its transaction.

    Raises `CannotFetch` before any row is made.
    """
    if code := hindrance(
        feed, is_asked=asked_by is not None or trigger == Fetch.Trigger.MANUAL, is_slot=slot is not None
    ):
        raise CannotFetch(code)
    if open_fetch := _open(feed):
        return open_fetch
    try:
        with transaction.atomic():
            full = full or trigger == Fetch.Trigger.RECONCILE
            return Fetch.objects.create(
                feed=feed,
                trigger=trigger,
                full=full,
                slot=slot,
                asked_by=asked_by,
                confirmed_gone=confirmed_gone,
                due_at=timezone.now(),
            )
    except IntegrityError:  # somebody else asked at the same moment, or this slot has had its fetch
        if open_fetch := _open(feed):
            return open_fetch
        return Fetch.objects.get(feed=feed, slot=slot)


def hindrance(feed: SurveyFeed, *, is_asked: bool = False, is_slot: bool = False) -> str:
    """Why this survey may not be fetched now, as a code of `troubles/table.py`; empty if it may.

    The one place that decides it, for first fetches and new questions as for all others. A person who asks waits neither
    for the circuit nor for the timetable; after a fetch that failed, whatever else asks waits for the feed's slot.
    """
    if code := feed.connection.hindrance(asked=is_asked):
        return code
    if feed.failures_in_a_row and not is_asked and not is_slot:
        return feed.survey.failure_code or "qualtrics_error"
    if is_being_joined(feed.survey):
        return "being_joined"
    if feed.connection.source_id != feed.survey.source_id:  # its token belongs to another brand now
        return "survey_gone"
    return "" if demand.wanted_questions(feed.survey) else demand.why_nothing(feed.survey)


def ask_for_missing(feed: SurveyFeed, *, slot: datetime | None = None, asked_by: User | None = None) -> Fetch | None:
    """A full fetch if items want history that is not here; None if all of it is, or nothing may be fetched now."""
    if not plan.missing(demand.wanted_questions(feed.survey), feed.covered_questions):
        return None
    trigger = Fetch.Trigger.MAPPING if feed.modified_until else Fetch.Trigger.FIRST
    try:
        return ask_for_fetch(feed, trigger, full=True, slot=slot, asked_by=asked_by)
    except CannotFetch:
        demand.wait_for_circuit(feed)
        return None


def is_to_reconcile(feed: SurveyFeed) -> bool:
    """Whether the last complete export that was compared with what is stored is long ago."""
    if not settings.RECONCILE_DAYS or feed.modified_until is None:
        return False
    compared = Fetch.objects.filter(
        feed=feed,
        trigger__in=[Fetch.Trigger.FIRST, Fetch.Trigger.RECONCILE],
        state__in=[Fetch.State.DONE, Fetch.State.PARTIAL],
        finished_at__gt=timezone.now() - timedelta(days=settings.RECONCILE_DAYS),
    )
    return not compared.exists()


def _open(feed: SurveyFeed) -> Fetch | None:
    return Fetch.objects.filter(feed=feed, state__in=Fetch.OPEN).first()
