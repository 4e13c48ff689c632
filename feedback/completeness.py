"""What an item still needs before data can be retrieved for it. Pure: reads the item and its question."""

from __future__ import annotations

import math
from collections.abc import Mapping

from django.utils.translation import gettext as _

from feedback.mapping.entries import Entry, read_entries
from feedback.models import FeedbackItem, Question

Problems = dict[str, str]

_SHARES = (FeedbackItem.Metric.CSAT, FeedbackItem.Metric.CES)
_FIXED_SCALES: Mapping[str, tuple[float, float]] = {
    FeedbackItem.Metric.NPS: (0, 10),
    FeedbackItem.Metric.SENTIMENT: (-2, 2),
}
_MEASURABLE = (
    Question.Kind.NPS,
    Question.Kind.CHOICE,
    Question.Kind.NUMBER,
    Question.Kind.CHOSEN,
    Question.Kind.EMBEDDED,
    Question.Kind.SCORE,
)


def problems_of(item: FeedbackItem) -> Problems:
    """Field → what is missing or wrong there; empty if data can be retrieved."""
    problems: Problems = {}
    if item.origin == FeedbackItem.Origin.SURVEY:
        problems |= _question_problems(item)
    if not item.metric:
        problems["metric"] = _("Choose a metric.")
    else:
        problems |= _scale_problems(item) or _answer_problems(item)
    if item.backfill == FeedbackItem.Backfill.DATE and item.count_from is None:
        problems["count_from"] = _("Say from which day responses count.")
    return problems


def _question_problems(item: FeedbackItem) -> Problems:
    question = item.question
    if question is None:
        return {"question": _("Choose a question.")}
    if question.successor_id is not None:
        return {
            "question": _("The question has changed since it was mapped. Accept the new mapping, or choose another.")
        }
    if question.gone_at is not None:
        return {"question": _("This question is no longer in the survey. Choose another one.")}
    wanted = (Question.Kind.SENTIMENT,) if item.metric == FeedbackItem.Metric.SENTIMENT else _MEASURABLE
    if item.metric and question.kind not in wanted:
        return {"metric": _("This metric cannot be computed from a question of this type.")}
    return {}


def _scale_problems(item: FeedbackItem) -> Problems:
    low, high = item.scale_min, item.scale_max
    ends = [end for end in (low, high) if end is not None]
    if not all(map(math.isfinite, ends)) or (low is not None and high is not None and low >= high):
        return {"scale_max": _("The highest value must be above the lowest.")}
    fixed = _FIXED_SCALES.get(item.metric)
    if fixed and (low, high) not in (fixed, (None, None)):
        runs = {"low": fixed[0], "high": fixed[1]}
        return {"scale_max": _("The scale of this metric runs from %(low)g to %(high)g.") % runs}
    if item.metric not in _SHARES:
        return {}
    if low is None or high is None:
        return {"scale_max": _("Say what the lowest and the highest value of the scale are.")}
    values = [_as_number(value) for value in item.positive_values] if isinstance(item.positive_values, list) else []
    if not values:
        return {"positive_values": _("Choose the values that count as positive.")}
    if any(value is None or not low <= value <= high for value in values):
        return {"positive_values": _("A value that counts as positive lies outside the scale.")}
    return {}


def _answer_problems(item: FeedbackItem) -> Problems:
    """A metric whose answers the question does not offer would always give the same, wrong value."""
    question = item.question
    if item.origin != FeedbackItem.Origin.SURVEY or question is None or item.metric == FeedbackItem.Metric.SENTIMENT:
        return {}
    offered = {_as_number(entry.value) for entry in read_entries(item.mapping) if entry.value is not None}
    if question.choices and len(offered) < 2:
        return {"mapping": _("Fewer than two of its choices count, so there is nothing to measure.")}
    if item.metric == FeedbackItem.Metric.NPS:
        ends = (question.scale_min, question.scale_max)
        fits = offered.issuperset(range(11)) if offered else ends in ((0, 10), (None, None))
        return {} if fits else {"metric": _("NPS needs a question that is answered from 0 to 10.")}
    if offered and item.metric in _SHARES and not offered.issuperset(map(_as_number, item.positive_values)):
        return {"positive_values": _("A value that counts as positive is no answer to this question.")}
    off = [
        str(entry.value)
        for entry in read_entries(item.mapping)
        if entry.value is not None and not _is_on_scale(item, entry)
    ]
    if off:
        return {
            "scale_max": _("The scale does not hold the value %(value)s, which a choice counts as.") % {"value": off[0]}
        }
    return {}


def _is_on_scale(item: FeedbackItem, entry: Entry) -> bool:
    value = _as_number(entry.value)
    low, high = item.scale_min, item.scale_max
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


def _as_number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
