"""The API console over the REST API."""

from __future__ import annotations

from typing import Any

import orjson
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations.console.calls import METHODS, NotSendable, call_api, read_call
from integrations.models import Connection, ConsoleCall


class ApiCallSerializer(serializers.Serializer):
    """A call to the vendor's API."""

    method = serializers.ChoiceField(choices=METHODS)
    path = serializers.CharField(
        max_length=2000, help_text=gettext_lazy("Relative to the root of the API, for example /v3/surveys.")
    )
    query = serializers.CharField(max_length=4000, required=False, default="", allow_blank=True)
    headers = serializers.DictField(child=serializers.CharField(trim_whitespace=False), required=False, default=dict)
    body = serializers.JSONField(required=False, default=None)
    confirm = serializers.BooleanField(
        default=False, help_text=gettext_lazy("Must be true for every method but GET: the call may change something.")
    )


class ApiOutcomeSerializer(serializers.Serializer):
    """What came of the call. `unknown`: it was sent, but its answer was lost; look before you send it again."""

    status = serializers.IntegerField(allow_null=True)
    milliseconds = serializers.IntegerField(allow_null=True)
    request_id = serializers.CharField(allow_blank=True)
    content_type = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True, help_text=gettext_lazy("The body; JSON is indented."))
    cut = serializers.BooleanField()
    binary = serializers.BooleanField()
    error_code = serializers.CharField(allow_blank=True)
    error = serializers.SerializerMethodField()
    unknown = serializers.BooleanField()

    def get_error(self, outcome: Any) -> str:
        return str(outcome.trouble or "")


class ConsoleCallSerializer(serializers.ModelSerializer):
    class Meta:
        model = ConsoleCall
        fields = [
            "id", "connection", "method", "path", "status", "milliseconds", "request_id", "error_code", "at",
        ]  # fmt: skip


class CallApi(APIView):
    """Makes one call to the API of this connection, once. Analysts may GET how surveys are made, admins everything."""

    @extend_schema(
        summary="Make an API call",
        request=ApiCallSerializer,
        responses=ApiOutcomeSerializer,
        operation_id="connections_call_create",
    )
    def post(self, request: Request, pk: int) -> Response:
        connection = get_object_or_404(Connection, pk=pk).require_enabled()
        asked = ApiCallSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        body = "" if values["body"] is None else orjson.dumps(values["body"]).decode()
        call = read_call(values["method"], values["path"], query=values["query"], headers=values["headers"], body=body)
        if call.may_change and not values["confirm"]:
            raise NotSendable("confirm", _("This call may change something: send it with confirm set to true."))
        outcome = call_api(connection, call, request.user)  # type: ignore[arg-type]
        return Response(ApiOutcomeSerializer(outcome).data)


@extend_schema_view(list=extend_schema(summary="Your calls in the API console, newest first"))
class ConsoleCalls(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Method, path and status; bodies and queries are not kept."""

    queryset = ConsoleCall.objects.none()
    serializer_class = ConsoleCallSerializer
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[ConsoleCall]:
        return ConsoleCall.objects.filter(user=self.request.user.pk)
