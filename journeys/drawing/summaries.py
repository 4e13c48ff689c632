"""What higher apps add to a map's heading and to the list of maps: short pieces of HTML, rendered for many at once.

An app registers from `AppConfig.ready()`; it answers with few queries, however many journeys or stages there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.safestring import SafeString, mark_safe

from journeys.drawing.lanes import MapContext
from journeys.models import Journey


@dataclass(slots=True)
class Heading:
    """Pieces for the strip above the map, and below the names of phases and stages (by primary key)."""

    journey: SafeString = field(default_factory=SafeString)
    phases: Mapping[int, SafeString] = field(default_factory=dict)
    stages: Mapping[int, SafeString] = field(default_factory=dict)


Summarise = Callable[[Sequence[Journey]], Mapping[int, SafeString]]
Head = Callable[[MapContext], Heading]

_summaries: list[Summarise] = []
_headings: list[Head] = []
_kept: list[Head] = []  # those that show registered rows only


def register_summary(summarise: Summarise) -> None:
    """`summarise(journeys)` gives a short summary of each, by primary key, for the list of maps."""
    if summarise not in _summaries:
        _summaries.append(summarise)


def register_heading(head: Head, *, kept: bool = False) -> None:
    """`head(context)` gives what stands in the heading of one map.

    It is asked whenever the map is shown; with `kept`, only when rows that maps are drawn from have changed: see `drawn.py`.
    """
    heads = _kept if kept else _headings
    if head not in heads:
        heads.append(head)


def summaries_of(journeys: Sequence[Journey]) -> dict[int, SafeString]:
    """Every registered summary of these journeys, one behind the other."""
    return _joined([summarise(journeys) for summarise in _summaries])


def heading_of(context: MapContext) -> Heading:
    """Every registered piece of this map's heading, one behind the other."""
    return joined([live_heading(context), kept_heading(context)])


def live_heading(context: MapContext) -> Heading:
    """The pieces that are asked for whenever the map is shown."""
    return joined([head(context) for head in _headings])


def kept_heading(context: MapContext) -> Heading:
    """The pieces that change only with rows that maps are drawn from."""
    return joined([head(context) for head in _kept])


def joined(headings: Sequence[Heading]) -> Heading:
    """Pieces of several headings, one behind the other."""
    return Heading(
        journey=mark_safe("".join(heading.journey for heading in headings)),  # noqa: S308 (each part is safe)
        phases=_joined([heading.phases for heading in headings]),
        stages=_joined([heading.stages for heading in headings]),
    )


def _joined(parts: Sequence[Mapping[int, SafeString]]) -> dict[int, SafeString]:
    keys = {key for part in parts for key in part}
    return {key: mark_safe("".join(part.get(key, "") for part in parts)) for key in keys}  # noqa: S308 (each part is safe)
