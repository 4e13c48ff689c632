"""Which questions can be measured, and how: what the wizard offers and the API answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from django.utils.translation import gettext as _

from feedback.mapping.entries import Entry, labels_by_value
from feedback.mapping.proposals import Proposal, proposal_of
from feedback.models import Question
from kpis.metrics.formulas import Formula
from kpis.metrics.proposals import formulas_for, points_of
from kpis.metrics.wording import METRIC_LABELS


@dataclass(frozen=True, slots=True)
class Choice:
    """A question with the formulas that suit it, best first; without any, with the reason.

    `proposal` says what its choices stand for, and what has to be asked before that may be used.
    """

    question: Question
    formulas: list[Formula]
    reason: str = ""
    proposal: Proposal = field(default_factory=Proposal)


def choice_of(question: Question, said: Proposal | None = None) -> Choice:
    """What can be measured with this question, if its choices count as proposed, or as `said`."""
    proposal = said or proposal_of(question)
    formulas = formulas_for(
        proposal, question.kind, question.scale_min, question.scale_max, question.wording, question.form
    )
    return Choice(question, formulas, "" if formulas else _why_not(question, proposal), proposal)


def said_instead(proposal: Proposal, entries: list[Entry]) -> Proposal:
    """The proposal with the entries that a person gives instead, in the same order."""
    lines = tuple(replace(line, entry=entry) for line, entry in zip(proposal.lines, entries, strict=True))
    return replace(proposal, lines=lines, doubts=(), strays=())


def _why_not(question: Question, proposal: Proposal) -> str:
    if question.why_not:
        return question.get_why_not_display()
    if question.kind == Question.Kind.TEXT:
        return _("A comment has no number. Choose its sentiment, if Text iQ analyses it.")
    if question.kind == Question.Kind.MULTI:
        return _("Several answers may be chosen at once. Choose one of them: the share who chose it is counted.")
    if proposal.lines and len(points_of(proposal.entries)) < 2:
        return _("Fewer than two of its choices count, so there is nothing to measure.")
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


def scale_values(choice: Choice, formula: Formula) -> list[tuple[str, str]]:
    """The values that may count as positive, lowest first, each with its label."""
    if choice.question.kind == Question.Kind.CHOSEN:
        return [("0", _("not chosen")), ("1", _("chosen"))]
    entries = choice.proposal.entries
    labels = labels_by_value(entries)
    shown = [value for value in points_of(entries) if formula.accepts(value)]
    low, high = formula.scale_min, formula.scale_max
    if not shown and low is not None and high is not None and high - low <= 20:
        shown = [f"{low + step:g}" for step in range(int(high - low) + 1)]
    return [
        (value, f"{value} – {labels[value]}" if labels.get(value, value) not in ("", value) else value)
        for value in shown
    ]
