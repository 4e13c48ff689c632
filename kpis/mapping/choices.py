"""Which questions can be measured, and how: what the wizard offers and the API answers."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from feedback.models import Question
from kpis.counting.histograms import value_key
from kpis.metrics.formulas import Formula
from kpis.metrics.proposals import not_applicable_values, propose
from kpis.metrics.wording import METRIC_LABELS


@dataclass(frozen=True, slots=True)
class Choice:
    """A question with the formulas that suit it, best first; without any, with the reason."""

    question: Question
    formulas: list[Formula]
    reason: str = ""


def choice_of(question: Question) -> Choice:
    """What can be measured with this question."""
    formulas = propose(question.kind, question.scale_min, question.scale_max, question.choices, question.wording)
    return Choice(question, formulas, "" if formulas else _why_not(question))


def _why_not(question: Question) -> str:
    if question.why_not:
        return question.get_why_not_display()
    if question.kind == Question.Kind.TEXT:
        return _("A comment has no number. Choose its sentiment, if Text iQ analyses it.")
    if question.kind == Question.Kind.MULTI:
        return _("Several answers may be chosen at once. Choose one of them: the share who chose it is counted.")
    return _("Its answers have no numeric values.")


def metric_label(question: Question, metric: str) -> str:
    """The metric, in the words that suit the question."""
    return _("Share who chose it") if question.kind == Question.Kind.CHOSEN else str(METRIC_LABELS[metric])


def one_per_metric(formulas: list[Formula]) -> dict[str, Formula]:
    """The best formula of each metric, in the order proposed."""
    best: dict[str, Formula] = {}
    for formula in formulas:
        best.setdefault(formula.metric, formula)
    return best


def scale_values(question: Question, formula: Formula) -> list[tuple[str, str]]:
    """The values that may count as positive, lowest first, each with its label."""
    if question.kind == Question.Kind.CHOSEN:
        return [("0", _("not chosen")), ("1", _("chosen"))]
    labels = {value_key(choice["value"]): str(choice.get("label") or "") for choice in question.choices}
    left_out = not_applicable_values(question.choices)
    values = [value for value in labels if formula.accepts(value) and value not in left_out]
    low, high = formula.scale_min, formula.scale_max
    if not values and low is not None and high is not None and high - low <= 20:
        values = [value_key(low + step) for step in range(int(high - low) + 1)]
    shown = sorted(values, key=float)
    return [
        (value, f"{value} – {labels[value]}" if labels.get(value, value) not in ("", value) else value)
        for value in shown
    ]
