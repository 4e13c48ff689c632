"""Actions on Feedback Data items: make, change, retrieve, pause, resume, archive, restore, delete, enter values by hand.

Each action is one transaction. It checks the edge it takes (`EDGES`), refuses to overwrite what somebody else wrote
meanwhile (`versioning.saving.Outdated`), and sends `demand_changed` where other data must be fetched afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from feedback.completeness import problems_of
from feedback.mapping.entries import checked
from feedback.mapping.proposals import proposal_of
from feedback.models import FeedbackItem, FormerMapping, ManualValue, Survey
from feedback.signals import demand_changed
from journeys.editing import actions as editing
from journeys.history.recording import operation
from journeys.models import Journey, Lane, Operation, Stage
from ui.typed_numbers import ANY, COUNT, WEIGHT, Bounds, day_problem
from versioning.saving import delete_if_current, save_if_current

Chosen = FeedbackItem.Chosen

# Which chosen state may follow which. An archived item comes back paused, or as a draft if it never was complete.
EDGES: Mapping[str, frozenset[str]] = {
    Chosen.DRAFT: frozenset({Chosen.RETRIEVING, Chosen.ARCHIVED}),
    Chosen.RETRIEVING: frozenset({Chosen.PAUSED, Chosen.ARCHIVED}),
    Chosen.PAUSED: frozenset({Chosen.RETRIEVING, Chosen.ARCHIVED}),
    Chosen.ARCHIVED: frozenset({Chosen.PAUSED, Chosen.DRAFT}),
}

# What `create_item` and `change_item` take.
FIELDS = frozenset(
    {
        "source", "survey", "question", "mapping", "metric", "scale_min", "scale_max", "positive_values", "reverse",
        "include_unfinished", "backfill", "count_from", "frequency", "target", "target_direction", "weight",
    }
)  # fmt: skip
# What an item that fetches must have right; its weight or target may change even while its question is gone.
_MEASURING = frozenset(
    {"survey", "question", "mapping", "metric", "scale_min", "scale_max", "positive_values", "backfill", "count_from"}
)
_DEMAND = ("survey", "question", "frequency", "backfill", "count_from")
# What a mapping is: which answers count, and how. A change of one of these is a new version of the mapping.
_MAPPING = (
    "question_id", "mapping", "metric", "scale_min", "scale_max", "positive_values", "reverse", "include_unfinished",
    "count_from",
)  # fmt: skip


# Whatever is accepted can be shown on every page.
_BOUNDS: Mapping[str, Bounds] = {"scale_min": ANY, "scale_max": ANY, "target": ANY, "weight": WEIGHT}


# How the code of a refusal begins that asks what the choices of a question count as.
ASKED = "asked_"


class NotAllowed(Exception):
    """This action cannot follow the item's present state."""

    def __init__(self, item: FeedbackItem, wanted: str) -> None:
        self.item, self.wanted = item, wanted
        labels = dict(Chosen.choices)
        super().__init__(
            _("An item in the state “%(now)s” cannot become “%(wanted)s”.")
            % {"now": labels[item.chosen_state], "wanted": labels[wanted]}
        )


def may_become(item: FeedbackItem, wanted: str) -> bool:
    """Whether the edge from the item's chosen state to `wanted` exists."""
    return wanted in EDGES[item.chosen_state]


def create_item(
    lane: Lane,
    stage: Stage,
    *,
    title: str,
    user: User | None,
    retrieve: bool = False,
    origin: str = FeedbackItem.Origin.SURVEY,
    span: int = 1,
    **fields: Any,
) -> FeedbackItem:
    """A new card with its item: a draft, or with `retrieve` one that fetches from now on.

    `fields`: see `FIELDS`. A draft may name as few of them as are known.
    """
    if lane.kind != Lane.Kind.FEEDBACK:
        raise ValidationError({"lane": _("Feedback Data items stand in a Feedback Data lane.")})
    with operation(lane.journey_id, Operation.Kind.ADD, title):
        card = editing.create_card(lane, stage, title=_title(title), span=span)
        item = FeedbackItem(card=card, origin=origin, created_by=user, mapped_by=user, mapped_at=timezone.now())
        _apply(item, fields)
        if retrieve:
            _complete(item)
            item.chosen_state = Chosen.RETRIEVING
        item.save()
        if retrieve:
            _tell([item.survey])
        return item


