"""Drawing the map: adding, changing, moving and deleting its parts. Pages, API and commands all come through here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from journeys.columns import Columns
from journeys.drawing.lanes import kind_named
from journeys.editing.building import build
from journeys.editing.skeletons import Skeleton, spec_of
from journeys.families import check_parent
from journeys.history.recording import operation
from journeys.models import AssumedSentiment, Card, Journey, JourneyPersona, Lane, Operation, Persona, Phase, Stage
from journeys.ordering import renumber, reorder
from versioning.saving import delete_if_current, save_if_current

Part = Phase | Stage | Lane | Card
Kind = Operation.Kind


def journey_id_of(part: Part) -> int:
    """The map that this part belongs to."""
    return part.lane.journey_id if isinstance(part, Card) else part.journey_id


# --- Journeys -------------------------------------------------------------------------------------


def create_journey(
    name: str,
    *,
    description: str = "",
    parent: Journey | None = None,
    skeleton: str = Skeleton.BLANK,
    created_by: User | None = None,
) -> Journey:
    """A new map that starts with this skeleton."""
    return build({**spec_of(skeleton), "name": name, "description": description, "parent": parent}, created_by)


def change_journey(journey: Journey, seen_version: int, **values: Any) -> None:
    """Write name, description or parent."""
    with transaction.atomic():
        if "parent" in values:  # before the map is held: whoever holds one and waits for all would wait for ever
            check_parent(journey, values["parent"])
        former_name = Journey.objects.get(pk=journey.pk).name  # a form has given it the new one already
        with operation(journey.pk, Kind.EDIT, former_name):
            _write(journey, seen_version, values)


# --- Adding ---------------------------------------------------------------------------------------


def create_phase(journey: Journey, name: str, *, first: Stage | None = None, last: Stage | None = None) -> Phase:
    """A phase over the stages from `first` to `last`; without them, an empty one at the end of the map."""
    with operation(journey.pk, Kind.ADD, name):
        phase = Phase.objects.create(journey=journey, name=name, position=journey.phases.count())
        if first is not None:
            cover_stages(phase, first, last or first)
        return phase


def create_stage(
    journey: Journey,
    name: str,
    *,
    description: str = "",
    phase: Phase | None = None,
    after: Stage | None = None,
) -> Stage:
    """A stage behind `after`, else at the end of `phase`, else at the end of the map."""
    with operation(journey.pk, Kind.ADD, name):
        columns = Columns.of(journey)
        if after is not None and after not in columns.stages:
            raise ValidationError({"after": _("This stage belongs to another journey map.")})
        if phase is not None and phase not in columns.phases:
            raise ValidationError({"phase": _("This phase belongs to another journey map.")})
        stage = Stage(journey=journey, name=name, description=description, phase=phase, position=len(columns.stages))
        stage.save()
        columns.add_stage(stage, after=after)
        columns.save()
        # A card that reaches across the new stage goes on covering what it covered.
        at = columns.stages.index(stage)
        reaching = [
            card for card in _spanning(columns) if _start(columns, card) < at < _start(columns, card) + card.span
        ]
        for card in reaching:
            card.span += 1
        Card.objects.bulk_update(reaching, ["span"])
        return stage


def create_lane(journey: Journey, kind: str, *, name: str = "", to: int | None = None) -> Lane:
    """A lane at index `to`, else at the bottom of the map."""
    with operation(journey.pk, Kind.ADD, name or str(Lane.Kind(kind).label)):
        lane = Lane.objects.create(journey=journey, kind=kind, name=name, position=journey.lanes.count())
        if to is not None:
            reorder(journey.lanes.all(), lane, to)
            lane.refresh_from_db(fields=["position"])
        return lane


def create_card(lane: Lane, stage: Stage, *, title: str, **fields: Any) -> Card:
    """A card at the end of its cell; `span` is cut at the last stage."""
    with operation(lane.journey_id, Kind.ADD, title):
        _check_place(lane, stage)
        card = Card(lane=lane, stage=stage, title=title, position=lane.cards.filter(stage=stage).count(), **fields)
        card.span = _room(stage, card.span)
        card.save()
        return card


# --- Changing -------------------------------------------------------------------------------------


def change(part: Part, seen_version: int, **values: Any) -> None:
    """Write fields of a part that stands at `seen_version`, and whatever else of the map follows from it."""
    # As it is called so far: a form has given the part its new name already.
    with operation(journey_id_of(part), Kind.EDIT, str(type(part).objects.get(pk=part.pk))):
        _change(part, seen_version, values)


@singledispatch
def _change(part: Any, seen_version: int, values: dict[str, Any]) -> None:
    raise TypeError(f"{part!r} is no part of a map")


@_change.register
def _change_phase(phase: Phase, seen_version: int, values: dict[str, Any]) -> None:
    first, last = values.pop("first", None), values.pop("last", None)
    _write(phase, seen_version, values)
    if first is not None:
        cover_stages(phase, first, last or first)


@_change.register
def _change_stage(stage: Stage, seen_version: int, values: dict[str, Any]) -> None:
    joins = "phase" in values
    phase = values.pop("phase", None)
    _write(stage, seen_version, values)
    if joins:
        _check_same_journey(stage, phase)
        columns = Columns.of(stage.journey)
        mine = columns.stages[columns.stages.index(stage)]
        columns.put_in_phase(mine, phase)
        columns.save()
        stage.refresh_from_db(fields=["position", "phase"])


@_change.register
def _change_lane(lane: Lane, seen_version: int, values: dict[str, Any]) -> None:
    kind = values.get("kind", lane.kind)
    stored = Lane.objects.get(pk=lane.pk)
    if kind_named(kind).holds != kind_named(stored.kind).holds and stored.cards.exists():
        raise ValidationError({"kind": _message_kind_is_fixed()})
    _write(lane, seen_version, values)


@_change.register
def _change_card(card: Card, seen_version: int, values: dict[str, Any]) -> None:
    stored = Card.objects.select_related("lane", "stage").get(pk=card.pk)
    lane, stage = values.pop("lane", stored.lane), values.pop("stage", stored.stage)
    _check_place(lane, stage)
    _check_may_move(stored.lane, lane)
    values["span"] = _room(stage, values.get("span", stored.span))
    _write(card, seen_version, values)
    if (lane, stage) != (stored.lane, stored.stage):
        _put_card(card, lane, stage)


def cover_stages(phase: Phase, first: Stage, last: Stage) -> None:
    """Let the phase group the stages from `first` to `last`."""
    for stage in (first, last):
        _check_same_journey(stage, phase)
    columns = Columns.of(phase.journey)
    columns.cover(phase, first, last)
    columns.save()
    phase.refresh_from_db(fields=["position"])


def set_sentiments(stage: Stage, values: Mapping[JourneyPersona, int | None]) -> None:
    """What we believe the map's personas feel at this stage; None forgets it."""
    with operation(stage.journey_id, Kind.SENTIMENT, stage.name):
        for travels, value in values.items():
            if value is None:
                AssumedSentiment.objects.filter(journey_persona=travels, stage=stage).delete()
            else:
                AssumedSentiment.objects.update_or_create(
                    journey_persona=travels, stage=stage, defaults={"value": value}
                )


