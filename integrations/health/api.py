"""Health and alerts over the REST API."""

from __future__ import annotations

import logging
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from feedback.models import SurveyJoin
from integrations.fetches.serializers import FetchSerializer
from integrations.health import endpoints
from integrations.health.alerts import alerts
from integrations.health.serializers import HealthSerializer
from integrations.health.status import Details, by_urgency, details_of, health_of, system_checks, with_facts
from integrations.health.tasks import MESSAGES
from integrations.models import Alert, AlertEndpoint, AlertMessage, Connection, FailingStep
from integrations.troubles.table import explain, label_of
from integrations.vendor.call_counts import Usage, usage_by_connection

logger = logging.getLogger(__name__)


class AlertSerializer(serializers.ModelSerializer):
    """Something that a person must know; open as long as `closed_at` is null."""

    kind_label = serializers.CharField(source="get_kind_display", read_only=True)
    connection_name = serializers.CharField(source="connection.name", read_only=True, default=None, allow_null=True)
    survey_name = serializers.CharField(source="survey.name", read_only=True, default=None, allow_null=True)
    sentence = serializers.SerializerMethodField()
    what_to_do = serializers.SerializerMethodField()

    class Meta:
        model = Alert
        fields = [
            "id", "kind", "kind_label", "code", "sentence", "what_to_do", "connection", "connection_name", "survey",
            "survey_name", "opened_at", "closed_at", "told_at",
        ]  # fmt: skip
        read_only_fields = fields
        extra_kwargs = {"told_at": {"help_text": _("When admins were last written to about it.")}}

    def get_sentence(self, alert: Alert) -> str:
        return alert.explanation.title

    def get_what_to_do(self, alert: Alert) -> str:
        return alert.explanation.what_to_do


