"""How numbers are written for people: rounded, in the reader's language, with its typography."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from kpis.metrics import rounding
from kpis.metrics.comparison import Change
from kpis.metrics.formulas import Band, Formula
from kpis.metrics.intervals import Interval

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
    "not_analysed": gettext_lazy("Kept out of analysis"),
    "ambiguous": gettext_lazy("Two choices with one code"),
    "out_of_scale": gettext_lazy("Outside the scale"),
    "unreadable": gettext_lazy("Not readable as a number"),
    "mixed": gettext_lazy("Both positive and negative"),
}

# Why an item is not in a consolidated KPI.
LEFT_OUT_LABELS: dict[str, Promise] = {
    "waiting": gettext_lazy("No data yet"),
    "needs_attention": gettext_lazy("No data: needs attention"),
    "error": gettext_lazy("No data: the last retrieval failed"),
    "no_data": gettext_lazy("No answers in this period"),
    "no_base": gettext_lazy("Entered without its number of answers"),
    "no_weight": gettext_lazy("Its weight is 0"),
    "suppressed": gettext_lazy("Hidden: too few answers"),
}

VERDICT_LABELS: dict[str, Promise] = {
    "met": gettext_lazy("Target met"),
    "missed": gettext_lazy("Target missed"),
    "undecided": gettext_lazy("Undecided: the interval holds the target"),
    "too_few": gettext_lazy("Too few answers for a verdict"),
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
    "not_analysed": gettext_lazy("Left out: the survey's author keeps it out of analysis."),
    "ambiguous": gettext_lazy("Left out: two choices have its code."),
    "out_of_scale": gettext_lazy("Left out: outside the scale."),
    "unreadable": gettext_lazy("Left out: it cannot be read as a number."),
    "mixed": gettext_lazy("Left out of the mean: both positive and negative."),
}

_MINUS = "\u2212"
_NARROW_SPACE = "\u202f"


def number_text(value: float, decimals: int = 0, *, signed: bool = False) -> str:
    """A number rounded half away from zero, with a true minus sign, and a plus sign where asked for; zero has none."""
    return decimal_text(rounding.number(value, decimals), signed=signed)


def decimal_text(printed: Decimal, *, signed: bool = False) -> str:
    """A number with the decimals that it has, in the reader's language."""
    text = str(number_format(abs(printed), max(0, -int(printed.as_tuple().exponent)), force_grouping=True))
    if printed < 0:
        return _MINUS + text
    return f"+{text}" if signed and printed > 0 else text


def percent_text(value: float, decimals: int = 0) -> str:
    """A percentage. 0 and 100 are written only for none and all: `<1%`, `>99%`."""
    before, printed = rounding.share(value, decimals)
    space = _NARROW_SPACE if before and _is_french() else ""
    return before + space + _percent(printed)


def _percent(printed: Decimal) -> str:
    """With the sign; French puts a narrow no-break space before it."""
    return f"{decimal_text(printed)}{_NARROW_SPACE if _is_french() else ''}%"


def _is_french() -> bool:
    return (get_language() or "").startswith("fr")


def decimals_of(formula: Formula, like: float | None = None) -> int:
    """How many decimals the KPI has; a mean without ends of its scale has as many as a value `like` this one needs."""
    if formula.unit != 1:
        return 0
    low, high = formula.value_range
    if low is not None and high is not None:
        return rounding.decimals_of_scale(low, high)
    return 2 if like is None else rounding.decimals_of_value(like)


def value_text(formula: Formula, value: float | None, target: float | None = None) -> str:
    """A KPI's value: `+32`, `84%`, `4.08`; "No data yet" without one. With a target, on its own side of that."""
    if value is None:
        return _("No data yet")
    printed = rounding.beside(value, target, decimals_of(formula, value))
    if not formula.is_share:
        return decimal_text(printed, signed=formula.metric in ("nps", "sentiment"))
    return percent_text(value) if rounding.share(value)[0] and printed in (0, 100) else _percent(printed)


def goal_text(formula: Formula, target: float) -> str:
    """A target, exactly as it was set: rounded it could lie on the other side of a value."""
    printed = _shortest(target)
    if formula.is_share:
        return _percent(printed)
    return decimal_text(printed, signed=formula.metric in ("nps", "sentiment"))


