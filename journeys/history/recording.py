"""Records what happens to a map: pages, REST API, demo and commands change maps inside `operation`, and nothing else does.

An operation notes the rows that changed, field by field with the value before and after, the rows that came or went as a
whole, with all that went along with them, and the orders that are others now. From these notes both the way back and the
words about it are made, so that no kind of change needs an inverse of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.core import serializers
from django.db import models, transaction
from django.db.models import Max, Model
from django.db.models.signals import pre_delete

from journeys.history import acting
from journeys.history.images import Image, image_of, is_kept_for_return, labels, plain
from journeys.models import (
    AssumedSentiment,
    Card,
    Journey,
    JourneyPersona,
    Lane,
    Operation,
    Phase,
    Stage,
)
from journeys.ordering import hold


@dataclass(slots=True)
class _Running:
    """The operation under way on this map."""

    journey: Journey
    before: Image
    gone: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)  # rows as `restored` reads them


_running: ContextVar[_Running | None] = ContextVar("running_operation", default=None)


@contextmanager
def operation(journey_id: int, kind: str, name: str = "", *, undoes: Operation | None = None) -> Iterator[Journey]:
    """Change a map in one transaction, held against other writers, and note what changed. The map.

    `name`: what the thing was called that the operation is about. What is changed within another operation on the same map
    is part of that one. Nothing is noted if nothing changed, or if it is refused.
    """
    outer = _running.get()
    if outer is not None and outer.journey.pk == journey_id:
        yield outer.journey
        return
    with transaction.atomic():
        journey = hold(journey_id)
        running = _Running(journey, image_of(journey_id))
        token = _running.set(running)
        try:
            yield journey
        finally:
            _running.reset(token)
        _note(running, kind, name, undoes)


def _note(running: _Running, kind: str, name: str, undoes: Operation | None) -> None:
    before, after = running.before, image_of(running.journey.pk)
    rows = list(_changed_rows(before, after, running.gone))
    keys = before.orders.keys() | after.orders.keys()
    orders = {
        key: [before.orders.get(key, []), after.orders.get(key, [])]
        for key in sorted(keys)
        if before.orders.get(key, []) != after.orders.get(key, [])
    }
    if not rows and not orders and undoes is None:
        return
    last = Operation.objects.filter(journey=running.journey).aggregate(last=Max("number"))["last"] or 0
    Operation.objects.create(
        journey=running.journey,
        number=last + 1,
        actor=acting.person(),
        tab=acting.tab(),
        kind=kind,
        name=name,
        changes={"rows": rows, "orders": orders},
        holds=_held(row["went"] for row in rows if "went" in row),
        undoes=undoes,
    )


def _changed_rows(before: Image, after: Image, gone: dict[tuple[str, int], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """`{"model", "pk", "fields": {name: [before, after]}}` of a row that changed; of one that came `"came": {name: value}`;
    of one that went, `"went"`: the whole row. Rows that others refer to come first."""
    for label in labels():
        for key in sorted(key for key in before.rows.keys() | after.rows.keys() if key[0] == label):
            was, now = before.rows.get(key), after.rows.get(key)
            row: dict[str, Any] = {"model": key[0], "pk": key[1]}
            if was is None and now is not None:
                yield row | {"came": {name: plain(value) for name, value in now.items()}}
            elif was is not None and now is None:
                yield row | {"went": gone.pop(key)}
            elif was is not None and now is not None and was != now:
                yield row | {
                    "fields": {name: [plain(was[name]), plain(now[name])] for name in was if was[name] != now[name]}
                }
    # What came and went within the operation left nothing; what hung on a row of the map went before it.
    for (label, pk), whole in reversed(gone.items()):
        if label not in labels():
            yield {"model": label, "pk": pk, "went": whole}


def _held(rows: Iterable[dict[str, Any]]) -> str:
    """What these rows refer to and must find again when they come back, as `Operation.holds` has it."""
    words = set()
    for row in rows:
        for each in apps.get_model(row["model"])._meta.concrete_fields:
            if isinstance(each, models.ForeignKey) and (pk := row["fields"].get(each.name)):
                label = each.remote_field.model._meta.label_lower
                words |= {f"{label}:{pk}"} if is_kept_for_return(label) else set()
    return f" {' '.join(sorted(words))} " if words else ""


def keep_what_goes(sender: type[Model], instance: Model, **_kwargs: object) -> None:
    """Before a row is deleted in an operation: note it as it is."""
    running = _running.get()
    if running is not None and isinstance(instance.pk, int) and not isinstance(instance, Operation):
        running.gone[sender._meta.label_lower, instance.pk] = plain(serializers.serialize("python", [instance])[0])


def listen() -> None:
    """To rows of maps and what goes with them only: where somebody listens, Django reads each row before it deletes it."""
    ahead: list[type[Model]] = [Phase, Stage, Lane, Card, JourneyPersona, AssumedSentiment]
    heard: set[type[Model]] = set()
    while ahead:
        model = ahead.pop()
        if model not in heard:
            heard.add(model)
            pre_delete.connect(keep_what_goes, sender=model, dispatch_uid=f"operations keep {model._meta.label_lower}")
            ahead += [each.related_model for each in model._meta.related_objects if each.on_delete is models.CASCADE]


def restored(whole: dict[str, Any]) -> Model:
    """The row that `went`, to be saved; a reference to what has gone meanwhile is empty, where it may be."""
    obj = next(serializers.deserialize("python", [whole], ignorenonexistent=True)).object
    empty_what_is_gone(obj)
    return obj


def empty_what_is_gone(obj: Model) -> None:
    """Empty the references of this row to what has gone, where they may be empty."""
    for each in obj._meta.concrete_fields:
        if not isinstance(each, models.ForeignKey) or not each.null:
            continue
        if not each.remote_field.model._base_manager.filter(pk=getattr(obj, each.attname)).exists():
            setattr(obj, each.attname, None)
