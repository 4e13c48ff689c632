"""Undo and redo: an operation's way back is done as a new operation, if what it touches is still as the operation left it.

Each person has one stack for each map and tab. Redo is the undo of an undo; whatever is done anew clears what could be
redone. Places are found by their neighbours, so that what others added meanwhile stays where they put it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Model
from django.dispatch import Signal
from django.utils.translation import gettext as _

from journeys.columns import Columns
from journeys.drawing.lanes import kind_named
from journeys.families import check_parent
from journeys.history import acting
from journeys.history.images import Image, image_of, plain, rearranged, recorded
from journeys.history.recording import empty_what_is_gone, operation, restored
from journeys.models import Card, Journey, Lane, Operation, Phase, Stage
from journeys.ordering import hold, renumber
from versioning.models import Versioned

Kind = Operation.Kind
_BACK = (Kind.UNDO, Kind.REDO)

# After an undo or a redo: `rows`, the notes of the rows it changed, see `recording`. Some of them may have more to do.
went_back = Signal()


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that somebody changed since: what the operation left, and what is there now."""

    model: str
    pk: int
    field: str  # empty: the whole thing
    left: Any
    now: Any

    @property
    def now_name(self) -> str:
        """What the thing that is there now is called."""
        return str(self.now.get("title") or self.now.get("name") or "–") if isinstance(self.now, dict) else ""


class Conflicts(Exception):
    """Somebody else changed what the operation touched. Nothing was undone; it can be done anyway."""

    def __init__(self, target: Operation, found: list[Conflict]) -> None:
        self.target, self.found = target, found
        super().__init__(_("Somebody else changed this meanwhile."))


def stack(journey: Journey) -> models.QuerySet[Operation]:
    """What the person who acts did to this map in this tab, the last first."""
    return Operation.objects.filter(journey=journey, actor=acting.person(), tab=acting.tab())


def undoable(journey: Journey) -> Operation | None:
    """The operation that undo takes back."""
    return stack(journey).exclude(kind__in=_BACK).filter(undone_by=None).first()


def redoable(journey: Journey) -> Operation | None:
    """The operation that redo does again: the one undone last, unless something was done since."""
    by_me = {"undone_by__actor": acting.person(), "undone_by__tab": acting.tab()}  # whoever did what was undone
    taken_back = Operation.objects.filter(journey=journey).exclude(undone_by=None)
    undone = taken_back.filter(**by_me).order_by("-undone_by__number").first()
    if undone is None or undone.undone_by is None:
        return None
    newer = stack(journey).exclude(kind__in=_BACK).filter(number__gt=undone.undone_by.number)
    return None if newer.exists() else undone


def undo(journey: Journey, *, number: int | None = None, anyway: bool = False) -> Operation | None:
    """Take back the last operation of this person in this tab, or the one with this number; None if there is none.

    Raises `Conflicts` if something it touched was changed since, unless `anyway`, and `ValidationError` if what it needs is
    gone.
    """
    with transaction.atomic():
        hold(journey.pk)  # two undos at once take back two operations
        if number is None:
            target = undoable(journey)
        else:
            any_of_it = Operation.objects.filter(journey=journey, undone_by=None).exclude(kind__in=_BACK)
            target = any_of_it.filter(number=number).first()
        if target is None:
            return None
        again = Operation.objects.filter(journey=journey, kind=Kind.REDO, undoes=target).first()
        target.undone_by = _way_back(journey, again or target, Kind.UNDO, target, anyway)
        target.save(update_fields=["undone_by"])
    return target


def redo(journey: Journey, *, anyway: bool = False) -> Operation | None:
    """Do again what was undone last; raises as `undo` does."""
    with transaction.atomic():
        hold(journey.pk)
        target = redoable(journey)
        if target is None or target.undone_by is None:
            return None
        _way_back(journey, target.undone_by, Kind.REDO, target, anyway)
        target.undone_by = None
        target.save(update_fields=["undone_by"])
    return target