def tick_text(formula: Formula, value: float) -> str:
    """A mark on an axis: without a plus sign."""
    printed = _shortest(value)
    return _percent(printed) if formula.is_share else decimal_text(printed)


def interval_text(
    formula: Formula, ci95: Interval | None, *, value: float | None = None, target: float | None = None
) -> str:
    """`29 to 58`; empty without an interval. No end is printed on the other side of the target. `value` is the KPI's own."""
    if ci95 is None:
        return ""
    decimals = decimals_of(formula, ci95[0] if value is None else value)
    ends: list[tuple[float, Literal["low", "high"]]] = [(ci95[0], "low"), (ci95[1], "high")]
    printed = [rounding.bound(end, target, side, decimals, is_share=formula.is_share) for end, side in ends]
    low, high = map(_percent if formula.is_share else decimal_text, printed)
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


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


def change_text(formula: Formula, change: Change, before: float | None, after: float | None, *, flagged: bool) -> str:
    """Against the previous period, in a sentence. Only what is `flagged` is called a rise or a fall."""
    if change.kind == "unknown" or before is None or after is None:
        return _("There is nothing to compare with in the previous period.")
    if change.kind == "too_few":
        return _("Too few answers to tell a change from the previous period.")
    difference = rounding.difference(before, after, decimals_of(formula, after))
    if flagged and change.kind == "up":
        return _("Up by %(size)s points from the previous period.") % {"size": decimal_text(abs(difference))}
    if flagged and change.kind == "down":
        return _("Down by %(size)s points from the previous period.") % {"size": decimal_text(abs(difference))}
    if flagged:
        return _("No detectable change from the previous period.")
    size = decimal_text(difference, signed=True)
    return _("%(size)s points against the previous period.") % {"size": size}


def certainty_text(formula: Formula, change: Change, after: float | None) -> str:
    """How certain a difference is, and which would show; empty where nothing was compared."""
    if change.ci95 is None or change.smallest is None:
        return ""
    decimals = decimals_of(formula, after)
    low, high = (number_text(end, decimals, signed=True) for end in change.ci95)
    return _(
        "95 %% confidence interval of the difference: %(low)s to %(high)s. With these answers, changes beyond ±%(smallest)s"
        " would show."
    ) % {"low": low, "high": high, "smallest": number_text(change.smallest, decimals)}


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
    return decimal_text(_shortest(value))


def _shortest(value: float) -> Decimal:
    return rounding.number(value, max(0, -int(rounding.exact(value).normalize().as_tuple().exponent)))


def hidden_text(waiting: int = 0, *, being_prepared: bool = False) -> str:
    """In the place of a value that is not shown; `waiting`: answers that are in no block yet."""
    if being_prepared:
        return _("Hidden: blocks of answers are being prepared")
    if not waiting:
        return _("Hidden: too few answers")
    text = ngettext(
        "Hidden: too few answers (%(waiting)s waits)", "Hidden: too few answers (%(waiting)s wait)", waiting
    )
    return text % {"waiting": number_text(waiting)}


def waiting_text(waiting: int) -> str:
    """How many answers are in no block yet."""
    text = ngettext("%(waiting)s answer waits", "%(waiting)s answers wait", waiting)
    return text % {"waiting": number_text(waiting)}


def blocks_text(threshold: int, first: date | None, last: date | None, waiting: int, corrections: int) -> str:
    """How figures are counted under a threshold: of which days their blocks are, and what is in none."""
    told = []
    if first and last:
        told.append(
            _("Counted in blocks of at least %(threshold)s answers: %(days)s.")
            % {"threshold": number_text(threshold), "days": period_text(first, last)}
        )
    else:
        told.append(_("Counted in blocks of at least %(threshold)s answers.") % {"threshold": number_text(threshold)})
    if waiting:
        told.append(f"{waiting_text(waiting)}.")
    if corrections:
        text = ngettext("%(waiting)s correction waits.", "%(waiting)s corrections wait.", corrections)
        told.append(text % {"waiting": number_text(corrections)})
    return " ".join(told)
