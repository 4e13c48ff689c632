"""The versions of an item's mapping: what counts now, and the figures of those that were replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from feedback.drift import sentence
from feedback.models import FeedbackItem, FormerMapping
from kpis.counting.histograms import is_usable
from kpis.counting.periods import Window, local_day
from kpis.counting.sums import Span, sums_of
from kpis.mapping.acceptance import Offer, offer_for
from kpis.metrics.formulas import measure_counts
from kpis.scoring.figures import Figure, figure
from kpis.scoring.scores import Rules, classes_of, formula_of, mapping_of, reading_of


@dataclass(frozen=True)
class Former:
    """A replaced version with its last figure; None while its fields make no formula, or its question is deleted."""

    mapping: FormerMapping
    last_day: date  # that it counted
    figure: Figure | None


def former_of(item: FeedbackItem) -> list[Former]:
    """The replaced versions of an item, newest first."""
    rules = Rules.current()
    rows = list(item.former_mappings.select_related("question", "mapped_by", "ended_by"))
    spans = {row.pk: _span(row, rules) for row in rows}
    sums = sums_of((span for span in spans.values() if span), rules.threshold)
    return [
        Former(
            mapping=row,
            last_day=local_day(row.ended_at, rules.zone),
            figure=_figure(row, sums[span], span, rules) if (span := spans[row.pk]) else None,
        )
        for row in rows
    ]


def _span(row: FormerMapping, rules: Rules) -> Span | None:
    if row.question_id is None:
        return None
    last = local_day(row.ended_at, rules.zone)
    return Span(row.question_id, row.count_from, last, since=row.count_from, reading=reading_of(row))


def _figure(row: FormerMapping, found: Any, span: Span, rules: Rules) -> Figure | None:
    formula = formula_of(row)
    if formula is None:
        return None
    mapping, include = mapping_of(row), classes_of(row)
    oldest, newest = found.days_of(partial(is_usable, scale=formula, mapping=mapping, include=include))
    return figure(
        formula,
        measure_counts(formula, found.counts, mapping=mapping, include=include),
        state="archived",  # it is in no KPI any more
        hidden=bool(found.in_blocks and found.in_blocks.hides),
        in_blocks=found.in_blocks,
        window=Window("custom", span.first, span.last),
        tz_name=rules.zone.key,
        as_of=row.ended_at,
        oldest=oldest,
        newest=newest,
    )


def mapping_json(item: FeedbackItem, former: Sequence[Former]) -> dict[str, Any]:
    """The mapping that counts now, how its question has changed, and what it replaced; `item` from `item_view.find`."""
    return {
        "item": item.pk,
        "version": item.version,
        "number": len(former) + 1,
        "question": item.question_id,
        "mapped_at": item.mapped_at or item.created_at,
        "changed": _offer_json(offer) if (offer := offer_for(item)) else None,
        "former": [_former_json(each) for each in former],
    }


def _offer_json(offer: Offer) -> dict[str, Any]:
    return {
        "question": offer.question.pk,
        "since": offer.since,
        "summary": sentence(offer.lines),
        "differences": [
            {"change": line.change.value, "label": line.label, "before": line.before, "now": line.now}
            for line in offer.lines
        ],
        "formula": offer.formula.name if offer.formula else None,
        "recommended": offer.recommended.value,
    }


def _former_json(former: Former) -> dict[str, Any]:
    row = former.mapping
    return {
        "number": row.number,
        "question": row.question_id,
        "wording": row.question.wording if row.question else "",
        "mapped_at": row.mapped_at,
        "ended_at": row.ended_at,
        "figure": former.figure.as_json() if former.figure else None,
    }
