"""The KPIs of one journey, level by level: journey, phases, stages, items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from journeys.columns import grouped
from journeys.models import Journey, Phase, Stage
from kpis.counting.periods import Window
from kpis.flags.showing import Flags, Shown
from kpis.pages.lanes import weighting_label
from kpis.pages.spreadsheet import row_of
from kpis.scoring.figures import Figure
from kpis.scoring.scores import ItemScore, read_journeys

KpiRow = tuple[Figure, Shown | None]


@dataclass(frozen=True)
class StageRow:
    stage: Stage
    figures: Sequence[Figure]
    kpis: Sequence[KpiRow]
    items: Sequence[ItemScore]
    flags: Flags

    @property
    def rows(self) -> list[tuple[ItemScore, Shown | None]]:
        """Its items, each with its change where that is flagged."""
        return [
            (score, self.flags.shown(f"item:{score.item.pk}", score.figure.formula) if score.figure else None)
            for score in self.items
        ]


@dataclass(frozen=True)
class PhaseRows:
    """A phase with its stages; `phase` is None for stages outside any."""

    phase: Phase | None
    figures: Sequence[Figure]
    kpis: Sequence[KpiRow]
    stages: Sequence[StageRow]


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
    def flags(self) -> Flags:
        """What was flagged for this week, month or quarter, by all that was looked at together."""
        return Flags.of_window(self.journey.pk, self.window)

    @property
    def kpis(self) -> list[KpiRow]:
        """Its KPIs, each with its change where that is flagged."""
        return self._flagged(f"journey:{self.journey.pk}", self.figures)

    def _flagged(self, subject: str, figures: Sequence[Figure]) -> list[KpiRow]:
        return [(figure, self.flags.shown(subject, figure.formula)) for figure in figures]

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
                figures := of_phase.get(group.phase.pk, []) if group.phase else [],
                self._flagged(f"phase:{group.phase.pk}", figures) if group.phase else [],
                [
                    StageRow(
                        stage,
                        of_stage.get(stage.pk, []),
                        self._flagged(f"stage:{stage.pk}", of_stage.get(stage.pk, [])),
                        items.get(stage.pk, []),
                        self.flags,
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
