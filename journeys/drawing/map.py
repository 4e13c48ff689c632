"""The map, made ready to be drawn as a table: which cells stand in which row and how wide they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from journeys.columns import Group, grouped
from journeys.drawing.lanes import Cell, CellKey, LaneKind, MapContext, kind_named
from journeys.drawing.summaries import Heading, heading_of
from journeys.models import Journey, Lane, Phase, Stage
from ui.templatetags.parcours import icon

_LINES = 6  # colours of the phases, see map.css
_NOTHING = Cell()

Reach = tuple[int, int, Any]  # first column, column behind the last, what reaches across them


@dataclass(slots=True)
class Menu:
    """What can be done with a phase, a stage or a lane; for whoever may change the map."""

    id: str
    name: str
    at: str  # address of the part
    move: str
    add: str
    add_label: str
    is_first: bool
    is_last: bool
    runs_down: bool = False


@dataclass(slots=True)
class Column:
    """One column: a stage, or the room that a phase without stages takes."""

    group: Group
    stage: Stage | None
    line: int  # colour of its phase, 0 for none
    extra: str = ""  # what higher apps put below the stage's name
    interchange: bool = False  # the line changes its colour here
    menu: Menu | None = None


@dataclass(slots=True)
class Place:
    """One table cell. `add` is the address that adds something here."""

    cell: Cell
    stage: Stage | None
    width: int = 1
    add: str = ""
    id: str = ""


@dataclass(slots=True)
class LaneRows:
    """A lane: one table row, and further ones for cards that reach across stages."""

    lane: Lane
    kind: LaneKind
    name: str
    menu: Menu | None = None
    rows: list[list[Place]] = field(default_factory=list)


@dataclass(slots=True)
class Heads:
    """A phase's heading over its columns."""

    group: Group
    line: int
    width: int
    extra: str = ""
    menu: Menu | None = None


@dataclass(slots=True)
class Map:
    """All that the template needs."""

    journey: Journey
    context: MapContext
    columns: list[Column]
    heads: list[Heads]
    lanes: list[LaneRows]
    url: str  # of the map's page; those of its parts lie below
    plus: SafeString  # icons that every cell or every menu shows, drawn once
    dots: SafeString

    @property
    def has_phases(self) -> bool:
        return bool(self.context.phases)

    @property
    def width(self) -> int:
        return len(self.columns) + 1


def draw(
    journey: Journey,
    *,
    can_change: bool = False,
    context: MapContext | None = None,
    heading: Heading | None = None,
) -> Map:
    """The whole map. Each kind of lane is asked once for all of its cells. `context`, `heading`: where they are known."""
    context = context or MapContext(journey, can_change)
    heading = heading or heading_of(context)
    url = reverse("journeys:detail", args=[journey.pk])
    columns, heads = _columns(context, heading, url)
    return Map(
        journey,
        context,
        columns,
        heads,
        _lanes(context, columns, url),
        url=url,
        plus=icon("plus", label=gettext("Add")),
        dots=icon("ellipsis"),
    )


def _menu(part: Phase | Stage | Lane, url: str, among: int) -> Menu:
    name = part._meta.model_name or ""
    folder = f"{url}{name}s/"
    at = f"{folder}{part.pk}/"
    if isinstance(part, Phase):
        add, label = f"{url}stages/new/?phase={part.pk}", gettext("Add a stage to it")
    else:
        label = gettext("Add a stage after it") if isinstance(part, Stage) else gettext("Add a lane below it")
        add = f"{folder}new/?after={part.pk}"
    return Menu(
        id=f"{name}-{part.pk}",
        name=str(part),
        at=at,
        move=f"{at}move/?version={part.version}",
        add=add,
        add_label=label,
        is_first=part.position == 0,
        is_last=part.position == among - 1,
        runs_down=isinstance(part, Lane),
    )