class SystemCheckSerializer(serializers.Serializer):
    """Something that must run for data to come."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    state = serializers.ChoiceField(source="tone", choices=["good", "warn", "bad", "neutral"])
    sentence = serializers.CharField()
    what_to_do = serializers.CharField(allow_blank=True)


class FailingStepSerializer(serializers.ModelSerializer):
    """A step of the timetable that failed when it ran last."""

    label = serializers.SerializerMethodField()  # type: ignore[assignment]

    class Meta:
        model = FailingStep
        fields = ["name", "label", "failing_since", "last_failed_at", "times", "error_class", "parts", "part"]
        read_only_fields = fields
        extra_kwargs = {
            "parts": {
                "help_text": _("How many of the things it works on failed the last time; 0: the step as a whole.")
            },
            "part": {"help_text": _("The one that failed last, as the log names it.")},
        }

    def get_label(self, step: FailingStep) -> str:
        return label_of(step.name)


class UsageSerializer(serializers.Serializer):
    """Calls of the last 24 hours. The limits are those of the whole brand: its other tools use them as well."""

    family = serializers.CharField(allow_blank=True, help_text=_("Empty: all calls."))
    label = serializers.CharField()  # type: ignore[assignment]
    calls = serializers.IntegerField()
    busiest_minute = serializers.IntegerField(help_text=_("Calls in the fullest minute."))
    limit_a_minute = serializers.IntegerField(source="a_minute")


class ConnectionLineSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    health = HealthSerializer()
    last_good_fetch_at = serializers.DateTimeField(allow_null=True)
    next_fetch_at = serializers.DateTimeField(allow_null=True)
    owner_name = serializers.CharField(allow_blank=True)
    usage = UsageSerializer(allow_null=True)


class OverviewSerializer(serializers.Serializer):
    signs = SystemCheckSerializer(many=True)
    failing_steps = FailingStepSerializer(many=True, help_text=_("Of the timetable, the longest first."))
    connections = ConnectionLineSerializer(many=True, help_text=_("Worst first."))
    open_alerts = serializers.IntegerField()


class LastFailureSerializer(serializers.Serializer):
    fetch = FetchSerializer()
    is_over = serializers.BooleanField(help_text=_("The survey has been fetched well since."))


class WatchingSerializer(serializers.Serializer):
    watched = serializers.IntegerField(help_text=_("Surveys whose new responses are announced."))
    failing = serializers.IntegerField()
    last_delivery_at = serializers.DateTimeField(allow_null=True)


class SurveyJoinSerializer(serializers.ModelSerializer):
    """Two rows that were one survey, and what came together."""

    survey_name = serializers.CharField(source="survey.name")

    class Meta:
        model = SurveyJoin
        fields = ["survey", "survey_name", "twin_source", "began_at", "ended_at", "responses", "doubles", "items"]
        read_only_fields = fields
        extra_kwargs = {
            "twin_source": {"help_text": _("The connection by which the other row was called.")},
            "ended_at": {"help_text": _("Null: under way.")},
            "responses": {"help_text": _("Responses that the other row had.")},
            "doubles": {"help_text": _("Of these, those that both had.")},
            "items": {"help_text": _("Items that counted the other row.")},
        }


class ConnectionHealthSerializer(ConnectionLineSerializer):
    usage = UsageSerializer(many=True)  # type: ignore[assignment]
    last_failure = LastFailureSerializer(allow_null=True)
    watching = WatchingSerializer()
    alerts = AlertSerializer(many=True)
    same_brand = serializers.ListField(
        child=serializers.IntegerField(), help_text=_("Other connections that see the same brand.")
    )
    stands_by_for = serializers.ListField(
        child=serializers.IntegerField(), help_text=_("Surveys that it sees and another connection feeds.")
    )
    joins = SurveyJoinSerializer(many=True, help_text=_("Surveys of the brand that two connections had twice."))


class Overview(APIView):
    """The machinery, and every connection with its state, worst first."""

    @extend_schema(summary="Health over all connections", responses=OverviewSerializer, operation_id="health_retrieve")
    def get(self, request: Request) -> Response:
        now = timezone.now()
        usage = usage_by_connection(now)
        lines = [_line(row, health, usage.get(row.pk)) for row, health in by_urgency(Connection.objects.all(), now)]
        overview = {
            "signs": system_checks(now),
            "failing_steps": FailingStep.objects.all(),
            "connections": lines,
            "open_alerts": Alert.objects.filter(closed_at=None).count(),
        }
        return Response(OverviewSerializer(overview).data)


class ConnectionHealth(APIView):
    """State, last good fetch, what failed and what to do, owner of the token, next fetch, calls, watches, alerts."""

    @extend_schema(
        summary="Health of one connection",
        responses=ConnectionHealthSerializer,
        operation_id="connections_health_retrieve",
    )
    def get(self, request: Request, pk: int) -> Response:
        now = timezone.now()
        found = get_object_or_404(with_facts(Connection.objects.all()), pk=pk)
        details: Details = details_of(found, now)
        full = _line(found, health_of(found, now), None) | {
            "usage": details.usage,
            "last_failure": details.last_failure,
            "watching": details.watching,
            "alerts": details.alerts,
            "same_brand": [other.pk for other in details.same_brand],
            "stands_by_for": [feed.survey_id for feed in details.standing_by],
            "joins": details.joins,
        }
        return Response(ConnectionHealthSerializer(full).data)


def _line(connection: Any, health: Any, usage: Usage | None) -> dict[str, Any]:
    fields = ("id", "name", "last_good_fetch_at", "next_fetch_at", "owner_name")
    return {name: getattr(connection, name) for name in fields} | {"health": health, "usage": usage}


class AlertFilter(django_filters.FilterSet):
    open = django_filters.BooleanFilter(field_name="closed_at", lookup_expr="isnull", label=_("Open"))

    class Meta:
        model = Alert
        fields = ["connection", "survey", "kind"]


@extend_schema_view(list=extend_schema(summary="Alerts, open ones first"), retrieve=extend_schema(summary="One alert"))
class Alerts(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Facts open and close them; nobody does by hand."""

    queryset = Alert.objects.none()
    serializer_class = AlertSerializer
    filterset_class = AlertFilter

    def get_queryset(self) -> QuerySet[Alert]:
        return alerts()


