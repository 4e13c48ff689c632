"""What the REST API shows of connections, live lists, previews and fetches, and what it takes."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from feedback.mapping.entries import checked, read_entries
from feedback.mapping.proposals import proposal_of
from feedback.models import FeedbackItem, Question, Survey
from feedback.serializers import AskSerializer, EntrySerializer, asks_of
from integrations.connections.forms import SECRET_AGAIN, TOKEN_AGAIN
from integrations.connections.testing import results_of
from integrations.health.serializers import HealthSerializer
from integrations.health.status import health_of
from integrations.models import Connection
from integrations.qualtrics.hosts import Host, normalise_host
from integrations.troubles.errors import HostRefused
from integrations.vault.credential_text import TokenRefusedAsText, read_client_secret, read_token
from integrations.vault.secret import Secret
from integrations.wizard.preview import Preview
from kpis.counting.mapped import mapped
from kpis.mapping.choices import choice_of, said_instead
from kpis.metrics.formulas import Formula, FormulaError
from ui.number_serializer_fields import NumberField
from versioning.api import VersionedSerializer


class HostField(serializers.CharField):
    """A data-centre id, a host or an address; answered in its one normal form."""

    def run_validation(self, data: Any = empty) -> Host:
        text = super().run_validation(data)
        try:
            return normalise_host(text)
        except HostRefused as refused:
            raise serializers.ValidationError(refused.sentence, code=refused.code) from None

    def to_representation(self, value: Any) -> str:
        return str(value)


class TokenField(serializers.CharField):
    """Goes in, never comes out."""

    read = staticmethod(read_token)
    code = "token_malformed"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(write_only=True, max_length=200, style={"input_type": "password"}, **kwargs)

    def run_validation(self, data: Any = empty) -> Secret:
        text = super().run_validation(data)
        try:
            return self.read(text)
        except TokenRefusedAsText as refused:
            raise serializers.ValidationError(str(refused), code=self.code) from None


class ClientSecretField(TokenField):
    """The same for the secret of an OAuth client."""

    read = staticmethod(read_client_secret)
    code = "client_secret_malformed"


class CheckSerializer(serializers.Serializer):
    """One check of the connector's test."""

    key = serializers.CharField()
    result = serializers.ChoiceField(choices=["ok", "failed", "skipped"])
    title = serializers.CharField()
    message = serializers.CharField()
    what_to_do = serializers.CharField(allow_blank=True)
    code = serializers.CharField(allow_blank=True)
    suggested_host = serializers.CharField(allow_blank=True)


