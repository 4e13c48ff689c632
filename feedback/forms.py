"""Forms for items: those entered by hand, their values, and the settings of any item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from feedback import items
from feedback.models import FeedbackItem, ManualValue
from journeys.editing.forms import DeedForm
from journeys.models import Lane, Stage
from ui.number_fields import NumberField, WholeNumberField
from ui.typed_numbers import WEIGHT

Metric = FeedbackItem.Metric


class Measure(TextChoices):
    """What a value entered by hand measures: a metric with its usual scale and positive answers."""

    NPS = "nps", _("NPS, −100 to 100")
    CSAT_5 = "csat_5", _("CSAT in percent: 4 and 5 of 5")
    CSAT_7 = "csat_7", _("CSAT in percent: 6 and 7 of 7")
    CSAT_10 = "csat_10", _("CSAT in percent: 9 and 10 of 10")
    CES_7 = "ces_7", _("CES in percent: 5 to 7 of 7")
    MEAN = "mean", _("Mean of a scale")
    SENTIMENT = "sentiment", _("Sentiment, −2 to 2")


@dataclass(frozen=True)
class _Scale:
    metric: str
    low: float | None = None
    high: float | None = None
    positive: tuple[str, ...] = ()


_SCALES = {
    Measure.NPS: _Scale(Metric.NPS, 0, 10),
    Measure.CSAT_5: _Scale(Metric.CSAT, 1, 5, ("4", "5")),
    Measure.CSAT_7: _Scale(Metric.CSAT, 1, 7, ("6", "7")),
    Measure.CSAT_10: _Scale(Metric.CSAT, 1, 10, ("9", "10")),
    Measure.CES_7: _Scale(Metric.CES, 1, 7, ("5", "6", "7")),
    Measure.MEAN: _Scale(Metric.MEAN),
    Measure.SENTIMENT: _Scale(Metric.SENTIMENT, -2, 2),
}


def _day_field(**options: Any) -> forms.DateField:
    # The browser's own date field writes ISO, whatever the language of the page.
    return forms.DateField(
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), input_formats=["%Y-%m-%d"], **options
    )


class ManualValueForm(forms.ModelForm):
    """The value of one day."""

    day = _day_field(label=_("Day"))
    value = NumberField(label=_("Value"))
    n = WholeNumberField(label=_("Answers behind it"), required=False)

    class Meta:
        model = ManualValue
        fields = ["day", "value", "n", "note"]

    def __init__(self, *args: Any, item: FeedbackItem, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.item, self.user = item, user

    def save_or_explain(self) -> bool:
        """Enter the value; False with the errors at their fields if it cannot be."""
        try:
            items.set_manual_value(self.item, user=self.user, **self.cleaned_data)
        except ValidationError as refused:
            self.add_error(None, refused)
            return False
        return True


class ManualItemForm(forms.Form):
    """A new item whose values are entered by hand, with its first value if there is one already."""

    title = forms.CharField(label=_("Title on the map"), max_length=200)
    measure = forms.ChoiceField(label=_("What is measured"), choices=Measure.choices)
    scale_min = NumberField(label=_("Lowest value"), required=False, help_text=_("For a mean only."))
    scale_max = NumberField(label=_("Highest value"), required=False, help_text=_("For a mean only."))
    value = NumberField(label=_("First value"), required=False)
    day = _day_field(label=_("Day of the value"), required=False)
    n = WholeNumberField(label=_("Answers behind it"), required=False)
    note = forms.CharField(label=_("Where it comes from"), max_length=200, required=False)

    def __init__(self, *args: Any, lane: Lane, stage: Stage, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lane, self.stage, self.user = lane, stage, user

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if (values.get("value") is None) != (values.get("day") is None):
            missing = "day" if values.get("day") is None else "value"
            self.add_error(missing, _("A value and its day belong together."))
        return values

    def save_or_explain(self) -> bool:
        """Make the item; False with the errors at their fields if it cannot be."""
        values = self.cleaned_data
        scale = _SCALES[Measure(values["measure"])]
        by_scale = scale.metric == Metric.MEAN
        try:
            with transaction.atomic():
                item = items.create_item(
                    self.lane,
                    self.stage,
                    title=values["title"],
                    user=self.user,
                    retrieve=True,
                    origin=FeedbackItem.Origin.MANUAL,
                    metric=scale.metric,
                    scale_min=values["scale_min"] if by_scale else scale.low,
                    scale_max=values["scale_max"] if by_scale else scale.high,
                    positive_values=list(scale.positive),
                )
                if values["value"] is not None:
                    first = {name: values[name] for name in ("day", "value", "n", "note")}
                    items.set_manual_value(item, user=self.user, **first)
        except ValidationError as refused:
            self.add_error(None, refused)
            return False
        return True


class ItemSettingsForm(DeedForm):
    """What may change without touching how answers are counted."""

    title = forms.CharField(label=_("Title on the map"), max_length=200)
    target = NumberField(label=_("Target"), required=False)
    weight = NumberField(
        label=_("Weight"), bounds=WEIGHT, help_text=_("Used where KPIs are consolidated with custom weights.")
    )

    class Meta:
        model = FeedbackItem
        fields = ["title", "target", "target_direction", "weight", "frequency"]
        labels = {"target_direction": _("The target is reached with")}
        help_texts = {"frequency": _("Empty: as often as the connection says.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["title"] = self.instance.card.title
        if self.instance.origin == FeedbackItem.Origin.MANUAL:
            del self.fields["frequency"]

    def change(self, seen_version: int, values: dict[str, Any]) -> None:
        items.change_item(self.instance, seen_version, **values)
