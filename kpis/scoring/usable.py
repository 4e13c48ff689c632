"""Which answers to a question count, whoever asks: those that every item counts which cites it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping

from feedback.models import FeedbackItem
from kpis.counting.histograms import COUNTED, is_usable
from kpis.counting.keeping import register_usable
from kpis.metrics.formulas import MIXED
from kpis.scoring.scores import formula_of, mapping_of


def usable_of(question_ids: Collection[int]) -> Mapping[int, Callable[[str], bool]]:
    """By question: whether an answer counts for every item in use. Questions of no complete item are left out."""
    readings = defaultdict(list)
    items = FeedbackItem.objects.filter(question__in=question_ids).exclude(chosen_state=FeedbackItem.Chosen.DRAFT)
    for item in items:
        if (formula := formula_of(item)) and item.question_id:
            readings[item.question_id].append((formula, mapping_of(item)))

    def usable(question_id: int) -> Callable[[str], bool]:
        return lambda value: (
            value != MIXED
            and all(
                is_usable(COUNTED, value, formula, mapping=mapping, include=(COUNTED,))
                for formula, mapping in readings[question_id]
            )
        )

    return {question_id: usable(question_id) for question_id in list(readings)}


def register() -> None:
    """Tell those who keep blocks."""
    register_usable(usable_of)
