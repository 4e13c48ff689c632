"""What a map is made of, at one moment: the fields of its rows, and which order things stand in.

Positions are no fields: a thing that is pushed aside has not changed. What changed is the order of a row of things.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import ForeignKey, Model, QuerySet

from journeys.models import AssumedSentiment, Card, Journey, JourneyPersona, Lane, Phase, Stage

Key = tuple[str, int]  # label of the model, primary key
Fields = dict[str, Any]  # by attname, as JSON has them

# Who wrote a row, and when, is for the operation to say; positions are orders.
_NOT_RECORDED = frozenset({"id", "version", "position", "created_at", "updated_at", "created_by_id"})


@dataclass(frozen=True, slots=True)
class Recorded:
    """Rows of a model that belong to maps: `of` gives those of one map."""

    model: type[Model]
    of: Callable[[int], QuerySet[Any]]
    fields: tuple[str, ...]
    references: tuple[tuple[str, str], ...]  # of the fields: the name, and the label of the model that it refers to


_recorded: dict[str, Recorded] = {}
_kept: set[str] = set()


def record(model: type[Model], of: Callable[[int], QuerySet[Any]]) -> None:
    """Let operations tell what happens to rows of `model`: those that `of` gives for the key of a map.

    Models come in the order in which their rows can be made: a row refers to rows of models before it.
    """
    fields = tuple(f.attname for f in model._meta.concrete_fields if f.attname not in _NOT_RECORDED)
    references = tuple(
        (f.attname, f.remote_field.model._meta.label_lower)
        for f in model._meta.concrete_fields
        if isinstance(f, ForeignKey) and f.attname in fields
    )
    _recorded[model._meta.label_lower] = Recorded(model, of, fields, references)


def keep_for_return(model: type[Model]) -> None:
    """Let operations name the rows of `model` that what they deleted refers to: it needs them when it comes back."""
    _kept.add(model._meta.label_lower)


def is_kept_for_return(label: str) -> bool:
    return label in _kept


# Here, so that rows of maps come before what other apps record.
record(Journey, lambda pk: Journey.objects.filter(pk=pk))
record(Phase, lambda pk: Phase.objects.filter(journey=pk))
record(Stage, lambda pk: Stage.objects.filter(journey=pk))
record(Lane, lambda pk: Lane.objects.filter(journey=pk))
record(Card, lambda pk: Card.objects.filter(lane__journey=pk))
record(JourneyPersona, lambda pk: JourneyPersona.objects.filter(journey=pk))
record(AssumedSentiment, lambda pk: AssumedSentiment.objects.filter(journey_persona__journey=pk))


def recorded(label: str) -> Recorded | None:
    """What is recorded of the model with this label, if anything is."""
    return _recorded.get(label)


def labels() -> list[str]:
    """Recorded models, in the order in which their rows can be made."""
    return list(_recorded)


@dataclass(slots=True)
class Image:
    """A map at one moment. Orders are keyed `phases`, `stages`, `lanes`, and `cell LANE STAGE`."""

    rows: dict[Key, Fields] = field(default_factory=dict)
    orders: dict[str, list[int]] = field(default_factory=dict)


def image_of(journey_id: int) -> Image:
    """The map as it is stored now, in one query for each model."""
    image = Image()
    for label, kind in _recorded.items():
        ordered = "position" in {f.attname for f in kind.model._meta.concrete_fields}
        rows = kind.of(journey_id).order_by(*(["position", "pk"] if ordered else ["pk"]))
        for pk, *values in rows.values_list("pk", *kind.fields):
            fields = dict(zip(kind.fields, values, strict=True))
            image.rows[label, pk] = fields
            if ordered:
                image.orders.setdefault(_order_of(label, fields), []).append(pk)
    return image


def _order_of(label: str, fields: Fields) -> str:
    if label == Card._meta.label_lower:
        return cell_key(fields["lane_id"], fields["stage_id"])
    return f"{label.split('.')[1]}s"


def cell_key(lane_id: int, stage_id: int) -> str:
    """The order of the cards in this cell."""
    return f"cell {lane_id} {stage_id}"


def plain(value: Any) -> Any:
    """As JSON has it, so that what is stored now can be compared with what an operation noted."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return orjson.loads(orjson.dumps(value, default=DjangoJSONEncoder().default))


def rearranged(now: Sequence[int], before: Sequence[int], after: Sequence[int]) -> list[int]:
    """`now`, after what led from `before` to `after` is done to it: each thing that moved goes behind the same neighbour.

    What was not there before stays where it is, and what has gone meanwhile stays away.
    """
    if list(now) == list(before):
        return list(after)
    moves = _moved(before, after)
    result = [pk for pk in now if pk not in moves]
    for index, pk in enumerate(after):
        if pk not in moves or pk not in now:
            continue
        ahead = next((other for other in reversed(after[:index]) if other in result), None)
        result.insert(result.index(ahead) + 1 if ahead is not None else 0, pk)
    return result


def _moved(before: Sequence[int], after: Sequence[int]) -> set[int]:
    """The fewest things whose moving leads from one order to the other; what is in one of them only is among these."""
    place = {pk: index for index, pk in enumerate(before)}
    common = [pk for pk in after if pk in place]
    best: list[list[int]] = []  # the longest run of unmoved things that ends with each
    for index, pk in enumerate(common):
        runs = [best[i] for i in range(index) if place[common[i]] < place[pk]]
        best.append([*_longest(runs), pk])
    stayed = set(_longest(best))
    return {pk for pk in [*before, *after] if pk not in stayed}


def _longest(runs: Sequence[list[int]]) -> list[int]:
    return max(runs, key=lambda run: len(run)) if runs else []
