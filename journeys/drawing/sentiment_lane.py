"""The lane that shows how we believe the personas feel at each stage, as one curve for each persona."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from django.db.models import IntegerChoices
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from journeys.drawing.lanes import Cell, CellKey, MapContext, register
from journeys.models import Journey, Lane
from ui.templatetags.parcours import initials


class Feeling(IntegerChoices):
    """The five levels of a sentiment."""

    VERY_POSITIVE = 2, _("Very positive")
    POSITIVE = 1, _("Positive")
    NEUTRAL = 0, _("Neutral")
    NEGATIVE = -1, _("Negative")
    VERY_NEGATIVE = -2, _("Very negative")


# The drawing of one cell: 100 wide, 80 high, a level every 14; journeys.css puts the stops at the same heights.
_WIDTH, _MIDDLE, _STEP = 100, 40, 14


def _y(value: float) -> float:
    return _MIDDLE - _STEP * value


@dataclass(slots=True)
class Point:
    """One persona at one stage: the label, and this cell's piece of the curve."""

    persona: str
    value: int | None
    label: str
    initials: str
    tone: int
    path: str
    beside: int = 0  # how many others feel the same here: their stops would cover this one

    @property
    def level(self) -> int:
        """5 for the most positive, 1 for the most negative."""
        return (self.value or 0) + 3


def piece(before: int | None, value: int | None, after: int | None) -> str:
    """The curve inside one cell, as an SVG path: it meets the neighbouring cells half-way between the two values."""
    if value is None:
        return ""
    here, middle = _y(value), _WIDTH / 2
    path = f"M{middle:g} {here:g}"
    if before is not None:
        edge = (_y(before) + here) / 2
        bend = edge + (here - edge) * 0.6
        path = f"M0 {edge:g}C{middle / 3:g} {bend:g} {middle * 0.6:g} {here:g} {middle:g} {here:g}"
    if after is not None:
        edge = (_y(after) + here) / 2
        bend = edge + (here - edge) * 0.6
        path += f"C{middle * 1.4:g} {here:g} {_WIDTH - middle / 3:g} {bend:g} {_WIDTH} {edge:g}"
    return path


class SentimentLane:
    """Assumed sentiment of each persona of the map."""

    name = Lane.Kind.SENTIMENT.value
    label = Lane.Kind.SENTIMENT.label
    icon = "smile"
    template = "journeys/cells/sentiment.html"
    head_template = "journeys/cells/sentiment_head.html"
    holds: Literal["nothing"] = "nothing"

    def cells(self, journey: Journey, lanes: Sequence[Lane], context: MapContext) -> Mapping[CellKey, Cell]:
        by_stage = {stage.pk: Cell([], extra=stage) for stage in context.stages}
        for travels in context.personas:
            values = [context.sentiments.get((travels.pk, stage.pk)) for stage in context.stages]
            for index, (stage, value) in enumerate(zip(context.stages, values, strict=True)):
                before = values[index - 1] if index else None
                after = values[index + 1] if index + 1 < len(values) else None
                points: list[Point] = by_stage[stage.pk].items  # type: ignore[assignment]
                points.append(
                    Point(
                        persona=travels.persona.name,
                        initials=initials(travels.persona.name),
                        value=value,
                        label=str(Feeling(value).label) if value is not None else "",
                        tone=travels.tone,  # type: ignore[attr-defined]
                        path=piece(before, value, after),
                        beside=min(4, sum(other.value == value for other in points)),
                    )
                )
        return {(lane.pk, stage): cell for lane in lanes for stage, cell in by_stage.items()}

    def add_url(self, journey: Journey) -> str | None:
        return reverse("journeys:sentiment", args=[journey.pk])


def register_all() -> None:
    register(SentimentLane())
