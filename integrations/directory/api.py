"""Directory contacts over the REST API: live at Qualtrics, nothing stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations.directory import contacts
from integrations.directory.forms import EMBEDDED_NAME, MOST, ONE_LINE
from integrations.models import Connection

T = TypeVar("T")


class NamedSerializer(serializers.Serializer):
    """Something to choose from."""

    id = serializers.CharField()
    name = serializers.CharField()
    size = serializers.IntegerField(allow_null=True)


def _line(**kwargs: Any) -> serializers.CharField:
    return serializers.CharField(max_length=255, required=False, allow_blank=True, validators=[ONE_LINE], **kwargs)


class ContactSerializer(serializers.Serializer):
    """Somebody in a directory. With PATCH, only what is named is sent on."""

    id = serializers.CharField(read_only=True)
    first_name = _line()
    last_name = _line()
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    phone = _line()
    reference = _line()
    language = _line()
    unsubscribed = serializers.BooleanField(required=False)
    embedded = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)

    def validate_embedded(self, pairs: dict[str, str]) -> dict[str, str]:
        for name in pairs:
            EMBEDDED_NAME(name)
        return pairs

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        identifying = ("first_name", "last_name", "email", "phone", "reference")
        if not self.partial and not any(values.get(name) for name in identifying):
            raise serializers.ValidationError(_("A contact needs a name, an e-mail, a phone or a reference."))
        return values


class ContactPageSerializer(serializers.Serializer):
    """Some contacts; `following` is the `begin` of the next ones, empty at the end."""

    is_complete = serializers.BooleanField(
        help_text=_("False: the list broke off, so there are more contacts than these.")
    )
    rows = ContactSerializer(many=True)
    following = serializers.CharField(allow_blank=True)


class ContactsAskedSerializer(serializers.Serializer):
    """Which contacts."""

    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=100)
    begin = serializers.CharField(max_length=500, default="", allow_blank=True, validators=[ONE_LINE])
    by = serializers.ChoiceField(choices=contacts.SEARCHED_BY, default="email")
    value = serializers.CharField(max_length=255, default="", allow_blank=True, validators=[ONE_LINE])


class _Live(APIView):
    """What all of these share: an enabled connection, and 404 for what the vendor does not know."""

    def connection(self, pk: int) -> Connection:
        return get_object_or_404(Connection, pk=pk).require_enabled()

    def done(self, action: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        try:
            return action(*args, **kwargs)
        except contacts.VendorCallFailed as undone:
            if undone.status == status.HTTP_404_NOT_FOUND:
                raise NotFound from None
            raise


class Directories(_Live):
    """The directories that the connection sees now."""

    @extend_schema(
        summary="Directories", responses=NamedSerializer(many=True), operation_id="connections_directories_list"
    )
    def get(self, request: Request, pk: int) -> Response:
        rows = contacts.directories_of(self.connection(pk)).live_rows()
        return Response(NamedSerializer(rows, many=True).data)


class Contacts(_Live):
    """The contacts of a directory."""

    @extend_schema(
        summary="Contacts of a directory, until a limit; or those whose e-mail, name or reference it is",
        parameters=[ContactsAskedSerializer],
        responses=ContactPageSerializer,
        operation_id="contacts_list",
    )
    def get(self, request: Request, pk: int, directory: str) -> Response:
        asked = ContactsAskedSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        page = self.done(contacts.contacts_of, self.connection(pk), directory, **asked.validated_data)
        return Response(ContactPageSerializer(page).data)

    @extend_schema(
        summary="Add a contact", request=ContactSerializer, responses={201: ContactSerializer},
        operation_id="contacts_create",
    )  # fmt: skip
    def post(self, request: Request, pk: int, directory: str) -> Response:
        """Sent once: if the answer is lost, the problem says `unknown`; look before you send it again."""
        asked = ContactSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = self.done(contacts.create_contact, self.connection(pk), directory, asked.validated_data)
        return Response({**asked.validated_data, "id": made}, status=status.HTTP_201_CREATED)


class OneContact(_Live):
    """One contact of a directory."""

    @extend_schema(summary="One contact", responses=ContactSerializer, operation_id="contacts_retrieve")
    def get(self, request: Request, pk: int, directory: str, contact_id: str) -> Response:
        found = self.done(contacts.contact_of, self.connection(pk), directory, contact_id)
        return Response(ContactSerializer(found).data)

    @extend_schema(
        summary="Change a contact", request=ContactSerializer(partial=True), responses=ContactSerializer,
        operation_id="contacts_partial_update",
    )  # fmt: skip
    def patch(self, request: Request, pk: int, directory: str, contact_id: str) -> Response:
        """Sends what is named and nothing else."""
        asked = ContactSerializer(data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        connection = self.connection(pk)
        self.done(contacts.update_contact, connection, directory, contact_id, asked.validated_data)
        return Response(ContactSerializer(self.done(contacts.contact_of, connection, directory, contact_id)).data)

    @extend_schema(summary="Delete a contact", responses={204: None}, operation_id="contacts_destroy")
    def delete(self, request: Request, pk: int, directory: str, contact_id: str) -> Response:
        """From the directory and from every mailing list."""
        self.done(contacts.delete_contact, self.connection(pk), directory, contact_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
