"""The columns of a map: its stages in their order, and the phases that group neighbours among them.

Three things always hold: the stages of a phase stand side by side; phases stand in the order of their stages; a card
never reaches beyond the last stage. Everything here is decided on plain lists, then written by `save`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from journeys.models import Card, Journey, Phase, Stage
from journeys.ordering import moved, renumber


@dataclass(slots=True)
class Group:
    """Neighbouring stages under one heading: a phase, or none. A phase may still be without stages."""

    phase: Phase | None
    stages: list[Stage]


def grouped(phases: Sequence[Phase], stages: Sequence[Stage]) -> list[Group]:
    """The stages in groups, left to right; a phase without stages stands behind the phase that precedes it."""
    by_pk = {phase.pk: phase for phase in phases}
    groups: list[Group] = []
    for stage in stages:
        phase = by_pk.get(stage.phase_id) if stage.phase_id else None
        if not groups or groups[-1].phase != phase:
            groups.append(Group(phase, []))
        groups[-1].stages.append(stage)
    shown = {group.phase.pk for group in groups if group.phase}
    behind: Phase | None = None
    for phase in phases:
        if phase.pk not in shown:
            at = next((i + 1 for i, group in enumerate(groups) if behind and group.phase == behind), 0)
            groups.insert(at, Group(phase, []))
        behind = phase
    return groups


class Columns:
    """The stages and phases of one journey, to be rearranged in memory and then saved."""

    def __init__(self, phases: Iterable[Phase], stages: Iterable[Stage]) -> None:
        self.phases = list(phases)
        self.stages = list(stages)
        self._was = {stage.pk: (index, stage.phase_id) for index, stage in enumerate(self.stages)}

    @classmethod
    def of(cls, journey: Journey) -> Columns:
        return cls(journey.phases.all(), journey.stages.all())

    def groups(self) -> list[Group]:
        return grouped(self.phases, self.stages)

    def of_phase(self, phase: Phase) -> list[Stage]:
        """The stages of this phase, left to right."""
        return [stage for stage in self.stages if stage.phase_id == phase.pk]

    # --- Stages -----------------------------------------------------------------------------------

    def add_stage(self, stage: Stage, *, after: Stage | None = None) -> None:
        """Put a new stage behind `after`, in its phase; else at the end of its own phase, else of the map."""
        if after is not None:
            at = self.stages.index(after)
            stage.phase_id = self.stages[at].phase_id
            self.stages.insert(at + 1, stage)
        elif stage.phase_id:
            wanted, stage.phase_id = stage.phase_id, None
            self.stages.append(stage)
            self.put_in_phase(stage, next(phase for phase in self.phases if phase.pk == wanted))
        else:
            self.stages.append(stage)

    def remove_stage(self, stage: Stage) -> None:
        self.stages.remove(stage)

    def move_stage(self, stage: Stage, to: int) -> None:
        """Put the stage at index `to`.

        Inside another phase it joins that phase; on a border it stays in its own phase if that one is next to it, or if
        it is the phase's only stage and so takes the phase along.
        """
        before = self.stages.index(stage)
        self.stages = moved(self.stages, stage, to)
        here = self.stages.index(stage)
        left = self.stages[here - 1].phase_id if here else None
        right = self.stages[here + 1].phase_id if here + 1 < len(self.stages) else None
        own = stage.phase_id
        alone = sum(other.phase_id == own for other in self.stages) == 1
        if left is not None and left == right:
            stage.phase_id = left
        elif own is not None and own not in (left, right) and not alone:
            stage.phase_id = left if here > before else right
        self._sort_phases()

    def put_in_phase(self, stage: Stage, phase: Phase | None) -> None:
        """Let the stage belong to `phase`, or to none; it moves as little as that needs."""
        if stage.phase_id == (phase.pk if phase else None):
            return
        wanted = phase.pk if phase else stage.phase_id
        mates = [other for other in self.stages if other.phase_id == wanted and other != stage]
        here = self.stages.index(stage)
        stage.phase_id = phase.pk if phase else None
        if mates:
            first, last = self.stages.index(mates[0]), self.stages.index(mates[-1])
            if phase is None:  # leaving the middle of a phase: behind it, so that the others stay together
                to = last if first < here < last else here
            else:
                to = first if here < first else last + 1
                to -= here < to
            self.stages = moved(self.stages, stage, to)
        elif phase is not None:
            self._put_where_phase_stands(stage, phase)
        self._sort_phases()

    def _put_where_phase_stands(self, stage: Stage, phase: Phase) -> None:
        """The first stage of an empty phase goes where the map draws that phase: behind the phases before it."""
        rest = [other for other in self.stages if other != stage]
        before = {other.pk for other in self.phases[: self.phases.index(phase)]}
        to = max((i + 1 for i, other in enumerate(rest) if other.phase_id in before), default=0)
        self.stages = moved(self.stages, stage, to)

    # --- Phases -----------------------------------------------------------------------------------

    def move_phase(self, phase: Phase, to: int) -> None:
        """Put the phase, with its stages, at index `to` among the phases."""
        before = self.phases.index(phase)
        self.phases = moved(self.phases, phase, to)
        here = self.phases.index(phase)
        block = self.of_phase(phase)
        if block and here != before:
            rest = [stage for stage in self.stages if stage not in block]
            if here > before:
                passed = {other.pk for other in self.phases[:here]}
                at = max((i + 1 for i, stage in enumerate(rest) if stage.phase_id in passed), default=0)
            else:
                ahead = {other.pk for other in self.phases[here + 1 :]}
                at = min((i for i, stage in enumerate(rest) if stage.phase_id in ahead), default=len(rest))
            self.stages = [*rest[:at], *block, *rest[at:]]
        self._sort_phases()

    def cover(self, phase: Phase, first: Stage, last: Stage) -> None:
        """Let the phase group the stages from `first` to `last`, and no others.

        A phase that is cut in two by this keeps its left part; the right part is left without a phase.
        """
        a, b = sorted((self.stages.index(first), self.stages.index(last)))
        for index, stage in enumerate(self.stages):
            if a <= index <= b:
                stage.phase_id = phase.pk
            elif stage.phase_id == phase.pk:
                stage.phase_id = None
        if b + 1 < len(self.stages) and a and (torn := self.stages[b + 1].phase_id) == self.stages[a - 1].phase_id:
            for stage in self.stages[b + 1 :]:
                if torn is not None and stage.phase_id == torn:
                    stage.phase_id = None
        self._sort_phases()

    def gather(self) -> None:
        """Let the stages of each phase stand together again, where the first of them stands."""
        of_phase: dict[int, list[Stage]] = {}
        for stage in self.stages:
            if stage.phase_id:
                of_phase.setdefault(stage.phase_id, []).append(stage)
        whole = [of_phase.pop(stage.phase_id, []) if stage.phase_id else [stage] for stage in self.stages]
        self.stages = [stage for block in whole for stage in block]
        self._sort_phases()

    def _sort_phases(self) -> None:
        """Phases stand in the order of their stages; one without stages stays behind the phase it stood behind."""
        self.phases = [group.phase for group in self.groups() if group.phase]

    # --- Writing ----------------------------------------------------------------------------------

    def save(self) -> None:
        """Write what has changed: positions, phases of stages, and the reach of cards."""
        renumber(self.phases)
        present = {(index, stage.phase_id): stage for index, stage in enumerate(self.stages)}
        changed = []
        for (index, phase_id), stage in present.items():
            if self._was.get(stage.pk) != (index, phase_id) or stage.position != index:
                stage.position = index
                changed.append(stage)
        if changed:
            Stage.objects.bulk_update(changed, ["position", "phase"])
        self._was = {stage.pk: key for key, stage in present.items()}
        self._clip_cards()

    def _clip_cards(self) -> None:
        index_of = {stage.pk: index for index, stage in enumerate(self.stages)}
        too_long = []
        for card in Card.objects.filter(stage__in=index_of, span__gt=1).order_by():
            room = len(self.stages) - index_of[card.stage_id]
            if card.span > room:
                card.span = room
                too_long.append(card)
        Card.objects.bulk_update(too_long, ["span"])
