"""What signed messages tell, kept and worked off later. Few responses are read one by one; many with one export.

A message only says where to look. Polling stays the truth: whatever is missed here comes with the next fetch.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, Min, OuterRef, QuerySet, Subquery
from django.utils import timezone

from accounts.models import Organisation
from feedback import intake, spans
from feedback.models import Question, Response, Survey
from feedback.tombstones import erased_among
from feedback.twins import is_being_joined
from integrations.models import Delivery, Fetch, ResponseWatch, SurveyFeed
from integrations.models.due import take_due
from integrations.qualtrics.events import Completed
from integrations.qualtrics.gateway import Limits
from integrations.qualtrics.translate import Rejected, Translator
from integrations.surveys.mirror import mirror_questions
from integrations.sync import demand
from integrations.sync.requests import CannotFetch, ask_for_fetch
from integrations.troubles.errors import NotFound, NotReady, QualtricsError
from integrations.vendor import turns
from integrations.vendor.clients import client_for

logger = logging.getLogger(__name__)

# So long a message waits for others.
WINDOW = timedelta(seconds=2)
# The same response is looked up at most once in this time, however often it is told of.
REST = timedelta(minutes=1)
# More than this at once, or in a minute through one connection, are fetched with an export: the brand's limit is 240 a minute.
FEW = 30
SINGLES_A_MINUTE = 90
EXPORT_EVERY = timedelta(seconds=30)
# Until a worker that took some is believed dead. Longer than they may take.
LEASE = timedelta(minutes=4)
# A response may be told of before it can be read.
RETRY_AFTER = (5.0, 30.0, 120.0, 600.0)
_ONE_TRY = Limits(tries=1, json_seconds=10.0)
_PENDING = Delivery.Verdict.PENDING


# --- arriving ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def keep(watch: ResponseWatch, told: Completed) -> tuple[Delivery, bool]:
    """Note what a message told; the row, and whether somebody should be woken for it."""
    now = timezone.now()
    ours = bool(told.response_id) and told.survey_id == watch.survey.external_id
    ours = ours and not erased_among([told.response_id])  # of what was erased not even the id is kept
    delivery, made = Delivery.objects.get_or_create(
        watch=watch,
        response_id=told.response_id if ours else "",
        defaults={
            "verdict": _PENDING if ours else Delivery.Verdict.IGNORED,
            "received_at": now,
            "due_at": now + WINDOW,
        },
    )
    wakes = made and ours
    if not made:
        row = Delivery.objects.filter(pk=delivery.pk)
        row.update(received_at=now, times=F("times") + 1)
        if ours:
            rested = min(delivery.worked_at, now) + REST if delivery.worked_at else now
            again = row.exclude(verdict=_PENDING)
            wakes = bool(again.update(verdict=_PENDING, due_at=max(now + WINDOW, rested), tries=0, fetch=None))
    _note_arrival(watch, now)
    others = Delivery.objects.filter(watch=watch, verdict=_PENDING, due_at__gt=now).exclude(pk=delivery.pk)
    return delivery, wakes and not others.exists()


def _note_arrival(watch: ResponseWatch, now: datetime) -> None:
    """To within some seconds, so that a flood does not queue for one row."""
    if watch.last_delivery_at is None or watch.last_delivery_at < now - timedelta(seconds=5):
        ResponseWatch.objects.filter(pk=watch.pk).update(last_delivery_at=now)


def note_refused(watch: ResponseWatch) -> None:
    """Somebody sent what is not signed. Noted at most once a minute: strangers must not make us write."""
    now = timezone.now()
    if watch.last_refused_at is None or watch.last_refused_at < now - REST:
        ResponseWatch.objects.filter(pk=watch.pk).update(last_refused_at=now)


# --- working off ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Outcome:
    """What came of a look: seconds until the next one, an export to wake a worker for, a survey to recount."""

    wait: float | None = None
    fetch: Fetch | None = None
    changed: Survey | None = None


def watches_to_process() -> list[int]:
    """Watches with something due, whatever became of the message that should have woken a worker for it."""
    due = Delivery.objects.filter(verdict=_PENDING, due_at__lte=timezone.now())
    return sorted(set(due.values_list("watch_id", flat=True)))


def process_due(watch_pk: int) -> Outcome:
    """Look up what was told of and is due."""
    watch = ResponseWatch.objects.select_related("survey", "connection").filter(pk=watch_pk, is_ending=False).first()
    if watch is None:
        return Outcome()
    pending = Delivery.objects.filter(watch=watch, verdict=_PENDING)
    pending.filter(response_id__in=erased_among(pending.values_list("response_id", flat=True))).delete()
    feed = SurveyFeed.objects.select_related("survey", "connection").filter(survey=watch.survey_id).first()
    if feed and feed.connection.is_resting:
        # Single reads wait for its circuit as fetches do.
        pending.filter(due_at__lt=feed.connection.open_until).update(due_at=feed.connection.open_until)
        return Outcome()
    if (code := _hindrance(feed)) or feed is None:
        pending.update(verdict=Delivery.Verdict.LEFT, error_code=code)
        return Outcome()
    _close_exported(pending, watch.survey)
    outcome = Outcome()
    due = pending.filter(due_at__lte=timezone.now())
    if count := due.count():
        if count > min(FEW, _room(watch)):
            outcome = _export(due, feed)
        else:
            try:
                with turns.turn(feed.connection) as turn:
                    outcome = _read_singly(_take(due), feed, turn)
            except turns.NoTurn as refused:
                return Outcome(wait=refused.wait or WINDOW.total_seconds())
    following = pending.aggregate(next=Min("due_at"))["next"]
    if following:
        outcome.wait = max(0.5, (following - timezone.now()).total_seconds())
    return outcome


def _hindrance(feed: SurveyFeed | None) -> str:
    """Why nothing can be read now; the next fetch brings it, if there is one."""
    if feed is None:
        return "nothing_to_retrieve"
    return "being_joined" if is_being_joined(feed.survey) else feed.connection.hindrance()


def _room(watch: ResponseWatch) -> int:
    """How many more may be read one by one in this minute."""
    now = timezone.now()
    last_minute = (now - timedelta(minutes=1), now)
    read = Delivery.objects.filter(watch__connection=watch.connection_id, worked_at__range=last_minute, fetch=None)
    return SINGLES_A_MINUTE - read.count()


def _take(due: QuerySet[Delivery]) -> list[Delivery]:
    """Those that no other worker takes at the same moment."""
    facts = {"worked_at": timezone.now(), "tries": F("tries") + 1}
    return [
        delivery
        for delivery in due
        if take_due(
            Delivery.objects.filter(pk=delivery.pk, verdict=_PENDING, due_at=delivery.due_at), "due_at", LEASE, **facts
        )
    ]


# --- many: one export -------------------------------------------------------------------------------------------------


def _export(due: QuerySet[Delivery], feed: SurveyFeed) -> Outcome:
    now = timezone.now()
    recent = Delivery.objects.filter(watch__survey=feed.survey_id, fetch__created_at__range=(now - EXPORT_EVERY, now))
    if Fetch.objects.filter(feed=feed, state__in=Fetch.OPEN).exists() or recent.exists():
        # It may have begun before these came: they wait for one of their own.
        due.update(due_at=now + timedelta(seconds=5))
        return Outcome()
    try:
        fetch = ask_for_fetch(feed, Fetch.Trigger.WEBHOOK)
    except CannotFetch as refusal:
        due.update(verdict=Delivery.Verdict.LEFT, error_code=refusal.code)
        return Outcome()
    due.update(fetch=fetch, worked_at=now, tries=F("tries") + 1, due_at=now + EXPORT_EVERY)
    return Outcome(fetch=fetch)


def _close_exported(pending: QuerySet[Delivery], survey: Survey) -> None:
    """After the export: what it brought is done; what it did not bring yet is looked up once more."""
    exported = pending.exclude(fetch=None).exclude(fetch__state__in=Fetch.OPEN)
    # One look into the unique index for each: joined, a survey of which PostgreSQL knows nothing might be read through.
    here = Response.objects.filter(survey=survey, external_id=OuterRef("response_id")).values("pk")[:1]
    exported.annotate(here=Subquery(here)).exclude(here=None).update(verdict=Delivery.Verdict.EXPORTED, error_code="")
    exported.filter(tries__gt=len(RETRY_AFTER)).update(verdict=Delivery.Verdict.LEFT)
    exported.update(fetch=None)


# --- few: one by one --------------------------------------------------------------------------------------------------


def _read_singly(taken: Sequence[Delivery], feed: SurveyFeed, turn: turns.Turn) -> Outcome:
    questions = _covered_questions(feed)
    if not questions or not taken:
        _leave(taken, "")  # the first fetch is still to come and brings all
        return Outcome()
    # Fetches that began before these calls may hold older content, those that begin from now on hold newer.
    number = Fetch.objects.filter(feed=feed).aggregate(n=Max("pk"))["n"] or 0
    found: dict[Delivery, intake.NewResponse] = {}
    started, calls = timezone.now(), 0
    try:
        with client_for(feed.connection, limits=_ONE_TRY, on_call=turn.note_call) as client:
            mirror_questions(feed.survey, client)  # what was edited meanwhile is not counted by the old rules
            questions = _covered_questions(feed)
            translator = Translator({question.field: (question.pk, question.kind) for question in questions})
            for delivery in taken if questions else ():
                if calls and turn.is_over():
                    _give_back(taken[calls:])
                    break
                calls += 1
                try:
                    record = client.response(feed.survey.external_id, delivery.response_id)
                except (NotReady, NotFound) as error:
                    _try_again(delivery, error)
                    continue
                response = translator.translate_record(record)
                if isinstance(response, Rejected) or response.external_id != delivery.response_id:
                    _leave([delivery], "unexpected_shape")
                elif not _is_purged(response, feed.survey):
                    found[delivery] = response
                else:
                    _leave([delivery], "")
    except QualtricsError as error:
        logger.info("Responses cannot be read singly: %s", error)
        for delivery in taken[max(0, calls - 1) :]:
            _try_again(delivery, error)
    if not questions:
        _leave(taken, "")
    if not found:
        return Outcome()
    _store(found, feed, questions, number, started, calls)
    return Outcome(changed=feed.survey)


def _covered_questions(feed: SurveyFeed) -> list[Question]:
    """Those whose history is here."""
    wanted = demand.wanted_questions(feed.survey)
    covered = [int(pk) for pk in wanted if pk in feed.covered_questions]
    return list(Question.objects.filter(pk__in=covered))


def _is_purged(response: intake.NewResponse, survey: Survey) -> bool:
    return survey.purged_until is not None and response.recorded_at < survey.purged_until


@transaction.atomic
def _store(
    found: dict[Delivery, intake.NewResponse],
    feed: SurveyFeed,
    questions: Sequence[Question],
    number: int,
    started: datetime,
    calls: int,
) -> None:
    """Responses, their line in the ledger and the verdicts, in one transaction. The watermark is not moved."""
    # An export that is being loaded writes in turns with us.
    list(Fetch.objects.select_for_update().filter(feed=feed, state__in=Fetch.OPEN))
    survey, now = feed.survey, timezone.now()
    # Of a sentiment that is not there yet nothing is known: what is stored stays, and a later fetch brings it.
    parts: dict[tuple[int, ...], list[intake.NewResponse]] = defaultdict(list)
    for response in found.values():
        known = (q.pk for q in questions if q.about_id is None or q.pk in response.answers)
        parts[tuple(known)].append(response)
    stored = intake.Stored()
    for asked, responses in parts.items():
        part = intake.store(survey, responses, asked=asked, fetch_number=number, zone=Organisation.current().zone)
        stored.new, stored.changed = stored.new + part.new, stored.changed + part.changed
        stored.unchanged += part.unchanged
    if stored.new or stored.changed:
        Fetch.objects.create(
            feed=feed,
            trigger=Fetch.Trigger.WEBHOOK,
            state=Fetch.State.DONE,
            step=Fetch.Step.FINISH,
            due_at=started,
            started_at=started,
            finished_at=now,
            work_seconds=(now - started).total_seconds(),
            calls=calls,
            received=len(found),
            new=stored.new,
            changed=stored.changed,
            unchanged=stored.unchanged,
        )
    Delivery.objects.filter(pk__in=[delivery.pk for delivery in found]).update(
        verdict=Delivery.Verdict.STORED, error_code=""
    )
    spans.update(survey)


def _try_again(delivery: Delivery, error: QualtricsError) -> None:
    """Later, if that can help; `tries` was counted up in the database when this one was taken."""
    if delivery.tries >= len(RETRY_AFTER) or (error.permanent and not isinstance(error, NotFound)):
        _leave([delivery], error.code)
        return
    seconds = max(RETRY_AFTER[delivery.tries], error.retry_after or 0.0)
    due_at = timezone.now() + timedelta(seconds=seconds)
    Delivery.objects.filter(pk=delivery.pk).update(due_at=due_at, error_code=error.code)


def _give_back(deliveries: Sequence[Delivery]) -> None:
    """For another turn, as if nobody had taken them."""
    pks = [delivery.pk for delivery in deliveries]
    Delivery.objects.filter(pk__in=pks).update(due_at=timezone.now(), tries=F("tries") - 1)


def _leave(deliveries: Sequence[Delivery], code: str) -> None:
    pks = [delivery.pk for delivery in deliveries]
    Delivery.objects.filter(pk__in=pks).update(verdict=Delivery.Verdict.LEFT, error_code=code)
