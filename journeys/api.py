"""This app's part of the REST API: journeys, their parts, and the personas who travel them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from journeys import serializers as shapes
from journeys.drawing.lanes import MapContext
from journeys.editing import actions as editing
from journeys.history import undoing
from journeys.history.undoing import Conflict, Conflicts
from journeys.models import AssumedSentiment, Card, Journey, JourneyPersona, Lane, Operation, Persona, Phase, Stage
from versioning.api import VersionedUpdates, seen_version


class ChangedSince(APIException):
    """409: what an undo touches was changed since. The answer's `conflicts` show what was left and what is there now."""

    status_code = 409
    default_code = "changed_since"

    def __init__(self, conflicts: Conflicts) -> None:
        super().__init__()
        found = [{"object": each.model.split(".")[1], "id": each.pk} | _texts(each) for each in conflicts.found]
        self.detail: Any = {"detail": str(conflicts), "code": self.default_code, "conflicts": found}


def _texts(conflict: Conflict) -> dict[str, Any]:
    return {"field": conflict.field, "left": conflict.left, "now": conflict.now}


class Refusals:
    """What an action refuses becomes a 400."""

    def handle_exception(self, error: Exception) -> Response:
        if isinstance(error, Conflicts):
            error = ChangedSince(error)
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

    @extend_schema(responses=shapes.OperationSerializer(many=True))
    @action(detail=True, filterset_fields=None)
    def operations(self, request: Request, pk: str) -> Response:
        """What happened to the map, the last first."""
        rows = self.get_object().operations.select_related("actor")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(shapes.OperationSerializer(page, many=True).data)

    @extend_schema(request=shapes.UndoSerializer, responses=shapes.OperationSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        """Take back the last operation that you made in this tab, or the one with this `number`.

        The header `X-Parcours-Tab` names the tab. The answer is the operation; 404 if there is none to take back.
        """
        wish = shapes.UndoSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        return self._gone_back(undoing.undo(self.get_object(), **wish.validated_data))

    @extend_schema(request=shapes.RedoSerializer, responses=shapes.OperationSerializer)
    @action(detail=True, methods=["post"])
    def redo(self, request: Request, pk: str) -> Response:
        """Do again what was taken back last in this tab. The answer is the operation; 404 if there is none."""
        wish = shapes.RedoSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        return self._gone_back(undoing.redo(self.get_object(), **wish.validated_data))

    def _gone_back(self, target: Operation | None) -> Response:
        if target is None:
            raise NotFound(_("There is nothing to undo or redo."))
        return Response(shapes.OperationSerializer(target).data)


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

    @transaction.atomic
    def perform_destroy(self, instance: Any) -> None:
        for travels in instance.journey_personas.select_related("persona").order_by("journey"):
            editing.remove_persona(travels)  # each map says in its history that the persona has left
        super().perform_destroy(instance)


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

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = editing.add_persona(**serializer.validated_data)

    def perform_destroy(self, instance: JourneyPersona) -> None:
        editing.remove_persona(instance)


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

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        values = serializer.validated_data
        editing.set_sentiments(values["stage"], {values["journey_persona"]: values["value"]})
        serializer.instance = AssumedSentiment.objects.get(
            journey_persona=values["journey_persona"], stage=values["stage"]
        )

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        felt: Any = serializer.instance
        felt.value = serializer.validated_data.get("value", felt.value)
        editing.set_sentiments(felt.stage, {felt.journey_persona: felt.value})

    def perform_destroy(self, instance: AssumedSentiment) -> None:
        editing.set_sentiments(instance.stage, {instance.journey_persona: None})
