"""How the REST API writes KPIs: one shape for items, stages, phases and journeys."""

from __future__ import annotations

from rest_framework import serializers

from feedback.drift import Change
from feedback.models import FeedbackItem
from feedback.serializers import AskSerializer, EntrySerializer
from feedback.states import State
from kpis.mapping.acceptance import Counting
from kpis.mapping.confirmation import Holds
from kpis.models import Consolidation, Flag
from ui.numbers import LARGEST_ID

_STATES = [*State.values, "suppressed"]


class BlocksSerializer(serializers.Serializer):
    to = serializers.DateField(allow_null=True)
    waiting = serializers.IntegerField(help_text="Answers that are in no block yet.")
    waiting_late = serializers.IntegerField(help_text="Of days that blocks have left behind.")
    waiting_corrections = serializers.IntegerField(help_text="Changed answers that blocks count as they were.")

    def get_fields(self) -> dict[str, serializers.Field]:
        return {"from": serializers.DateField(allow_null=True)} | super().get_fields()


class WindowSerializer(serializers.Serializer):
    to = serializers.DateField(allow_null=True)
    tz = serializers.CharField()
    blocks = BlocksSerializer(
        required=False,
        allow_null=True,
        help_text="Under a threshold only: of which blocks of answers the figure is made. Null: they are being prepared.",
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        first = serializers.DateField(allow_null=True, help_text="The first local day; null: from the beginning.")
        return {"from": first} | super().get_fields()


class MeasureSerializer(serializers.Serializer):
    value = serializers.FloatField(allow_null=True, help_text="Unrounded. Null: no data yet, or hidden.")
    n = serializers.IntegerField(allow_null=True, help_text="Answers that count. Null: entered without its base.")
    people = serializers.IntegerField(
        allow_null=True, help_text="Responses behind the answers. Null: not known, or hidden."
    )
    n_effective = serializers.FloatField(
        allow_null=True, help_text="As many independent answers would tell as much; low bases and verdicts go by it."
    )
    ci95 = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, min_length=2, max_length=2, help_text="95 % interval."
    )


class LeftOutSerializer(serializers.Serializer):
    item = serializers.IntegerField()
    reason = serializers.ChoiceField(
        choices=["waiting", "needs_attention", "error", "no_data", "no_base", "no_weight", "suppressed"]
    )


class FigureSerializer(MeasureSerializer):
    """A KPI with all that a reader needs to trust it."""

    kpi = serializers.ChoiceField(choices=FeedbackItem.Metric.choices)
    formula = serializers.CharField(help_text="Equal names: equal metric, scale, positive values and direction.")
    ci_method = serializers.CharField(allow_null=True)
    weighting = serializers.ChoiceField(choices=Consolidation.Weighting.choices)
    items_used = serializers.IntegerField()
    items_total = serializers.IntegerField()
    left_out = LeftOutSerializer(many=True, help_text="The items that are not in the value, with the reason.")
    state = serializers.ChoiceField(choices=_STATES)
    window = WindowSerializer()
    as_of = serializers.DateTimeField(allow_null=True, help_text="Until when the data are known to be complete.")
    excluded = serializers.DictField(child=serializers.IntegerField(), help_text="Answers left out, by reason.")
    secondary = serializers.DictField(child=serializers.JSONField())
    low_base = serializers.BooleanField()
    oldest_response_on = serializers.DateField(allow_null=True)
    newest_response_on = serializers.DateField(allow_null=True)


class ThenSerializer(MeasureSerializer):
    """A figure at the moment of a flag."""


class FlagPeriodSerializer(serializers.Serializer):
    level = serializers.ChoiceField(choices=Flag.Level.choices)
    to = serializers.DateField()

    def get_fields(self) -> dict[str, serializers.Field]:
        return {"from": serializers.DateField()} | super().get_fields()


class FlagSerializer(serializers.Serializer):
    """A change that was written down: raised once for a complete month or quarter, or a week of 100 answers, never altered."""

    kind = serializers.ChoiceField(choices=["up", "down"])
    period = FlagPeriodSerializer(help_text="Compared with the one before.")
    raised_at = serializers.DateTimeField()
    kpi = serializers.ChoiceField(choices=FeedbackItem.Metric.choices)
    formula = serializers.CharField()
    before = ThenSerializer()
    after = ThenSerializer()
    difference = serializers.FloatField()
    ci95 = serializers.ListField(child=serializers.FloatField(), allow_null=True, min_length=2, max_length=2)
    p = serializers.FloatField(allow_null=True)
    looked_at = serializers.IntegerField(help_text="How many KPIs of the journey were looked at together.")


