"""A question has changed: what an item would be counted by from now on, and the action that accepts it.

The rule: answers on different scales are never added up. Accepting starts a new version of the item's mapping. If the
answers still mean the same, all of them are retrieved and counted anew; on another scale, those from the day of the change
on. The former version keeps its answers and its numbers, see `mappings.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from feedback import items
from feedback.drift import Difference, differences, is_another_scale
from feedback.mapping.entries import Entry, read_entries
from feedback.mapping.values import value_key
from feedback.models import FeedbackItem, Question
from kpis.counting.periods import local_day
from kpis.mapping.choices import choice_of
from kpis.metrics.formulas import Formula
from kpis.metrics.proposals import points_of
from kpis.scoring.scores import Rules, formula_of


class Counting(TextChoices):
    """Which answers the new version of a mapping counts."""

    ALL = "all", gettext_lazy("All answers, from the beginning")
    SINCE = "since", gettext_lazy("Answers since the change")


@dataclass(frozen=True, slots=True)
class Offer:
    """What has changed, and what can be accepted. Without a formula the item's metric no longer suits the question."""

    question: Question
    lines: list[Difference]
    formula: Formula | None
    mapping: list[dict[str, str]] | None
    since: date  # local day of the change
    recommended: Counting


def offer_for(item: FeedbackItem) -> Offer | None:
    """What a person may accept for an item from `item_view.find`; None where its question has not changed."""
    question = item.question
    successor = question.successor if question else None
    chosen = FeedbackItem.Chosen
    if question is None or successor is None or successor.gone_at is not None:
        return None
    if item.chosen_state not in (chosen.RETRIEVING, chosen.PAUSED):
        return None
    lines = differences(question, successor)
    rules = Rules.current()
    formula, mapping = carried_over(item, successor)
    return Offer(
        question=successor,
        lines=lines,
        formula=formula,
        mapping=mapping,
        since=local_day(successor.asked_since or rules.now, rules.zone),
        recommended=Counting.SINCE if is_another_scale(lines) else Counting.ALL,
    )


def accept(
    item: FeedbackItem, seen_version: int, *, seen_question: int | None, counting: str, user: User | None
) -> FeedbackItem:
    """Count the question as it stands now. Raises `Outdated`, or `ValidationError` where that is not what was seen."""
    offer = offer_for(item)
    if offer is None:
        raise ValidationError(_("The question of this item has not changed, or is gone."))
    if offer.question.pk != seen_question:
        raise ValidationError(_("The question has changed once more. Look at the difference again."))
    if offer.formula is None:
        raise ValidationError(_("This metric no longer suits the question. Choose how answers are counted."))
    formula = offer.formula
    fields: dict[str, Any] = {
        "question": offer.question,
        "mapping": offer.mapping,
        "metric": formula.metric,
        "scale_min": formula.scale_min,
        "scale_max": formula.scale_max,
        "positive_values": list(formula.positive_values),
        "reverse": formula.reverse,
    }
    if counting == Counting.SINCE:
        fields["backfill"] = FeedbackItem.Backfill.DATE
        fields["count_from"] = max(filter(None, (item.count_from, offer.since)))
    return items.change_item(item, seen_version, user=user, **fields)


def carried_over(item: FeedbackItem, now: Question) -> tuple[Formula | None, list[dict[str, str]] | None]:
    """The item's formula and mapping for the changed question; no formula where a person has to say how it counts.

    What was said of a label holds for it, wherever its code has gone. Where choices came or went the mapping is proposed
    anew, with the same metric.
    """
    said = read_entries(item.mapping)
    choice = choice_of(now)
    same_kind = item.question is not None and item.question.kind == now.kind
    entries = (_moved_along(said, now) or _kept(said, choice.proposal.entries)) if same_kind else None
    if entries is not None:
        mapping = [entry.as_json() for entry in entries]
        formula = formula_of(item)
        return (formula if formula and _still_suits(formula, entries) else None), mapping
    formula = next((each for each in choice.formulas if each.metric == item.metric), None)
    if formula is None or choice.proposal.doubts:
        return None, None
    return formula, [entry.as_json() for entry in choice.proposal.entries]


def _moved_along(said: list[Entry], now: Question) -> list[Entry] | None:
    """The same labels, each told apart by its words, with their codes as they are now."""
    by_label = {entry.label.strip(): entry for entry in said}
    labels = [str(choice.get("label", "")).strip() for choice in now.choices]
    if not said or len(by_label) != len(said) or sorted(by_label) != sorted(labels):
        return None
    return [
        replace(by_label[label], code=value_key(choice["value"]))
        for label, choice in zip(labels, now.choices, strict=True)
    ]


def _kept(said: list[Entry], proposed: list[Entry]) -> list[Entry] | None:
    """The new choices, if they are proposed to count just as the item counts their codes so far."""
    counted = {entry.code: (entry.value, bool(entry.left_out)) for entry in said}
    if counted == {entry.code: (entry.value, bool(entry.left_out)) for entry in proposed}:
        return proposed
    return None


def _still_suits(formula: Formula, entries: list[Entry]) -> bool:
    return not entries or set(formula.positive_values) <= set(points_of(entries))
