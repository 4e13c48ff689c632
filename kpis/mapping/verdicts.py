"""How one answer is counted, or why it is left out: the formula itself decides, here it is put into words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kpis.counting.histograms import COUNTED, usable
from kpis.metrics import wording
from kpis.metrics.formulas import Formula


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
        return Verdict(False, reason, str(wording.EXCLUDED_SENTENCES.get(reason, _("Left out."))))
    band = formula.band(value)
    return Verdict(True, band.value, str(wording.BAND_SENTENCES[band]))
