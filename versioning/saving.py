"""Writing an object only if nobody else wrote it since it was read."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.db.models import F

from versioning.models import Versioned

LARGEST = 999_999_999  # a version that a client or a page may state


class Outdated(Exception):
    """Somebody else changed the object first. `current` is how it stands now."""

    def __init__(self, current: Versioned) -> None:
        super().__init__(f"{current._meta.label} {current.pk} is at version {current.version} by now")
        self.current = current


def save_if_current(obj: Versioned, seen_version: int, fields: Iterable[str]) -> None:
    """Write these fields of `obj` if it still stands at the version its editor saw, and move it to the next.

    Raises `Outdated` with the present state otherwise; nothing is written then. An object deleted meanwhile raises its
    model's `DoesNotExist`.
    """
    # A deferred or automatic field (auto_now) takes its value from `pre_save`, as in `Model.save`.
    concrete = [field for name in fields if isinstance(field := obj._meta.get_field(name), models.Field)]
    automatic = [
        f for f in obj._meta.concrete_fields if isinstance(f, models.DateField) and f.auto_now and f not in concrete
    ]
    values = {field.attname: field.pre_save(obj, False) for field in [*concrete, *automatic]}
    rows = type(obj)._base_manager.filter(pk=obj.pk, version=seen_version)
    if not rows.update(version=F("version") + 1, **values):
        raise Outdated(type(obj)._base_manager.get(pk=obj.pk))
    obj.version = seen_version + 1


def delete_if_current(obj: Versioned, seen_version: int) -> None:
    """Delete `obj` if it still stands at the version that was seen; raises `Outdated` otherwise."""
    manager = type(obj)._base_manager
    # Taking the version moves it on, so that of two deletes, or a delete and a write, one is refused.
    if not manager.filter(pk=obj.pk, version=seen_version).update(version=F("version") + 1):
        raise Outdated(manager.get(pk=obj.pk))
    obj.delete()
