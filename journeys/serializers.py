"""How the REST API shows journeys and their parts."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from journeys.drawing.lanes import kind_named
from journeys.editing.skeletons import Skeleton
from journeys.models import AssumedSentiment, Card, Journey, JourneyPersona, Lane, Operation, Persona, Phase, Stage
from versioning.api import VersionedSerializer


class JourneySerializer(VersionedSerializer):
    class Meta:
        model = Journey
        fields = ["id", "name", "description", "parent", "version", "created_at", "updated_at"]


class NewJourneySerializer(JourneySerializer):
    skeleton = serializers.ChoiceField(
        Skeleton.choices, default=Skeleton.BLANK, write_only=True, help_text=_("What the new map starts with.")
    )

    class Meta(JourneySerializer.Meta):
        fields = [*JourneySerializer.Meta.fields, "skeleton"]


class PhaseSerializer(VersionedSerializer):
    first = serializers.PrimaryKeyRelatedField(
        queryset=Stage.objects.all(), required=False, write_only=True, help_text=_("First stage that it groups.")
    )
    last = serializers.PrimaryKeyRelatedField(
        queryset=Stage.objects.all(), required=False, write_only=True, help_text=_("Last stage that it groups.")
    )

    class Meta:
        model = Phase
        fields = ["id", "journey", "position", "name", "version", "first", "last"]
        read_only_fields = ["journey", "position"]

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if "last" in values and "first" not in values:
            raise serializers.ValidationError({"first": [_("Name the first stage as well.")]})
        return values


class NewPhaseSerializer(PhaseSerializer):
    class Meta(PhaseSerializer.Meta):
        read_only_fields = ["position"]


class StageSerializer(VersionedSerializer):
    class Meta:
        model = Stage
        fields = ["id", "journey", "phase", "position", "name", "description", "version"]
        read_only_fields = ["journey", "position"]


class NewStageSerializer(StageSerializer):
    after = serializers.PrimaryKeyRelatedField(
        queryset=Stage.objects.all(), required=False, write_only=True, help_text=_("The stage that it stands behind.")
    )

    class Meta(StageSerializer.Meta):
        fields = [*StageSerializer.Meta.fields, "after"]
        read_only_fields = ["position"]


class LaneSerializer(VersionedSerializer):
    class Meta:
        model = Lane
        fields = ["id", "journey", "kind", "position", "name", "version"]
        read_only_fields = ["journey", "position"]


class NewLaneSerializer(LaneSerializer):
    to = serializers.IntegerField(
        required=False, write_only=True, min_value=0, help_text=_("Its place among the lanes, from 0.")
    )

    class Meta(LaneSerializer.Meta):
        fields = [*LaneSerializer.Meta.fields, "to"]
        read_only_fields = ["position"]


class CardSerializer(VersionedSerializer):
    span = serializers.IntegerField(required=False, min_value=1, max_value=1000, help_text=_("Stages covered."))

    class Meta:
        model = Card
        fields = [
            "id", "lane", "stage", "span", "position", "title", "body", "channel", "version", "created_at", "updated_at"
        ]  # fmt: skip
        read_only_fields = ["position"]


class NewCardSerializer(CardSerializer):
    def validate_lane(self, lane: Lane) -> Lane:
        if kind_named(lane.kind).holds != "cards":
            raise serializers.ValidationError(_("Cards cannot be written into a lane of this kind."))
        return lane


class MoveSerializer(serializers.Serializer):
    to = serializers.IntegerField(min_value=0, help_text=_("The new place among its like, from 0."))
    version = serializers.IntegerField(
        required=False, min_value=1, help_text=_("The version that you saw, here or in If-Match.")
    )


class PersonaSerializer(VersionedSerializer):
    class Meta:
        model = Persona
        fields = ["id", "name", "description", "version"]


class JourneyPersonaSerializer(serializers.ModelSerializer):
    class Meta:
        model = JourneyPersona
        fields = ["id", "journey", "persona"]


class AssumedSentimentSerializer(serializers.ModelSerializer):
    """One of −2, −1, 0, 1, 2."""

    class Meta:
        model = AssumedSentiment
        fields = ["id", "journey_persona", "stage", "value"]

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None and {"journey_persona", "stage"} & set(values):
            same = all(
                values.get(name, getattr(self.instance, name)) == getattr(self.instance, name)
                for name in ("journey_persona", "stage")
            )
            if not same:
                raise serializers.ValidationError(_("Only the value of an assumed sentiment can be changed."))
        if self.instance is None and values["journey_persona"].journey_id != values["stage"].journey_id:
            raise serializers.ValidationError({"stage": [_("This stage belongs to another journey map.")]})
        return values


class MapPersonaSerializer(serializers.Serializer):
    id = serializers.IntegerField(help_text=_("Of the persona's place on this map."))
    persona = PersonaSerializer()
    sentiments = serializers.DictField(
        child=serializers.IntegerField(min_value=-2, max_value=2), help_text=_("Stage → assumed sentiment.")
    )


class MapSerializer(serializers.Serializer):
    """A whole map; its parts are in their order."""

    journey = JourneySerializer()
    phases = PhaseSerializer(many=True)
    stages = StageSerializer(many=True)
    lanes = LaneSerializer(many=True)
    cards = CardSerializer(many=True)
    personas = MapPersonaSerializer(many=True)


class OperationSerializer(serializers.ModelSerializer):
    """Something that was done to a map."""

    actor = serializers.CharField(
        source="actor.email", default=None, help_text=_("E-mail address; null for a command.")
    )
    undone = serializers.SerializerMethodField(help_text=_("Whether it is taken back at present."))
    undoes = serializers.IntegerField(
        source="undoes.number",
        default=None,
        help_text=_("Of an undo or a redo: the number of the operation it is about."),
    )

    class Meta:
        model = Operation
        fields = ["number", "kind", "name", "actor", "tab", "at", "undone", "undoes"]

    def get_undone(self, operation: Operation) -> bool:
        return operation.undone_by_id is not None


class RedoSerializer(serializers.Serializer):
    anyway = serializers.BooleanField(default=False, help_text=_("Also if somebody changed what it touches since."))


class UndoSerializer(RedoSerializer):
    number = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text=_("Of the operation; without it, the last of this tab."),
    )
