"""Distributions over the REST API: what can be chosen, prepare (POST), change (PUT), send once, follow."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations.directory.api import NamedSerializer
from integrations.directory.forms import ONE_LINE
from integrations.distributions import sending
from integrations.distributions import statistics as distribution_progress
from integrations.distributions.rules import LINK_TYPES, SMS_METHODS
from integrations.fetches.filters import DistributionFilter
from integrations.models import Connection, Distribution
from integrations.troubles.refusals import Refusal
from versioning.api import VersionedSerializer, VersionedUpdates, seen_version


def _text(**kwargs: Any) -> serializers.CharField:
    kwargs.setdefault("max_length", 255)
    return serializers.CharField(required=False, allow_blank=True, default="", validators=[ONE_LINE], **kwargs)


class DistributionContentSerializer(serializers.Serializer):
    """What to send. E-mail and SMS each have fields of their own; what belongs to the other kind is refused."""

    survey = serializers.CharField(max_length=64)
    directory = serializers.CharField(max_length=64)
    mailing_list = _text(max_length=64)
    transaction_batch = _text(max_length=64)
    person = _text(help_text=gettext_lazy("Name or e-mail of one person in the mailing list."))
    sample = _text(max_length=64)
    method = serializers.ChoiceField(choices=SMS_METHODS, required=False, allow_blank=True, default="")
    parent: Any = _text(max_length=64)  # not the parent of nested serializers
    name = _text(trim_whitespace=False)
    from_email = serializers.EmailField(max_length=254, required=False, allow_blank=True, default="")
    from_name = _text(trim_whitespace=False)
    reply_to = serializers.EmailField(max_length=254, required=False, allow_blank=True, default="")
    subject = _text(trim_whitespace=False)
    library = _text(max_length=64)
    message = _text(max_length=64)
    message_text = serializers.CharField(max_length=20_000, required=False, allow_blank=True, default="")
    link_type = serializers.ChoiceField(choices=LINK_TYPES, required=False, allow_blank=True, default="")
    send_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class DistributionWishSerializer(DistributionContentSerializer):
    """The same, with how and through which connection."""

    connection = serializers.PrimaryKeyRelatedField(queryset=Connection.objects.filter(enabled=True))
    kind = serializers.ChoiceField(choices=Distribution.Kind.choices)


class DistributionSerializer(VersionedSerializer):
    error = serializers.SerializerMethodField()

    class Meta:
        model = Distribution
        fields = [
            "id", "version", "connection", "kind", "state", "survey_external_id", "survey_name",
            "directory_external_id", "request", "recipients", "audience", "external_id", "error_code", "error", "created_at",
            "confirmed_at", "vendor_status", "statistics", "statistics_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_error(self, distribution: Distribution) -> str:
        return str(sending.trouble_of(distribution) or "")


class DistributionProgressSerializer(serializers.Serializer):
    """How far Qualtrics is with it."""

    status = serializers.CharField(source="vendor_status")
    statistics = serializers.DictField(child=serializers.IntegerField())
    as_of = serializers.DateTimeField(source="statistics_at")


class ShelfSerializer(NamedSerializer):
    """A library with its messages."""

    messages = NamedSerializer(many=True)


class DistributionChoicesSerializer(serializers.Serializer):
    """What can be chosen for a distribution now. Samples and parents are of SMS, parents of one survey."""

    directories = NamedSerializer(many=True)
    surveys = NamedSerializer(many=True)
    mailing_lists = NamedSerializer(many=True)
    transaction_batches = NamedSerializer(many=True, source="batches")
    samples = NamedSerializer(many=True)
    libraries = serializers.SerializerMethodField()
    parents = NamedSerializer(many=True)
    is_complete = serializers.BooleanField(
        help_text=gettext_lazy("False: a list of Qualtrics broke off, so there is more to choose from.")
    )

    @extend_schema_field(ShelfSerializer(many=True))
    def get_libraries(self, choices: sending.Choices) -> Any:
        return [
            {**NamedSerializer(library).data, "messages": NamedSerializer(messages, many=True).data}
            for library, messages in choices.libraries
        ]


class ChoicesAskedSerializer(serializers.Serializer):
    """For which distribution. Without a directory, its choices are those of the first one."""

    kind = serializers.ChoiceField(choices=Distribution.Kind.choices)
    directory = serializers.CharField(max_length=64, default="", allow_blank=True, validators=[ONE_LINE])
    survey = serializers.CharField(max_length=64, default="", allow_blank=True, validators=[ONE_LINE])


@extend_schema_view(
    list=extend_schema(summary="Distributions, newest first"),
    retrieve=extend_schema(summary="One distribution"),
    destroy=extend_schema(summary="Discard a draft"),
)
class Distributions(
    VersionedUpdates,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet,
):
    """E-mails and SMS that ask people to answer a survey. A draft is prepared, changed, confirmed, and sent once."""

    queryset = Distribution.objects.none()
    serializer_class = DistributionSerializer
    filterset_class = DistributionFilter

    def get_queryset(self) -> QuerySet[Distribution]:
        sending.mark_lost_sends()
        return Distribution.objects.all()

    @extend_schema(
        summary="Prepare a distribution: nothing is sent yet",
        request=DistributionWishSerializer,
        responses={201: DistributionSerializer},
    )
    def create(self, request: Request) -> Response:
        """Checks every rule, and answers with a draft that says how many people it reaches."""
        asked = DistributionWishSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        spec = dict(asked.validated_data)
        made = sending.prepare(spec.pop("connection"), spec.pop("kind"), spec, request.user)  # type: ignore[arg-type]
        return Response(DistributionSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(summary="Change a draft", request=DistributionContentSerializer, responses=DistributionSerializer)
    def update(self, request: Request, pk: str | None = None) -> Response:
        """Replaces its whole content. Every rule is checked and its people are counted anew."""
        draft, seen = self.get_object(), seen_version(request)
        asked = DistributionContentSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        sending.change(draft, seen, asked.validated_data)
        return Response(DistributionSerializer(draft).data)

    def perform_destroy(self, instance: Distribution) -> None:  # type: ignore[override]
        sending.discard(instance, seen_version(self.request))

    @extend_schema(summary="Send a draft, once", request=None, responses=DistributionSerializer)
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: str | None = None) -> Response:
        """Names the version that was seen. State `sent`, `failed` or `unknown` afterwards.

        `unknown`: the answer was lost; look in Qualtrics.
        """
        draft = self.get_object()
        sending.send(draft, seen_version(request), request.user)  # type: ignore[arg-type]
        return Response(DistributionSerializer(draft).data)

    @extend_schema(summary="Status and statistics of a sent distribution", responses=DistributionProgressSerializer)
    @action(detail=True, filter_backends=[])
    def progress(self, request: Request, pk: str | None = None) -> Response:
        """Asked from Qualtrics by this call, and kept."""
        found = self.get_object()
        if found.state != Distribution.State.SENT:
            raise NotSent
        distribution_progress.refresh(found)
        return Response(DistributionProgressSerializer(found).data)


class NotSent(Refusal):
    """Qualtrics knows nothing of it."""

    code = "not_sent"
    words = gettext_lazy("This distribution has no statistics: it was not handed to Qualtrics.")


class DistributionChoices(APIView):
    """The lists of the form."""

    @extend_schema(
        summary="What can be chosen for a distribution, as Qualtrics says now",
        parameters=[ChoicesAskedSerializer],
        responses=DistributionChoicesSerializer,
        operation_id="connections_distribution_choices_retrieve",
    )
    def get(self, request: Request, pk: int) -> Response:
        connection = get_object_or_404(Connection, pk=pk).require_enabled()
        asked = ChoicesAskedSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        offered = sending.choices(connection, values["kind"], values["directory"], values["survey"])
        return Response(DistributionChoicesSerializer(offered).data)
