"""Versions in the REST API: a change names the version it saw, in `If-Match: "3"` or as `version` in the body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError

from ui.numbers import whole_number
from versioning.saving import LARGEST, Outdated, delete_if_current, save_if_current

if TYPE_CHECKING:
    from rest_framework.request import Request

    from versioning.models import Versioned


class Conflict(APIException):
    """409: somebody else changed the object first. `current` in the answer shows how it stands now."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = _("Somebody else changed this first. Read it again, then repeat your change.")
    default_code = "outdated"

    def __init__(self, current: Any) -> None:
        super().__init__()
        self.current = current


def seen_version(request: Request) -> int:
    """The version that the client saw; a change that names none is refused."""
    stated: Any = request.headers.get("If-Match", "").removeprefix("W/").strip('"')
    if not stated and isinstance(request.data, dict):
        stated = request.data.get("version", "")
    version = None if isinstance(stated, bool) else whole_number(str(stated), most=LARGEST)
    if version is None:
        raise ValidationError({"version": [_("Say which version you saw, here or in the header If-Match.")]})
    return version


class VersionedSerializer(serializers.ModelSerializer):
    """Shows `version`, and lets a change name the version it saw. List `version` among the fields."""

    version = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text=_("Counts the changes of this object. A change names the version it saw, here or in If-Match."),
    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values = super().to_internal_value(data)
        values.pop("version", None)  # read by `seen_version`; never written as such
        return values


class VersionedUpdates:
    """For viewsets of `Versioned` models: writes only what nobody else changed meanwhile, answers 409 otherwise.

    Put it before DRF's classes and derive the serializer from `VersionedSerializer`. A viewset whose action does the
    writing overrides `perform_update` and lets `Outdated` pass: `config/rest_api/problems.py` answers it.
    """

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        obj: Versioned = serializer.instance  # type: ignore[assignment]
        for name, value in serializer.validated_data.items():
            setattr(obj, name, value)
        with transaction.atomic():
            save_if_current(obj, seen_version(self.request), serializer.validated_data)  # type: ignore[attr-defined]

    def perform_destroy(self, instance: Versioned) -> None:
        with transaction.atomic():
            delete_if_current(instance, seen_version(self.request))  # type: ignore[attr-defined]

    def conflict(self, outdated: Outdated) -> Conflict:
        """The 409 answer, with the present state as this viewset shows it."""
        return Conflict(self.get_serializer(outdated.current).data)  # type: ignore[attr-defined]