def change_item(
    item: FeedbackItem,
    seen_version: int | None = None,
    *,
    title: str | None = None,
    user: User | None = None,
    **fields: Any,
) -> FeedbackItem:
    """Change the title or any of `FIELDS`. Naming the question, even the same, means: this is what I want to count.

    An item that already fetches must stay complete. A mapping that has counted stays, as a former version.
    """
    with _operation(item, Operation.Kind.ITEM):
        version = item.version if seen_version is None else seen_version
        before = {name: getattr(item, name) for name in _DEMAND}
        mapping = {name: getattr(item, name) for name in _MAPPING}
        _apply(item, fields)
        if item.chosen_state in (Chosen.RETRIEVING, Chosen.PAUSED) and not _MEASURING.isdisjoint(fields):
            _complete(item)
        if any(getattr(item, name) != value for name, value in mapping.items()):
            _keep_former(item, mapping, user)
        save_if_current(item, version, [*FIELDS, "mapping_assumed", "mapped_fingerprint", "mapped_at", "mapped_by"])
        if title is not None and title != item.card.title:
            editing.change(item.card, item.card.version, title=_title(title))
        changed = any(getattr(item, name) != value for name, value in before.items()) or "question" in fields
        if changed and item.chosen_state != Chosen.DRAFT:
            _tell([before["survey"], item.survey])
        return item


@transaction.atomic
def keep_mapping(item: FeedbackItem, seen_version: int) -> FeedbackItem:
    """Say that the mapping which was assumed holds: it goes on counting just as it has, and is not asked about again."""
    with _operation(item, Operation.Kind.ITEM):
        item.mapping_assumed = False
        save_if_current(item, seen_version, ["mapping_assumed"])
        return item


def retrieve(item: FeedbackItem, seen_version: int | None = None) -> FeedbackItem:
    """Switch "Retrieve data" on: for a draft that is complete, or again for a paused item."""
    return _become(item, Chosen.RETRIEVING, seen_version)


def pause(item: FeedbackItem, seen_version: int | None = None) -> FeedbackItem:
    """Stop fetching; the numbers stay, with their date."""
    if item.chosen_state == Chosen.ARCHIVED:
        raise NotAllowed(item, Chosen.PAUSED)
    return _become(item, Chosen.PAUSED, seen_version)


def resume(item: FeedbackItem, seen_version: int | None = None) -> FeedbackItem:
    """Fetch again what a pause stopped. What was recorded meanwhile counts as well."""
    if item.chosen_state != Chosen.PAUSED:
        raise NotAllowed(item, Chosen.RETRIEVING)
    return _become(item, Chosen.RETRIEVING, seen_version)


def archive(item: FeedbackItem, seen_version: int | None = None) -> FeedbackItem:
    """Stop fetching and leave every KPI; nothing is deleted."""
    return _become(item, Chosen.ARCHIVED, seen_version)


def restore(item: FeedbackItem, seen_version: int | None = None) -> FeedbackItem:
    """Bring an archived item back: paused, or as a draft if it lacks something. It fetches again when told to."""
    if item.chosen_state != Chosen.ARCHIVED:
        raise NotAllowed(item, Chosen.PAUSED)
    by_hand = item.origin == FeedbackItem.Origin.MANUAL
    wanted = Chosen.PAUSED if (by_hand or item.mapped_fingerprint) and not problems_of(item) else Chosen.DRAFT
    return _become(item, wanted, seen_version)


def delete(item: FeedbackItem, seen_version: int | None = None) -> None:
    """Delete the item and its card. Responses already stored stay until their survey's retention ends them."""
    with _operation(item, Operation.Kind.DELETE):
        version = item.version if seen_version is None else seen_version
        card = item.card
        delete_if_current(item, version)
        editing.delete(card, card.version)


