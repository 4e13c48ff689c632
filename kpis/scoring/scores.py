"""From the database to figures: of items, stages, phases, journeys and parent journeys, in constantly many queries.

    scores = read_journeys([journey])          # or read_items([...]): everything that the figures below need
    scores.of_item(item)                       # an ItemScore: figure, state, sparkline
    scores.for_stages(), .for_phases(), .for_journeys()

Drafts and archived items are in no figure. A manual item's value is the latest that was entered in the window.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property, partial
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from accounts.models import Organisation
from feedback.models import FeedbackItem, FormerMapping, ManualValue
from feedback.states import IN_KPIS, ItemFacts, State, facts_of, late_from, state_of
from journeys.models import Journey, Stage
from kpis.counting.histograms import COUNTED, UNFINISHED, is_usable
from kpis.counting.mapped import Mapped, mapped
from kpis.counting.periods import Window, bucket_bounds
from kpis.counting.sums import InBlocks, Reading, Span, Sum, sums_of
from kpis.metrics.consolidation import NO_DATA, Consolidated, Part, consolidate
from kpis.metrics.formulas import (
    Formula,
    FormulaError,
    Measure,
    is_suppressed,
    measure_counts,
    measure_manual,
    suppress,
)
from kpis.metrics.respondents import NOBODY, WIDEST, Together
from kpis.models import Consolidation
from kpis.scoring.figures import ALL_TIME, Figure, Unused, consolidated_figure, figure
from kpis.scoring.together import Respondents

SPARK_WEEKS = 12
SPARK_VALUES = 12  # of a manual item

# A figure over several items is shown in the worst state of those it uses, since it is as good as its worst part.
_WORST_FIRST = (State.NEEDS_ATTENTION, State.ERROR, State.STALE)


@dataclass(frozen=True)
class Rules:
    """What the organisation prescribes, read once."""

    zone: ZoneInfo
    threshold: int | None
    today: date
    now: datetime
    fewest_comments: int = 0

    @classmethod
    def current(cls) -> Rules:
        organisation = Organisation.current()
        now = timezone.now()
        return cls(
            zone=organisation.zone,
            threshold=organisation.suppression_threshold,
            today=now.astimezone(organisation.zone).date(),
            now=now,
            fewest_comments=organisation.fewest_comments,
        )


@dataclass(frozen=True)
class ItemScore:
    """One item: its figure (None while its formula is not complete), its state and the facts behind that."""

    item: FeedbackItem
    figure: Figure | None
    state: State
    facts: ItemFacts
    part: Part | None = None
    spark: Sequence[float | None] = field(default_factory=tuple)  # hidden values are gaps


def formula_of(item: FeedbackItem | FormerMapping) -> Formula | None:
    """The formula that the fields of an item, or of a mapping it had, make; None while they do not make one."""
    try:
        return Formula(item.metric, item.scale_min, item.scale_max, tuple(item.positive_values), item.reverse)
    except FormulaError:
        return None


def classes_of(item: FeedbackItem | FormerMapping) -> tuple[str, ...]:
    """The classes of responses that the item counts."""
    return (COUNTED, UNFINISHED) if item.include_unfinished else (COUNTED,)


def mapping_of(item: FeedbackItem | FormerMapping) -> Mapped:
    """What the answers to the item's question stand for."""
    return mapped(item.mapping)


def span_of(item: FeedbackItem, days: Window) -> Span | None:
    """What is read of the item's question; `days` are those of a window that the item counts."""
    if item.question_id is None:
        return None
    return Span(item.question_id, days.start, days.end, since=item.count_from, reading=reading_of(item))


def reading_of(item: FeedbackItem | FormerMapping) -> Reading | None:
    """How the item, or a mapping it had, reads answers; None while its formula is not complete."""
    formula = formula_of(item)
    return Reading(formula, mapping_of(item), classes_of(item)) if formula else None


def window_of(item: FeedbackItem, window: Window) -> Window | None:
    """The days of the window that the item counts; None if it counts none of them."""
    first = max(filter(None, (window.start, item.count_from)), default=None)
    if first and window.end and first > window.end:
        return None
    return Window(window.name, first, window.end)


