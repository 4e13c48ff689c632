"""This app's part of the REST API: surveys, questions, Feedback Data items with their actions, and responses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response as Answer

from accounts.models import Organisation
from feedback import items
from feedback.models import FeedbackItem, Question, Response, Survey
from feedback.response_queries import responses_of
from feedback.serializers import (
    ItemSerializer,
    ManualValueSerializer,
    NewItemSerializer,
    QuestionSerializer,
    ResponseQuery,
    ResponseSerializer,
    SurveySerializer,
    VersionSerializer,
)
from ui.filters import IdFilter
from versioning.api import VersionedUpdates, seen_version


class SurveyFilter(filters.FilterSet):
    q = filters.CharFilter(field_name="name", lookup_expr="icontains", label=_("Words of the name"))

    class Meta:
        model = Survey
        fields = ["source", "live", "external_id"]


class SurveyViewSet(viewsets.ReadOnlyModelViewSet):
    """Surveys as last read from their source."""

    queryset = Survey.objects.select_related("source").defer("questionnaire")
    serializer_class = SurveySerializer
    filterset_class = SurveyFilter


class QuestionFilter(filters.FilterSet):
    class Meta:
        model = Question
        fields = ["survey", "kind", "field"]


class QuestionViewSet(viewsets.ReadOnlyModelViewSet):
    """The measurable fields of the surveys."""

    queryset = Question.objects.all()
    serializer_class = QuestionSerializer
    filterset_class = QuestionFilter


class ItemFilter(filters.FilterSet):
    journey = IdFilter(field_name="card__lane__journey")
    lane = IdFilter(field_name="card__lane")
    stage = IdFilter(field_name="card__stage")

    class Meta:
        model = FeedbackItem
        fields = ["survey", "question", "chosen_state", "origin", "metric"]


class InvalidTransition(APIException):
    """409: the item's present state does not allow this."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "not_allowed"