class ConnectionSerializer(VersionedSerializer):
    host = HostField(max_length=2048, help_text=_("A data centre ID, a host, or an address copied from the browser."))
    token = TokenField(
        required=False,
        help_text=_("A new connection needs it, or an OAuth client, and again whenever the host changes."),
    )
    client_secret = ClientSecretField(
        required=False, help_text=_("Goes with client_id; needed again whenever one of client_id and host changes.")
    )
    auth_method = serializers.ChoiceField(
        choices=Connection.AuthMethod.choices,
        read_only=True,
        help_text=_("How the connection signs in. Sending a token, or a client_id with its secret, chooses."),
    )
    source: Any = serializers.PrimaryKeyRelatedField(read_only=True)
    health = serializers.SerializerMethodField()
    same_brand = serializers.SerializerMethodField(
        help_text=_("Other connections that see the same brand: each survey is fed by one of them.")
    )
    last_good_fetch_at = serializers.DateTimeField(read_only=True, allow_null=True)
    next_fetch_at = serializers.DateTimeField(read_only=True, allow_null=True)
    test_results = serializers.SerializerMethodField()

    class Meta:
        model = Connection
        fields = [
            "id", "version", "name", "host", "auth_method", "token", "client_id", "client_secret", "scopes",
            "token_set_at", "frequency", "at_time", "weekday", "enabled",
            "source", "same_brand", "health", "last_good_fetch_at", "next_fetch_at", "owner_name", "brand", "account_type",
            "tested_at", "test_results", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = [
            "token_set_at",
            "owner_name",
            "brand",
            "account_type",
            "tested_at",
            "created_at",
            "updated_at",
        ]

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_same_brand(self, connection: Connection) -> list[int]:
        return sorted(other.pk for other in connection.source.connections.all() if other.pk != connection.pk)

    @extend_schema_field(HealthSerializer)
    def get_health(self, connection: Connection) -> dict[str, Any]:
        return dict(HealthSerializer(health_of(connection, timezone.now())).data)

    @extend_schema_field(CheckSerializer(many=True))
    def get_test_results(self, connection: Connection) -> list[dict[str, Any]]:
        return list(CheckSerializer(results_of(connection), many=True).data)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        host, client_id = values.get("host"), values.get("client_id")
        has_token, has_secret = "token" in values, "client_secret" in values
        stored_host, stored_id = (self.instance.host, self.instance.client_id) if self.instance else ("", "")
        if has_token and (has_secret or client_id):
            raise serializers.ValidationError({"token": [_("Give a token or an OAuth client, not both.")]}, code="both")
        if has_secret and not (client_id or stored_id):
            raise serializers.ValidationError({"client_id": [_("This field is required.")]}, code="required")
        if has_token or has_secret:
            return values
        if client_id and client_id != stored_id:
            raise serializers.ValidationError(
                {"client_secret": [SECRET_AGAIN if stored_id else _("This field is required.")]}, code="required"
            )
        if self.instance is None or (client_id == "" and stored_id):
            raise serializers.ValidationError({"token": [_("This field is required.")]}, code="required")
        if host and host.name != stored_host:
            name, again = ("client_secret", SECRET_AGAIN) if stored_id else ("token", TOKEN_AGAIN)
            raise serializers.ValidationError({name: [again]}, code=f"{name}_needed")
        return values


class ConnectionChoiceSerializer(serializers.ModelSerializer):
    """As much of a connection as somebody needs who adds items."""

    health = serializers.SerializerMethodField()

    class Meta:
        model = Connection
        fields = ["id", "name", "source", "health"]  # those of one source see the same surveys

    @extend_schema_field(HealthSerializer)
    def get_health(self, connection: Connection) -> dict[str, Any]:
        return dict(HealthSerializer(health_of(connection, timezone.now())).data)


class LiveSurveySerializer(serializers.ModelSerializer):
    live_label = serializers.CharField(source="get_live_display")

    class Meta:
        model = Survey
        fields = ["id", "external_id", "name", "live", "live_label", "made_at", "owner", "last_response_at"]


class FormulaSerializer(serializers.Serializer):
    """A formula, as feedback items take it."""

    metric = serializers.ChoiceField(choices=FeedbackItem.Metric.choices)
    scale_min = serializers.FloatField(allow_null=True)
    scale_max = serializers.FloatField(allow_null=True)
    positive_values = serializers.ListField(child=serializers.CharField())
    reverse = serializers.BooleanField()
    name = serializers.CharField()


class QuestionSearchSerializer(serializers.Serializer):
    """Which of a survey's questions are wanted."""

    q = serializers.CharField(
        required=False, default="", max_length=200, help_text=_("Words of the wording, the label or the field.")
    )
    group = serializers.ChoiceField(choices=Question.Group.choices, required=False, default="")


class ProposedEntrySerializer(EntrySerializer):
    why = serializers.CharField(read_only=True)


class LiveQuestionSerializer(serializers.ModelSerializer):
    group = serializers.ChoiceField(choices=Question.Group.choices, read_only=True)
    proposals = serializers.SerializerMethodField(help_text=_("Formulas that suit the question, best first."))
    mapping = serializers.SerializerMethodField(
        help_text=_("What each choice is proposed to count as, with the reason.")
    )
    asks = serializers.SerializerMethodField(
        help_text=_("What an item on this question has to say, by giving its mapping, before data can be retrieved.")
    )
    not_measurable_because = serializers.SerializerMethodField(help_text=_("Empty if the question can be measured."))

    class Meta:
        model = Question
        fields = [
            "id", "field", "external_id", "label", "wording", "kind", "group", "choices", "scale_min", "scale_max",
            "proposals", "mapping", "asks", "not_measurable_because",
        ]  # fmt: skip

    @extend_schema_field(FormulaSerializer(many=True))
    def get_proposals(self, question: Question) -> list[dict[str, Any]]:
        return [dict(FormulaSerializer(formula).data) for formula in choice_of(question).formulas]

    @extend_schema_field(ProposedEntrySerializer(many=True))
    def get_mapping(self, question: Question) -> list[dict[str, str]]:
        return [{**line.entry.as_json(), "why": line.why} for line in proposal_of(question).lines]

    @extend_schema_field(AskSerializer(many=True))
    def get_asks(self, question: Question) -> list[dict[str, str]]:
        return asks_of(proposal_of(question))

    def get_not_measurable_because(self, question: Question) -> str:
        return choice_of(question).reason


class PreviewRequestSerializer(serializers.Serializer):
    """What a feedback item would count. Without a metric, the best proposal is taken."""

    question = serializers.PrimaryKeyRelatedField(
        queryset=Question.objects.filter(gone_at=None).select_related("survey"),
        help_text=_("From the list of the survey's questions."),
    )
    metric = serializers.ChoiceField(choices=FeedbackItem.Metric.choices, required=False)
    scale_min = NumberField(required=False, allow_null=True)
    scale_max = NumberField(required=False, allow_null=True)
    positive_values = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=200, allow_empty=True
    )
    reverse = serializers.BooleanField(required=False, default=False)
    mapping = EntrySerializer(  # type: ignore[call-arg]  # of the list that `many` makes
        many=True, required=False, max_length=500, help_text=_("As proposed, if it is not given.")
    )
    include_unfinished = serializers.BooleanField(required=False, default=False)
    count_from = serializers.DateField(required=False, allow_null=True, default=None)

    def validate_question(self, question: Question) -> Question:
        if question.survey.source_id != self.context["connection"].source_id:
            raise serializers.ValidationError(_("This question belongs to another connection."))
        return question

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        question = values["question"]
        choice = choice_of(question)
        if "mapping" in values:
            try:
                entries = read_entries(checked(values["mapping"], question.choices))
            except ValidationError as refused:
                raise serializers.ValidationError({"mapping": refused.messages}) from refused
            choice = choice_of(question, said_instead(choice.proposal, entries))
        if not choice.formulas:
            raise serializers.ValidationError({"question": [choice.reason]})
        metric = values.get("metric") or choice.formulas[0].metric
        base = next((formula for formula in choice.formulas if formula.metric == metric), None)
        if base is None:
            raise serializers.ValidationError({"metric": [_("This metric does not suit the question.")]})
        try:
            values["formula"] = Formula(
                metric,
                values.get("scale_min", base.scale_min),
                values.get("scale_max", base.scale_max),
                tuple(values.get("positive_values", base.positive_values)),
                values["reverse"] if "reverse" in self.initial_data else base.reverse,
            )
        except (FormulaError, ValueError, OverflowError):
            raise serializers.ValidationError(
                {"metric": [_("Metric, scale and positive values do not fit together.")]}
            ) from None
        values["mapped"] = mapped([entry.as_json() for entry in choice.proposal.entries])
        return values


