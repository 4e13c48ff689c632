"""This app's part of the REST API: figures of items, stages, phases and journeys, and the trend of an item."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as Invalid
from django.db.models import Q
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error

from feedback.models import FeedbackItem, Survey
from feedback.serializers import asks_of
from feedback.states import explain
from journeys.models import Journey, Phase, Stage
from kpis.counting.periods import WINDOWS, Window
from kpis.flags.showing import flags_json
from kpis.mapping.acceptance import accept
from kpis.mapping.confirmation import Assumed, assumed_items, confirm_many, is_assumed
from kpis.mapping.mappings import former_of, mapping_json
from kpis.metrics.comparison import judge
from kpis.pages.comments import comments_of
from kpis.pages.item_view import ROLLING, ItemView, find
from kpis.pages.period_form import PeriodForm
from kpis.scoring.figures import trend_json
from kpis.scoring.restating import restate_survey, restated_at
from kpis.scoring.scores import ItemScore, Rules, items_with_facts, read_items, read_journeys
from kpis.scoring.threshold_cost import cost_of
from kpis.scoring.weighting import choose_weighting
from kpis.serializers import (
    AcceptSerializer,
    AnswersSerializer,
    AssumedMappingSerializer,
    CommentsSerializer,
    ConfirmedSerializer,
    ConfirmSerializer,
    ItemChangeSerializer,
    ItemFigureSerializer,
    JourneyFiguresSerializer,
    MappingSerializer,
    PhaseFiguresSerializer,
    RestatedSerializer,
    StageFiguresSerializer,
    ThresholdCostSerializer,
    TrendSerializer,
    WeightingSerializer,
)
from ui.filters import IdFilter
from ui.numbers import whole_number
from ui.typed_numbers import THRESHOLD
from versioning.api import seen_version

PERIOD = [
    OpenApiParameter("period", str, enum=[name for name in WINDOWS if name != "custom"], description="All by default."),
    OpenApiParameter("from", OpenApiTypes.DATE, description="First local day; instead of a period."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Last local day."),
]
_BUCKETS = ["day", "week", "month", "rolling"]
_BY = OpenApiParameter("bucket", str, enum=_BUCKETS, description="Week by default.")


def window_asked(request: Request) -> Window:
    """The window that `?period=` or `?from=&to=` name."""
    form = PeriodForm(request.query_params)
    if not form.is_valid():
        raise ValidationError({name: [str(error) for error in errors] for name, errors in form.errors.items()})
    return form.window(Rules.current().today)


def item_json(score: ItemScore, flags: list[dict[str, Any]]) -> dict[str, Any]:
    """An item's state and figure."""
    return {
        "item": score.item.pk,
        "title": score.item.card.title,
        "journey": score.item.card.lane.journey_id,
        "stage": score.item.card.stage_id,
        "state": score.state.value,
        "explanation": explain(score.state, score.facts),
        "mapping_assumed": is_assumed(score.item),
        "figure": score.figure.as_json() if score.figure else None,
        "target": _target_json(score),
        "flags": flags,
    }


def _target_json(score: ItemScore) -> dict[str, Any] | None:
    item = score.item
    if item.target is None or score.figure is None:
        return None
    verdict = judge(score.figure.measure, item.target, item.target_direction)
    return {"value": item.target, "direction": item.target_direction, "verdict": verdict}


def _flags(subject: str, window: Window) -> list[dict[str, Any]]:
    return flags_json([subject], window)[subject]


class ItemKpiFilter(filters.FilterSet):
    journey = IdFilter(field_name="card__lane__journey")
    stage = IdFilter(field_name="card__stage")
    survey = IdFilter(field_name="survey")


class AssumedMappingViewSet(viewsets.GenericViewSet):
    """Items that count as they did before mappings were kept, where that would now be asked."""

    queryset = FeedbackItem.objects.none()
    serializer_class = AssumedMappingSerializer
    pagination_class = None
    filter_backends: list[Any] = []

    @extend_schema(responses=AssumedMappingSerializer(many=True))
    def list(self, request: Request) -> Response:
        """Each with its figure as it is, and as it would be by what is proposed."""
        return Response([_assumed_json(each) for each in assumed_items()])

    @extend_schema(request=ConfirmSerializer, responses=ConfirmedSerializer(many=True))
    def create(self, request: Request) -> Response:
        """Keep how these items count, or count them as proposed. Each stands for itself."""
        given = ConfirmSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user: Any = request.user
        wanted = [(each["item"], each["version"]) for each in given.validated_data["items"]]
        said = confirm_many(wanted, given.validated_data["holds"], user)
        return Response(
            [{"item": each.item_id, "confirmed": not each.refused, "detail": each.refused} for each in said]
        )