def _way_back(journey: Journey, done: Operation, kind: Kind, target: Operation, anyway: bool) -> Operation:
    """Reverse what `done` did, as a new operation; that one."""
    with operation(journey.pk, kind, target.name, undoes=target):
        found = list(_conflicts(done, image_of(journey.pk)))
        if found and not anyway:
            raise Conflicts(target, found)
        covered = _covered(journey)
        _reverse_rows(done.changes["rows"])
        _reverse_orders(journey, done.changes)
        _check_lanes(done.changes["rows"])
        _cover_as_before(journey, covered, done.changes["rows"])
        went_back.send(sender=Operation, rows=done.changes["rows"])
    return Operation.objects.filter(journey=journey)[0]


# --- What stands in the way ---------------------------------------------------------------------------------------------


def _conflicts(done: Operation, now: Image) -> Iterator[Conflict]:
    rows = done.changes["rows"]
    own = {(row["model"], row["pk"]) for row in rows}
    came = {key for row in rows if "came" in row and (key := (row["model"], row["pk"])) in now.rows}
    for row in rows:
        label, pk = row["model"], row["pk"]
        left = row.get("came") or {name: values[1] for name, values in row.get("fields", {}).items()}
        there = now.rows.get((label, pk))
        if there is None:
            if "fields" in row:
                yield Conflict(label, pk, "", left, None)
            continue
        for name, value in left.items():
            if plain(there.get(name)) != value:
                yield Conflict(label, pk, name, value, plain(there.get(name)))
    # What others have put into a thing that came would go with it.
    for (label, pk), fields in now.rows.items():
        kind = recorded(label)
        if kind is not None and (label, pk) not in own:
            for name, target in kind.references:
                if (target, fields[name]) in came:
                    yield Conflict(label, pk, "", None, {each: plain(value) for each, value in fields.items()})
    if done.kind != Kind.UNDO:  # what a redo deletes again went with it the first time
        yield from _hanging_on(came)


def _hanging_on(came: Iterable[tuple[str, int]]) -> Iterator[Conflict]:
    """What is no row of the map, but would go with these."""
    for label, pk in came:
        kind = recorded(label)
        for related in kind.model._meta.related_objects if kind else ():
            model = related.related_model
            if related.on_delete is models.CASCADE and recorded(model._meta.label_lower) is None:
                for row in model._base_manager.filter(**{related.field.name: pk}):
                    yield Conflict(model._meta.label_lower, row.pk, "", None, {"name": str(row)})


# --- The way back -------------------------------------------------------------------------------------------------------


def _reverse_rows(rows: Iterable[dict[str, Any]]) -> None:
    """Rows come parents first: so do those that come back, and those that go go in the other order."""
    rows = list(rows)
    for row in rows:
        if "went" in row:
            _bring_back(row)
    for row in rows:
        if "fields" in row:
            _set_back(row)
    for row in reversed(rows):
        kind = recorded(row["model"])
        if "came" in row and kind is not None and (obj := kind.model._base_manager.filter(pk=row["pk"]).first()):
            obj.delete()


def _bring_back(row: dict[str, Any]) -> None:
    obj = restored(row["went"])
    if _missing(obj):
        if recorded(row["model"]) is None:
            return  # it hung on something else that is gone
        raise ValidationError(_("What it stood in is gone. Restore that first."))
    if isinstance(obj, Versioned):
        obj.version += 1
    try:
        with transaction.atomic():
            obj.save_base(raw=True, force_insert=True)
    except IntegrityError as error:
        raise ValidationError(_("Something else has taken its place.")) from error


