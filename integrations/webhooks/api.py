"""Watches of new responses over the REST API."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from feedback.models import Survey
from integrations.models import Delivery, ResponseWatch
from integrations.troubles.table import explain
from integrations.webhooks import subscriptions
from integrations.webhooks.status import state_of
from versioning.api import VersionedSerializer, VersionedUpdates, seen_version


class WatchStateSerializer(serializers.Serializer):
    key = serializers.ChoiceField(choices=["failing", "being_made", "waiting", "working"])
    label = serializers.CharField()  # type: ignore[assignment]
    sentence = serializers.CharField()
    what_to_do = serializers.CharField(allow_blank=True)


class ResponseWatchSerializer(VersionedSerializer):
    """The key is made here, given to Qualtrics, and never shown."""

    survey = serializers.PrimaryKeyRelatedField(
        queryset=Survey.objects.all(), help_text=gettext_lazy("Stays as it is once the watch is made.")
    )
    survey_name = serializers.CharField(source="survey.name", read_only=True)
    name = serializers.CharField(
        max_length=120, required=False, help_text=gettext_lazy("Without one, the survey's name is taken.")
    )
    state = serializers.SerializerMethodField()

    class Meta:
        model = ResponseWatch
        fields = [
            "id", "version", "connection", "survey", "survey_name", "name", "state", "subscription_id",
            "publication_url", "successful_calls", "last_delivery_at", "last_refused_at", "key_set_at", "checked_at",
            "next_check_at", "created_at",
        ]  # fmt: skip
        read_only_fields = [
            "connection", "subscription_id", "publication_url", "successful_calls", "last_delivery_at",
            "last_refused_at", "key_set_at", "checked_at", "next_check_at", "created_at",
        ]  # fmt: skip

    @extend_schema_field(WatchStateSerializer)
    def get_state(self, watch: ResponseWatch) -> dict[str, Any]:
        return dict(WatchStateSerializer(state_of(watch)).data)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None and values.get("survey", self.instance.survey) != self.instance.survey:
            raise serializers.ValidationError(
                {"survey": [_("A watch stays with its survey. Delete it, and make another one.")]}
            )
        return values


class DeliverySerializer(serializers.ModelSerializer):
    """What was told of one response, with the verdict."""

    verdict_label = serializers.CharField(source="get_verdict_display")
    error = serializers.SerializerMethodField(help_text=gettext_lazy("Why it could not be retrieved, in sentences."))

    class Meta:
        model = Delivery
        fields = [
            "id", "response_id", "verdict", "verdict_label", "received_at", "times", "worked_at", "error_code", "error",
        ]  # fmt: skip
        read_only_fields = fields

    def get_error(self, delivery: Delivery) -> str:
        return str(explain(delivery.error_code)) if delivery.error_code else ""


@extend_schema_view(
    list=extend_schema(summary="Watches of new responses"),
    retrieve=extend_schema(summary="One watch, with its state"),
    create=extend_schema(summary="Watch new responses of a survey"),
    update=extend_schema(summary="Replace a watch's name"),
    partial_update=extend_schema(summary="Rename a watch"),
    destroy=extend_schema(summary="Stop watching, and end the subscription at Qualtrics"),
)
class ResponseWatches(VersionedUpdates, viewsets.ModelViewSet):
    """Qualtrics tells of each new response of a watched survey. Needs the token of a brand administrator.

    The watch is kept even if Qualtrics refuses the subscription: its state says why, and it is tried again once a day.
    """

    queryset = ResponseWatch.objects.none()
    serializer_class = ResponseWatchSerializer

    def get_queryset(self) -> QuerySet[ResponseWatch]:
        return subscriptions.watches()

    def perform_create(self, serializer: BaseSerializer) -> None:
        values = serializer.validated_data
        serializer.instance = subscriptions.create_watch(
            values["survey"],
            name=values.get("name", ""),
            by=self.request.user,  # type: ignore[arg-type]
        )

    def perform_update(self, serializer: BaseSerializer) -> None:
        watch: ResponseWatch = serializer.instance  # type: ignore[assignment]
        name = serializer.validated_data.get("name", watch.name)
        subscriptions.rename_watch(watch, seen_version(self.request), name)

    def perform_destroy(self, instance: ResponseWatch) -> None:  # type: ignore[override]
        subscriptions.end_watch(instance, seen_version(self.request))

    @extend_schema(summary="Sign with a new key", request=None, responses=ResponseWatchSerializer)
    @action(detail=True, methods=["post"], url_path="key")
    def rotate(self, request: Request, pk: str | None = None) -> Response:
        """A new subscription with a new key comes before the old one ends; the old key is valid for another day."""
        watch = self.get_object()
        subscriptions.rotate_key(watch, seen_version(request))
        return Response(self.get_serializer(watch).data)

    @extend_schema(summary="The last deliveries, newest first", responses=DeliverySerializer(many=True))
    @action(detail=True, filter_backends=[])
    def deliveries(self, request: Request, pk: str | None = None) -> Response:
        """Repetitions of a message change its row, they add none. Kept for 30 days."""
        page = self.paginate_queryset(self.get_object().deliveries.all())
        return self.get_paginated_response(DeliverySerializer(page, many=True).data)