def items_with_facts(condition: Q, *also: str) -> list[FeedbackItem]:
    """Items with all that a score needs of their surroundings, and what `also` names; in the order of the map."""
    rows = FeedbackItem.objects.filter(condition).select_related(
        "card__lane", "card__stage", "question__successor", "survey", *also
    )
    rows = rows.defer("survey__questionnaire")  # a long text that no number needs
    return list(rows.order_by("card__stage__position", "card__lane__position", "card__position", "pk"))


class Scores:
    """The numbers of a set of items in one window, read in one go."""

    def __init__(
        self,
        items: Sequence[FeedbackItem],
        window: Window = ALL_TIME,
        *,
        with_sparks: bool = False,
        families: Mapping[int, Collection[int]] | None = None,
        rules: Rules | None = None,
    ) -> None:
        self.items = items
        self.window = window
        self.rules = rules or Rules.current()
        # Journey → journeys whose items it consolidates: itself and all below it.
        self.families = families or {}
        self._spark_from = bucket_bounds(self.rules.today, "week")[0] - timedelta(weeks=SPARK_WEEKS - 1)
        self._cuts = self._cuts_of_chains()
        self._sums = sums_of(self._spans(with_sparks), self.rules.threshold)
        self._entered = self._manual_values()
        self._with_sparks = with_sparks
        self._scores = {item.pk: self._score(item) for item in items}

    def of_item(self, item: FeedbackItem) -> ItemScore:
        """The score of one of the items."""
        return self._scores[item.pk]

    @property
    def scores(self) -> Iterable[ItemScore]:
        return self._scores.values()

    def good_until(self) -> datetime:
        """When a day ends, or data become old: then figures or states are others although no row has changed."""
        tomorrow = datetime.combine(self.rules.today + timedelta(days=1), time(), self.rules.zone)
        turns = [turn for score in self.scores if (turn := late_from(score.facts)) and turn >= self.rules.now]
        return min([tomorrow, *turns])

    # --- One item ---------------------------------------------------------------------------------

    def _spans(self, with_sparks: bool) -> list[Span]:
        spans = [self._span(item) for item in self.items]
        spans += [
            span._replace(first=day) for item in self.items if (span := self._span(item)) for day in self._cut(item)
        ]
        if with_sparks:
            spans += [self._spark_span(item) for item in self.items]
        return [span for span in spans if span]

    def _span(self, item: FeedbackItem) -> Span | None:
        days = window_of(item, self.window)
        if days is None or item.chosen_state == FeedbackItem.Chosen.DRAFT:
            return None
        return span_of(item, days)

    def _cuts_of_chains(self) -> dict[int, set[date]]:
        """By question as it is now: the first days that items count of it, or of a form that it had before."""
        firsts: dict[int, set[date]] = defaultdict(set)
        for item in self.items:
            if (asked := _asked(item)) and (span := self._span(item)) and span.first:
                firsts[asked].add(span.first)
        return firsts

    def _cut(self, item: FeedbackItem) -> list[date]:
        """Days on which a later form of the item's question may begin to be counted."""
        if item.question is None or item.question.successor_id is None:
            return []
        span = self._span(item)
        days = sorted(self._cuts.get(_asked(item) or 0, ()))
        return [day for day in days if span and (span.first is None or span.first < day)]

    def _spark_span(self, item: FeedbackItem) -> Span | None:
        last_weeks = window_of(item, Window("custom", self._spark_from, self.rules.today))
        if last_weeks is None or self._span(item) is None:
            return None
        span = span_of(item, last_weeks)
        return span._replace(by="week") if span else None

    def _manual_values(self) -> dict[int, list[ManualValue]]:
        by_hand = [item.pk for item in self.items if item.origin == FeedbackItem.Origin.MANUAL]
        values: dict[int, list[ManualValue]] = defaultdict(list)
        if by_hand:
            for value in ManualValue.objects.filter(item__in=by_hand).order_by("day"):
                values[value.item_id].append(value)
        return values

    def _score(self, item: FeedbackItem) -> ItemScore:
        formula = formula_of(item)
        by_hand = item.origin == FeedbackItem.Origin.MANUAL
        if formula is None or item.chosen_state == FeedbackItem.Chosen.DRAFT:
            facts = facts_of(item, has_usable_answers=False)
            return ItemScore(item, None, state_of(facts, self.rules.now), facts)
        part = self._manual_part(item, formula) if by_hand else self._part(item, formula)
        measured = part.manual or measure_counts(formula, part.counts, mapping=part.mapping, include=part.include)
        hidden = measured.value is None and (bool(part.in_blocks and part.in_blocks.hides) or part.hidden)
        facts = facts_of(item, has_usable_answers=measured.value is not None or hidden)
        state = state_of(facts, self.rules.now)
        shown = figure(
            formula,
            measured,
            state=state.value,
            hidden=hidden,
            in_blocks=part.in_blocks,
            window=window_of(item, self.window) or self.window,
            tz_name=self.rules.zone.key,
            as_of=part.as_of,
            oldest=part.oldest,
            newest=part.newest,
            target=item.target,
        )
        spark = self._spark(item, formula, part) if self._with_sparks else ()
        return ItemScore(item, shown, state, facts, part, spark)

    def _part(self, item: FeedbackItem, formula: Formula) -> Part:
        span = self._span(item)
        found = self._sums[span] if span else Sum()
        mapping, include = mapping_of(item), classes_of(item)
        oldest, newest = found.days_of(partial(is_usable, scale=formula, mapping=mapping, include=include))
        return Part(
            item_id=item.pk,
            question_key=item.question_id,
            formula=formula,
            counts=found.counts,
            stage_ids=tuple(self._covered(item)),
            weight=item.weight,
            mapping=mapping,
            include=include,
            chain=_asked(item),
            place=math.inf if item.question and item.question.successor_id is None else item.question_id or 0,
            first=span.first if span else None,
            since={day: self._sums[span._replace(first=day)].counts for day in self._cut(item)} if span else {},
            survey_key=item.survey_id,
            oldest=oldest,
            newest=newest,
            as_of=item.survey.last_good_fetch_at if item.survey else None,
            in_blocks=found.in_blocks,
        )

    def _manual_part(self, item: FeedbackItem, formula: Formula) -> Part:
        entered = [value for value in self._entered.get(item.pk, ()) if value.day in self.window]
        latest = entered[-1] if entered else None
        measured = measured_by_hand(formula, latest)
        hidden = is_suppressed(measured, self.rules.threshold)
        return Part(
            item_id=item.pk,
            question_key=None,
            formula=formula,
            stage_ids=tuple(self._covered(item)),
            weight=item.weight,
            manual=suppress(measured, self.rules.threshold),
            hidden=hidden,
            oldest=latest.day if latest and not hidden else None,
            newest=latest.day if latest and not hidden else None,
            as_of=latest.entered_at if latest else None,
        )

    def _spark(self, item: FeedbackItem, formula: Formula, part: Part) -> list[float | None]:
        if part.manual is not None:
            entered = self._entered.get(item.pk, [])[-SPARK_VALUES:]
            return [suppress(measured_by_hand(formula, value), self.rules.threshold).value for value in entered]
        span = self._spark_span(item)
        buckets = self._sums[span].buckets if span else {}
        weeks = [self._spark_from + timedelta(weeks=n) for n in range(SPARK_WEEKS)]
        measures = (
            measure_counts(formula, buckets.get(week, {}), mapping=part.mapping, include=part.include) for week in weeks
        )
        return [measured.value for measured in measures]

    # --- Several items ----------------------------------------------------------------------------

    def for_stages(self) -> dict[int, list[Figure]]:
        """By stage: one figure per formula. A card that spans stages speaks for each stage that it covers."""
        of_stage: dict[int, list[ItemScore]] = defaultdict(list)
        for score in self.scores:
            for stage_id in self._covered(score.item):
                of_stage[stage_id].append(score)
        weightings = self._weightings
        return {
            stage_id: self._consolidated(scores, weightings.get(scores[0].item.card.lane.journey_id), stages={stage_id})
            for stage_id, scores in of_stage.items()
        }

    def for_phases(self) -> dict[int, list[Figure]]:
        """By phase: one figure per formula."""
        of_phase: dict[int, dict[int, ItemScore]] = defaultdict(dict)
        for score in self.scores:
            for stage_id in self._covered(score.item):
                if phase_id := self._phase_of.get(stage_id):
                    of_phase[phase_id][score.item.pk] = score
        return {
            phase_id: self._consolidated(
                list(scores.values()),
                self._weightings.get(next(iter(scores.values())).item.card.lane.journey_id),
                stages={stage_id for stage_id, of in self._phase_of.items() if of == phase_id},
            )
            for phase_id, scores in of_phase.items()
        }

    def for_journeys(self) -> dict[int, list[Figure]]:
        """By journey, its children's items included: one figure per formula."""
        of_journey: dict[int, list[ItemScore]] = defaultdict(list)
        for score in self.scores:
            of_journey[score.item.card.lane.journey_id].append(score)
        families = self.families or {journey_id: {journey_id} for journey_id in of_journey}
        return {
            journey_id: self._consolidated(
                [score for member in sorted(family) for score in of_journey.get(member, ())],
                self._weightings.get(journey_id),
            )
            for journey_id, family in families.items()
        }

    def weighting_of(self, journey_id: int) -> str:
        return self._weightings.get(journey_id) or Consolidation.Weighting.POOLED.value

    def _consolidated(
        self, scores: Sequence[ItemScore], weighting: str | None, stages: Collection[int] | None = None
    ) -> list[Figure]:
        """One figure per formula. `stages`: those it is made of."""
        by_formula: dict[Formula, list[ItemScore]] = defaultdict(list)
        parts = []
        for score in scores:
            if score.part is not None and score.state in IN_KPIS:
                by_formula[score.part.formula].append(score)
                parts.append(score.part)
        return [
            consolidated_figure(
                consolidated,
                state=_state_together(of_formula := by_formula[consolidated.formula]).value,
                hidden=any(score.figure is not None and score.figure.is_suppressed for score in of_formula),
                in_blocks=_blocks_together(of_formula) if self.rules.threshold else None,
                window=self.window,
                tz_name=self.rules.zone.key,
                left_out=_left_out(of_formula, consolidated, self.window),
            )
            for consolidated in consolidate(
                parts,
                weighting or Consolidation.Weighting.POOLED.value,
                stages=stages,
                # Under a threshold nobody looks who answered several questions of a survey.
                together=WIDEST if self.rules.threshold else self._together,
            )
        ]

    def _together(self, _formula: Formula, parts: Sequence[Part]) -> Together:
        """What is known of the people behind these parts."""
        asked = {(part.survey_key, part.question_key) for part in parts if part.survey_key is not None}
        if len(asked) == len({survey for survey, _question in asked}):
            return NOBODY  # each answer is another person's
        return self._respondents.together(parts)

    @cached_property
    def _respondents(self) -> Respondents:
        parts = [score.part for score in self.scores if score.part is not None and score.part.survey_key is not None]
        surveys = {part.survey_key for part in parts}
        return Respondents(surveys, self.window, [part.first for part in parts if part.first])

    @cached_property
    def _phase_of(self) -> dict[int, int | None]:
        return {stage.pk: stage.phase_id for stages in self._stages.values() for stage in stages}

    @cached_property
    def _journey_ids(self) -> set[int]:
        return {item.card.lane.journey_id for item in self.items} | set(self.families)

    @cached_property
    def _weightings(self) -> dict[int, str]:
        rows = Consolidation.objects.filter(journey__in=self._journey_ids)
        return dict(rows.values_list("journey_id", "weighting"))

    @cached_property
    def _stages(self) -> dict[int, list[Stage]]:
        stages: dict[int, list[Stage]] = defaultdict(list)
        for stage in Stage.objects.filter(journey__in=self._journey_ids).order_by("position", "pk"):
            stages[stage.journey_id].append(stage)
        return stages

    def _covered(self, item: FeedbackItem) -> list[int]:
        card = item.card
        if card.span == 1:
            return [card.stage_id]
        row = [stage.pk for stage in self._stages[card.lane.journey_id]]
        start = row.index(card.stage_id)
        return row[start : start + card.span]


