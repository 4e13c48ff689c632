"""Joins two rows that are one survey, seen through two connections to one brand: every response counts once.

The twin's questions and responses become the survey's some at a time; what is left in the twin is the checkpoint, so a join that
was cut short goes on where it stood. Nothing of either is recounted before all rows have moved. Whoever calls holds feeds back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, TextField
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from accounts.models import Organisation
from feedback import spans
from feedback.intake import local_days, note_days
from feedback.models import FeedbackItem, FormerMapping, Question, Response, Survey, SurveyJoin
from journeys.models import Operation

AT_ONCE = 1000
# What a later version of a response replaces.
_FACTS = ("recorded_at", "modified_at", "kind", "status", "flags", "finished", "language", "channel")


def is_being_joined(survey: Survey) -> bool:
    """Whether it is one of two that are being joined."""
    return SurveyJoin.objects.filter(Q(survey=survey) | Q(twin=survey), ended_at=None).exists()


def has_rows_under_way(survey: Survey) -> bool:
    """Whether some of its twin's responses have moved and others not, or its own have to: what would be counted is not all."""
    open_joins = SurveyJoin.objects.filter(ended_at=None)
    # Twins of one survey come one after the other: those of the later ones stand whole where they are.
    earlier = open_joins.filter(survey=OuterRef("survey"), pk__lt=OuterRef("pk"))
    left = Response.objects.filter(survey=OuterRef("twin"))
    return open_joins.filter(Q(~Exists(earlier), Exists(left), survey=survey) | Q(twin=survey)).exists()