class TargetSerializer(serializers.Serializer):
    value = serializers.FloatField()
    direction = serializers.ChoiceField(choices=FeedbackItem.Direction.choices)
    verdict = serializers.ChoiceField(choices=["met", "missed", "undecided", "too_few", "no_data"])


class ItemFigureSerializer(serializers.Serializer):
    """An item's state, and its figure; null for a draft."""

    item = serializers.IntegerField()
    title = serializers.CharField()
    journey = serializers.IntegerField()
    stage = serializers.IntegerField()
    state = serializers.ChoiceField(choices=State.choices, help_text="Derived: chosen by somebody, or from facts.")
    explanation = serializers.CharField()
    mapping_assumed = serializers.BooleanField(
        help_text="It counts as before mappings were kept, and that would now be asked: see /kpis/mappings/."
    )
    figure = FigureSerializer(allow_null=True)
    target = TargetSerializer(allow_null=True)
    flags = FlagSerializer(many=True, help_text="Changes flagged for periods within the window, newest first.")


class ChangeSerializer(serializers.Serializer):
    """From the period before to this one."""

    kind = serializers.ChoiceField(
        choices=["up", "down", "none", "too_few", "unknown"], help_text="Of the figures themselves, flagged or not."
    )
    difference = serializers.FloatField(allow_null=True, help_text="Later minus earlier, unrounded.")
    ci95 = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, min_length=2, max_length=2, help_text="Of the difference."
    )
    p = serializers.FloatField(allow_null=True)
    smallest_that_would_show = serializers.FloatField(allow_null=True)
    flagged = serializers.BooleanField(
        help_text="Raised for complete months and quarters only, and for weeks that both hold 100 answers."
    )
    flag = FlagSerializer(
        allow_null=True, help_text="As it was raised for this week, month or quarter; null: it was not."
    )
    before = FigureSerializer()
    after = FigureSerializer()


class ItemChangeSerializer(serializers.Serializer):
    item = serializers.IntegerField()
    change = ChangeSerializer(allow_null=True)


class DifferenceSerializer(serializers.Serializer):
    change = serializers.ChoiceField(choices=[change.value for change in Change])
    label = serializers.CharField(help_text="The change in a word.")  # type: ignore[assignment]  # the shape's word
    before = serializers.CharField(allow_blank=True)
    now = serializers.CharField(allow_blank=True)


class ChangedQuestionSerializer(serializers.Serializer):
    """How an item's question has changed since it was mapped, and what accepting that would count by."""

    question = serializers.IntegerField(help_text="The question as it stands now: name it to accept it.")
    since = serializers.DateField(help_text="Local day of the change.")
    summary = serializers.CharField()
    differences = DifferenceSerializer(many=True)
    formula = serializers.CharField(allow_null=True, help_text="Null: the metric no longer suits; map it anew.")
    recommended = serializers.ChoiceField(choices=Counting.choices)


class FormerMappingSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    question = serializers.IntegerField(allow_null=True)
    wording = serializers.CharField()
    mapped_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField()
    figure = FigureSerializer(allow_null=True, help_text="Its last figure; it is in no KPI any more.")


class MappingSerializer(serializers.Serializer):
    """What an item counts, as a version; with those before it, and with what a person may accept."""

    item = serializers.IntegerField()
    version = serializers.IntegerField(help_text="Of the item, to be named when accepting.")
    number = serializers.IntegerField(help_text="Of the mapping; the first is 1.")
    question = serializers.IntegerField(allow_null=True)
    mapped_at = serializers.DateTimeField()
    changed = ChangedQuestionSerializer(allow_null=True)
    former = FormerMappingSerializer(many=True)


class AcceptSerializer(serializers.Serializer):
    """The item's version goes here too, or into the header If-Match."""

    version = serializers.IntegerField(required=False, min_value=1)
    question = serializers.IntegerField(help_text="The changed question that was seen.")
    answers = serializers.ChoiceField(choices=Counting.choices, help_text="Which answers the new version counts.")


class AssumedMappingSerializer(serializers.Serializer):
    """How an item counts without anybody having said so, beside what is proposed."""

    item = serializers.IntegerField()
    version = serializers.IntegerField(help_text="Of the item, to be named when confirming.")
    title = serializers.CharField()
    journey = serializers.IntegerField()
    asks = AskSerializer(many=True)
    mapping = EntrySerializer(many=True)
    proposed_mapping = EntrySerializer(many=True)
    formula = serializers.CharField(allow_null=True, help_text="Null: the metric does not suit; map it anew.")
    now = FigureSerializer(allow_null=True)
    proposed = FigureSerializer(allow_null=True, help_text="Null under a privacy threshold.")