def _asked(item: FeedbackItem) -> int | None:
    """The question as it is asked now: all forms that it had lead to it."""
    return (item.question.successor_id or item.question_id) if item.question else None


def _left_out(scores: Sequence[ItemScore], found: Consolidated, window: Window) -> list[Unused]:
    """The items that are not in a KPI, each with the reason; where it never had data, what it waits for."""
    ever = window.start is None and window.end is None
    telling = {State.NEEDS_ATTENTION, State.ERROR} | ({State.WAITING} if ever else set())
    reasons = {each.item_id: each.reason for each in found.left_out}
    unused = []
    for score in scores:
        reason = reasons.get(score.item.pk)
        if reason == NO_DATA and score.figure is not None and score.figure.is_suppressed:
            reason = "suppressed"
        elif reason == NO_DATA and score.state in telling:
            reason = score.state.value
        if reason:
            unused.append(Unused(score.item.pk, score.item.card.title, reason))
    return unused


def _blocks_together(scores: Sequence[ItemScore]) -> InBlocks:
    """What the blocks of several items have for days, and what waits, each answer once."""
    of_question: dict[Hashable, list[InBlocks]] = defaultdict(list)
    for score in scores:
        if score.part is not None and score.part.in_blocks is not None:
            of_question[score.part.question_key].append(score.part.in_blocks)
    return InBlocks.together(of_question.values())


