"""Numbers that people type, read in their language, and the bounds of every number and day that is accepted.

What is not understood is refused with the reason, never cut: `8,5` is eight and a half in French and never 85. What is
accepted can be shown on every page.
"""

from __future__ import annotations

import math
import re
from datetime import date
from typing import NamedTuple

from django.utils.formats import date_format, get_format, number_format
from django.utils.translation import gettext as _

_DIGITS = 15  # of a float all of them are kept
_LONGEST = 60  # characters
_MINUS = "-\u2212\u2013\ufe63\uff0d"  # as keyboards, this site's own pages, and word processors write it
_SPACES = " \u00a0\u2009\u202f\u2007"
_PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+")
_IN_THREES = re.compile(r"[0-9]{1,3}(?:(?P<between>[ ,.])[0-9]{3})(?:(?P=between)[0-9]{3})*")


class NotUnderstood(ValueError):
    """This text is no number; the message says why."""


class Bounds(NamedTuple):
    """What may be entered, both ends included. Anything closer to zero than `closest`, but not zero, is too small."""

    least: float
    most: float
    closest: float = 1e-6

    def problem(self, value: float) -> str:
        """Why a number is refused; empty if it is accepted."""
        if not math.isfinite(value):
            return _("Enter a number.")
        if value > self.most:
            return _("Enter %(most)s or less.") % {"most": written(self.most, grouping=True)}
        if value < self.least:
            return _("Enter %(least)s or more.") % {"least": written(self.least, grouping=True)}
        if value != 0 and abs(value) < self.closest:
            return _("This is too close to zero: enter 0, or at least %(closest)s.") % {
                "closest": written(self.closest)
            }
        return ""


ANY = Bounds(-1e12, 1e12)  # values, targets, ends of scales
WEIGHT = Bounds(0, 1e6)
COUNT = Bounds(1, 1e9)  # answers
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
THRESHOLD = Bounds(2, 1e6)  # answers too; of one there is nothing to hide


def day_problem(day: date) -> str:
    """Why a day is refused that numbers belong to; empty if it is accepted. Every day between can be shifted into any zone."""
    if FIRST_DAY <= day <= LAST_DAY:
        return ""
    return _("Choose a day from %(first)s to %(last)s.") % {
        "first": date_format(FIRST_DAY, "SHORT_DATE_FORMAT"),
        "last": date_format(LAST_DAY, "SHORT_DATE_FORMAT"),
    }


def read_number(text: str) -> float:
    """The number that a text stands for in the language of the page. Raises `NotUnderstood`.

    The decimal sign is the language's own; the other one of comma and point is read too where that leaves one meaning
    only. Thousands may be set apart by spaces, or by the language's own sign.
    """
    return _read(text, str(get_format("DECIMAL_SEPARATOR")), str(get_format("THOUSAND_SEPARATOR")))


def number_in(text: str) -> float | None:
    """The number in an answer, typed in no known language; None where it can be read as none, or in two ways.

    A single point or comma is a decimal sign: `7,5` is seven and a half. A comma before three digits could stand between
    thousands as well, so `1,200` is not read. Spaces stand between thousands (`1 200`), and so does whatever stands there
    several times or before the decimal sign (`1.234,5`). A percent sign at the end is left away: `50 %` is 50.
    """
    try:
        return _read(text.strip().removesuffix("%"), ".", "")
    except NotUnderstood:
        return None


def _read(text: str, own: str, thousands: str) -> float:
    rest = text.strip(f"{_SPACES}\t\r\n")
    if not rest:
        raise NotUnderstood(_("Enter a number."))
    if len(rest) > _LONGEST:
        raise NotUnderstood(_("This number is too long."))
    negative = rest[0] in _MINUS
    if negative or rest[0] == "+":
        rest = rest[1:].lstrip(_SPACES)
    for space in _SPACES:
        rest = rest.replace(space, " ")
    plain = _with_point(rest, own, thousands)
    if not plain.isascii() or not _PLAIN.fullmatch(plain):
        raise NotUnderstood(_("This is not a number. Write for example %(example)s.") % {"example": written(1234.5)})
    if len(plain.replace(".", "").strip("0")) > _DIGITS:
        raise NotUnderstood(_("This number has too many digits: at most %(most)d.") % {"most": _DIGITS})
    value = float(plain)
    return -value if negative and value else value


def written(value: float, *, grouping: bool = False) -> str:
    """A number as the person would type it: `1234,5` in French."""
    if float(value).is_integer():
        return str(number_format(int(value), 0, force_grouping=grouping))
    text = format(float(value), f".{_DIGITS}g")
    decimals = len(f"{float(text):.30f}".rstrip("0").partition(".")[2]) if "e" in text else len(text.partition(".")[2])
    return str(number_format(f"{float(text):.{min(decimals, 20)}f}", min(decimals, 20), force_grouping=grouping))


def _with_point(text: str, own: str, thousands: str) -> str:
    """The same number with a point for its decimals and nothing between its thousands; anything else as it is."""
    other = "." if own == "," else ","
    signs = [sign for sign in text if sign in ",."]
    if not signs or len(set(signs)) == 1 == len(signs):
        sign = signs[0] if signs else own
        whole, _sign, decimals = text.partition(sign)
        if sign == other and len(decimals) == 3 and whole.lstrip("0"):
            # In English a comma before three digits stands between thousands. In French a point does for nobody: it
            # could be a decimal sign or a German thousand.
            if other != thousands:
                raise NotUnderstood(
                    _("%(text)s can be read in two ways. Write %(one)s or %(other)s.")
                    % {"text": text, "one": written(_plain_float(whole + decimals)), "other": f"{whole}{own}{decimals}"}
                )
            return _ungrouped(f"{whole},{decimals}" if sign == "," else text)
        return _ungrouped(whole) + (f".{decimals}" if signs else "")
    last = max(text.rfind(","), text.rfind("."))
    if len(set(signs)) == 1:  # several of one kind stand between thousands
        return _ungrouped(text)
    return f"{_ungrouped(text[:last])}.{text[last + 1 :]}"


def _plain_float(digits: str) -> float:
    if not re.fullmatch(r"[0-9]{1,15}", digits):
        raise NotUnderstood(_("This is not a number. Write for example %(example)s.") % {"example": written(1234.5)})
    return float(digits)


def _ungrouped(whole: str) -> str:
    """Digits without what stands between their thousands, if it stands there."""
    return re.sub(r"[ ,.]", "", whole) if _IN_THREES.fullmatch(whole) else whole