def _assumed_json(assumed: Assumed) -> dict[str, Any]:
    return {
        "item": assumed.item.pk,
        "version": assumed.item.version,
        "title": assumed.item.card.title,
        "journey": assumed.item.card.lane.journey_id,
        "asks": asks_of(assumed.proposal),
        "mapping": assumed.item.mapping,
        "proposed_mapping": [entry.as_json() for entry in assumed.proposal.entries],
        "formula": assumed.formula.name if assumed.formula else None,
        "now": assumed.now.as_json() if assumed.now else None,
        "proposed": assumed.proposed.as_json() if assumed.proposed else None,
    }


class ItemKpiViewSet(viewsets.GenericViewSet):
    """Figures of single items."""

    queryset = FeedbackItem.objects.order_by("pk")
    serializer_class = ItemFigureSerializer
    filterset_class = ItemKpiFilter

    def _found(self, pk: str) -> FeedbackItem:
        number = whole_number(pk)
        item = find(number) if number is not None else None
        if item is None:
            raise NotFound
        return item

    def _view(self, request: Request, pk: str) -> ItemView:
        return ItemView(self._found(pk), window_asked(request))

    @extend_schema(parameters=PERIOD, responses=ItemFigureSerializer(many=True))
    def list(self, request: Request) -> Response:
        """Many items at once, page after page."""
        window = window_asked(request)
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()).values_list("pk", flat=True))
        scores = read_items(items_with_facts(Q(pk__in=page)), window)
        flags = flags_json([f"item:{pk}" for pk in page or ()], window)
        told = {score.item.pk: item_json(score, flags[f"item:{score.item.pk}"]) for score in scores.scores}
        return self.get_paginated_response([told[pk] for pk in page or ()])

    @extend_schema(parameters=PERIOD, responses=ItemFigureSerializer, filters=False)
    def retrieve(self, request: Request, pk: str) -> Response:
        """The figure of one item."""
        view = self._view(request, pk)
        return Response(item_json(view.score, _flags(f"item:{view.item.pk}", view.window)))

    @extend_schema(parameters=[*PERIOD, _BY], responses=TrendSerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def trend(self, request: Request, pk: str) -> Response:
        """The KPI by day, week or month, or over the days before each day. Each bucket is computed from its answers."""
        by = request.query_params.get("bucket", "week")
        if by not in _BUCKETS:
            raise ValidationError({"bucket": [", ".join(_BUCKETS)]})
        view = self._view(request, pk)
        if view.figure is None:
            raise NotFound
        by = view.bucket_for(by) if by == ROLLING else by
        figure = view.figure.as_json()
        return Response(
            {
                "item": view.item.pk,
                "kpi": figure["kpi"],
                "formula": figure["formula"],
                "bucket": by,
                "window": figure["window"],
                "buckets": trend_json(view.trend(by)),
            }
        )

    @extend_schema(parameters=PERIOD, responses=ItemChangeSerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def change(self, request: Request, pk: str) -> Response:
        """Against the period before: of the same length, or the month or quarter before. Null where the period is open."""
        view = self._view(request, pk)
        return Response({"item": view.item.pk, "change": view.change_json()})

    @extend_schema(parameters=PERIOD, responses=AnswersSerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def answers(self, request: Request, pk: str) -> Response:
        """How many gave which answer, and what is left out why."""
        view = self._view(request, pk)
        return Response(
            {
                "item": view.item.pk,
                "suppressed": view.is_hidden,
                "answers": [
                    {"value": bar.value, "label": bar.label, "n": bar.n, "counts_as": bar.counts_as}
                    for bar in view.answers
                ],
                "excluded": dict(view.figure.measure.excluded) if view.figure else {},
            }
        )

    @extend_schema(parameters=[*PERIOD, OpenApiParameter("page", int)], responses=CommentsSerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def comments(self, request: Request, pk: str) -> Response:
        """What customers wrote, newest first, with what they answered; under a threshold by block, without scores."""
        item = self._found(pk)
        number = whole_number(request.query_params.get("page"), most=9_999) or 1
        found = comments_of(item, window_asked(request), Rules.current(), number)
        return Response(
            {
                "item": item.pk,
                "question": found.question.pk if found else None,
                "suppressed": found is not None and found.hidden,
                "page": found.number if found else 1,
                "has_more": found is not None and found.has_more,
                "comments": [each.as_json() for each in found.rows] if found else [],
            }
        )

    @extend_schema(methods=["get"], responses=MappingSerializer, filters=False)
    @extend_schema(
        methods=["post"],
        request=AcceptSerializer,
        responses=MappingSerializer,
        parameters=[OpenApiParameter("If-Match", str, OpenApiParameter.HEADER)],
        filters=False,
    )
    @action(detail=True, methods=["get", "post"], pagination_class=None, filter_backends=[])
    def mapping(self, request: Request, pk: str) -> Response:
        """The versions of the item's mapping, and how its question has changed. POST accepts the question as it is now."""
        item = self._found(pk)
        if request.method == "POST":
            given = AcceptSerializer(data=request.data)
            given.is_valid(raise_exception=True)
            user: Any = request.user
            try:
                accept(
                    item,
                    seen_version(request),
                    seen_question=given.validated_data["question"],
                    counting=given.validated_data["answers"],
                    user=user,
                )
            except Invalid as refusal:
                raise ValidationError(as_serializer_error(refusal)) from refusal
            item = self._found(pk)
        return Response(mapping_json(item, former_of(item)))


class SurveyBlocksViewSet(viewsets.GenericViewSet):
    """The blocks of answers that are kept of a survey under a threshold."""

    queryset = Survey.objects.all()
    serializer_class = RestatedSerializer

    @extend_schema(request=None, responses=RestatedSerializer, filters=False)
    @action(detail=True, methods=["post"], pagination_class=None, filter_backends=[])
    def restate(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make all blocks anew. What differs between figures of before and after may concern few answers."""
        survey = self.get_object()
        restate_survey(survey, request.user)
        return Response({"survey": survey.pk, "restated_at": restated_at(survey)})


class ThresholdCostViewSet(viewsets.ViewSet):
    """What a threshold would hide here."""

    serializer_class = ThresholdCostSerializer

    @extend_schema(
        parameters=[OpenApiParameter("threshold", int, required=True)], responses=ThresholdCostSerializer, filters=False
    )
    def list(self, request: Request) -> Response:
        """Computed from the answers that are stored, before a threshold is set."""
        threshold = whole_number(request.query_params.get("threshold"), most=int(THRESHOLD.most))
        if threshold is None or threshold < THRESHOLD.least:
            raise ValidationError({"threshold": [_("Enter a whole number from 2 on.")]})
        return Response(cost_of(threshold).as_json())


class StageKpiViewSet(mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Consolidated KPIs of a stage."""

    queryset = Stage.objects.select_related("journey")
    serializer_class = StageFiguresSerializer

    @extend_schema(parameters=PERIOD, responses=StageFiguresSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One figure for each formula."""
        stage = self.get_object()
        window = window_asked(request)
        figures = read_journeys([stage.journey], window).for_stages().get(stage.pk, [])
        kpis, flags = [figure.as_json() for figure in figures], _flags(f"stage:{stage.pk}", window)
        return Response({"stage": stage.pk, "name": stage.name, "kpis": kpis, "flags": flags})


class PhaseKpiViewSet(mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Consolidated KPIs of a phase."""

    queryset = Phase.objects.select_related("journey")
    serializer_class = PhaseFiguresSerializer

    @extend_schema(parameters=PERIOD, responses=PhaseFiguresSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One figure for each formula."""
        phase = self.get_object()
        window = window_asked(request)
        figures = read_journeys([phase.journey], window).for_phases().get(phase.pk, [])
        kpis, flags = [figure.as_json() for figure in figures], _flags(f"phase:{phase.pk}", window)
        return Response({"phase": phase.pk, "name": phase.name, "kpis": kpis, "flags": flags})


class JourneyKpiViewSet(mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Consolidated KPIs of a journey and of those below it."""

    queryset = Journey.objects.all()
    serializer_class = JourneyFiguresSerializer

    @extend_schema(parameters=PERIOD, responses=JourneyFiguresSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One figure for each formula."""
        return Response(self._told(self.get_object(), window_asked(request)))

    @extend_schema(request=WeightingSerializer, responses=JourneyFiguresSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Choose how the journey's KPIs are put together."""
        journey = self.get_object()
        given = WeightingSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        choose_weighting(journey, given.validated_data["weighting"])
        return Response(self._told(journey, window_asked(request)))

    def _told(self, journey: Journey, window: Window) -> dict[str, Any]:
        scores = read_journeys([journey], window)
        return {
            "journey": journey.pk,
            "name": journey.name,
            "weighting": scores.weighting_of(journey.pk),
            "kpis": [figure.as_json() for figure in scores.for_journeys()[journey.pk]],
            "flags": _flags(f"journey:{journey.pk}", window),
        }
