"""What the REST API shows of health."""

from __future__ import annotations

from rest_framework import serializers

from integrations.health.status import Condition


class HealthSerializer(serializers.Serializer):
    condition = serializers.ChoiceField(choices=[(condition.value, condition.value) for condition in Condition])
    label = serializers.CharField()  # type: ignore[assignment]
    sentence = serializers.CharField()
    what_to_do = serializers.CharField(allow_blank=True)
