"""This app's part of the REST API: journeys, their parts, and the personas who travel them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from journeys import serializers as shapes
from journeys.drawing.lanes import MapContext
from journeys.editing import actions as editing
from journeys.models import AssumedSentiment, Card, Journey, JourneyPersona, Lane, Persona, Phase, Stage
from versioning.api import VersionedUpdates, seen_version


class Refusals:
    """What an action refuses becomes a 400."""

    def handle_exception(self, error: Exception) -> Response:
        if isinstance(error, DjangoValidationError):
            error = serializers.ValidationError(serializers.as_serializer_error(error))
        return super().handle_exception(error)  # type: ignore[misc]


class TwoShapes:
    """A new object may be told things that a change cannot."""

    new_serializer_class: type[serializers.BaseSerializer]

    def get_serializer_class(self) -> type[serializers.BaseSerializer]:
        if self.action == "create":  # type: ignore[attr-defined]
            return self.new_serializer_class
        return super().get_serializer_class()  # type: ignore[misc]


class Journeys(Refusals, TwoShapes, VersionedUpdates, viewsets.ModelViewSet):
    queryset = Journey.objects.all()
    serializer_class = shapes.JourneySerializer
    new_serializer_class = shapes.NewJourneySerializer
    filterset_fields = {"parent": ["exact", "isnull"], "name": ["exact", "icontains"]}

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        user: Any = self.request.user
        serializer.instance = editing.create_journey(created_by=user, **serializer.validated_data)

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        journey: Any = serializer.instance
        editing.change_journey(journey, seen_version(self.request), **serializer.validated_data)

    @extend_schema(responses=shapes.MapSerializer)
    @action(detail=True, pagination_class=None, filterset_fields=None)
    def map(self, request: Request, pk: str) -> Response:
        """The whole map in one answer."""
        context = MapContext(self.get_object())
        whole = {
            "journey": context.journey,
            "phases": context.phases,
            "stages": context.stages,
            "lanes": context.lanes,
            "cards": Card.objects.filter(lane__journey=context.journey).order_by(
                "lane__position", "stage__position", "position"
            ),
            "personas": [
                {
                    "id": travels.pk,
                    "persona": travels.persona,
                    "sentiments": {
                        stage.pk: context.sentiments[travels.pk, stage.pk]
                        for stage in context.stages
                        if (travels.pk, stage.pk) in context.sentiments
                    },
                }
                for travels in context.personas
            ],
        }
        return Response(shapes.MapSerializer(whole, context=self.get_serializer_context()).data)


class Parts(Refusals, TwoShapes, VersionedUpdates, viewsets.ModelViewSet):
    """Parts of maps; `?journey=` chooses those of one."""

    filterset_fields: Any = ["journey"]

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        part: Any = serializer.instance
        editing.change(part, seen_version(self.request), **serializer.validated_data)

    def perform_destroy(self, instance: Any) -> None:
        editing.delete(instance, seen_version(self.request))

    @extend_schema(request=shapes.MoveSerializer)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        """Put it at another place among its like; what else follows from it is done as well."""
        wish = shapes.MoveSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        part = self.get_object()
        editing.move(part, seen_version(request), wish.validated_data["to"])
        return Response(self.get_serializer(part).data)


class Phases(Parts):
    queryset = Phase.objects.all()
    serializer_class = shapes.PhaseSerializer
    new_serializer_class = shapes.NewPhaseSerializer

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = editing.create_phase(**serializer.validated_data)


class Stages(Parts):
    queryset = Stage.objects.all()
    serializer_class = shapes.StageSerializer
    new_serializer_class = shapes.NewStageSerializer
    filterset_fields = ["journey", "phase"]

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = editing.create_stage(**serializer.validated_data)


class Lanes(Parts):
    queryset = Lane.objects.all()
    serializer_class = shapes.LaneSerializer
    new_serializer_class = shapes.NewLaneSerializer
    filterset_fields = ["journey", "kind"]

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = editing.create_lane(**serializer.validated_data)


class CardFilter(filters.FilterSet):
    journey = filters.ModelChoiceFilter(field_name="lane__journey", queryset=Journey.objects.all())

    class Meta:
        model = Card
        fields = ["journey", "lane", "stage"]


class Cards(Parts):
    queryset = Card.objects.all()
    serializer_class = shapes.CardSerializer
    new_serializer_class = shapes.NewCardSerializer
    filterset_class = CardFilter

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = editing.create_card(values.pop("lane"), values.pop("stage"), **values)


class Personas(VersionedUpdates, viewsets.ModelViewSet):
    queryset = Persona.objects.all()
    serializer_class = shapes.PersonaSerializer
    filterset_fields = ["name"]


class JourneyPersonas(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet,
):
    """Personas on maps: put one there, take one off."""

    queryset = JourneyPersona.objects.order_by("pk")
    serializer_class = shapes.JourneyPersonaSerializer
    filterset_fields = ["journey", "persona"]


class SentimentFilter(filters.FilterSet):
    journey = filters.ModelChoiceFilter(field_name="stage__journey", queryset=Journey.objects.all())

    class Meta:
        model = AssumedSentiment
        fields = ["journey", "journey_persona", "stage"]


class AssumedSentiments(viewsets.ModelViewSet):
    """What personas are assumed to feel at the stages of a map."""

    queryset = AssumedSentiment.objects.order_by("pk")
    serializer_class = shapes.AssumedSentimentSerializer
    filterset_class = SentimentFilter
