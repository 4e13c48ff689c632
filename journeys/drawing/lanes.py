"""What a kind of lane is, and the register of all kinds.

The map draws lanes that it does not know. A kind is one small class and one template; higher apps register theirs from
`AppConfig.ready()`:

    class PulseLane:
        name = "pulse"; label = _("Pulse"); icon = "activity"; template = "pulse/cell.html"; holds = "nothing"

        def cells(self, journey, lanes, context):      # one call for all lanes of this kind on the map
            return {(lane.pk, stage.pk): Cell([...]) for lane in lanes for stage in context.stages}

        def add_url(self, journey):                    # None: nothing can be added
            return reverse("pulse:new")                # the map appends ?lane=…&stage=…

    register(PulseLane())

What a map is drawn from is the rows of this app; a kind that shows others as well names them to `drawn.register_rows`, and
sets `context.good_until` where time alone changes what it shows.

The template draws one cell from `place.cell.items`, and sees `place.stage`, `entry.lane`, `map` and `perms` besides.
The map as a whole is one form (so that its buttons work without JavaScript): a cell may hold links and buttons with
`formaction`, but no `<form>`. `head_template`, if a kind has it, is drawn below the lane's name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

from journeys.models import AssumedSentiment, Card, Journey, JourneyPersona, Lane, Phase, Stage

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

TONES = 6  # colours of the personas, see journeys.css
CellKey = tuple[int, int]  # (lane's primary key, stage's)


@dataclass(slots=True)
class Cell:
    """What stands in a lane at a stage. An item with an attribute `span` above 1 reaches across the next stages."""

    items: Sequence[Any] = ()
    extra: Any = None  # anything else that the kind's template wants to know


@dataclass
class MapContext:
    """The rows of the map, each read when it is first asked for and then shared, so that no kind reads it again."""

    journey: Journey
    can_change: bool = False
    shared: dict[str, Any] = field(default_factory=dict)  # what one kind read and another may use, by a name of theirs
    good_until: datetime | None = None  # then something else is to be drawn although no row has changed

    @cached_property
    def phases(self) -> list[Phase]:
        return list(self.journey.phases.all())

    @cached_property
    def stages(self) -> list[Stage]:
        return list(self.journey.stages.all())

    @cached_property
    def lanes(self) -> list[Lane]:
        return list(self.journey.lanes.all())

    @cached_property
    def cards(self) -> Mapping[CellKey, list[Card]]:
        cards: dict[CellKey, list[Card]] = defaultdict(list)
        for card in Card.objects.filter(lane__journey=self.journey).defer("created_at", "updated_at"):
            cards[card.lane_id, card.stage_id].append(card)
        return cards

    @cached_property
    def personas(self) -> list[JourneyPersona]:
        """The personas of this map, in the order of their names, each with its `tone`."""
        rows = JourneyPersona.objects.filter(journey=self.journey).select_related("persona")
        travelling = list(rows.order_by("persona__name", "pk"))
        for index, travels in enumerate(travelling):
            travels.tone = index % TONES + 1  # type: ignore[attr-defined]
        return travelling

    @cached_property
    def sentiments(self) -> dict[CellKey, int]:
        """Assumed sentiments, keyed by (journey persona, stage)."""
        rows = AssumedSentiment.objects.filter(journey_persona__journey=self.journey)
        return {(row.journey_persona_id, row.stage_id): row.value for row in rows}


class LaneKind(Protocol):
    """A kind of lane. `holds` says what stands in it: cards that people write, cards made elsewhere, or none."""

    @property
    def name(self) -> str: ...  # stored on the lane

    @property
    def label(self) -> str | StrPromise: ...  # shown, translated

    @property
    def icon(self) -> str: ...

    @property
    def template(self) -> str: ...  # draws one cell

    @property
    def holds(self) -> Literal["cards", "items", "nothing"]: ...

    def cells(self, journey: Journey, lanes: Sequence[Lane], context: MapContext) -> Mapping[CellKey, Cell]:
        """All cells of these lanes, in one go, keyed by (lane, stage); a cell that is missing is empty."""

    def add_url(self, journey: Journey) -> str | None:
        """Where something is added; `?lane=…&stage=…` is appended. None where nothing can be added by hand."""


_kinds: dict[str, LaneKind] = {}


def register(kind: LaneKind) -> None:
    """Let maps draw this kind. A kind registered under a name that is taken replaces the one before."""
    _kinds[kind.name] = kind


def kind_named(name: str) -> LaneKind:
    """The kind that a lane names; one that shows its cards plainly if that kind is not installed."""
    return _kinds.get(name) or _kinds[Lane.Kind.TEXT]


def all_kinds() -> Iterable[LaneKind]:
    """Every kind, in the order of the choices of the model."""
    known = {name: index for index, name in enumerate(Lane.Kind.values)}
    return sorted(_kinds.values(), key=lambda kind: known.get(kind.name, len(known)))