def measured_by_hand(formula: Formula, entered: ManualValue | None) -> Measure:
    """A value that a person entered, as a measure; one that no longer fits the scale is no data."""
    if entered is None:
        return Measure()
    try:
        return measure_manual(formula, entered.value, entered.n)
    except FormulaError:
        return Measure()


def _state_together(scores: Sequence[ItemScore]) -> State:
    used = [score.state for score in scores if score.figure is not None and score.figure.measure.n]
    used = used or [score.state for score in scores]
    for state in _WORST_FIRST:
        if state in used:
            return state
    if used and all(state == State.PAUSED for state in used):
        return State.PAUSED
    return State.LIVE if any(state in (State.LIVE, State.PAUSED) for state in used) else State.WAITING


# --- What to read ---------------------------------------------------------------------------------


def read_items(items: Sequence[FeedbackItem], window: Window = ALL_TIME, *, with_sparks: bool = False) -> Scores:
    """Scores of these items, which must come from `items_with_facts`."""
    return Scores(items, window, with_sparks=with_sparks)


def read_journeys(journeys: Iterable[Journey], window: Window = ALL_TIME, *, with_sparks: bool = False) -> Scores:
    """Scores of these journeys' items and of those of all journeys below them."""
    families = families_of({journey.pk for journey in journeys})
    members = {member for family in families.values() for member in family}
    items = items_with_facts(Q(card__lane__journey__in=members))
    return Scores(items, window, with_sparks=with_sparks, families=families)


def families_of(journey_ids: Collection[int]) -> dict[int, set[int]]:
    """Each journey with all below it, at any depth."""
    children: dict[int, list[int]] = defaultdict(list)
    for pk, parent in Journey.objects.exclude(parent=None).order_by().values_list("pk", "parent_id"):
        children[parent].append(pk)
    return {journey_id: _below(journey_id, children) for journey_id in journey_ids}


def _below(journey_id: int, children: Mapping[int, Sequence[int]]) -> set[int]:
    family, ahead = {journey_id}, [journey_id]
    while ahead:
        for child in children.get(ahead.pop(), ()):
            if child not in family:
                family.add(child)
                ahead.append(child)
    return family