def tell_of_what_went_back(sender: type[Operation], rows: Iterable[dict[str, Any]], **_kwargs: object) -> None:
    """After an undo or a redo: other data may be to fetch now."""
    mine = [row for row in rows if row["model"] == FeedbackItem._meta.label_lower]
    for item in FeedbackItem.objects.filter(pk__in=[row["pk"] for row in mine]).select_related(
        "survey", "question__survey"
    ):
        survey = item.question.survey if item.question else item.survey  # may stand elsewhere since: see `twins.py`
        if survey is not None and (item.survey_id, item.source_id) != (survey.pk, survey.source_id):
            FeedbackItem.objects.filter(pk=item.pk).update(survey=survey, source=survey.source_id)
    surveys = set(FeedbackItem.objects.filter(pk__in=[row["pk"] for row in mine]).values_list("survey_id", flat=True))
    for row in mine:  # those that it had, also if the item is gone now
        surveys |= {*row.get("fields", {}).get("survey_id", []), row.get("came", {}).get("survey_id")}
    _tell(Survey.objects.filter(pk__in=surveys - {None}))


@transaction.atomic
def set_manual_value(
    item: FeedbackItem, *, day: date, value: float, n: int | None = None, note: str = "", user: User | None = None
) -> ManualValue:
    """Enter, or correct, the value of one day."""
    _by_hand(item)
    problems: dict[str, str] = {}
    if problem := day_problem(day):
        problems["day"] = problem
    elif day > _today():
        problems["day"] = _("This day lies in the future.")
    low, high = value_range(item)
    if problem := ANY.problem(value):
        problems["value"] = problem
    elif (low is not None and value < low) or (high is not None and value > high):
        problems["value"] = _("This value lies outside the range of the metric.")
    if n is not None and n < 1:
        problems["n"] = _("Give the number of answers, or leave the field empty if it is not known.")
    elif n is not None and (problem := COUNT.problem(n)):
        problems["n"] = problem
    if problems:
        raise ValidationError(problems)
    entered, _created = ManualValue.objects.update_or_create(
        item=item, day=day, defaults={"value": value, "n": n, "note": note, "entered_by": user}
    )
    return entered


@transaction.atomic
def delete_manual_value(item: FeedbackItem, day: date) -> None:
    """Take the value of one day back."""
    _by_hand(item)
    ManualValue.objects.filter(item=item, day=day).delete()


def value_range(item: FeedbackItem) -> tuple[float | None, float | None]:
    """The lowest and the highest value that the item's metric can take."""
    metric = FeedbackItem.Metric
    if item.metric == metric.NPS:
        return -100, 100
    if item.metric in (metric.CSAT, metric.CES):
        return 0, 100
    if item.metric == metric.SENTIMENT:
        return -2, 2
    return item.scale_min, item.scale_max


def tell_of_deleted(sender: type[FeedbackItem], instance: FeedbackItem, **_kwargs: object) -> None:
    """After an item went, whichever way (its card, lane, stage or map may have been deleted), less may be to fetch."""
    survey = Survey.objects.filter(pk=instance.survey_id).first() if instance.survey_id else None
    if instance.chosen_state == Chosen.RETRIEVING:
        _tell([survey])


def _become(item: FeedbackItem, wanted: str, seen_version: int | None) -> FeedbackItem:
    if not may_become(item, wanted):
        raise NotAllowed(item, wanted)
    with _operation(item, Operation.Kind.ITEM):
        version = item.version if seen_version is None else seen_version
        if wanted == Chosen.RETRIEVING:
            _complete(item)
        if wanted == Chosen.ARCHIVED and item.chosen_state == Chosen.DRAFT:
            item.mapped_fingerprint = ""  # it never retrieved: when restored it is a draft again, and in no KPI
        item.chosen_state = wanted
        save_if_current(item, version, ["chosen_state", "count_from", "mapped_fingerprint", "mapping"])
        _tell([item.survey])
        return item


def _operation(item: FeedbackItem, kind: Operation.Kind) -> AbstractContextManager[Journey]:
    return operation(item.card.lane.journey_id, kind, item.card.title)


def _keep_former(item: FeedbackItem, mapping: Mapping[str, Any], user: User | None) -> None:
    """Write down the mapping that ends now, if numbers were made by it."""
    now: datetime = timezone.now()
    if item.origin == FeedbackItem.Origin.SURVEY and item.chosen_state != Chosen.DRAFT and mapping["question_id"]:
        FormerMapping.objects.create(
            item=item,
            number=(item.former_mappings.aggregate(last=Max("number"))["last"] or 0) + 1,
            mapped_at=item.mapped_at or item.created_at,
            mapped_by=item.mapped_by,
            ended_at=now,
            ended_by=user,
            **mapping,
        )
    item.mapped_at, item.mapped_by = now, user


