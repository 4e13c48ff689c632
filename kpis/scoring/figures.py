"""A KPI as it is shown: one shape for page, API and export. What small samples must not reveal is not in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kpis.counting.periods import Window
from kpis.counting.sums import InBlocks
from kpis.metrics import wording
from kpis.metrics.consolidation import Consolidated
from kpis.metrics.formulas import TOO_FEW, Formula, Measure, is_low_base
from kpis.metrics.trends import Bucket

ALL_TIME = Window("all", None, None)


class Unused(NamedTuple):
    """An item that is not in a consolidated KPI, and why: a state, `no_data`, `no_base`, `no_weight` or `suppressed`."""

    item_id: int
    title: str
    reason: str

    @property
    def reason_text(self) -> str:
        return str(wording.LEFT_OUT_LABELS.get(self.reason, self.reason))


@dataclass(frozen=True)
class Figure:
    """One KPI with all that a reader needs to trust it. Made by `figure` or `consolidated_figure`."""

    formula: Formula
    measure: Measure
    state: str
    weighting: str = "pooled"
    items_used: int = 1
    items_total: int = 1
    window: Window = ALL_TIME
    tz_name: str = "UTC"
    as_of: datetime | None = None
    oldest: date | None = None  # local days
    newest: date | None = None
    left_out: Sequence[Unused] = ()
    target: float | None = None  # what is printed keeps to its side of it
    in_blocks: InBlocks | None = None  # where there is a threshold: the blocks of which the figure is made

    @property
    def has_value(self) -> bool:
        return self.measure.value is not None

    @property
    def is_suppressed(self) -> bool:
        return self.state == "suppressed"

    @property
    def is_low_base(self) -> bool:
        return is_low_base(self.formula, self.measure)

    @property
    def label(self) -> str:
        return str(wording.METRIC_LABELS[self.formula.metric])

    @property
    def scale_text(self) -> str:
        """The scale, where a metric has several: two CSAT on scales of 5 and of 7 points are told apart by it."""
        low, high = self.formula.scale_min, self.formula.scale_max
        if low is None or high is None or self.formula.metric in ("nps", "sentiment"):
            return ""
        return _("%(low)s to %(high)s") % {"low": wording.scale_point(low), "high": wording.scale_point(high)}

    @property
    def lowest(self) -> float | None:
        """The lowest value that the KPI can take."""
        return self.formula.value_range[0]

    @property
    def highest(self) -> float | None:
        return self.formula.value_range[1]

    @property
    def can_be_drawn(self) -> bool:
        """Whether value and interval have a place on a scale with two ends."""
        return self.measure.ci95 is not None and self.lowest is not None and self.highest is not None

    @property
    def value_text(self) -> str:
        if self.is_suppressed:
            return wording.hidden_text(being_prepared=bool(self.in_blocks and self.in_blocks.being_prepared))
        return wording.value_text(self.formula, self.measure.value, self.target)

    @property
    def blocks_text(self) -> str:
        """Of which blocks the figure is made, and how many answers wait; empty without a threshold."""
        blocks = self.in_blocks
        if blocks is None:
            return ""
        waiting = blocks.waiting_in(date.min, date.max)
        return wording.blocks_text(blocks.threshold, blocks.first, blocks.last, waiting, blocks.corrections)

    @property
    def n_text(self) -> str:
        """`40 answers`, or `40 answers of 20 people`."""
        if self.is_suppressed and self.in_blocks:
            return wording.waiting_text(self.in_blocks.waiting_in(date.min, date.max))
        return " ".join(filter(None, (wording.n_text(self.measure.n), self.people_text)))

    @property
    def interval_text(self) -> str:
        """`29 to 58`; empty where there is no interval."""
        return wording.interval_text(self.formula, self.measure.ci95, value=self.measure.value, target=self.target)

    @property
    def why_no_interval(self) -> str:
        """Why a value has no interval; empty where it has one, or nothing is to be said."""
        if not self.has_value or self.measure.ci95 is not None:
            return ""
        if self.measure.ci_method == TOO_FEW:
            return _("Too few answers for a confidence interval: from 30 on, where a scale has no ends.")
        if self.measure.n == 1 or self.measure.people == 1:
            return _("One person alone has no confidence interval.")
        return ""

    @property
    def low_base_text(self) -> str:
        return _("low base") if self.is_low_base else ""

    @property
    def secondary_text(self) -> str:
        """The second figure in words: NPS groups, the mean beside a CES, the net beside a sentiment; else empty."""
        second = self.measure.secondary
        if "promoters" in second and self.measure.n:
            shares = {
                group: wording.percent_text(100 * second[group] / self.measure.n)
                for group in ("promoters", "passives", "detractors")
            }
            return _("%(promoters)s promoters, %(passives)s passives, %(detractors)s detractors") % shares
        if self.formula.metric == "ces" and second.get("mean") is not None:
            return _("Mean %(mean)s") % {"mean": wording.number_text(second["mean"], self._mean_decimals)}
        if second.get("net") is not None:
            return _("Net sentiment %(net)s") % {"net": wording.number_text(second["net"], signed=True)}
        return ""

    @property
    def _mean_decimals(self) -> int:
        return wording.decimals_of(Formula("mean", self.formula.scale_min, self.formula.scale_max))

    @property
    def items_text(self) -> str:
        text = ngettext("%(used)s of %(total)s item", "%(used)s of %(total)s items", self.items_total)
        return text % {"used": self.items_used, "total": self.items_total}

    @property
    def how_counted(self) -> str:
        return wording.how_counted(self.formula)

    @property
    def people_text(self) -> str:
        """How many people gave the answers, where it is fewer; empty where each answer is another person's."""
        if self.measure.people is None or self.measure.people == self.measure.n:
            return ""
        text = ngettext("of %(people)s person", "of %(people)s people", self.measure.people)
        return text % {"people": wording.number_text(self.measure.people)}

    @property
    def excluded_rows(self) -> list[tuple[str, int]]:
        """What is not in n, as (label, answers)."""
        return [(str(wording.EXCLUDED_LABELS.get(why, why)), n) for why, n in self.measure.excluded.items()]

    def as_json(self) -> dict[str, Any]:
        """The shape of API and export: numbers unrounded, times in UTC."""
        return {
            "kpi": self.formula.metric,
            "formula": self.formula.name,
            **_measure_json(self.measure),
            "ci_method": self.measure.ci_method,
            "weighting": self.weighting,
            "items_used": self.items_used,
            "items_total": self.items_total,
            "left_out": [{"item": each.item_id, "reason": each.reason} for each in self.left_out],
            "state": self.state,
            "window": self.window.as_json(self.tz_name) | self._blocks_json(),
            "as_of": _moment(self.as_of),
            "excluded": dict(self.measure.excluded),
            "secondary": {key: _plain(value) for key, value in self.measure.secondary.items()},
            "low_base": self.is_low_base,
            "oldest_response_on": self.oldest and self.oldest.isoformat(),
            "newest_response_on": self.newest and self.newest.isoformat(),
        }

    def _blocks_json(self) -> dict[str, Any]:
        blocks = self.in_blocks
        if blocks is None:
            return {}
        if blocks.being_prepared:
            return {"blocks": None}
        told = {
            "from": blocks.first and blocks.first.isoformat(),
            "to": blocks.last and blocks.last.isoformat(),
            "waiting": sum(blocks.waiting.values()),
            "waiting_late": sum(blocks.late.values()),
            "waiting_corrections": blocks.corrections,
        }
        return {"blocks": told}


