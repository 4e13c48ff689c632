"""What this database is, over the REST API."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations.vendor.forms import InstallationForm
from integrations.vendor.instance_guard import confirm_instance, here, is_confirmed, known


class InstallationSerializer(serializers.Serializer):
    changes_are_sent = serializers.BooleanField(
        help_text=_(
            "Whether calls that may change something in Qualtrics are sent, or paused because this may be a copy."
        )
    )
    place = serializers.CharField(help_text=_("Where the database is now."))
    confirmed_place = serializers.CharField(help_text=_("Where it was when somebody last vouched for it."))
    confirmed_at = serializers.DateTimeField()


class VouchSerializer(serializers.Serializer):
    what = serializers.ChoiceField(choices=InstallationForm.CHOICES)


class ThisInstallation(APIView):
    """A copy of the database, restored elsewhere, changes nothing in Qualtrics until an admin says what it is."""

    @extend_schema(summary="Whether changes are sent to Qualtrics", responses=InstallationSerializer)
    def get(self, request: Request) -> Response:
        return Response(InstallationSerializer(_state()).data)

    @extend_schema(
        summary="Say what a database is that is not where it was",
        request=VouchSerializer,
        responses=InstallationSerializer,
    )
    def post(self, request: Request) -> Response:
        """Where changes are sent already, nothing happens."""
        asked = VouchSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        if not is_confirmed():
            confirm_instance(is_copy=asked.validated_data["what"] == InstallationForm.COPY, by=request.user)  # type: ignore[arg-type]
        return Response(InstallationSerializer(_state()).data)


def _state() -> dict[str, Any]:
    last = known()
    return {
        "changes_are_sent": is_confirmed(),
        "place": here().words,
        "confirmed_place": last.described,
        "confirmed_at": last.confirmed_at,
    }
