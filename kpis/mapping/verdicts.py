"""How one answer is counted, or why it is left out: the formula itself decides, here it is put into words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kpis.counting.histograms import COUNTED, usable
from kpis.counting.mapped import AS_THEY_CAME, Mapped
from kpis.metrics import wording
from kpis.metrics.formulas import Formula


@dataclass(frozen=True, slots=True)
class Verdict:
    """`key` is stable, for clients and badges: `promoter`, `positive`, `unfinished`…"""

    counts: bool
    key: str
    text: str


def verdict_on(
    code: str,
    response_class: str,
    formula: Formula,
    *,
    mapping: Mapped = AS_THEY_CAME,
    include: Collection[str] = (COUNTED,),
) -> Verdict:
    """What becomes of an answer with this code in a response of this class."""
    histogram, left_out = usable({response_class: {code: 1}}, formula, mapping=mapping, include=include)
    if not histogram:
        reason = next(iter(left_out))
        return Verdict(False, reason, str(wording.EXCLUDED_SENTENCES.get(reason, _("Left out."))))
    band = formula.band(next(iter(histogram)))
    return Verdict(True, band.value, str(wording.BAND_SENTENCES[band]))