def add_persona(journey: Journey, persona: Persona) -> JourneyPersona:
    """Let a persona travel this map, if it does not yet."""
    with operation(journey.pk, Kind.PERSONAS, persona.name):
        return JourneyPersona.objects.get_or_create(journey=journey, persona=persona)[0]


def remove_persona(travels: JourneyPersona) -> None:
    """Take a persona off this map, with what we believe it feels there; it stays for others."""
    with operation(travels.journey_id, Kind.PERSONAS, travels.persona.name):
        travels.delete()


# --- Moving ---------------------------------------------------------------------------------------


def move(part: Part, seen_version: int, to: int) -> None:
    """Put the part at index `to` among its like: phases, stages, lanes, or the cards of one cell."""
    with operation(journey_id_of(part), Kind.MOVE, str(part)):
        save_if_current(part, seen_version, [])
        _place(part, to)
        part.refresh_from_db()


def step(part: Part, seen_version: int, direction: str) -> None:
    """Move the part one place left, right, up or down; at the edge of the map it stays where it is.

    A card goes to the neighbouring stage, or up and down in its cell and from there to the next lane that may hold it.
    """
    by = {"left": -1, "up": -1, "right": 1, "down": 1}[direction]
    with operation(journey_id_of(part), Kind.MOVE, str(part)):
        save_if_current(part, seen_version, [])
        part.refresh_from_db()
        if isinstance(part, Card):
            _step_card(part, direction, by)
        else:
            _place(part, max(0, part.position + by))
        part.refresh_from_db()


@singledispatch
def _place(part: Any, to: int) -> None:
    raise TypeError(f"{part!r} is no part of a map")


@_place.register
def _place_phase(phase: Phase, to: int) -> None:
    columns = Columns.of(phase.journey)
    columns.move_phase(phase, to)
    columns.save()


