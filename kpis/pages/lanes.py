"""What this app draws on a map: lanes of Feedback Data and of consolidated KPIs, and the KPIs in its heading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import Organisation
from feedback.models import FeedbackItem, ManualValue, Question, Survey
from feedback.states import State
from journeys.drawing.drawn import register_rows
from journeys.drawing.lanes import Cell, CellKey, MapContext, register
from journeys.drawing.summaries import Heading, register_heading, register_summary
from journeys.models import Card, Journey, Lane
from kpis.flags.showing import Flags, Shown
from kpis.mapping.confirmation import is_assumed
from kpis.models import Consolidation, Counting, Flag
from kpis.pages.charts import sparkline
from kpis.scoring.figures import Figure
from kpis.scoring.scores import ItemScore, Scores, read_journeys
from ui.templatetags.parcours import state_badge

_SHARED, _FLAGS = "kpis.scoring.scores", "kpis.flags"


@dataclass(slots=True)
class ShownItem:
    """A Feedback Data item, ready to be drawn."""

    item: FeedbackItem
    figure: Figure | None
    state: str
    badge: SafeString
    assumed: bool  # nobody has confirmed what its answers count as
    href: str
    complete_href: str  # of a draft: where it is completed
    spark: SafeString | str
    flag: Shown | None = None  # of the last month

    @property
    def span(self) -> int:
        return self.item.card.span

    @property
    def metric(self) -> str:
        return self.figure.label if self.figure else str(self.item.get_metric_display())

    @property
    def as_of(self) -> datetime | None:
        return self.figure.as_of if self.figure and self.figure.has_value else None


class FeedbackLane:
    """Cards fed by survey questions, or by hand."""

    name: str = Lane.Kind.FEEDBACK.value
    label: Any = Lane.Kind.FEEDBACK.label
    icon = "message-square-quote"
    template = "kpis/cells/feedback.html"
    holds: Literal["cards", "items", "nothing"] = "items"

    def cells(self, journey: Journey, lanes: Sequence[Lane], context: MapContext) -> Mapping[CellKey, Cell]:
        scores = scores_of_map(context)
        mine = {lane.pk for lane in lanes}
        badges, flags = Badges(), flags_of_map(context)
        cells: dict[CellKey, Cell] = {}
        for score in scores.scores:
            card = score.item.card
            if card.lane_id in mine:
                cell = cells.setdefault((card.lane_id, card.stage_id), Cell([]))
                cell.items.append(shown(score, badges, flags))  # type: ignore[attr-defined]
        return cells

    def add_url(self, journey: Journey) -> str | None:
        return reverse("integrations:wizard_start")


@dataclass(slots=True)
class StageKpis:
    """The consolidated KPIs of one stage."""

    figures: Sequence[Figure]
    weighting: str
    href: str


class KpiLane:
    """Consolidated CX KPIs, one per formula, for each stage."""

    name: str = Lane.Kind.KPI.value
    label: Any = Lane.Kind.KPI.label
    icon = "gauge"
    template = "kpis/cells/kpi.html"
    holds: Literal["cards", "items", "nothing"] = "nothing"

    def cells(self, journey: Journey, lanes: Sequence[Lane], context: MapContext) -> Mapping[CellKey, Cell]:
        scores = scores_of_map(context)
        weighting = weighting_label(scores.weighting_of(journey.pk))
        href = reverse("kpis:journey", args=[journey.pk])
        of_stage = scores.for_stages()
        here = [stage.pk for stage in context.stages if of_stage.get(stage.pk)]
        return {
            (lane.pk, stage_id): Cell(extra=StageKpis(of_stage[stage_id], weighting, href))
            for lane in lanes
            for stage_id in here
        }

    def add_url(self, journey: Journey) -> str | None:
        return None


class Badges:
    """The badge of each state, drawn once."""

    def __init__(self) -> None:
        self._drawn: dict[str, SafeString] = {}

    def __getitem__(self, state: str) -> SafeString:
        if state not in self._drawn:
            self._drawn[state] = SafeString(render_to_string("_components/badge.html", state_badge(state)).strip())
        return self._drawn[state]


def scores_of_map(context: MapContext) -> Scores:
    """The numbers of a map, read once for all that shows them."""
    if _SHARED not in context.shared:
        scores = context.shared[_SHARED] = read_journeys([context.journey], with_sparks=True)
        context.good_until = min(filter(None, (context.good_until, scores.good_until())))
    return context.shared[_SHARED]


def flags_of_map(context: MapContext) -> Flags:
    """What was flagged for the last month, read once."""
    if _FLAGS not in context.shared:
        context.shared[_FLAGS] = Flags.of_last_month([context.journey.pk], scores_of_map(context).rules.today)
    return context.shared[_FLAGS]


def shown(score: ItemScore, badges: Badges, flags: Flags) -> ShownItem:
    """What is drawn of an item."""
    item = score.item
    is_draft = score.state == State.DRAFT
    hidden = score.figure is not None and score.figure.is_suppressed
    return ShownItem(
        item=item,
        figure=None if is_draft or score.state == State.ARCHIVED else score.figure,
        state=score.state.value,
        badge=badges["suppressed" if hidden else score.state.value],
        assumed=is_assumed(score.item),
        href=reverse("kpis:item", args=[item.pk]),
        complete_href=reverse("integrations:wizard_edit", args=[item.pk]) if is_draft else "",
        spark=spark_of(score),
        flag=flags.shown(f"item:{item.pk}", score.figure.formula) if score.figure else None,
    )


def spark_of(score: ItemScore, *, width: int = 96, height: int = 28) -> SafeString | str:
    """The item's sparkline; nothing where fewer than two values could be drawn."""
    values = [value for value in score.spark if value is not None]
    if len(values) < 2 or score.figure is None:
        return ""
    low, high = score.figure.formula.value_range
    # A narrow axis would make noise look like news: at least a tenth of the metric's range is shown.
    least = (high - low) / 10 if low is not None and high is not None else 0.0
    middle, reach = (max(values) + min(values)) / 2, max(max(values) - min(values), least) / 2
    what = {"metric": score.figure.label}
    by_hand = score.facts.by_hand
    label = _("%(metric)s, the latest values") if by_hand else _("%(metric)s by week, the last 12 weeks")
    is_running = not by_hand and score.spark[-1] is not None
    if is_running:
        label = _("%(metric)s by week, the last 12 weeks; the last one is incomplete")
    low, high = middle - reach, middle + reach
    return sparkline(
        score.spark, label=label % what, width=width, height=height, lo=low, hi=high, is_running=is_running
    )


