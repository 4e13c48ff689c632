"""The KPIs of one journey, level by level: journey, phases, stages, items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import ngettext

from feedback.states import IN_KPIS
from journeys.columns import grouped
from journeys.models import Journey, Phase, Stage
from kpis.counting.periods import Window
from kpis.metrics.comparison import compare, many_at_once, may_flag
from kpis.metrics.wording import change_text, number_text
from kpis.pages.lanes import weighting_label
from kpis.pages.spreadsheet import row_of
from kpis.scoring.figures import Figure
from kpis.scoring.scores import ItemScore, read_journeys


@dataclass(frozen=True)
class StageRow:
    stage: Stage
    figures: Sequence[Figure]
    items: Sequence[ItemScore]
    flagged: Mapping[int, Flag]

    @property
    def rows(self) -> list[tuple[ItemScore, Flag | None]]:
        """Its items, each with its change where that is flagged."""
        return [(score, self.flagged.get(score.item.pk)) for score in self.items]


@dataclass(frozen=True)
class PhaseRows:
    """A phase with its stages; `phase` is None for stages outside any."""

    phase: Phase | None
    figures: Sequence[Figure]
    stages: Sequence[StageRow]


@dataclass(frozen=True)
class Flag:
    """A change of an item, in words."""

    text: str
    kind: str  # up, down
    tone: str


@dataclass(frozen=True)
class Changes:
    """How many items were looked at together, and those that have changed, by their key."""

    looked_at: int
    flagged: Mapping[int, Flag]

    @property
    def text(self) -> str:
        """How many were looked at and flagged."""
        text = ngettext(
            "%(looked_at)s item was compared with the period before; %(flagged)s has changed.",
            "%(looked_at)s items were compared with the period before; %(flagged)s of them changed.",
            self.looked_at,
        )
        return text % {"looked_at": number_text(self.looked_at), "flagged": number_text(len(self.flagged))}


class JourneyView:
    """One journey in one window."""

    def __init__(self, journey: Journey, window: Window) -> None:
        self.journey, self.window = journey, window
        self.scores = read_journeys([journey], window)

    @property
    def figures(self) -> Sequence[Figure]:
        return self.scores.for_journeys().get(self.journey.pk, [])

    @property
    def weighting(self) -> str:
        return self.scores.weighting_of(self.journey.pk)

    @property
    def weighting_label(self) -> str:
        return weighting_label(self.weighting)

    @property
    def with_children(self) -> bool:
        return len(self.scores.families[self.journey.pk]) > 1

    @cached_property
    def changes(self) -> Changes | None:
        """Which items have changed since the period before; None where no change may be flagged in this window."""
        before, today = self.window.previous(), self.scores.rules.today
        if before is None or self.window.unit is None or self.window.end is None or self.window.end >= today:
            return None
        figures = {score.item.pk: score.figure for score in read_journeys([self.journey], before).scores}
        pairs = [
            (score, then.measure, score.figure.measure)
            for score in self.scores.scores
            if score.state in IN_KPIS and score.figure and (then := figures.get(score.item.pk))
        ]
        pairs = [each for each in pairs if may_flag(self.window, today, *each[1:])]
        found = [compare(score.figure.formula, then, now) for score, then, now in pairs if score.figure]
        flags = many_at_once(found)
        flagged = {}
        for place in flags.flagged:
            score, before_it, now = pairs[place]
            if score.figure:
                text = change_text(score.figure.formula, found[place], before_it.value, now.value, flagged=True)
                good = found[place].is_good(score.figure.formula)
                flagged[score.item.pk] = Flag(text, found[place].kind, "good" if good else "bad")
        return Changes(flags.looked_at, flagged)

    @cached_property
    def phases(self) -> list[PhaseRows]:
        """Its phases and their stages, in the order of the map."""
        of_phase, of_stage = self.scores.for_phases(), self.scores.for_stages()
        items: dict[int, list[ItemScore]] = {}
        for score in self.scores.scores:
            items.setdefault(score.item.card.stage_id, []).append(score)
        return [
            PhaseRows(
                group.phase,
                of_phase.get(group.phase.pk, []) if group.phase else [],
                [
                    StageRow(
                        stage,
                        of_stage.get(stage.pk, []),
                        items.get(stage.pk, []),
                        self.changes.flagged if self.changes else {},
                    )
                    for stage in group.stages
                ],
            )
            for group in grouped(list(self.journey.phases.all()), list(self.journey.stages.all()))
        ]

    def lines(self) -> Iterator[list[Any]]:
        """Every level, for the export."""
        for figure in self.figures:
            yield row_of("journey", self.journey.name, figure)
        for rows in self.phases:
            for figure in rows.figures:
                yield row_of("phase", rows.phase.name if rows.phase else "", figure)
            for row in rows.stages:
                for figure in row.figures:
                    yield row_of("stage", row.stage.name, figure)
                for score in row.items:
                    yield row_of("item", score.item.card.title, score.figure, score.state.value)
