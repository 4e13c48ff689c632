"""How the REST API writes surveys, questions, items, values entered by hand and responses."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from feedback.items import FIELDS
from feedback.mapping.entries import REASONS
from feedback.mapping.proposals import Doubt, Proposal, proposal_of
from feedback.models import FeedbackItem, ManualValue, Question, Response, Survey
from feedback.states import question_differs
from journeys.models import Lane, Stage
from ui.number_serializer_fields import NumberField
from ui.typed_numbers import COUNT, WEIGHT
from versioning.api import VersionedSerializer


class SurveySerializer(serializers.ModelSerializer):
    source_name = serializers.CharField(source="source.name", read_only=True)

    class Meta:
        model = Survey
        fields = [
            "id", "source", "source_name", "external_id", "name", "live", "read_at", "retrieve_every",
            "last_good_fetch_at", "failing_since", "failure_code", "attention_code", "first_response_at",
            "last_response_at",
        ]  # fmt: skip
        read_only_fields = fields


class ChoiceSerializer(serializers.Serializer):
    value = serializers.CharField()
    label = serializers.CharField(required=False)  # type: ignore[assignment]  # the choice's, not the field's
    analyze = serializers.BooleanField(required=False, help_text=_("False: excluded from analysis by the author."))


class EntrySerializer(serializers.Serializer):
    """What one choice counts as: a value, or the reason why it is left out."""

    code = serializers.CharField(max_length=40)
    label = serializers.CharField(  # type: ignore[assignment]  # the choice's, not the field's
        required=False, allow_blank=True, help_text=_("As the question has it; what is sent is not read.")
    )
    value = serializers.CharField(max_length=20, required=False, allow_null=True)
    left_out = serializers.ChoiceField(choices=list(REASONS), required=False)

    def to_representation(self, instance: Any) -> Any:
        return dict(instance)


class AskSerializer(serializers.Serializer):
    """What a person has to say before data can be retrieved, because it would be a guess."""

    code = serializers.ChoiceField(choices=[doubt.value for doubt in Doubt])
    text = serializers.CharField()


def asks_of(proposal: Proposal) -> list[dict[str, str]]:
    """The questions of a proposal."""
    return [
        {"code": doubt.value, "text": text} for doubt, text in zip(proposal.doubts, proposal.questions, strict=True)
    ]


class QuestionSerializer(serializers.ModelSerializer):
    choices = ChoiceSerializer(many=True, read_only=True)

    class Meta:
        model = Question
        fields = [
            "id", "survey", "field", "external_id", "label", "wording", "kind", "choices", "scale_min", "scale_max",
            "about", "position", "gone_at", "asked_since", "successor",
        ]  # fmt: skip
        read_only_fields = fields


class ItemSerializer(VersionedSerializer):
    """A Feedback Data item with its card. What is not in `items.FIELDS` is set by actions, never by a client."""

    title = serializers.CharField(source="card.title", max_length=200)
    journey = serializers.IntegerField(source="card.lane.journey_id", read_only=True)
    lane = serializers.IntegerField(source="card.lane_id", read_only=True)
    stage = serializers.IntegerField(source="card.stage_id", read_only=True)
    span = serializers.IntegerField(source="card.span", read_only=True)
    question = serializers.PrimaryKeyRelatedField(
        queryset=Question.objects.select_related("survey__source"), allow_null=True, required=False
    )
    survey = serializers.PrimaryKeyRelatedField(
        queryset=Survey.objects.select_related("source"), allow_null=True, required=False
    )
    mapping = EntrySerializer(  # type: ignore[call-arg]  # of the list
        many=True,
        required=False,
        allow_null=True,
        max_length=500,
        help_text=_("What each choice counts as. Null: not said; what is proposed is taken if it rests on no guess."),
    )
    asks = serializers.SerializerMethodField(
        help_text=_("What has to be said, by giving the mapping, before data can be retrieved.")
    )
    positive_values = serializers.ListField(child=serializers.CharField(max_length=20), required=False, max_length=100)
    scale_min = NumberField(allow_null=True, required=False)
    scale_max = NumberField(allow_null=True, required=False)
    target = NumberField(allow_null=True, required=False)
    weight = NumberField(bounds=WEIGHT, required=False)
    question_differs = serializers.SerializerMethodField(
        help_text=_("The question has changed since it was mapped: nothing new is counted until it is confirmed.")
    )

    class Meta:
        model = FeedbackItem
        fields = [
            "id", "version", "card", "journey", "lane", "stage", "span", "title", "origin", "source", "survey",
            "question", "question_differs", "mapping", "asks", "metric", "scale_min", "scale_max", "positive_values", "reverse",
            "include_unfinished", "chosen_state", "backfill", "count_from", "frequency", "target", "target_direction",
            "weight", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["card", "origin", "source", "chosen_state", "created_at", "updated_at"]

    @extend_schema_field(AskSerializer(many=True))
    def get_asks(self, item: FeedbackItem) -> list[dict[str, str]]:
        return asks_of(proposal_of(item.question)) if item.question is not None and item.mapping is None else []

    @extend_schema_field(bool)
    def get_question_differs(self, item: FeedbackItem) -> bool:
        return question_differs(item)

    def deed_arguments(self) -> dict[str, Any]:
        """The validated data as `items.create_item` and `items.change_item` take them."""
        data = dict(self.validated_data)
        card = data.pop("card", {})
        arguments = {name: value for name, value in data.items() if name in FIELDS}
        return arguments | ({"title": card["title"]} if "title" in card else {})


class NewItemSerializer(ItemSerializer):
    """An item with its place on the map, which is chosen when it is made; later it is moved as a card."""

    lane = serializers.PrimaryKeyRelatedField(  # type: ignore[assignment]  # read-only in the serializer above
        source="card.lane", queryset=Lane.objects.all()
    )
    stage = serializers.PrimaryKeyRelatedField(  # type: ignore[assignment]  # as the lane
        source="card.stage", queryset=Stage.objects.all()
    )
    span = serializers.IntegerField(source="card.span", min_value=1, max_value=1000, default=1)
    start_retrieving = serializers.BooleanField(
        write_only=True,
        default=False,
        help_text=_("Retrieve data at once; otherwise the item is a draft, to be completed later."),
    )

    class Meta(ItemSerializer.Meta):
        fields = [*ItemSerializer.Meta.fields, "start_retrieving"]
        read_only_fields = [name for name in ItemSerializer.Meta.read_only_fields if name != "origin"]


class ManualValueSerializer(serializers.ModelSerializer):
    """A value entered by hand. Null where so few answers stand behind it that the organisation hides it."""

    value = NumberField()

    def to_representation(self, entered: ManualValue) -> dict[str, Any]:
        told = super().to_representation(entered)
        threshold = self.context.get("threshold")
        return told | {"value": None} if threshold and (entered.n or 0) < threshold else told

    class Meta:
        model = ManualValue
        fields = ["day", "value", "n", "note", "entered_at"]
        read_only_fields = ["entered_at"]
        extra_kwargs = {"n": {"min_value": int(COUNT.least), "max_value": int(COUNT.most)}}


class VersionSerializer(serializers.Serializer):
    """A action names the version that it saw, here or in the header If-Match."""

    version = serializers.IntegerField(required=False, min_value=1)


class ResponseSerializer(serializers.ModelSerializer):
    answers = serializers.SerializerMethodField()

    class Meta:
        model = Response
        fields = [
            "id", "survey", "external_id", "recorded_at", "status", "finished", "language", "channel", "answers",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(
        serializers.DictField(
            help_text=_("By the id of the question; null: shown and left empty; “?”: given, and not readable.")
        )
    )
    def get_answers(self, response: Response) -> dict[str, Any]:
        only, hidden = self.context.get("only"), self.context.get("hidden", ())
        return {
            pk: value
            for pk, value in response.answers.items()
            if int(pk) not in hidden and (only is None or int(pk) == only)
        }


class ResponseQuery(serializers.Serializer):
    """`?survey=…&question=…&from=…&to=…`; a moment without an offset is one of the `zone` in the context."""

    survey = serializers.PrimaryKeyRelatedField(queryset=Survey.objects.all(), required=False)
    question = serializers.PrimaryKeyRelatedField(queryset=Question.objects.select_related("survey"), required=False)

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        for name in ("from", "to"):  # `from` is a word of Python's own
            fields[name] = serializers.DateTimeField(required=False, default_timezone=self.context["zone"])
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        survey, question = attrs.get("survey"), attrs.get("question")
        if question is None:
            if survey is None:
                raise serializers.ValidationError({"survey": [_("Say which survey, or which question.")]})
            return attrs
        if survey is not None and question.survey_id != survey.pk:
            raise serializers.ValidationError({"question": [_("This question belongs to another survey.")]})
        return attrs | {"survey": question.survey}
