"""A question has changed: what an item would be counted by from now on, and the action that accepts it.

The rule: answers on different scales are never added up. Accepting starts a new version of the item's mapping. If the
answers still mean the same, all of them are retrieved and counted anew; on another scale, those from the day of the change
on. The former version keeps its answers and its numbers, see `mappings.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from feedback import items
from feedback.drift import Difference, differences, is_another_scale
from feedback.models import FeedbackItem, Question
from kpis.counting.histograms import value_key
from kpis.counting.periods import local_day
from kpis.metrics.formulas import Formula
from kpis.metrics.proposals import not_applicable_values, propose
from kpis.scoring.scores import Rules


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
    return Offer(
        question=successor,
        lines=lines,
        formula=carried_over(item, question, successor),
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


def carried_over(item: FeedbackItem, before: Question, now: Question) -> Formula | None:
    """The item's formula for the changed question: the same metric, and as positive what has been positive so far."""
    proposed = propose(now.kind, now.scale_min, now.scale_max, now.choices, now.wording)
    formula = next((each for each in proposed if each.metric == item.metric), None)
    if formula is None:
        return None
    positive, reverse = formula.positive_values, formula.reverse
    was, is_now = _labels(before), _labels(now)
    same_scale = (before.scale_min, before.scale_max) == (now.scale_min, now.scale_max)
    if sorted(was.values()) == sorted(is_now.values()) and was != is_now and len({*was.values()}) == len(was):
        # Values were given to other choices: what is positive moves along with its label.
        value_of = {label: value for value, label in is_now.items()}
        positive = tuple(value_of[was[key]] for value in item.positive_values if (key := value_key(value)) in was)
    elif same_scale and was.keys() == is_now.keys():
        positive, reverse = tuple(map(value_key, item.positive_values)), item.reverse
    return Formula(formula.metric, formula.scale_min, formula.scale_max, positive, reverse)


def _labels(question: Question) -> Mapping[str, str]:
    """The values that count, each with its label."""
    left_out = not_applicable_values(question.choices)
    labels = {value_key(choice["value"]): str(choice.get("label", "")).strip() for choice in question.choices}
    return {value: label for value, label in labels.items() if value not in left_out}