@_place.register
def _place_stage(stage: Stage, to: int) -> None:
    columns = Columns.of(stage.journey)
    columns.move_stage(columns.stages[columns.stages.index(stage)], to)
    columns.save()


@_place.register
def _place_lane(lane: Lane, to: int) -> None:
    reorder(Lane.objects.filter(journey=lane.journey_id), lane, to)


@_place.register
def _place_card(card: Card, to: int) -> None:
    reorder(Card.objects.filter(lane=card.lane_id, stage=card.stage_id), card, to)


def _step_card(card: Card, direction: str, by: int) -> None:
    lane, stage = card.lane, card.stage
    if direction in ("left", "right"):
        stage = Stage.objects.filter(journey=lane.journey_id, position=stage.position + by).first() or stage
        card.span = _room(stage, card.span)
        card.save(update_fields=["span"])
    else:
        mates = Card.objects.filter(lane=lane, stage=stage).count()
        if 0 <= card.position + by < mates:
            return _place(card, card.position + by)
        lanes = list(Lane.objects.filter(journey=lane.journey_id))
        here = lanes.index(lane)
        ahead = lanes[here + 1 :] if by > 0 else lanes[:here][::-1]
        holds = kind_named(lane.kind).holds
        lane = next((other for other in ahead if kind_named(other.kind).holds == holds), lane)
    if (lane, stage) != (card.lane, card.stage):
        _put_card(card, lane, stage)
    return None


# --- Deleting -------------------------------------------------------------------------------------


def delete(part: Part, seen_version: int) -> None:
    """Delete the part and close the gap. The stages of a deleted phase stay; a lane or a stage takes its cards along,
    but a card that reaches beyond a deleted stage stays with the stages it still covers."""
    with operation(journey_id_of(part), Kind.DELETE, str(part)) as journey:
        if isinstance(part, Stage):
            _let_cards_go_on(part)
        delete_if_current(part, seen_version)
        if isinstance(part, Card):
            renumber(Card.objects.filter(lane=part.lane_id, stage=part.stage_id))
        elif isinstance(part, Lane):
            renumber(journey.lanes.all())
        else:
            Columns.of(journey).save()


def _let_cards_go_on(stage: Stage) -> None:
    columns = Columns.of(stage.journey)
    at = columns.stages.index(stage)
    shorter, on = [], []
    for card in _spanning(columns):
        start = _start(columns, card)
        if start <= at < start + card.span:
            card.span -= 1
            shorter.append(card)
            if start == at:
                on.append(card)
    Card.objects.bulk_update(shorter, ["span"])
    for card in on:
        _put_card(card, card.lane, columns.stages[at + 1])


# --- Small print ----------------------------------------------------------------------------------


def _write(obj: Journey | Part, seen_version: int, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(obj, name, value)
    save_if_current(obj, seen_version, values)


def _put_card(card: Card, lane: Lane, stage: Stage) -> None:
    """To the end of another cell; the cell it leaves closes its gap."""
    left = Card.objects.filter(lane=card.lane_id, stage=card.stage_id).exclude(pk=card.pk)
    old = list(left)
    card.position = Card.objects.filter(lane=lane, stage=stage).count()
    card.lane, card.stage = lane, stage
    card.save(update_fields=["lane", "stage", "position"])
    renumber(old)


def _spanning(columns: Columns) -> list[Card]:
    return list(Card.objects.filter(stage__in=columns.stages, span__gt=1).select_related("lane").order_by("position"))


def _start(columns: Columns, card: Card) -> int:
    return next(index for index, stage in enumerate(columns.stages) if stage.pk == card.stage_id)


def _room(stage: Stage, span: int) -> int:
    """The span, cut at the last stage of the map."""
    return max(1, min(span, Stage.objects.filter(journey=stage.journey_id, position__gte=stage.position).count()))


def _check_same_journey(stage: Stage, phase: Phase | None) -> None:
    if phase is not None and phase.journey_id != stage.journey_id:
        raise ValidationError({"phase": _("This phase belongs to another journey map.")})


def _check_place(lane: Lane, stage: Stage) -> None:
    if lane.journey_id != stage.journey_id:
        raise ValidationError({"stage": _("This stage belongs to another journey map than the lane.")})


def _check_may_move(old: Lane, new: Lane) -> None:
    if old.journey_id != new.journey_id:
        raise ValidationError({"lane": _("A card stays on its journey map.")})
    if kind_named(old.kind).holds != kind_named(new.kind).holds:
        raise ValidationError({"lane": _("A lane of this kind cannot hold this card.")})


def _message_kind_is_fixed() -> str:
    return _("This lane holds cards that a lane of the other kind cannot show. Move or delete them first.")