@extend_schema_view(
    partial_update=extend_schema(description="Change an item. Naming its question confirms how it is counted."),
    destroy=extend_schema(parameters=[OpenApiParameter("If-Match", str, OpenApiParameter.HEADER)]),
)
class ItemViewSet(VersionedUpdates, viewsets.ModelViewSet):
    """Feedback Data items. Their figures and derived states are at /kpis/items/."""

    queryset = FeedbackItem.objects.select_related("card__lane", "card__stage", "question", "survey", "source").defer(
        "survey__questionnaire"
    )
    serializer_class = ItemSerializer
    filterset_class = ItemFilter
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_serializer_class(self) -> type[ItemSerializer]:
        return NewItemSerializer if self.action == "create" else ItemSerializer

    def get_queryset(self) -> QuerySet[FeedbackItem]:
        return super().get_queryset().order_by("pk")

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """What a action refuses, as answers of the API."""
        try:
            yield
        except ValidationError as error:
            raise serializers.ValidationError(serializers.as_serializer_error(error)) from error
        except items.NotAllowed as refusal:
            raise InvalidTransition(str(refusal)) from refusal

    def perform_create(self, serializer: Any) -> None:
        place = serializer.validated_data["card"]
        user: Any = self.request.user
        with self.refusals():
            serializer.instance = items.create_item(
                place["lane"],
                place["stage"],
                span=place.get("span", 1),
                user=user,
                retrieve=serializer.validated_data.get("start_retrieving", False),
                origin=serializer.validated_data.get("origin", FeedbackItem.Origin.SURVEY),
                **serializer.deed_arguments(),
            )

    def perform_update(self, serializer: Any) -> None:
        user: Any = self.request.user
        with self.refusals():
            items.change_item(serializer.instance, seen_version(self.request), user=user, **serializer.deed_arguments())

    def perform_destroy(self, instance: Any) -> None:
        with self.refusals():
            items.delete(instance, seen_version(self.request))

    def _do(self, action: Any) -> Answer:
        item = self.get_object()
        with self.refusals():
            action(item, seen_version(self.request))
        return Answer(self.get_serializer(item).data)

    @extend_schema(request=VersionSerializer, responses=ItemSerializer)
    @action(detail=True, methods=["post"], url_path="retrieve", url_name="start")
    def start(self, request: Request, pk: str) -> Answer:
        """Retrieve data from now on: activates a complete draft, or resumes a paused item."""
        return self._do(items.retrieve)

    @extend_schema(request=VersionSerializer, responses=ItemSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Answer:
        """Stop retrieving; the numbers stay."""
        return self._do(items.pause)

    @extend_schema(request=VersionSerializer, responses=ItemSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Answer:
        """Retrieve again after a pause."""
        return self._do(items.resume)

    @extend_schema(request=VersionSerializer, responses=ItemSerializer)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: str) -> Answer:
        """Stop retrieving, and leave every KPI."""
        return self._do(items.archive)

    @extend_schema(request=VersionSerializer, responses=ItemSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Answer:
        """Bring an archived item back, paused or as a draft."""
        return self._do(items.restore)

    @extend_schema(methods=["GET"], responses=ManualValueSerializer(many=True), filters=False)
    @extend_schema(methods=["POST"], request=ManualValueSerializer, responses={201: ManualValueSerializer})
    @action(detail=True, methods=["get", "post"], url_path="manual-values", filter_backends=[], pagination_class=None)
    def manual_values(self, request: Request, pk: str) -> Answer:
        """The values entered by hand, newest first; POST enters or corrects that of a day."""
        item = self.get_object()
        if request.method == "GET":
            context = {"threshold": Organisation.current().suppression_threshold}
            return Answer(ManualValueSerializer(item.manual_values.all(), many=True, context=context).data)
        given = ManualValueSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user: Any = request.user
        with self.refusals():
            entered = items.set_manual_value(item, user=user, **given.validated_data)
        return Answer(ManualValueSerializer(entered).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[OpenApiParameter("day", OpenApiTypes.DATE, OpenApiParameter.PATH)], responses={204: None}
    )
    @action(
        detail=True, methods=["delete"], url_path=r"manual-values/(?P<day>\d{4}-\d{2}-\d{2})", url_name="manual-value"
    )
    def manual_value(self, request: Request, pk: str, day: str) -> Answer:
        """Take the value of one day back."""
        with self.refusals():
            items.delete_manual_value(self.get_object(), _day(day))
        return Answer(status=status.HTTP_204_NO_CONTENT)


def _day(text: str) -> date:
    try:
        day = parse_date(text)
    except ValueError as error:
        raise NotFound from error
    if day is None:
        raise NotFound
    return day


class ResponsePages(CursorPagination):
    """Newest first, page after page by cursor."""

    ordering = ("-recorded_at", "-id")
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    suppressed = False

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The place that a cursor stands for. Raises `NotFound` for one that we did not give."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            try:
                known = parse_datetime(str(cursor.position))
            except ValueError:
                known = None
            if known is None or known.tzinfo is None:
                raise NotFound(self.invalid_cursor_message)
        return cursor

    def get_paginated_response(self, data: Any) -> Answer:
        answer = super().get_paginated_response(data)
        answer.data["suppressed"] = self.suppressed
        return answer

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        described = super().get_paginated_response_schema(schema)
        described["properties"]["suppressed"] = {
            "type": "boolean",
            "description": "Comments are left out: under a threshold they are read without scores, with an item's KPI.",
        }
        return described


@extend_schema_view(
    list=extend_schema(
        parameters=[
            OpenApiParameter("survey", int, description="Id of a survey; or name a question."),
            OpenApiParameter("question", int, description="Only answers to this question."),
            OpenApiParameter("from", OpenApiTypes.DATETIME, description="Recorded at this moment or later."),
            OpenApiParameter("to", OpenApiTypes.DATETIME, description="Recorded before this moment."),
        ]
    )
)
class ResponseViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Stored responses: what items ask for, and nothing else."""

    queryset = Response.objects.none()
    serializer_class = ResponseSerializer
    pagination_class = ResponsePages
    filter_backends: list[Any] = []

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Answer:
        organisation = Organisation.current()
        query = ResponseQuery(data=request.query_params, context={"zone": organisation.zone})
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        survey, question = asked["survey"], asked.get("question")
        found = responses_of(survey, question=question, start=asked.get("from"), end=asked.get("to"))
        hidden: set[int] = set()
        if organisation.suppression_threshold:
            pages: Any = self.paginator
            pages.suppressed = True
            hidden.update(survey.questions.filter(kind=Question.Kind.TEXT).values_list("pk", flat=True))
        page = self.paginate_queryset(found)
        context = {**self.get_serializer_context(), "only": question.pk if question else None, "hidden": hidden}
        return self.get_paginated_response(ResponseSerializer(page, many=True, context=context).data)
