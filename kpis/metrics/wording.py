"""How numbers are written for people: rounded, in the reader's language, with its typography."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from kpis.metrics.formulas import Band, Formula
from kpis.metrics.intervals import Interval
from kpis.metrics.trends import Change

METRIC_LABELS: dict[str, Promise] = {
    "nps": gettext_lazy("NPS"),
    "csat": gettext_lazy("CSAT"),
    "ces": gettext_lazy("CES"),
    "mean": gettext_lazy("Mean"),
    "sentiment": gettext_lazy("Sentiment"),
}

EXCLUDED_LABELS: dict[str, Promise] = {
    "unfinished": gettext_lazy("Unfinished responses"),
    "preview": gettext_lazy("Survey previews"),
    "test": gettext_lazy("Test responses"),
    "spam": gettext_lazy("Spam"),
    "synthetic": gettext_lazy("Generated responses"),
    "unanswered": gettext_lazy("Asked but not answered"),
    "not_applicable": gettext_lazy("Not applicable"),
    "out_of_scale": gettext_lazy("Outside the scale"),
}

VERDICT_LABELS: dict[str, Promise] = {
    "met": gettext_lazy("Target met"),
    "missed": gettext_lazy("Target missed"),
    "undecided": gettext_lazy("Undecided: the interval holds the target"),
    "no_data": gettext_lazy("No data yet"),
}

# What an answer counts as: in a word, and in a sentence.
BAND_LABELS: dict[Band, Promise] = {
    Band.PROMOTER: gettext_lazy("Promoter"),
    Band.PASSIVE: gettext_lazy("Passive"),
    Band.DETRACTOR: gettext_lazy("Detractor"),
    Band.POSITIVE: gettext_lazy("Positive"),
    Band.NOT_POSITIVE: gettext_lazy("Not positive"),
    Band.NEUTRAL: gettext_lazy("Neutral"),
    Band.NEGATIVE: gettext_lazy("Negative"),
    Band.MIXED: gettext_lazy("Mixed"),
    Band.VALUE: gettext_lazy("In the mean"),
}
BAND_SENTENCES: dict[Band, Promise] = {
    Band.PROMOTER: gettext_lazy("Counts as a promoter."),
    Band.PASSIVE: gettext_lazy("Counts as a passive."),
    Band.DETRACTOR: gettext_lazy("Counts as a detractor."),
    Band.POSITIVE: gettext_lazy("Counts as positive."),
    Band.NOT_POSITIVE: gettext_lazy("Counts as not positive."),
    Band.NEUTRAL: gettext_lazy("Counts as neutral."),
    Band.NEGATIVE: gettext_lazy("Counts as negative."),
    Band.MIXED: gettext_lazy("Counts as mixed: in the net, not in the mean."),
    Band.VALUE: gettext_lazy("Counts with its value."),
}
# Why one answer is not in n; EXCLUDED_LABELS name many of them.
EXCLUDED_SENTENCES: dict[str, Promise] = {
    "unfinished": gettext_lazy("Left out: the response is unfinished."),
    "preview": gettext_lazy("Left out: a preview, not a customer."),
    "test": gettext_lazy("Left out: a test response."),
    "spam": gettext_lazy("Left out: marked as spam."),
    "synthetic": gettext_lazy("Left out: a synthetic response."),
    "unanswered": gettext_lazy("Left out: asked, but not answered."),
    "not_applicable": gettext_lazy("Left out: not applicable."),
    "out_of_scale": gettext_lazy("Left out: outside the scale."),
}

_MINUS = "\u2212"
_NARROW_SPACE = "\u202f"


def number_text(value: float, decimals: int = 0, *, signed: bool = False) -> str:
    """A number rounded half up, with a true minus sign, and a plus sign where asked for; zero has none."""
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    text = str(number_format(abs(rounded), decimals, force_grouping=True))
    if rounded < 0:
        return _MINUS + text
    return f"+{text}" if signed and rounded > 0 else text


def percent_text(value: float) -> str:
    """A percentage; French puts a narrow no-break space before the sign."""
    space = _NARROW_SPACE if (get_language() or "").startswith("fr") else ""
    return f"{number_text(value)}{space}%"


def value_text(formula: Formula, value: float | None) -> str:
    """A KPI's value: `+32`, `84%`, `4.08`; "No data yet" without one."""
    if value is None:
        return _("No data yet")
    if formula.metric == "nps":
        return number_text(value, signed=True)
    if formula.is_share:
        return percent_text(value)
    return number_text(value, 2, signed=formula.metric == "sentiment")


def bound_text(formula: Formula, value: float) -> str:
    """An end of an interval, or a mark on an axis: without a plus sign."""
    if formula.is_share:
        return percent_text(value)
    return number_text(value, 0 if formula.metric == "nps" else 2)


def interval_text(formula: Formula, ci95: Interval | None) -> str:
    """`29 to 58`; empty without an interval."""
    if ci95 is None:
        return ""
    return _("%(low)s to %(high)s") % {"low": bound_text(formula, ci95[0]), "high": bound_text(formula, ci95[1])}


def n_text(n: int | None) -> str:
    """How many answers stand behind a value."""
    if n is None:
        return _("Number of answers not stated")
    return ngettext("%(n)s answer", "%(n)s answers", n) % {"n": number_text(n)}


def period_text(first: date, last: date) -> str:
    """A day, or the first and the last of several."""
    if first == last:
        return str(date_format(first))
    return _("%(first)s to %(last)s") % {"first": date_format(first), "last": date_format(last)}


def change_text(formula: Formula, change: Change) -> str:
    """Against the previous period, in a sentence."""
    if change.kind == "unknown" or change.delta is None:
        return _("There is nothing to compare with in the previous period.")
    if change.kind == "none":
        return _("No detectable change from the previous period.")
    size = number_text(abs(change.delta), 0 if formula.metric == "nps" or formula.is_share else 2)
    if change.kind == "up":
        return _("Up by %(size)s points from the previous period.") % {"size": size}
    return _("Down by %(size)s points from the previous period.") % {"size": size}


def how_counted(formula: Formula) -> str:
    """What the formula counts, in a sentence or two."""
    low, high = (None if end is None else scale_point(end) for end in (formula.scale_min, formula.scale_max))
    if formula.metric == "nps":
        return _("The share of 9 and 10 (promoters) minus the share of 0 to 6 (detractors), from −100 to 100.")
    if formula.metric == "sentiment":
        return _("The mean of the comments' sentiment, from −2 (very negative) to +2 (very positive).")
    values = ", ".join(scale_point(float(value)) for value in formula.positive_values)
    if formula.is_share:
        sentence = _("The share of the answers %(values)s on the scale from %(low)s to %(high)s.")
    elif low is None or high is None:
        sentence = _("The mean of all answers.")
    else:
        sentence = _("The mean of all answers on the scale from %(low)s to %(high)s.")
    sentence %= {"values": values, "low": low, "high": high}
    return f"{sentence} {_('A low answer is good.')}" if formula.reverse else sentence


def scale_point(value: float) -> str:
    """A point of a scale, with the decimals it has."""
    return number_text(value, max(0, -int(Decimal(repr(float(value))).normalize().as_tuple().exponent)))
