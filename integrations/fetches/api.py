"""The ledger of fetches in the REST API, and "Retrieve now"."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from feedback.models import Survey
from integrations.fetches.filters import FetchFilter
from integrations.fetches.ledger import fetches
from integrations.fetches.retrieval import retrieve_now
from integrations.fetches.serializers import FetchSerializer
from integrations.models import Fetch
from integrations.sync.requests import CannotFetch
from integrations.sync.tasks import notify_on_commit


@extend_schema_view(
    list=extend_schema(summary="The ledger of fetches"), retrieve=extend_schema(summary="One fetch, with its progress")
)
class Fetches(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Every fetch, newest first: what was received, and what became of it."""

    queryset = Fetch.objects.none()
    serializer_class = FetchSerializer
    filterset_class = FetchFilter

    def get_queryset(self) -> QuerySet[Fetch]:
        return fetches()


class RetrieveNow(APIView):
    """Asks for a fetch of this survey at once. If one is under way, that one is answered."""

    @extend_schema(
        summary="Retrieve now", request=None, responses={202: FetchSerializer}, operation_id="surveys_fetch_create"
    )
    def post(self, request: Request, pk: int) -> Response:
        survey = get_object_or_404(Survey, pk=pk)
        feed = getattr(survey, "feed", None)
        if feed is None:
            raise CannotFetch("nothing_to_retrieve")
        asked = retrieve_now(feed, request.user)  # type: ignore[arg-type]
        notify_on_commit(asked)
        return Response(FetchSerializer(fetches().get(pk=asked.pk)).data, status=status.HTTP_202_ACCEPTED)
