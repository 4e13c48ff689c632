"""Erasures over the REST API: look (a dry run), erase, and the record of what was erased."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.models import Erasure
from integrations.directory.forms import ONE_LINE
from integrations.erasure import erasing, lookup
from integrations.models import Connection


class ResponseIdField(serializers.CharField):
    """The id of one response, R_…"""

    def run_validation(self, data: Any = serializers.empty) -> str:
        text = super().run_validation(data)
        try:
            [found] = erasing.read_ids(text)
        except ValueError:
            raise serializers.ValidationError(
                _("This is not a response id. They look like R_3kQ9LmX2bWc7KsT.")
            ) from None
        return found


class ErasureWishSerializer(serializers.Serializer):
    """Whom to erase: `response_ids`, or a `contact` with its `connection`. Nothing is changed unless `dry_run` is false."""

    response_ids = serializers.ListField(
        child=ResponseIdField(max_length=64), max_length=erasing.MOST_AT_ONCE, required=False, default=list
    )
    contact = serializers.CharField(
        max_length=254, required=False, default="", allow_blank=True, validators=[ONE_LINE],
        help_text="A contact id (CID_…), an e-mail or an external reference.",
    )  # fmt: skip
    connection = serializers.PrimaryKeyRelatedField(
        queryset=Connection.objects.filter(enabled=True), required=False, allow_null=True, default=None
    )
    dry_run = serializers.BooleanField(default=True)
    delete_at_vendor = serializers.BooleanField(default=False)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if bool(values["response_ids"]) == bool(values["contact"]):
            raise serializers.ValidationError(_("Give either response ids or a contact."))
        if values["contact"] and values["connection"] is None:
            raise serializers.ValidationError({"connection": [_("Choose the connection to look through.")]})
        return values


class ErasureSerializer(serializers.ModelSerializer):
    class Meta:
        model = Erasure
        fields = ["id", "by", "at", "way", "asked", "responses", "traces", "source_deleted", "source_failed"]
        read_only_fields = fields


class FoundSurveySerializer(serializers.Serializer):
    id = serializers.IntegerField(source="survey.pk")
    name = serializers.CharField(source="survey.name")
    responses = serializers.IntegerField()


class FoundSerializer(serializers.Serializer):
    """What is here of them: stored responses by survey, and everything else that names one."""

    asked = serializers.IntegerField()
    responses = serializers.IntegerField()
    surveys = FoundSurveySerializer(many=True)
    messages = serializers.IntegerField()
    rejected_records = serializers.IntegerField(source="rejected")
    console_calls = serializers.IntegerField(source="calls")
    distributions = serializers.IntegerField()
    erased_before = serializers.IntegerField()


class ErasureAnswerSerializer(serializers.Serializer):
    """What was found before; `erasure` is null after a dry run."""

    found = FoundSerializer()
    erasure = ErasureSerializer(allow_null=True)
    vendor_trouble = serializers.CharField(allow_blank=True)


@extend_schema_view(list=extend_schema(summary="Erasures: who had how many responses erased, newest first"))
class Erasures(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Responses erased for good. The record says who, when and how many, never whose they were."""

    queryset = Erasure.objects.none()
    serializer_class = ErasureSerializer
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[Erasure]:
        return Erasure.objects.all()

    @extend_schema(
        summary="Look what would be erased, or erase it for good",
        request=ErasureWishSerializer,
        responses={
            200: OpenApiResponse(ErasureAnswerSerializer, "A dry run: what would be erased."),
            201: OpenApiResponse(ErasureAnswerSerializer, "It was erased."),
        },
    )
    def create(self, request: Request) -> Response:
        """By contact, Qualtrics is asked for the person's responses, which takes some seconds."""
        asked = ErasureWishSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        spec = asked.validated_data
        ids, person = list(dict.fromkeys(spec["response_ids"])), None
        if spec["contact"]:
            theirs = lookup.find_theirs(spec["connection"], spec["contact"])
            ids, person = theirs.ids, theirs.person
        answer: dict[str, Any] = {"found": erasing.preview(ids, person), "erasure": None, "vendor_trouble": ""}
        if not spec["dry_run"]:
            done = erasing.erase(ids, by=request.user, person=person, at_vendor=spec["delete_at_vendor"])  # type: ignore[arg-type]
            answer |= {"erasure": done.erasure, "vendor_trouble": str(done.at_vendor.trouble or "")}
        code = status.HTTP_200_OK if spec["dry_run"] else status.HTTP_201_CREATED
        return Response(ErasureAnswerSerializer(answer).data, status=code)
