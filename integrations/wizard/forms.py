"""The answers given so far in the wizard "Add feedback data", and what they make.

They travel in the page itself, from step to step; nothing is kept in the database before the end. Whatever a later step
says is dropped when an earlier choice no longer leads to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.mapping.entries import Entry, read_entries
from feedback.mapping.proposals import Doubt, Proposal, Runs, proposal_of
from feedback.models import FeedbackItem, Frequency, Question, Survey
from integrations.models import Connection
from integrations.surveys.access import reader_of
from integrations.wizard import choices
from integrations.wizard.choices import Row
from kpis.mapping.choices import Choice, choice_of, metric_label, one_per_metric, said_instead, scale_values
from kpis.metrics.formulas import Formula, FormulaError
from kpis.metrics.proposals import points_of
from ui.number_fields import NumberField
from ui.numbers import whole_number
from ui.typed_numbers import written

STEPS: dict[str, Promise] = {
    "connection": gettext_lazy("Connection"),
    "survey": gettext_lazy("Survey"),
    "question": gettext_lazy("Question"),
    "metric": gettext_lazy("Metric"),
    "preview": gettext_lazy("Preview"),
}
ORDER = list(STEPS)
# Which fields each step asks for. The preview asks for nothing.
FIELDS: dict[str, tuple[str, ...]] = {
    "connection": ("connection",),
    "survey": ("survey",),
    "question": ("question",),
    "metric": (
        "is_scale", "metric", "positive", "reverse", "confirmed", "include_unfinished", "backfill", "count_from", "frequency",
        "title", "target_direction", "target",
    ),
    "preview": (),
}  # fmt: skip
_MANY = {"positive"}
# Not asked, only carried: what the answers of the metric step were proposed for.
_CARRIED = ("shaped_for", "mapped_for", "proposed_title", "seen_version")


class WizardForm(forms.Form):
    """All answers together. A step shows its own fields and carries the others along, hidden."""

    fields: Any
    data: Any

    connection = forms.ModelChoiceField(
        Connection.objects.none(),
        error_messages={
            "required": gettext_lazy("Choose a connection."),
            "invalid_choice": gettext_lazy("Choose a connection."),
        },
    )
    survey = forms.ModelChoiceField(
        Survey.objects.none(),
        error_messages={
            "required": gettext_lazy("Choose a survey."),
            "invalid_choice": gettext_lazy("Choose a survey."),
        },
    )
    question = forms.ModelChoiceField(
        Question.objects.none(),
        error_messages={
            "required": gettext_lazy("Choose a question."),
            "invalid_choice": gettext_lazy("Choose a question."),
        },
    )
    is_scale = forms.BooleanField(
        label=gettext_lazy("These choices are a scale"),
        required=False,
        help_text=gettext_lazy("In the order of the values above. Otherwise only shares of them mean something."),
    )
    confirmed = forms.BooleanField(
        label=gettext_lazy("I have looked at it: this is how the answers count"),
        required=False,
        error_messages={"required": gettext_lazy("Say first how the answers count: nothing is counted by a guess.")},
    )
    metric = forms.ChoiceField(label=gettext_lazy("Metric"), widget=forms.RadioSelect)
    positive = forms.MultipleChoiceField(
        label=gettext_lazy("Values that count as positive"),
        required=False,
        error_messages={"required": gettext_lazy("Choose at least one value that counts as positive.")},
        widget=forms.CheckboxSelectMultiple,
    )
    reverse = forms.BooleanField(
        label=gettext_lazy("A low answer is good"),
        required=False,
        help_text=gettext_lazy("For questions that ask for effort: 1 is best."),
    )
    include_unfinished = forms.BooleanField(label=gettext_lazy("Count unfinished responses"), required=False)
    backfill = forms.ChoiceField(
        label=gettext_lazy("Count responses"),
        choices=FeedbackItem.Backfill.choices,
        initial=FeedbackItem.Backfill.SURVEY_START,
        widget=forms.RadioSelect,
    )
    count_from = forms.DateField(
        label=gettext_lazy("First day that counts"),
        error_messages={"required": gettext_lazy("Say from which day responses count.")},
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    frequency = forms.ChoiceField(label=gettext_lazy("Retrieve data frequency"), required=False)
    title = forms.CharField(label=gettext_lazy("Title on the map"), max_length=200)
    target_direction = forms.ChoiceField(
        label=gettext_lazy("Target"), choices=FeedbackItem.Direction.choices, required=False
    )
    target = NumberField(label=gettext_lazy("Value"), required=False)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data, use_required_attribute=False)
        self._offer()

    # --- what is chosen, as far as it leads anywhere ------------------------------------------------------------------

    @cached_property
    def chosen_connection(self) -> Connection | None:
        return _find(Connection.objects.filter(enabled=True), self.data.get("connection"))

    @cached_property
    def chosen_survey(self) -> Survey | None:
        if not self.chosen_connection:
            return None
        return _find(Survey.objects.filter(source=self.chosen_connection.source_id), self.data.get("survey"))

    @cached_property
    def chosen_question(self) -> Question | None:
        if not self.chosen_survey:
            return None
        questions = self.chosen_survey.questions.filter(gone_at=None).select_related("survey")
        found = _find(questions, self.data.get("question"))
        return found if found and choice_of(found).formulas else None

    @cached_property
    def choice(self) -> Choice | None:
        """What can be measured, if the choices count as the table says."""
        if not self.chosen_question:
            return None
        proposed, entries = choice_of(self.chosen_question), self.entries
        if entries is None:
            return proposed
        said = said_instead(proposed.proposal, entries)
        if self.data.get("is_scale"):
            said = replace(said, runs=Runs.UP)
        found = choice_of(self.chosen_question, said)
        return found if found.formulas else replace(proposed, reason=found.reason)

    @cached_property
    def proposed(self) -> Proposal:
        """What the choices are proposed to stand for, and what has to be asked."""
        return proposal_of(self.chosen_question) if self.chosen_question else Proposal()

    @cached_property
    def rows(self) -> list[Row]:
        """The table of choices as it was filled in."""
        return choices.read(self.data, self.proposed)

    @property
    def entries(self) -> list[Entry] | None:
        """What each choice counts as; None while a row cannot be read."""
        return choices.entries_of(self.rows)

    @property
    def has_said(self) -> bool:
        """Whether the mapping rests on no guess, or a person has said that it holds."""
        return not self.proposed.doubts or bool(self.data.get("confirmed"))

    @cached_property
    def proposals(self) -> dict[str, Formula]:
        """The best formula of each metric that suits the question."""
        return one_per_metric(self.choice.formulas) if self.choice else {}

    @property
    def proposal(self) -> Formula | None:
        """The proposed formula of the chosen metric; of the best one if none is chosen."""
        return self.proposals.get(self.data.get("metric", "")) or next(iter(self.proposals.values()), None)

    def formula(self) -> Formula:
        """What is to be computed. Raises `FormulaError` while the answers do not make a formula."""
        base = self.proposals.get(self.cleaned_data.get("metric", ""))
        if base is None:
            raise FormulaError("No metric is chosen.")
        positive = tuple(self.cleaned_data.get("positive") or ()) if base.is_share else ()
        reverse = bool(self.cleaned_data.get("reverse"))
        return Formula(base.metric, base.scale_min, base.scale_max, positive, reverse)

    def as_proposed(self) -> QueryDict:
        """The answers without what was said of the choices and of how they count: that is proposed anew."""
        data = self.data.copy()
        for name in ("mapped_for", "shaped_for"):
            data.pop(name, None)
        return data

    # --- checking -----------------------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("positive") and len(values["positive"]) == len(self.fields["positive"].choices):
            self.add_error("positive", _("If every value counts as positive, the result is always 100%."))
        if self.entries is None:
            self.add_error("confirmed", _("Say of each choice what it counts as, or why it is left out."))
        elif self.choice and self.choice.reason:
            self.add_error("confirmed", self.choice.reason)
        if values.get("backfill") != FeedbackItem.Backfill.DATE and "count_from" in self.errors:
            del self.errors["count_from"]  # the day is asked for, and shown, with that choice only
        return values

    def step_with_problem(self, until: str) -> str | None:
        """The first step up to and including `until` that still lacks something."""
        for step in ORDER[: ORDER.index(until) + 1]:
            if any(name in self.errors for name in FIELDS[step]):
                return step
        return None

    def drop_errors_except(self, step: str) -> None:
        """Only the shown step's own problems are shown."""
        for name in [name for name in self.errors if name not in (*FIELDS[step], "__all__")]:
            del self.errors[name]

    # --- what goes on the page and into the item ----------------------------------------------------------------------

    def carried(self, step: str) -> Iterator[tuple[str, str]]:
        """The answers of the other steps, for hidden fields."""
        table = choices.names(self.data) if step != "metric" else []
        for name in (*_CARRIED, *table, *(field for other in ORDER if other != step for field in FIELDS[other])):
            for value in self.data.getlist(name):
                if value != "" or name.startswith(choices.LEAVE):
                    yield name, value

    def item_fields(self) -> dict[str, Any]:
        """What the answers say of the item; what is missing or wrong is left out."""
        values = self.cleaned_data
        fields: dict[str, Any] = {}
        if self.chosen_connection:
            # Also what is not chosen any more: a draft may have named a question of the survey chosen before.
            fields["source"] = self.chosen_connection.source
            fields["survey"], fields["question"] = self.chosen_survey, self.chosen_question
            if self.chosen_question is None:
                fields |= {"metric": "", "positive_values": []}
            elif self.has_said and self.entries is not None:
                fields["mapping"] = [entry.as_json() for entry in self.entries]
        try:
            formula = self.formula()
        except FormulaError:
            pass
        else:
            fields |= {
                "metric": formula.metric,
                "scale_min": formula.scale_min,
                "scale_max": formula.scale_max,
                "positive_values": list(formula.positive_values),
                "reverse": formula.reverse,
            }
        if values.get("backfill") and not (
            values["backfill"] == FeedbackItem.Backfill.DATE and not values.get("count_from")
        ):
            fields["backfill"] = values["backfill"]
            if values["backfill"] == FeedbackItem.Backfill.DATE:
                fields["count_from"] = values["count_from"]
        fields["include_unfinished"] = bool(values.get("include_unfinished"))
        fields["frequency"] = values.get("frequency") or ""
        fields["target"] = values.get("target")
        fields["target_direction"] = values.get("target_direction") or FeedbackItem.Direction.AT_LEAST
        return fields

    # --- making the offer ---------------------------------------------------------------------------------------------

    def _offer(self) -> None:
        self.fields["connection"].queryset = Connection.objects.filter(enabled=True)
        if self.chosen_connection:
            self.fields["survey"].queryset = Survey.objects.filter(source=self.chosen_connection.source_id)
        if self.chosen_question:
            self.fields["question"].queryset = Question.objects.filter(pk=self.chosen_question.pk)
            self._shape()
        question = self.chosen_question
        offered = [(metric, metric_label(question, metric)) for metric in self.proposals] if question else []
        self.fields["metric"].choices = offered
        self.fields["confirmed"].required = bool(self.proposed.doubts)
        if self.choice and self.proposal and self.proposal.is_share:
            self.fields["positive"].choices = scale_values(self.choice, self.proposal)
            self.fields["positive"].required = True
        self.fields["frequency"].choices = [("", self._frequency_of_connection()), *Frequency.choices]

    def _shape(self) -> None:
        """Fill in what is proposed, when the question or the metric is another than the answers were given for."""
        if not self.chosen_question or not self.chosen_survey:
            return
        data = self.data.copy()
        if data.get("mapped_for") != str(self.chosen_question.pk):
            choices.fill(data, self.proposed.entries)
            data["mapped_for"] = str(self.chosen_question.pk)
            for name in ("is_scale", "confirmed"):
                data.pop(name, None)
            self.data = data
            for name in ("rows", "choice", "proposals"):
                self.__dict__.pop(name, None)  # read before the table was filled
        formula = self.proposal
        if formula is None:
            return
        shape = shape_of(self.chosen_question.pk, formula.metric, self.choice.proposal.entries if self.choice else [])
        if data.get("shaped_for") != shape:
            data["metric"], data["shaped_for"] = formula.metric, shape
            unknown = Doubt.WORDS in self.proposed.doubts and not data.get("is_scale") and not self.proposed.positive
            data.setlist("positive", [] if unknown else list(formula.positive_values))
            data.setlist("reverse", ["on"] if formula.reverse else [])
            data.setdefault("backfill", FeedbackItem.Backfill.SURVEY_START)
        counted = metric_label(self.chosen_question, formula.metric)
        if self.chosen_question.kind == Question.Kind.CHOSEN:
            counted = self.chosen_question.wording.rpartition(" – ")[2]
        title = f"{counted[:120]} · {self.chosen_survey.name}"[:200]
        if data.get("title", "").strip() in ("", data.get("proposed_title", "")):
            data["title"] = title
        data["proposed_title"] = title
        self.data = data

    def _frequency_of_connection(self) -> str:
        if not self.chosen_connection:
            return _("That of the connection")
        return _("That of the connection (%(frequency)s)") % {
            "frequency": self.chosen_connection.get_frequency_display().lower()
        }