def weighting_label(weighting: str) -> str:
    """How a KPI is put together, in words."""
    return str(Consolidation.Weighting(weighting).label)


def heading(context: MapContext) -> Heading:
    """The journey's KPIs above the map, those of its phases, and those of its stages unless a lane shows them."""
    scores = scores_of_map(context)
    journey = context.journey
    figures = scores.for_journeys().get(journey.pk, [])
    flags = flags_of_map(context)
    has_lane = any(lane.kind == Lane.Kind.KPI for lane in context.lanes)
    strip = {
        "figures": [(each, flags.shown(f"journey:{journey.pk}", each.formula)) for each in figures],
        "weighting": weighting_label(scores.weighting_of(journey.pk)),
        "href": reverse("kpis:journey", args=[journey.pk]),
        "with_children": len(scores.families.get(journey.pk, ())) > 1,
    }
    return Heading(
        journey=SafeString(render_to_string("kpis/strip.html", strip)) if scores.items else SafeString(""),
        phases={pk: _chips(figures) for pk, figures in scores.for_phases().items()},
        stages={} if has_lane else {pk: _chips(figures) for pk, figures in scores.for_stages().items()},
    )


def summaries(journeys: Sequence[Journey]) -> Mapping[int, SafeString]:
    """The KPIs of many journeys, for the list of maps."""
    of_journey = read_journeys(journeys).for_journeys()
    return {pk: _chips(figures) for pk, figures in of_journey.items() if figures}


def _chips(figures: Sequence[Figure]) -> SafeString:
    return SafeString(render_to_string("kpis/chips.html", {"figures": figures})) if figures else SafeString("")


def register_all() -> None:
    register(FeedbackLane())
    register(KpiLane())
    register_heading(heading, kept=True)
    register_summary(summaries)
    items = f"""card_id IN (SELECT card.id FROM {Card._meta.db_table} AS card JOIN {Lane._meta.db_table} AS lane
        ON lane.id = card.lane_id WHERE lane.journey_id IN (SELECT id FROM family))"""  # noqa: S608
    of_items = f"FROM {FeedbackItem._meta.db_table} WHERE {items}"
    register_rows(FeedbackItem, items)
    register_rows(Card, f"id IN (SELECT card_id {of_items})")
    register_rows(Question, f"id IN (SELECT question_id {of_items})")
    register_rows(Survey, f"id IN (SELECT survey_id {of_items})")
    register_rows(ManualValue, f"item_id IN (SELECT id {of_items})")
    register_rows(Counting, f"survey_id IN (SELECT survey_id {of_items})")  # another version for each recount
    register_rows(Consolidation, "journey_id IN (SELECT id FROM family)")
    register_rows(Flag, "journey_id IN (SELECT id FROM family)")
    register_rows(Organisation, "id = 1")
