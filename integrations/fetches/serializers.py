"""What the REST API shows of fetches."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from integrations.fetches.ledger import time_taken, trouble_of
from integrations.fetches.progress import progress_of
from integrations.models import Fetch


class ProgressSerializer(serializers.Serializer):
    percent = serializers.IntegerField()
    sentence = serializers.CharField()


class FetchSerializer(serializers.ModelSerializer):
    """A line of the ledger: received = new + changed + unchanged + rejected."""

    survey = serializers.IntegerField(source="feed.survey_id")
    survey_name = serializers.CharField(source="feed.survey.name")
    connection = serializers.IntegerField(source="connection_id", allow_null=True)
    asked_by = serializers.CharField(source="asked_by.email", default=None, allow_null=True)
    is_open = serializers.BooleanField()
    progress = serializers.SerializerMethodField()
    duration_seconds = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField(help_text=_("What went wrong and what to do, in sentences."))

    class Meta:
        model = Fetch
        fields = [
            "id", "uuid", "connection", "survey", "survey_name", "trigger", "asked_by", "full", "state", "step",
            "is_open", "progress", "window_from", "created_at", "started_at", "finished_at", "duration_seconds",
            "calls", "received", "new", "changed", "unchanged", "rejected", "rejected_by_reason", "error_code",
            "error", "error_detail",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, fetch: Fetch) -> dict[str, Any]:
        return dict(ProgressSerializer(progress_of(fetch)).data)

    def get_duration_seconds(self, fetch: Fetch) -> float | None:
        taken = time_taken(fetch)
        return taken.total_seconds() if taken else None

    def get_error(self, fetch: Fetch) -> str:
        trouble = trouble_of(fetch)
        return f"{trouble.title} {trouble.what_to_do}" if trouble else ""