def answers_of(item: FeedbackItem) -> dict[str, list[str]]:
    """The answers that make this item, for changing it."""
    connection = (
        reader_of(item.survey) if item.survey else Connection.objects.filter(source=item.source_id or 0).first()
    )
    answers: dict[str, Any] = {
        "seen_version": item.version,
        "title": item.card.title,
        "connection": connection.pk if connection else "",
        "survey": item.survey_id or "",
        # A changed question is offered as it stands now, with the counting proposed for that.
        "question": (item.question.successor_id or item.question_id) if item.question else "",
        "metric": item.metric,
        "backfill": item.backfill,
        "count_from": item.count_from.isoformat() if item.count_from else "",
        "frequency": item.frequency,
        "target": "" if item.target is None else written(item.target),
        "target_direction": item.target_direction,
    }
    lists = {name: [str(value)] for name, value in answers.items()}
    said = read_entries(item.mapping)
    if item.question_id and item.mapping is not None:
        table = QueryDict(mutable=True)
        choices.fill(table, said)
        lists |= {name: table.getlist(name) for name in table}
        lists["mapped_for"] = [str(item.question_id)]
        lists["is_scale"] = ["on"] if item.metric == FeedbackItem.Metric.MEAN else []
        lists["confirmed"] = [] if item.mapping_assumed else ["on"]
    if item.question_id and item.metric:
        entries = said or (proposal_of(item.question).entries if item.question else [])
        lists["shaped_for"] = [shape_of(item.question_id, item.metric, entries)]
        lists["positive"] = [str(value) for value in item.positive_values]
        lists["reverse"] = ["on"] if item.reverse else []
    lists["include_unfinished"] = ["on"] if item.include_unfinished else []
    return lists


def shape_of(question: int, metric: str, entries: list[Entry]) -> str:
    """What a formula is proposed for: while it stays, what a person chose stays."""
    return f"{question}:{metric}:{','.join(points_of(entries))}"


def _find(rows: Any, raw: str | None) -> Any:
    pk = whole_number(raw)
    return None if pk is None else rows.filter(pk=pk).first()