class AlertTargetSerializer(serializers.ModelSerializer):
    url = serializers.CharField(max_length=endpoints.LONGEST_URL, help_text=_("https, and a public address."))
    secret = serializers.SerializerMethodField(
        help_text=_("Answered once, when the webhook is added: it checks the signatures of all messages.")
    )
    waiting = serializers.IntegerField(read_only=True, default=0, help_text=_("Messages still to be sent."))
    last_delivered_at = serializers.DateTimeField(read_only=True, allow_null=True, default=None)

    class Meta:
        model = AlertEndpoint
        fields = ["id", "name", "url", "secret", "is_gone", "waiting", "last_delivered_at", "created_at"]
        read_only_fields = ["is_gone", "created_at"]
        extra_kwargs = {"is_gone": {"help_text": _("It answered 410: nothing is sent there until it is tested again.")}}

    @extend_schema_field({"type": "string", "nullable": True})
    def get_secret(self, target: AlertEndpoint) -> str | None:
        return self.context.get("secret")

    def validate_url(self, url: str) -> str:
        try:
            return endpoints.public_url(url)
        except endpoints.AddressRefused as refused:
            raise serializers.ValidationError(refused.sentence, code=refused.code) from None


class AlertMessageSerializer(serializers.ModelSerializer):
    """One message to a webhook, with what came of the last try."""

    message_id = serializers.CharField(help_text=_("The header webhook-id: the same over all tries."))
    state_label = serializers.CharField(source="get_state_display")
    error = serializers.SerializerMethodField(help_text=_("Why it could not be delivered, in sentences."))

    class Meta:
        model = AlertMessage
        fields = [
            "id", "message_id", "kind", "state", "state_label", "status", "error_code", "error", "tries", "tried_at",
            "due_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_error(self, message: AlertMessage) -> str:
        return str(explain(message.error_code)) if message.error_code else ""


@extend_schema_view(
    list=extend_schema(summary="Webhooks that hear of alerts"),
    retrieve=extend_schema(summary="One webhook"),
    create=extend_schema(summary="Add a webhook"),
    destroy=extend_schema(summary="Delete a webhook with its messages"),
)
class AlertTargets(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet,
):
    """Messages follow Standard Webhooks: signed with the secret, sent again until they are accepted or two days are over."""

    queryset = AlertEndpoint.objects.none()
    serializer_class = AlertTargetSerializer
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[AlertEndpoint]:
        return endpoints.targets()

    def perform_destroy(self, instance: AlertEndpoint) -> None:
        endpoints.delete_target(instance)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        made, secret = endpoints.add_target(values["name"], values["url"], request.user)  # type: ignore[arg-type]
        context = {**self.get_serializer_context(), "secret": secret.reveal()}
        answer = AlertTargetSerializer(made, context=context)
        return Response(answer.data, status=status.HTTP_201_CREATED)

    @extend_schema(summary="Send a test message", request=None, responses={202: AlertMessageSerializer})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str | None = None) -> Response:
        """It is on its way; look at the messages for what became of it."""
        message = endpoints.send_test(self.get_object())
        MESSAGES.notify_from_web(message.target_id)
        return Response(AlertMessageSerializer(message).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(summary="What was sent, newest first", responses=AlertMessageSerializer(many=True))
    @action(detail=True)
    def messages(self, request: Request, pk: str | None = None) -> Response:
        """Kept for 30 days."""
        return self._sent()

    @extend_schema(
        summary="What was sent, at its former address", responses=AlertMessageSerializer(many=True), deprecated=True
    )
    @action(detail=True)
    def deliveries(self, request: Request, pk: str | None = None) -> Response:
        """The same as `messages`; this address goes with the next version, as its header says."""
        logger.warning(
            "/deliveries/ of an alert target is called /messages/ now; the former address works in this version only"
        )
        response = self._sent()
        response["Deprecation"] = "true"
        return response

    def _sent(self) -> Response:
        page = self.paginate_queryset(self.get_object().messages.all())
        return self.get_paginated_response(AlertMessageSerializer(page, many=True).data)
