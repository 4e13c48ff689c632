"""Joins a survey with its twin: rows first, then numbers, then, in one transaction, all else that named the twin.

The `SurveyJoin` is the job. A worker takes it for a while; one that dies leaves the rows that it moved, and the next goes on.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from feedback import twins
from feedback.models import ChangedDay, Response, Source, Survey, SurveyJoin
from feedback.signals import survey_joined
from integrations.models import Fetch, ResponseWatch, SurveyAccess, SurveyFeed
from integrations.models.due import take_due
from integrations.sync import demand, plan
from kpis.counting import joining as counted
from kpis.counting.refresh import refresh_changed_days

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
SLICE = 60.0  # seconds of work, then others have their turn
SOON = 1.0  # something came in between: once more
REST = 5.0  # seconds until a fetch under way is looked at again


def joins_to_do() -> list[int]:
    """Those that no worker is at."""
    due = SurveyJoin.objects.filter(ended_at=None, due_at__lte=timezone.now())
    return list(due.order_by("due_at").values_list("pk", flat=True))


def under_way() -> QuerySet[SurveyJoin]:
    """Those that are not over yet."""
    return SurveyJoin.objects.filter(ended_at=None)


def work(pk: int) -> float | None:
    """Go on with a join for a while. Seconds until somebody should look at it again; None if nobody needs to."""
    if not take_due(SurveyJoin.objects.filter(pk=pk, ended_at=None), "due_at", LEASE):
        return None
    join = SurveyJoin.objects.select_related("survey__source", "twin").get(pk=pk)
    until = time.monotonic() + SLICE
    wait = 0.0
    while time.monotonic() < until:
        if _must_wait(join):
            wait = REST
            break
        if _move_some(join):
            continue
        refresh_changed_days(join.survey, after_some=partial(_renew, join))
        if _finish(join):
            return None
        wait = SOON
        break
    SurveyJoin.objects.filter(pk=pk).update(due_at=timezone.now() + timedelta(seconds=wait))
    return wait


def _must_wait(join: SurveyJoin) -> bool:
    """Twins of one survey are joined one after the other; and a fetch that began before translates by questions of its own."""
    if SurveyJoin.objects.filter(survey=join.survey_id, ended_at=None, pk__lt=join.pk).exists():
        return True
    feeds = SurveyFeed.objects.filter(survey__in=[join.survey_id, join.twin_id])
    return Fetch.objects.filter(feed__in=feeds, state__in=Fetch.OPEN).exists()


def _move_some(join: SurveyJoin) -> int:
    """Questions first, then some of the responses; how many there were."""
    with transaction.atomic():
        counted.hold(join)  # a recount that began before ends first
        twins.hold(join)
        twins.pair_questions(join)
    return twins.move_some(join)


def _renew(join: SurveyJoin) -> None:
    """A long recount keeps the lease."""
    SurveyJoin.objects.filter(pk=join.pk).update(due_at=timezone.now() + LEASE)


@transaction.atomic
def _finish(join: SurveyJoin) -> bool:
    """Give all that named the twin to the survey; False if something came in between."""
    counted.hold(join)
    twins.hold(join)
    if (
        Response.objects.filter(survey=join.twin_id).exists()
        or ChangedDay.objects.filter(survey=join.survey_id).exists()
    ):
        return False
    survey, twin = Survey.objects.get(pk=join.survey_id), Survey.objects.get(joined_into=join)
    pairs = twins.pair_questions(join)
    counted.unite_purged_days(join, pairs)
    items = twins.give_items(join, pairs)
    _give_access(survey, twin)
    _give_watch(survey, twin)
    _give_feed(survey, twin, pairs)
    survey_joined.send(sender=SurveyJoin, survey=survey, twin=twin)
    twins.end(join, twin, items)
    _forget_source(twin.source_id)
    feed = demand.follow(Survey.objects.get(pk=survey.pk))
    if feed and feed.next_due_at:
        SurveyFeed.objects.filter(pk=feed.pk).update(next_due_at=timezone.now())
    done = SurveyJoin.objects.get(pk=join.pk)
    logger.info(
        "Survey %s was joined with its twin of %s: %d responses, %d of them known, %d items",
        survey.pk, join.twin_source, done.responses, done.doubles, items,
    )  # fmt: skip
    return True


def _give_access(survey: Survey, twin: Survey) -> None:
    known = SurveyAccess.objects.filter(survey=survey).values_list("connection_id", flat=True)
    SurveyAccess.objects.filter(survey=twin).exclude(connection__in=list(known)).update(survey=survey)


def _give_watch(survey: Survey, twin: Survey) -> None:
    """One watch is enough: that of the survey. The twin's is ended at the vendor through the connection that made it."""
    theirs = ResponseWatch.objects.filter(survey=twin)
    if ResponseWatch.objects.filter(survey=survey, is_ending=False).exists():
        theirs.update(is_ending=True)
    theirs.update(survey=survey, next_check_at=timezone.now())


def _give_feed(survey: Survey, twin: Survey, pairs: dict[int, int]) -> None:
    """The ledger becomes one. What both fetched is known up to the earlier watermark: from there the next fetch goes on."""
    theirs = SurveyFeed.objects.filter(survey=twin).first()
    ours = SurveyFeed.objects.filter(survey=survey).first()
    if theirs is None:
        return
    covered = {str(pairs.get(int(pk), pk)): day for pk, day in theirs.covered_questions.items()}
    if ours is None:
        theirs.survey, ours = survey, theirs
    else:
        covered = _union(ours.covered_questions, covered)
        Fetch.objects.filter(feed=theirs).update(feed=ours, slot=None)  # both may have had the same
        known = [until for until in (ours.modified_until, theirs.modified_until) if until]
        ours.modified_until = min(known, default=None)
    ours.covered_questions = covered
    ours.continuation_token, ours.continuation_token_at = "", None
    ours.look_at = timezone.now()
    ours.save()


def _union(ours: plan.Coverage, theirs: plan.Coverage) -> dict[str, str | None]:
    """Of a question that both cover, the earlier first day."""
    covered = dict(ours)
    for question, day in theirs.items():
        here = covered.get(question, day)
        covered[question] = None if day is None or here is None else min(day, here)
    return covered


def _forget_source(pk: int) -> None:
    """With its last survey the twin's source is empty."""
    if not Survey.objects.filter(source=pk).exists():
        Source.objects.filter(pk=pk, brand_key="", connections=None).delete()