class PreviewedAnswerSerializer(serializers.Serializer):
    recorded_at = serializers.DateTimeField()
    value = serializers.CharField(allow_blank=True)
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    counts = serializers.BooleanField(source="verdict.counts")
    counted_as = serializers.CharField(source="verdict.key")
    text = serializers.CharField(source="verdict.text")


class PreviewSerializer(serializers.Serializer):
    """The newest answers, how each is counted, and what the formula makes of all that were read."""

    figure = serializers.SerializerMethodField(
        help_text=_("The KPI in the shape of all KPIs; null if nothing was read.")
    )
    answers = PreviewedAnswerSerializer(many=True)
    read = serializers.IntegerField(help_text=_("Answers read."))
    stored = serializers.BooleanField(
        help_text=_("Read from the stored responses; otherwise just now from the vendor.")
    )
    since = serializers.DateField(allow_null=True, help_text=_("First day read; null for all."))
    complete = serializers.BooleanField()
    too_slow = serializers.BooleanField(
        help_text=_("The vendor did not answer in time. The item can be saved all the same.")
    )
    code = serializers.CharField(allow_blank=True)
    trouble = serializers.SerializerMethodField()

    @extend_schema_field({"type": "object", "nullable": True, "additionalProperties": True})
    def get_figure(self, shown: Preview) -> dict[str, Any] | None:
        return shown.figure.as_json() if shown.figure else None

    def get_trouble(self, shown: Preview) -> str:
        return str(shown.trouble or "")
