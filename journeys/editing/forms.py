"""Forms of the map's pages and dialogs."""

from __future__ import annotations

from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from journeys.drawing.lanes import all_kinds, kind_named
from journeys.drawing.sentiment_lane import Feeling
from journeys.editing import actions as editing
from journeys.editing.skeletons import Skeleton
from journeys.models import Card, Journey, JourneyPersona, Lane, Persona, Phase, Stage
from versioning.pages import VersionedForm


class DeedForm(VersionedForm):
    """A form that saves through a action. What the action refuses stands at its field."""

    def save_or_explain(self) -> bool:
        try:
            return super().save_or_explain()
        except ValidationError as refused:
            self.add_error(None, refused)
            return False

    def save(self, commit: bool = True) -> Any:
        values = {name: value for name, value in self.cleaned_data.items() if name != "seen_version"}
        if self.instance.pk is None:
            self.instance = self.create(values)
        else:
            self.change(self.cleaned_data["seen_version"], values)
        return self.instance

    def create(self, values: dict[str, Any]) -> Any:
        raise NotImplementedError

    def change(self, seen_version: int, values: dict[str, Any]) -> None:
        editing.change(self.instance, seen_version, **values)


class JourneyForm(DeedForm):
    skeleton = forms.ChoiceField(
        label=_("Start with"), choices=Skeleton.choices, initial=Skeleton.TEMPLATE, widget=forms.RadioSelect
    )

    class Meta:
        model = Journey
        fields = ["name", "description", "parent"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}
        help_texts = {"parent": _("The parent journey consolidates the KPIs of the journeys below it.")}

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        parents = self.fields["parent"]
        parents.empty_label = _("No parent journey")  # type: ignore[attr-defined]
        if self.instance.pk is not None:
            del self.fields["skeleton"]
            parents.queryset = Journey.objects.exclude(pk=self.instance.pk)  # type: ignore[attr-defined]

    def create(self, values: dict[str, Any]) -> Journey:
        return editing.create_journey(values.pop("name"), created_by=self.user, **values)

    def change(self, seen_version: int, values: dict[str, Any]) -> None:
        editing.change_journey(self.instance, seen_version, **values)


class PartForm(DeedForm):
    """A part of one map. `at` is where the person pointed: the lane, stage, phase … that the address named."""

    def __init__(self, *args: Any, journey: Journey, at: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.journey, self.at = journey, at

    def of(self, current: Any) -> Self:
        return type(self)(instance=current, journey=self.journey, at={})


class PhaseForm(PartForm):
    template_name = "journeys/phase_fields.html"
    first = forms.ModelChoiceField(Stage.objects.none(), label=_("From stage"), required=False)
    last = forms.ModelChoiceField(Stage.objects.none(), label=_("To stage"), required=False)

    class Meta:
        model = Phase
        fields = ["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stages = self.journey.stages.all()
        covered = [stage for stage in stages if self.instance.pk and stage.phase_id == self.instance.pk]
        free = [stage for stage in stages if stage.phase_id is None]
        for name in ("first", "last"):
            self.fields[name].queryset = stages  # type: ignore[attr-defined]
            self.fields[name].empty_label = _("No stage yet")  # type: ignore[attr-defined]
        if chosen := covered or (free[:1] if not self.instance.pk else []):
            self.initial.update(first=chosen[0], last=chosen[-1])

    def create(self, values: dict[str, Any]) -> Phase:
        return editing.create_phase(self.journey, **values)


class StageForm(PartForm):
    class Meta:
        model = Stage
        fields = ["name", "description", "phase"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        phases = self.journey.phases.all()
        self.fields["phase"].queryset = phases  # type: ignore[attr-defined]
        self.fields["phase"].empty_label = _("No phase")  # type: ignore[attr-defined]
        if self.at.get("after") or not phases:
            del self.fields["phase"]
        elif self.instance.pk is None:
            self.initial["phase"] = self.at.get("phase")

    def create(self, values: dict[str, Any]) -> Stage:
        return editing.create_stage(self.journey, after=self.at.get("after"), **values)


class LaneForm(PartForm):
    class Meta:
        model = Lane
        fields = ["kind", "name"]
        help_texts = {"name": _("Empty: the lane is called by its kind.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = list(all_kinds())
        if self.instance.pk and self.instance.cards.exists():
            holds = kind_named(self.instance.kind).holds
            kinds = [kind for kind in kinds if kind.holds == holds]
        self.fields["kind"].choices = [(kind.name, kind.label) for kind in kinds]  # type: ignore[attr-defined]

    def create(self, values: dict[str, Any]) -> Lane:
        after = self.at.get("after")
        return editing.create_lane(self.journey, to=after.position + 1 if after else None, **values)


class CardForm(PartForm):
    template_name = "journeys/card_fields.html"

    class Meta:
        model = Card
        fields = ["title", "body", "channel", "stage", "span", "lane"]
        widgets = {"body": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lane = self.instance.lane if self.instance.pk else self.at.get("lane")
        holds = kind_named(lane.kind).holds if lane else "cards"
        lanes = [other for other in self.journey.lanes.all() if kind_named(other.kind).holds == holds]
        self.fields["lane"].queryset = self.journey.lanes.filter(pk__in=[other.pk for other in lanes])  # type: ignore[attr-defined]
        self.fields["stage"].queryset = self.journey.stages.all()  # type: ignore[attr-defined]
        for name in ("lane", "stage"):
            self.fields[name].empty_label = None  # type: ignore[attr-defined]
        self.fields["span"].widget = forms.NumberInput(attrs={"min": 1, "max": self.journey.stages.count()})
        if lane is not None and lane.kind != Lane.Kind.INTERACTIONS:
            del self.fields["channel"]
        if self.instance.pk is None:
            self.initial.update(lane=lane, stage=self.at.get("stage"))

    def clean_lane(self) -> Lane:
        lane = self.cleaned_data["lane"]
        if self.instance.pk is None and kind_named(lane.kind).holds != "cards":
            raise ValidationError(_("Cards cannot be written into a lane of this kind."), code="not_for_cards")
        return lane

    def create(self, values: dict[str, Any]) -> Card:
        return editing.create_card(values.pop("lane"), values.pop("stage"), **values)


class PersonaForm(VersionedForm):
    class Meta:
        model = Persona
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class ExistingPersonaForm(forms.Form):
    """Puts a persona that travels other maps on this one too."""

    persona = forms.ModelChoiceField(Persona.objects.none(), label=_("Persona"), empty_label=None)

    def __init__(self, *args: Any, journey: Journey, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["persona"].queryset = Persona.objects.exclude(journey_personas__journey=journey)  # type: ignore[attr-defined]


_NO_FEELING = "none"


class SentimentForm(forms.Form):
    """One choice for each persona of the map."""

    def __init__(self, *args: Any, travelling: list[JourneyPersona], now: dict[int, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.travelling = travelling
        for travels in travelling:
            self.fields[f"persona_{travels.pk}"] = forms.TypedChoiceField(
                label=travels.persona.name,
                choices=[*Feeling.choices, (_NO_FEELING, _("Not assumed yet"))],
                coerce=lambda value: None if value == _NO_FEELING else int(value),
                initial=now.get(travels.pk, _NO_FEELING),
                widget=forms.RadioSelect,
            )

    @property
    def values(self) -> dict[JourneyPersona, int | None]:
        return {travels: self.cleaned_data[f"persona_{travels.pk}"] for travels in self.travelling}
