"""A client writes the fields that a serializer offers, and no other field of its model."""

from __future__ import annotations

import pytest
from django.contrib.contenttypes.fields import GenericForeignKey
from rest_framework import serializers

import config.rest_api.urls  # noqa: F401 (loads the serializers of every app)

# What nobody sets by sending it: rights, owners, secrets, bookkeeping.
GUARDED = {
    "id", "pk", "uuid", "is_staff", "is_superuser", "groups", "user_permissions", "last_login", "date_joined",
    "digest", "prefix", "revoked_at", "last_used_at", "created_at", "updated_at", "created_by", "asked_by", "user",
    "token_envelope", "client_secret_envelope", "key_envelope", "former_key_envelope", "place", "confirmed_by",
    "token_set_at", "stopped_code", "failures_in_a_row", "open_until", "owner_name", "brand",
    "tested_at", "test_results", "fence", "lease_until", "attempts", "content_hash", "fetch_number", "deleted_at",
    "modified_until", "continuation_token", "covered_questions", "mapped_fingerprint", "fingerprint", "chosen_state",
}  # fmt: skip


def all_serializers(base: type = serializers.ModelSerializer) -> set[type[serializers.ModelSerializer]]:
    found = set()
    for kind in base.__subclasses__():
        found |= all_serializers(kind)
        if kind.__module__.split(".")[0] != "rest_framework" and hasattr(kind, "Meta") and not is_of_tests(kind):
            found.add(kind)
    return found


def is_of_tests(kind: type) -> bool:
    return kind.__module__.startswith(("tests", "test_"))


ALL = sorted(all_serializers(), key=lambda kind: f"{kind.__module__}.{kind.__qualname__}")


def name_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def test_they_are_found():
    assert "accounts.api.UserSerializer" in {name_of(kind) for kind in ALL}


@pytest.mark.parametrize("kind", ALL, ids=name_of)
def test_fields_are_named_one_by_one(kind):
    assert getattr(kind.Meta, "fields", None) not in (None, serializers.ALL_FIELDS)
    assert getattr(kind.Meta, "exclude", None) is None


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ALL, ids=name_of)
def test_no_guarded_field_can_be_written(kind):
    writable = {field.source for field in kind()._writable_fields}
    assert sorted(writable & GUARDED) == []


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ALL, ids=name_of)
def test_what_is_not_offered_is_dropped(kind):
    """Every field of the model is sent; what comes through was offered."""
    model_fields = {f.name for f in kind.Meta.model._meta.get_fields() if not isinstance(f, GenericForeignKey)}
    serializer = kind(data=dict.fromkeys(model_fields | GUARDED, "1"), partial=True)
    offered = {field.source.split(".")[0] for field in serializer._writable_fields}
    if serializer.is_valid():
        assert set(serializer.validated_data) <= offered
    else:
        assert set(serializer.errors) <= {field.field_name for field in serializer._writable_fields} | {
            "non_field_errors"
        }
