"""Distributions over the REST API: prepare (POST), send once, follow."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from integrations import distributions as deeds
from integrations.api import Refused, VendorTrouble
from integrations.contact_forms import ONE_LINE
from integrations.distribution_rules import LINK_TYPES, SMS_METHODS
from integrations.models import Connection, Distribution
from integrations.qualtrics.errors import QualtricsError
from integrations.qualtrics.messages import explain


def _text(**kwargs: Any) -> serializers.CharField:
    kwargs.setdefault("max_length", 255)
    return serializers.CharField(required=False, allow_blank=True, default="", validators=[ONE_LINE], **kwargs)


class DistributionWishSerializer(serializers.Serializer):
    """What to send. E-mail and SMS each have fields of their own; what belongs to the other kind is refused."""

    connection = serializers.PrimaryKeyRelatedField(queryset=Connection.objects.filter(enabled=True))
    kind = serializers.ChoiceField(choices=Distribution.Kind.choices)
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


class DistributionSerializer(serializers.ModelSerializer):
    error = serializers.SerializerMethodField()

    class Meta:
        model = Distribution
        fields = [
            "id", "connection", "kind", "state", "survey_external_id", "survey_name", "request", "recipients",
            "external_id", "error_code", "error", "created_at", "confirmed_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_error(self, distribution: Distribution) -> str:
        return " ".join(explain(distribution.error_code)) if distribution.error_code else ""


class DistributionProgressSerializer(serializers.Serializer):
    """How far Qualtrics is with it."""

    status = serializers.CharField()
    statistics = serializers.DictField(child=serializers.IntegerField())


@extend_schema_view(
    list=extend_schema(summary="Distributions, newest first"),
    retrieve=extend_schema(summary="One distribution"),
    destroy=extend_schema(summary="Discard a draft"),
)
class Distributions(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet
):
    """E-mails and SMS that ask people to answer a survey. A draft is prepared, confirmed, and sent once."""

    queryset = Distribution.objects.none()
    serializer_class = DistributionSerializer
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[Distribution]:
        deeds.own_up()
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
        wish = dict(asked.validated_data)
        try:
            made = deeds.prepare(wish.pop("connection"), wish.pop("kind"), wish, request.user)  # type: ignore[arg-type]
        except deeds.Broken as broken:
            raise serializers.ValidationError({name: [told] for name, told in broken.rules.items()}) from None
        except QualtricsError as error:
            raise _trouble(error) from None
        return Response(DistributionSerializer(made).data, status=status.HTTP_201_CREATED)

    def perform_destroy(self, instance: Distribution) -> None:  # type: ignore[override]
        try:
            deeds.discard(instance)
        except deeds.NotADraft:
            raise Refused("not_a_draft", _("Only a draft can be discarded.")) from None

    @extend_schema(summary="Send a draft, once", request=None, responses=DistributionSerializer)
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: str | None = None) -> Response:
        """State `sent`, `failed` or `unknown` afterwards. `unknown`: the answer was lost; look in Qualtrics."""
        try:
            sent = deeds.send(self.get_object(), request.user)  # type: ignore[arg-type]
        except deeds.NotADraft:
            raise Refused("not_a_draft", _("This distribution was confirmed before; it is not sent twice.")) from None
        return Response(DistributionSerializer(sent).data)

    @extend_schema(summary="Status and statistics of a sent distribution", responses=DistributionProgressSerializer)
    @action(detail=True)
    def progress(self, request: Request, pk: str | None = None) -> Response:
        """Asked from Qualtrics by this call."""
        found = self.get_object()
        if found.state != Distribution.State.SENT:
            raise Refused("not_sent", _("This distribution has no statistics: it was not handed to Qualtrics."))
        try:
            return Response(DistributionProgressSerializer(deeds.progress_of(found)).data)
        except QualtricsError as error:
            raise _trouble(error) from None


def _trouble(error: QualtricsError) -> VendorTrouble:
    return VendorTrouble(error.code, " ".join(explain(error.code, **error.params)))