class SeenItemSerializer(serializers.Serializer):
    item = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    version = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)


class ConfirmSerializer(serializers.Serializer):
    holds = serializers.ChoiceField(choices=Holds.choices)
    items = SeenItemSerializer(many=True)


class ConfirmedSerializer(serializers.Serializer):
    item = serializers.IntegerField()
    confirmed = serializers.BooleanField()
    detail = serializers.CharField(allow_blank=True)


class StageFiguresSerializer(serializers.Serializer):
    stage = serializers.IntegerField()
    name = serializers.CharField()
    kpis = FigureSerializer(many=True, help_text="One for each formula.")
    flags = FlagSerializer(many=True, help_text="Changes flagged for periods within the window, newest first.")


class PhaseFiguresSerializer(serializers.Serializer):
    phase = serializers.IntegerField()
    name = serializers.CharField()
    kpis = FigureSerializer(many=True, help_text="One for each formula.")
    flags = FlagSerializer(many=True, help_text="Changes flagged for periods within the window, newest first.")


class JourneyFiguresSerializer(serializers.Serializer):
    journey = serializers.IntegerField()
    name = serializers.CharField()
    weighting = serializers.ChoiceField(choices=Consolidation.Weighting.choices)
    kpis = FigureSerializer(many=True, help_text="One for each formula, the journeys below it included.")


class WeightingSerializer(serializers.Serializer):
    weighting = serializers.ChoiceField(choices=Consolidation.Weighting.choices)


class BucketSerializer(MeasureSerializer):
    to = serializers.DateField()
    partial = serializers.BooleanField(  # type: ignore[assignment]  # the shape's word, not the serializer's
        help_text="Still running, or cut by the window."
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        return {"from": serializers.DateField()} | super().get_fields()


class TrendSerializer(serializers.Serializer):
    item = serializers.IntegerField()
    kpi = serializers.ChoiceField(choices=FeedbackItem.Metric.choices)
    formula = serializers.CharField()
    bucket = serializers.ChoiceField(choices=["day", "week", "month", "rolling"])
    window = WindowSerializer()
    buckets = BucketSerializer(many=True, help_text="A bucket without answers is a gap: its value is null.")


class AnswerSerializer(serializers.Serializer):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # as above
    n = serializers.IntegerField()
    counts_as = serializers.CharField()


class AnswersSerializer(serializers.Serializer):
    item = serializers.IntegerField()
    suppressed = serializers.BooleanField(help_text="Too few answers: the organisation hides them.")
    answers = AnswerSerializer(many=True)
    excluded = serializers.DictField(child=serializers.IntegerField())


class BlockDaysSerializer(serializers.Serializer):
    def get_fields(self) -> dict[str, serializers.Field]:
        return {"from": serializers.DateField(), "to": serializers.DateField()}  # `from` is a word of Python's own


class CommentSerializer(serializers.Serializer):
    text = serializers.CharField()
    recorded_at = serializers.DateTimeField(allow_null=True, help_text="Null under a threshold.")
    block = BlockDaysSerializer(
        allow_null=True, help_text="Under a threshold: the days of the block that counts the answer."
    )
    language = serializers.CharField(allow_null=True)
    channel = serializers.CharField(allow_null=True)
    answer = serializers.CharField(allow_null=True, help_text="To the item's question; null under a threshold.")
    sentiment = serializers.CharField(allow_null=True, help_text="-2 to 2, or mixed; null under a threshold.")


class CommentsSerializer(serializers.Serializer):
    item = serializers.IntegerField()
    question = serializers.IntegerField(allow_null=True, help_text="Whose comments they are; null: there are none.")
    suppressed = serializers.BooleanField(help_text="Too few comments: the organisation hides them.")
    page = serializers.IntegerField()
    has_more = serializers.BooleanField()
    comments = CommentSerializer(many=True)


class RestatedSerializer(serializers.Serializer):
    survey = serializers.IntegerField()
    restated_at = serializers.DateTimeField(allow_null=True, help_text="Null: no blocks are kept of this survey.")


class ThresholdCostSerializer(serializers.Serializer):
    """What would be hidden if answers were counted in blocks of at least `threshold`."""

    threshold = serializers.IntegerField()
    items = serializers.IntegerField(help_text="With answers.")
    items_hidden = serializers.IntegerField()
    answers = serializers.IntegerField()
    answers_waiting = serializers.IntegerField()
    shortest_block_days = serializers.IntegerField(allow_null=True)
    longest_block_days = serializers.IntegerField(allow_null=True)