def hold(join: SurveyJoin) -> None:
    """Wait for whoever is storing responses of the two, and let nobody begin until the end of the transaction."""
    both = Survey.objects.filter(pk__in=[join.survey_id, join.twin_id])
    list(both.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def pair_questions(join: SurveyJoin) -> dict[int, int]:
    """{question of the twin: the survey's row of the same question}, in the caller's transaction, which holds both.

    One that the survey lacks becomes the survey's. It stands behind the survey's present row of that field, if there is one: the
    next look at the questionnaire, which comes before the next fetch, brings the one back that is asked now.
    """
    ours: dict[str, list[Question]] = {}
    for question in Question.objects.filter(survey=join.survey_id).order_by(
        F("successor").asc(nulls_first=True), "-pk"
    ):
        ours.setdefault(question.field, []).append(question)
    pairs: dict[int, int] = {}
    moving: list[int] = []
    for question in Question.objects.filter(survey=join.twin_id).order_by("pk"):
        known = ours.get(question.field, [])
        same = next((each for each in known if each.fingerprint == question.fingerprint), None)
        if same:
            pairs[question.pk] = same.pk
            continue
        moving.append(question.pk)
        if known:
            behind = {"successor": known[0], "gone_at": Coalesce("gone_at", timezone.now())}
            Question.objects.filter(pk=question.pk).update(**behind)
    if moving:
        Question.objects.filter(pk__in=moving).update(survey=join.survey_id)
        Survey.objects.filter(pk=join.survey_id).update(vendor_version="")  # its questions are read again
        for theirs, same_pk in pairs.items():
            Question.objects.filter(pk__in=moving, about=theirs).update(about=same_pk)
    return pairs


@transaction.atomic
def move_some(join: SurveyJoin) -> int:
    """Give the survey the next of the twin's responses, each with its answers; how many were left to look at."""
    hold(join)
    some = list(Response.objects.filter(survey=join.twin_id).order_by("pk")[:AT_ONCE])
    if not some:
        return 0
    pairs = {str(theirs): str(ours) for theirs, ours in pair_questions(join).items()}
    purged_until, present = Survey.objects.values_list("purged_until", "round").get(pk=join.survey_id)
    known = _known(join, [each.external_id for each in some])
    moved: list[Response] = []
    merged: list[Response] = []
    gone: list[int] = []
    moments: list[datetime] = []
    for theirs in some:
        answers = {pairs.get(question, question): value for question, value in theirs.answers.items()}
        if answers.keys() != theirs.answers.keys():
            theirs.content_hash = b""  # it was made with other keys: what comes next is written
        theirs.answers = answers
        ours = known.get(theirs.external_id)
        if ours:
            moments += (ours.recorded_at, theirs.recorded_at)
            _merge(ours, theirs)
            merged.append(ours)
            gone.append(theirs.pk)
        elif purged_until and theirs.recorded_at < purged_until:
            gone.append(theirs.pk)  # removed for its age on the other side; what was counted of it stays counted
        else:
            theirs.survey_id, theirs.arrived = join.survey_id, present
            moments.append(theirs.recorded_at)
            moved.append(theirs)
    Response.objects.filter(pk__in=gone).delete()
    Response.objects.bulk_update(moved, ["survey", "arrived", "answers", "content_hash"], batch_size=250)
    fields = [*_FACTS, "answers", "content_hash", "deleted_at", "fetch_number"]
    Response.objects.bulk_update(merged, fields, batch_size=100)
    note_days(join.survey, local_days(moments, Organisation.current().zone))
    SurveyJoin.objects.filter(pk=join.pk).update(
        responses=F("responses") + len(some), doubles=F("doubles") + len(merged)
    )
    return len(some)


def _known(join: SurveyJoin, external_ids: Iterable[str]) -> dict[str, Response]:
    rows = Response.objects.filter(survey=join.survey_id, external_id__in=list(external_ids))
    return {row.external_id: row for row in rows}


def _merge(ours: Response, theirs: Response) -> None:
    """One response of two that are one: the later version, with the answers that only the other has."""
    if _changed_at(theirs) == _changed_at(ours):
        # Whoever found it gone at the source has looked at everything; the other has not looked since.
        ours.deleted_at = ours.deleted_at or theirs.deleted_at
        ours.answers = theirs.answers | ours.answers
    elif _changed_at(theirs) > _changed_at(ours):
        for name in (*_FACTS, "deleted_at"):
            setattr(ours, name, getattr(theirs, name))
        ours.answers = ours.answers | theirs.answers
    else:
        ours.answers = theirs.answers | ours.answers
    ours.fetch_number = max(ours.fetch_number, theirs.fetch_number)
    ours.content_hash = b""


def _changed_at(response: Response) -> datetime:
    return response.modified_at or response.recorded_at


def give_items(join: SurveyJoin, pairs: dict[int, int]) -> int:
    """Let what counted the twin count the survey, in the caller's transaction; how many items did."""
    for theirs, ours in pairs.items():
        FeedbackItem.objects.filter(question=theirs).update(question=ours)
        FormerMapping.objects.filter(question=theirs).update(question=ours)
        # Rows that are the survey's by now may name those that go.
        Question.objects.filter(about=theirs).exclude(survey=join.twin_id).update(about=ours)
    _tell_operations(join, pairs)
    given: dict[str, Any] = {"survey": join.survey_id, "source": join.survey.source_id}
    return FeedbackItem.objects.filter(survey=join.twin_id).update(**given)


def _tell_operations(join: SurveyJoin, pairs: dict[int, int]) -> None:
    """Operations on maps name the survey and its questions from now on: they may bring items back."""
    surveys = {join.twin_id: join.survey_id}
    noted = Operation.objects.annotate(text=Cast("changes", TextField())).filter(text__contains='"feedback.')
    for operation in noted.order_by("pk").iterator(chunk_size=100):
        changed = False
        for row in operation.changes["rows"]:
            if not row["model"].startswith("feedback."):
                continue
            whole = row["went"]["fields"] if "went" in row else row.get("came") or row["fields"]
            suffix = "" if "went" in row else "_id"
            for name, same in (("question", pairs), ("survey", surveys)):
                value = whole.get(name + suffix)
                given = [same.get(pk, pk) for pk in value] if isinstance(value, list) else same.get(value, value)
                if given != value:
                    whole[name + suffix], changed = given, True
        if changed:
            for theirs, ours in pairs.items():
                operation.holds = operation.holds.replace(
                    f" feedback.question:{theirs} ", f" feedback.question:{ours} "
                )
            operation.save(update_fields=["changes", "holds"])


def end(join: SurveyJoin, twin: Survey, items: int) -> None:
    """Forget the twin, and note what was joined; in the caller's transaction, after everything was given away."""
    Survey.objects.filter(pk=join.survey_id).update(erased=F("erased") + twin.erased)
    twin.delete()
    join.items, join.ended_at, join.twin = items, timezone.now(), None
    join.save(update_fields=["items", "ended_at", "twin"])
    spans.update(join.survey)
