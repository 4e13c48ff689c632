"""Reconciliation over the REST API: what is held, reconcile now, confirm."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from feedback.models import Survey
from integrations.fetches.ledger import fetches
from integrations.fetches.serializers import FetchSerializer
from integrations.models import SurveyFeed
from integrations.reconciliation.reconciling import (
    confirm_deleted,
    held,
    last_reconciliation,
    reconcile_now,
)
from integrations.sync.requests import CannotFetch
from integrations.sync.tasks import notify_on_commit


class HeldSerializer(serializers.Serializer):
    """So many of so many live responses were missing; nothing was marked, a person must decide."""

    gone = serializers.IntegerField()
    live = serializers.IntegerField()


class ReconciliationSerializer(serializers.Serializer):
    held = HeldSerializer(allow_null=True)
    last = FetchSerializer(allow_null=True, help_text="The latest reconciliation that has ended.")


class DecisionSerializer(serializers.Serializer):
    """With `confirmed_gone`: yes, they were deleted. Without: look again."""

    confirmed_gone = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None, help_text="`gone`, as it was shown."
    )


class Reconciliation(APIView):
    """Comparing a survey with a complete export, to see which responses were deleted at the source."""

    @extend_schema(
        summary="What a reconciliation holds back, and the latest one", responses=ReconciliationSerializer,
        operation_id="surveys_reconciliation_retrieve",
    )  # fmt: skip
    def get(self, request: Request, pk: int) -> Response:
        feed = _feed(pk)
        facts: dict[str, Any] = {"held": feed and held(feed), "last": feed and last_reconciliation(feed)}
        return Response(ReconciliationSerializer(facts).data)

    @extend_schema(
        summary="Reconcile now, or confirm that missing responses were deleted", request=DecisionSerializer,
        responses={202: FetchSerializer}, operation_id="surveys_reconciliation_create",
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """Confirmed responses are marked once a last look finds no more missing than were confirmed."""
        decision = DecisionSerializer(data=request.data)
        decision.is_valid(raise_exception=True)
        feed, gone = _feed(pk), decision.validated_data["confirmed_gone"]
        if feed is None:
            raise CannotFetch("nothing_to_retrieve")
        by: Any = request.user
        asked = confirm_deleted(feed, by, gone) if gone else reconcile_now(feed, by)
        notify_on_commit(asked)
        return Response(FetchSerializer(fetches().get(pk=asked.pk)).data, status=status.HTTP_202_ACCEPTED)


def _feed(survey_pk: int) -> SurveyFeed | None:
    survey = get_object_or_404(Survey, pk=survey_pk)
    return SurveyFeed.objects.select_related("connection", "survey").filter(survey=survey).first()