def figure(
    formula: Formula,
    measure: Measure,
    *,
    state: str,
    hidden: bool = False,
    in_blocks: InBlocks | None = None,
    window: Window = ALL_TIME,
    tz_name: str = "UTC",
    as_of: datetime | None = None,
    oldest: date | None = None,
    newest: date | None = None,
    weighting: str = "pooled",
    items_used: int | None = None,
    items_total: int = 1,
    left_out: Sequence[Unused] = (),
    target: float | None = None,
) -> Figure:
    """A figure in the state that facts give. `hidden`: there are answers, but not enough that any might be shown."""
    if hidden and measure.value is None:
        state = "suppressed"
    elif measure.value is None and state == "live":
        state = "waiting"
    return Figure(
        formula=formula,
        measure=measure,
        state=state,
        weighting=weighting,
        items_used=int(measure.value is not None) if items_used is None else items_used,
        items_total=items_total,
        window=window,
        tz_name=tz_name,
        as_of=as_of,
        oldest=oldest,
        newest=newest,
        left_out=left_out,
        target=target,
        in_blocks=in_blocks,
    )


def consolidated_figure(
    consolidated: Consolidated,
    *,
    state: str = "live",
    hidden: bool = False,
    in_blocks: InBlocks | None = None,
    window: Window = ALL_TIME,
    tz_name: str = "UTC",
    left_out: Sequence[Unused] = (),
) -> Figure:
    """The figure of a consolidated KPI."""
    return figure(
        consolidated.formula,
        consolidated.measure,
        state=state,
        hidden=hidden,
        in_blocks=in_blocks,
        window=window,
        tz_name=tz_name,
        as_of=consolidated.as_of,
        oldest=consolidated.oldest,
        newest=consolidated.newest,
        weighting=consolidated.weighting,
        items_used=consolidated.items_used,
        items_total=consolidated.items_total,
        left_out=left_out,
    )


def trend_json(series: Iterable[Bucket]) -> list[dict[str, Any]]:
    """A series for API and export."""
    return [
        {
            "from": bucket.start.isoformat(),
            "to": bucket.end.isoformat(),
            **_measure_json(bucket.measure),
            "partial": bucket.partial,
        }
        for bucket in series
    ]


def _measure_json(measure: Measure) -> dict[str, Any]:
    return {
        "value": measure.value,
        "n": measure.n,
        "people": measure.people,
        "n_effective": measure.n_effective,
        "ci95": _plain(measure.ci95),
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
