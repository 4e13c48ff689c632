"""Connections in the REST API, with their tests, live lists and previews."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from feedback.models import Survey
from integrations.connections import editing
from integrations.connections.serializers import (
    CheckSerializer,
    ConnectionChoiceSerializer,
    ConnectionSerializer,
    LiveQuestionSerializer,
    LiveSurveySerializer,
    PreviewRequestSerializer,
    PreviewSerializer,
    QuestionSearchSerializer,
)
from integrations.connections.testing import recognise, test_and_keep
from integrations.fetches.retrieval import retrieve_all
from integrations.health.status import with_facts
from integrations.models import Connection
from integrations.surveys.catalogue import questions_of, surveys_of
from integrations.surveys.listing import searched
from integrations.sync.tasks import notify_on_commit
from integrations.vendor.by_hand import admit
from integrations.wizard.preview import preview
from versioning.api import Conflict, VersionedUpdates, seen_version
from versioning.saving import Outdated


@extend_schema_view(
    list=extend_schema(summary="Connections"),
    retrieve=extend_schema(summary="One connection"),
    create=extend_schema(summary="Add a connection"),
    update=extend_schema(summary="Replace a connection's settings"),
    partial_update=extend_schema(summary="Change a connection's settings"),
    destroy=extend_schema(summary="Delete a connection that no item uses, with its surveys and responses"),
)
class Connections(VersionedUpdates, viewsets.ModelViewSet):
    """Qualtrics instances. Token and client secret go in and never come out; a change of the host asks for them again."""

    queryset = Connection.objects.order_by("name")
    serializer_class = ConnectionSerializer

    def get_queryset(self) -> QuerySet[Connection]:
        return with_facts(super().get_queryset()).prefetch_related("source__connections")

    def perform_create(self, serializer: BaseSerializer) -> None:
        made = editing.create_connection(by=self.request.user, **serializer.validated_data)  # type: ignore[arg-type]
        recognise(made)
        serializer.instance = self.get_queryset().get(pk=made.pk)

    def perform_update(self, serializer: BaseSerializer) -> None:
        connection: Connection = serializer.instance  # type: ignore[assignment]
        values = dict(serializer.validated_data)
        was_enabled, scopes = connection.enabled, connection.scopes
        changed = editing.change_connection(connection, seen_version(self.request), **values)
        may_see_more = values.get("token") or values.get("client_secret") or changed.scopes != scopes
        if may_see_more:
            recognise(changed)
        if may_see_more or (changed.enabled and not was_enabled):
            notify_on_commit(*retrieve_all(changed, self.request.user))  # type: ignore[arg-type]
        serializer.instance = self.get_queryset().get(pk=changed.pk)

    def perform_destroy(self, instance: Connection) -> None:  # type: ignore[override]
        editing.delete_connection(instance, seen_version(self.request))

    def conflict(self, outdated: Outdated) -> Conflict:
        return super().conflict(Outdated(self.get_queryset().get(pk=outdated.current.pk)))

    @extend_schema(summary="Test the connector", request=None, responses=CheckSerializer(many=True))
    @action(detail=True, methods=["post"], pagination_class=None)
    def test(self, request: Request, pk: str | None = None) -> Response:
        """Runs every check now; each reports for itself."""
        connection = self.get_object()
        admit(request.user)  # type: ignore[arg-type]
        return Response(CheckSerializer(test_and_keep(connection), many=True).data)

    @extend_schema(
        summary="Connections to choose from when an item is added", responses=ConnectionChoiceSerializer(many=True)
    )
    @action(detail=False, pagination_class=None, filter_backends=[])
    def choices(self, request: Request) -> Response:
        """The enabled ones, with their state."""
        rows = self.get_queryset().filter(enabled=True)
        return Response(ConnectionChoiceSerializer(rows, many=True).data)

    @extend_schema(summary="Surveys that the connection sees now", responses=LiveSurveySerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def surveys(self, request: Request, pk: str | None = None) -> Response:
        """The live list, asked from Qualtrics by this call."""
        return Response(
            LiveSurveySerializer(surveys_of(self.get_object().require_enabled()).live_rows(), many=True).data
        )

    @extend_schema(
        summary="Questions of a survey, as they stand now",
        parameters=[
            OpenApiParameter("survey_external_id", OpenApiTypes.STR, OpenApiParameter.PATH),
            QuestionSearchSerializer,
        ],
        responses=LiveQuestionSerializer(many=True),
    )
    @action(
        detail=True,
        url_path=r"surveys/(?P<survey_external_id>[A-Za-z0-9_]{1,64})/questions",
        pagination_class=None,
        filter_backends=[],
    )
    def questions(self, request: Request, survey_external_id: str, pk: str | None = None) -> Response:
        """With what stands beside them: embedded data, scores, Text iQ; and with the formulas that suit each, or the reason
        why none does. The ids are those that feedback items and previews take.
        """
        wanted = QuestionSearchSerializer(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        connection = self.get_object().require_enabled()
        survey = get_object_or_404(Survey, source=connection.source_id, external_id=survey_external_id)
        rows = questions_of(survey, connection).live_rows()
        rows = searched(rows, wanted.validated_data["q"], wanted.validated_data["group"])
        return Response(LiveQuestionSerializer(rows, many=True).data)

    @extend_schema(
        summary="Preview a feedback item before it is saved",
        request=PreviewRequestSerializer,
        responses=PreviewSerializer,
    )
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, pk: str | None = None) -> Response:
        """The newest answers and how each would be counted. Waits for Qualtrics a few seconds at most."""
        connection = self.get_object().require_enabled()
        asked = PreviewRequestSerializer(data=request.data, context={"connection": connection})
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        admit(request.user)  # type: ignore[arg-type]
        shown = preview(
            connection,
            values["question"],
            values["formula"],
            mapping=values["mapped"],
            include_unfinished=values["include_unfinished"],
            count_from=values["count_from"],
        )
        return Response(PreviewSerializer(shown).data)
