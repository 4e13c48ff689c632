"""How one answer is counted, or why it is left out: the formula itself decides, here it is put into words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kpis.counting.histograms import COUNTED, usable
from kpis.metrics.formulas import MIXED, Formula


@dataclass(frozen=True, slots=True)
class Verdict:
    """`key` is stable, for clients and badges: `promoter`, `positive`, `unfinished`…"""

    counts: bool
    key: str
    text: str


def verdict_on(
    value: str,
    response_class: str,
    formula: Formula,
    *,
    not_applicable: Collection[str] = frozenset(),
    include: Collection[str] = (COUNTED,),
) -> Verdict:
    """What becomes of a canonical value in a response of this class."""
    histogram, left_out = usable({response_class: {value: 1}}, formula, not_applicable=not_applicable, include=include)
    if not histogram:
        reason = next(iter(left_out))
        return Verdict(False, reason, left_out_because(reason))
    key = _place(value, formula)
    return Verdict(True, key, _counts_as(key))


def _place(value: str, formula: Formula) -> str:
    if formula.metric == "nps":
        return {1: "promoter", 0: "passive", -1: "detractor"}[int(formula.score(value))]
    if formula.is_share:
        return "positive" if value in formula.positive_values else "not_positive"
    if formula.metric == "sentiment":
        if value == MIXED:
            return "mixed"
        return "positive" if float(value) > 0 else "negative" if float(value) < 0 else "neutral"
    return "value"


def _counts_as(key: str) -> str:
    return {
        "promoter": _("Counts as a promoter."),
        "passive": _("Counts as a passive."),
        "detractor": _("Counts as a detractor."),
        "positive": _("Counts as positive."),
        "not_positive": _("Counts as not positive."),
        "neutral": _("Counts as neutral."),
        "negative": _("Counts as negative."),
        "mixed": _("Counts as mixed: in the net, not in the mean."),
        "value": _("Counts with its value."),
    }[key]


def left_out_because(reason: str) -> str:
    """Why an answer is not in n."""
    return {
        "unfinished": _("Left out: the response is unfinished."),
        "preview": _("Left out: a preview, not a customer."),
        "test": _("Left out: a test response."),
        "spam": _("Left out: marked as spam."),
        "synthetic": _("Left out: a synthetic response."),
        "unanswered": _("Left out: asked, but not answered."),
        "not_applicable": _("Left out: not applicable."),
        "out_of_scale": _("Left out: outside the scale."),
    }.get(reason, _("Left out."))