def _columns(context: MapContext, heading: Heading, url: str) -> tuple[list[Column], list[Heads]]:
    columns: list[Column] = []
    heads: list[Heads] = []
    line = 0
    for group in grouped(context.phases, context.stages):
        if group.phase:
            line = line % _LINES + 1
        colour = line if group.phase else 0
        stages: Sequence[Stage | None] = group.stages or [None]
        for stage in stages:
            extra = heading.stages.get(stage.pk, "") if stage else ""
            changes = bool(columns) and stage is stages[0] and bool(context.phases)
            menu = _menu(stage, url, len(context.stages)) if stage and context.can_change else None
            columns.append(Column(group, stage, colour, extra, changes, menu))
        extra = heading.phases.get(group.phase.pk, "") if group.phase else ""
        menu = _menu(group.phase, url, len(context.phases)) if group.phase and context.can_change else None
        heads.append(Heads(group, colour, len(stages), extra, menu))
    return columns, heads


def _lanes(context: MapContext, columns: list[Column], url: str) -> list[LaneRows]:
    by_kind: dict[str, list[Lane]] = defaultdict(list)
    for lane in context.lanes:
        by_kind[lane.kind].append(lane)
    cells: dict[CellKey, Cell] = {}
    adding: dict[str, str] = {}
    for name, lanes in by_kind.items():
        kind = kind_named(name)
        cells |= kind.cells(context.journey, lanes, context)
        adding[name] = (context.can_change and kind.add_url(context.journey)) or ""
    return [
        LaneRows(
            lane,
            kind_named(lane.kind),
            str(lane),
            _menu(lane, url, len(context.lanes)) if context.can_change else None,
            _rows(lane, columns, cells, adding[lane.kind], context.can_change),
        )
        for lane in context.lanes
    ]


def _rows(
    lane: Lane, columns: list[Column], cells: Mapping[CellKey, Cell], add: str, can_change: bool
) -> list[list[Place]]:
    base: list[Place] = []
    reaching: list[Reach] = []
    for index, column in enumerate(columns):
        stage = column.stage
        if stage is None:
            base.append(Place(_NOTHING, None))
            continue
        cell = cells.get((lane.pk, stage.pk), _NOTHING)
        wide = [item for item in cell.items if getattr(item, "span", 1) > 1]
        if wide:
            reaching += [(index, _end(columns, index, item.span), item) for item in wide]
            cell = Cell([item for item in cell.items if getattr(item, "span", 1) == 1], cell.extra)
        where = f"{add}?lane={lane.pk}&stage={stage.pk}" if add else ""
        base.append(Place(cell, stage, add=where, id=f"add-{lane.pk}-{stage.pk}"))
    base, left = _merged(base, reaching)
    rows = [_row_of(row, columns) for row in _packed(left)]
    if can_change or not rows or any(place.cell.items or place.cell.extra for place in base):
        rows.append(base)
    return rows


def _merged(base: list[Place], reaching: list[Reach]) -> tuple[list[Place], list[Reach]]:
    """The row of plain cells, with those reaching cards in it that find all of their cells empty; and the other cards."""
    free = [not place.cell.items for place in base]
    here: dict[int, Reach] = {}
    left = []
    for reach in reaching:
        start, end, _item = reach
        if all(free[start:end]):
            here[start] = reach
            free[start:end] = [False] * (end - start)
        else:
            left.append(reach)
    row: list[Place] = []
    at = 0
    while at < len(base):
        place = base[at]
        if at in here:
            start, end, item = here[at]
            place = Place(Cell([item], place.cell.extra), place.stage, end - start, place.add, place.id)
        row.append(place)
        at += place.width
    return row, left


def _end(columns: list[Column], start: int, span: int) -> int:
    """Index behind the last column that a card covers; the room of an empty phase in between does not count."""
    at = start
    while at < len(columns) and span:
        span -= columns[at].stage is not None
        at += 1
    return at


def _packed(reaching: list[Reach]) -> list[list[Reach]]:
    """Cards that reach across stages, in as few rows as they fit into without overlapping."""
    rows: list[list[Reach]] = []
    for reach in reaching:  # ordered by their first column
        row = next((row for row in rows if row[-1][1] <= reach[0]), None)
        if row is None:
            rows.append([reach])
        else:
            row.append(reach)
    return rows


def _row_of(reach: list[Reach], columns: list[Column]) -> list[Place]:
    places: list[Place] = []
    at = 0
    for start, end, item in reach:
        if start > at:
            places.append(Place(_NOTHING, None, width=start - at))
        places.append(Place(Cell([item]), columns[start].stage, width=end - start))
        at = end
    if at < len(columns):
        places.append(Place(_NOTHING, None, width=len(columns) - at))
    return places