def _apply(item: FeedbackItem, fields: Mapping[str, Any]) -> None:
    """Set the fields, and whatever follows from them."""
    if unknown := set(fields) - FIELDS:
        raise TypeError(f"An item has no field {sorted(unknown)}")
    old_backfill, old_question = item.backfill, item.question_id
    for name, value in fields.items():
        setattr(item, name, value)
    item.positive_values = [str(value) for value in item.positive_values or []]
    if "question" in fields:
        item.mapped_fingerprint = item.question.fingerprint if item.question else ""
    if item.question is not None:
        if "survey" in fields and fields["survey"] and item.question.survey_id != fields["survey"].pk:
            raise ValidationError({"question": _("This question belongs to another survey.")})
        item.survey = item.question.survey
    _map(item, fields, old_question)
    if item.survey is not None:
        if fields.get("source") and item.survey.source_id != fields["source"].pk:
            raise ValidationError({"survey": _("This survey belongs to another connection.")})
        item.source = item.survey.source
    if item.weight is None:
        raise ValidationError({"weight": _("A weight is zero or more.")})
    # Only what is set now: an item may have a number from before there were bounds, and still be changed.
    problems = {
        name: bounds.problem(value) for name, bounds in _BOUNDS.items() if (value := fields.get(name)) is not None
    }
    if day := fields.get("count_from"):
        problems["count_from"] = day_problem(day)
    if found := {name: problem for name, problem in problems.items() if problem}:
        raise ValidationError(found)
    if item.backfill == FeedbackItem.Backfill.SURVEY_START:
        item.count_from = None
    elif item.backfill == FeedbackItem.Backfill.NOW and old_backfill != item.backfill:
        # "From now on" begins with the retrieval; until then a draft has no first day.
        item.count_from = _today() if item.chosen_state in (Chosen.RETRIEVING, Chosen.PAUSED) else None


def _complete(item: FeedbackItem) -> None:
    """Refuse an item that lacks something; settle what begins with the retrieval."""
    asked: dict[str, list[ValidationError]] = {}
    if item.mapping is None and item.question is not None:
        proposal = proposal_of(item.question)
        item.mapping = [entry.as_json() for entry in proposal.entries]
        if proposal.doubts:  # nothing is counted by a guess
            asked["mapping"] = [
                ValidationError(sentence, code=f"{ASKED}{doubt.value}")
                for doubt, sentence in zip(proposal.doubts, proposal.questions, strict=True)
            ]
    problems = problems_of(item)
    if problems or asked:
        raise ValidationError({**problems, **asked})
    if item.backfill == FeedbackItem.Backfill.NOW and item.count_from is None:
        item.count_from = _today()
    if item.question is not None and not item.mapped_fingerprint:
        item.mapped_fingerprint = item.question.fingerprint


def _map(item: FeedbackItem, fields: Mapping[str, Any], old_question: int | None) -> None:
    """Keep what is said of the choices; forget what was said of those of another question."""
    given = fields.get("mapping")
    if given is None:
        if item.question_id != old_question or "mapping" in fields:
            item.mapping, item.mapping_assumed = None, False
        return
    if item.question is None:
        raise ValidationError({"mapping": _("Choose the question first.")})
    try:
        item.mapping = checked(given, item.question.choices)
    except ValidationError as refused:
        raise ValidationError({"mapping": refused}) from refused
    item.mapping_assumed = False


def _title(title: str) -> str:
    title = title.strip()
    if not title:
        raise ValidationError({"title": _("Give the item a title.")})
    if len(title) > 200:
        raise ValidationError({"title": _("A title has at most 200 characters.")})
    return title


def _by_hand(item: FeedbackItem) -> None:
    if item.origin != FeedbackItem.Origin.MANUAL:
        raise ValidationError(_("Values are entered by hand for manual items only."))


def _today() -> date:
    return timezone.now().astimezone(Organisation.current().zone).date()


def _tell(surveys: Iterable[Survey | None]) -> None:
    for survey in {survey for survey in surveys if survey is not None}:
        demand_changed.send(sender=FeedbackItem, survey=survey)
