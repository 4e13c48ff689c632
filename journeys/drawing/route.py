"""The route of a map in short: its stages as stops on the coloured lines of their phases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from journeys.models import Journey, Stage

_WIDTH, _MARGIN, _WIDEST_GAP, _LINES = 240, 8, 34, 6


@dataclass(slots=True)
class Stop:
    """`at` and `to` are x positions of this stop and the next; `line` is the colour, 0 outside of phases."""

    at: int
    to: int | None
    line: int


def routes_of(journeys: Sequence[Journey]) -> dict[int, list[Stop]]:
    """The routes of these journeys, in one query."""
    phases: dict[int, list[int | None]] = defaultdict(list)
    rows = Stage.objects.filter(journey__in=[journey.pk for journey in journeys]).order_by("position", "pk")
    for journey_id, phase_id in rows.values_list("journey_id", "phase_id"):
        phases[journey_id].append(phase_id)
    return {journey_id: _route(of_stages) for journey_id, of_stages in phases.items()}


def _route(phases: Sequence[int | None]) -> list[Stop]:
    gap = min(_WIDEST_GAP, (_WIDTH - 2 * _MARGIN) // max(1, len(phases) - 1))
    lines: dict[int, int] = {}
    stops = []
    for index, phase in enumerate(phases):
        line = 0 if phase is None else lines.setdefault(phase, len(lines) % _LINES + 1)
        at = _MARGIN + index * gap
        stops.append(Stop(at, at + gap if index + 1 < len(phases) else None, line))
    return stops