def _set_back(row: dict[str, Any]) -> None:
    kind = recorded(row["model"])
    obj = kind.model._base_manager.filter(pk=row["pk"]).first() if kind else None
    if obj is None:
        return
    for name, (before, _after) in row["fields"].items():
        field = next((each for each in obj._meta.concrete_fields if each.attname == name), None)
        if field is not None:  # a field may have left the product since
            setattr(obj, name, field.to_python(before))
    empty_what_is_gone(obj)
    if _missing(obj):
        raise ValidationError(_("What it stood in is gone. Restore that first."))
    if isinstance(obj, Journey) and "parent_id" in row["fields"]:
        check_parent(obj, obj.parent)
    written = list(row["fields"])
    if isinstance(obj, Versioned):
        obj.version += 1
        written.append("version")
    obj.save(update_fields=written)


def _missing(obj: Model) -> bool:
    """Whether something that it cannot be without is gone."""
    return any(
        not each.null and not each.remote_field.model._base_manager.filter(pk=getattr(obj, each.attname)).exists()
        for each in obj._meta.concrete_fields
        if isinstance(each, models.ForeignKey)
    )


def _reverse_orders(journey: Journey, changes: dict[str, Any]) -> None:
    now = image_of(journey.pk).orders
    orders = {
        key: rearranged(now[key], after, before) for key, (before, after) in changes["orders"].items() if key in now
    }
    for key, order in orders.items():
        model = _ORDERED.get(key, Card)
        by_pk = model._base_manager.in_bulk(order)
        renumber([by_pk[pk] for pk in order])
    cards = Card.objects.filter(lane__journey=journey).order_by("lane", "stage", "position", "pk")
    for _cell, mates in groupby(cards, key=lambda card: (card.lane_id, card.stage_id)):
        renumber(mates)  # what went elsewhere since leaves a gap in no cell
    columns = Columns.of(journey)
    columns.gather()
    columns.save()


def _check_lanes(rows: Iterable[dict[str, Any]]) -> None:
    """Refuse a card in a lane that cannot show it: the lane may have become another since, or others may have filled it."""
    rows = list(rows)
    lanes = [row["pk"] for row in rows if row["model"] == "journeys.lane" and "kind" in row.get("fields", {})]
    own = [
        row["pk"]
        for row in rows
        if row["model"] == "journeys.card" and ("went" in row or "lane_id" in row.get("fields", {}))
    ]
    cards = Card.objects.filter(models.Q(pk__in=own) | models.Q(lane__in=lanes))
    for card in cards.select_related("lane", "feedback_item"):
        if kind_named(card.lane.kind).holds != ("items" if hasattr(card, "feedback_item") else "cards"):
            raise ValidationError(
                _("Its lane is of another kind by now, or holds what a lane of that kind cannot show.")
            )


def _covered(journey: Journey) -> dict[int, list[int]]:
    """The stages that each card covers which covers several."""
    stages = list(Stage.objects.filter(journey=journey).values_list("pk", flat=True))
    cards = Card.objects.filter(lane__journey=journey, span__gt=1).values_list("pk", "stage_id", "span")
    return {pk: stages[(at := stages.index(stage)) : at + span] for pk, stage, span in cards}


def _cover_as_before(journey: Journey, covered: dict[int, list[int]], rows: Iterable[dict[str, Any]]) -> None:
    """Where stages came or went between, cards that were not touched go on covering what they covered."""
    rows = list(rows)
    if not any(row["model"] == Stage._meta.label_lower and "fields" not in row for row in rows):
        return
    own = {row["pk"] for row in rows if row["model"] == Card._meta.label_lower}
    place = {pk: at for at, pk in enumerate(Stage.objects.filter(journey=journey).values_list("pk", flat=True))}
    changed = []
    for card in Card.objects.filter(pk__in=covered.keys() - own):
        last = max(place[pk] for pk in covered[card.pk] if pk in place)
        if card.span != (span := max(1, last - place[card.stage_id] + 1)):
            card.span = span
            changed.append(card)
    Card.objects.bulk_update(changed, ["span"])


_ORDERED: dict[str, type[Phase | Stage | Lane | Card]] = {"phases": Phase, "stages": Stage, "lanes": Lane}
