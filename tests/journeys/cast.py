"""A railway journey that the tests of this app travel, and short ways to look at a map."""

from journeys.editing.building import build
from journeys.models import Card, Journey, Lane, Phase, Stage

WEEKEND = {
    "name": "Weekend trip by train",
    "description": "From the idea to the way home.",
    "phases": [
        {"name": "Prepare", "stages": ["Plan", {"name": "Book", "description": "Tickets and seats"}]},
        {"name": "Travel", "stages": ["Station", "On board", "Arrival"]},
        {"name": None, "stages": ["After-sales"]},
    ],
    "personas": [{"name": "Lena", "description": "With a bicycle", "sentiments": {"Plan": 1, "On board": -2}}],
    "lanes": [
        {"kind": "text", "name": "Steps", "cards": {"Plan": ["Compares trains"], "Book": ["Buys", "Adds a bicycle"]}},
        {
            "kind": "interactions",
            "cards": {
                "Plan": [{"title": "Newsletter", "channel": "email", "span": 2}],
                "Book": [{"title": "Live status", "channel": "app", "span": 3}],
                "Arrival": [{"title": "Taxi", "span": 9}],
            },
        },
        {"kind": "sentiment"},
        {"kind": "feedback"},
        {"kind": "pains", "cards": {"Station": ["Late change of platform"]}},
    ],
}


def weekend(**fields) -> Journey:
    return build({**WEEKEND, **fields})


def stage(journey: Journey, name: str) -> Stage:
    return journey.stages.get(name=name)


def phase(journey: Journey, name: str) -> Phase:
    return journey.phases.get(name=name)


def lane(journey: Journey, kind: str) -> Lane:
    return journey.lanes.get(kind=kind)


def card(journey: Journey, title: str) -> Card:
    return Card.objects.get(lane__journey=journey, title=title)


def stages(journey: Journey) -> str:
    """`"Prepare: Plan Book | Travel: Station"`, as stored."""
    groups: list[tuple[str, list[str]]] = []
    for row in journey.stages.select_related("phase").order_by("position"):
        name = row.phase.name if row.phase else "-"
        if not groups or groups[-1][0] != name:
            groups.append((name, []))
        groups[-1][1].append(row.name)
    return " | ".join(f"{name}: {' '.join(names)}" for name, names in groups)


def reach(journey: Journey, title: str) -> str:
    """The stages that a card covers."""
    found = card(journey, title)
    names = [row.name for row in journey.stages.order_by("position")]
    start = names.index(found.stage.name)
    assert start + found.span <= len(names), "a card never reaches beyond the last stage"
    return " ".join(names[start : start + found.span])


def positions(rows) -> list[int]:
    return sorted(row.position for row in rows)


def assert_whole(journey: Journey) -> None:
    """What holds for every map, whatever was done to it."""
    for rows in (journey.phases.all(), journey.stages.all(), journey.lanes.all()):
        assert positions(rows) == list(range(len(rows)))
    cells: dict[tuple[int, int], list[Card]] = {}
    for found in Card.objects.filter(lane__journey=journey).select_related("stage"):
        cells.setdefault((found.lane_id, found.stage_id), []).append(found)
        assert 1 <= found.span <= journey.stages.count() - found.stage.position
    for cards in cells.values():
        assert positions(cards) == list(range(len(cards)))
    seen: list[int | None] = []
    for row in journey.stages.order_by("position"):
        if not seen or seen[-1] != row.phase_id:
            seen.append(row.phase_id)
    groups = [pk for pk in seen if pk is not None]
    assert len(groups) == len(set(groups)), "the stages of a phase stand side by side"
    order = [row.pk for row in journey.phases.order_by("position") if row.pk in groups]
    assert order == groups, "phases stand in the order of their stages"
