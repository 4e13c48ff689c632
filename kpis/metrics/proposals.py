"""Which formulas suit a question, best first: from its type, what its choices stand for, and its wording (EN and FR)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from feedback.mapping.entries import Entry
from feedback.mapping.proposals import Proposal, Runs, propose_mapping
from feedback.mapping.values import number, value_key
from kpis.metrics.formulas import Formula

# How many of the highest answers count as positive, by the number of points on the scale. Two points ask for "yes".
_TOP_BOXES = {2: 1, 3: 1, 4: 2, 5: 2, 7: 2, 10: 2, 11: 2}

# Kinds whose answers are numbers that nobody chose from a list.
_NUMBERS = ("number", "embedded", "score")

_CES_POINTS = 7
_RECOMMEND = re.compile(
    r"\brecomm(and|end)|\b(weiter)?empfehl|\brecomend|\braccomand|\bconsigli|\baanbev", re.IGNORECASE
)
_EFFORT = re.compile(r"\b(efforts?|effortless(ly)?)\b", re.IGNORECASE)
_EASE = re.compile(
    r"\b(eas[ey]|easier|easily|easiness|facile(s|ment)?|facilit|simple à|aisé|aisément|difficil|difficult)",
    re.IGNORECASE,
)


def propose(
    kind: str,
    scale_min: float | None = None,
    scale_max: float | None = None,
    choices: Sequence[Mapping[str, Any]] = (),
    wording: str = "",
    form: str = "",
) -> list[Formula]:
    """Formulas for a question, the best first; none for a comment or a multiple choice.

    `choices` are `{"value": "1", "label": "Very easy", "analyze": true}` in display order; where there are any, the values
    that are proposed for them make the scale.
    """
    return formulas_for(propose_mapping(kind, choices, wording), kind, scale_min, scale_max, wording, form)


def formulas_for(
    proposal: Proposal,
    kind: str,
    scale_min: float | None,
    scale_max: float | None,
    wording: str,
    form: str = "",
) -> list[Formula]:
    """Formulas for a question whose choices count as proposed, or as a person has said instead."""
    if kind == "sentiment":
        return [Formula("sentiment")]
    if kind == "chosen":
        return [Formula("csat", 0, 1, ("1",))]
    if kind not in ("nps", "choice", *_NUMBERS):
        return []
    if proposal.lines:
        points = points_of(proposal.entries)
        if len(points) < 2:
            return []
        scale_min, scale_max = float(number(points[0]) or 0), float(number(points[-1]) or 0)
    elif form == "stars" and scale_max is not None:
        scale_min, points = 1, _whole_points(1, scale_max)
    else:
        if scale_min is None or scale_max is None:
            return [Formula("mean", scale_min, scale_max)] if kind in _NUMBERS else []
        if scale_min >= scale_max:
            return []
        points = [] if form == "decimals" else _whole_points(scale_min, scale_max)
    if form == "rank":
        return [Formula("mean", scale_min, scale_max, reverse=True)]  # the first rank is the best one
    return _suiting(points, scale_min, scale_max, kind, wording, proposal)


def points_of(entries: Sequence[Entry]) -> list[str]:
    """The values that the choices stand for, each once, lowest first."""
    values = {value_key(entry.value) for entry in entries if entry.value is not None}
    return sorted(values, key=lambda value: float(number(value) or 0))


def _suiting(
    points: Sequence[str], scale_min: float, scale_max: float, kind: str, wording: str, proposal: Proposal
) -> list[Formula]:
    if proposal.runs == Runs.NONE:
        return [Formula("csat", scale_min, scale_max, (points[-1],))]  # shares of what a person chooses
    if len(points) == 2:
        return [Formula("csat", scale_min, scale_max, (proposal.positive or _upper(points, 1, proposal.runs)[0],))]
    is_nps = [number(point) for point in points] == list(range(11)) or (
        not points and (scale_min, scale_max) == (0, 10)
    )
    if kind == "nps" and is_nps:
        return [Formula("nps"), Formula("csat", 0, 10, ("9", "10")), Formula("mean", 0, 10)]
    old_effort = (scale_min, scale_max) == (1, 5) and bool(_EFFORT.search(wording)) and not _EASE.search(wording)
    reverse = proposal.runs == Runs.DOWN or (old_effort and not proposal.lines)
    proposals = [
        *_scores(points, (scale_min, scale_max), wording, reverse, old_effort, is_nps),
        *_top_boxes(points, scale_min, scale_max, reverse),
        Formula("mean", scale_min, scale_max, reverse=reverse),
    ]
    if is_nps and proposals[0].metric != "nps" and not reverse:
        proposals.append(Formula("nps"))
    return proposals


def _scores(
    points: Sequence[str], scale: tuple[float, float], wording: str, reverse: bool, old_effort: bool, is_nps: bool
) -> list[Formula]:
    if is_nps and _RECOMMEND.search(wording) and not reverse:
        return [Formula("nps")]
    runs = Runs.DOWN if reverse else Runs.UP
    if scale == (1, 7) and len(points) == _CES_POINTS and (_EASE.search(wording) or _EFFORT.search(wording)):
        return [Formula("ces", *scale, _upper(points, 3, runs), reverse)]
    if old_effort and reverse and len(points) == 5:
        return [Formula("ces", *scale, _upper(points, 2, runs), reverse=True)]
    return []


def _top_boxes(points: Sequence[str], scale_min: float, scale_max: float, reverse: bool) -> list[Formula]:
    """By rank on the scale, whatever its values are: 0 25 50 75 100 are five points, of which the upper two count."""
    boxes = _TOP_BOXES.get(len(points))
    if boxes is None:
        return []
    return [Formula("csat", scale_min, scale_max, _upper(points, boxes, Runs.DOWN if reverse else Runs.UP), reverse)]


def _upper(points: Sequence[str], boxes: int, runs: Runs) -> tuple[str, ...]:
    return tuple(points[:boxes] if runs == Runs.DOWN else points[-boxes:])


def _whole_points(scale_min: float, scale_max: float) -> list[str]:
    """The whole numbers of a scale without choices, as far as it has few; none where it does not begin and end at one."""
    if scale_max - scale_min > max(_TOP_BOXES) or not (float(scale_min).is_integer() and float(scale_max).is_integer()):
        return []
    return [value_key(point) for point in range(int(scale_min), int(scale_max) + 1)]
