"""Which formulas suit a question, best first, from its type, its scale, its choices and its wording (EN and FR)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kpis.counting.histograms import number, value_key
from kpis.metrics.formulas import Formula

# How many of the highest answers count as positive, by the number of points on the scale. Two points ask for "yes".
_TOP_BOXES = {3: 1, 4: 2, 5: 2, 7: 2, 10: 2, 11: 2}

# Kinds whose answers are numbers that nobody chose from a list.
_NUMBERS = ("number", "embedded", "score")

_RECOMMEND = re.compile(r"\brecomm(and|end)", re.IGNORECASE)
_EFFORT = re.compile(r"\b(efforts?|effortless(ly)?)\b", re.IGNORECASE)
_EASE = re.compile(
    r"\b(eas[ey]|easier|easily|easiness|facile(s|ment)?|facilit|simple à|aisé|aisément|difficil|difficult)",
    re.IGNORECASE,
)
_YES = re.compile(r"^\s*(yes|oui|true|vrai)\b", re.IGNORECASE)
_NOT_APPLICABLE = re.compile(
    r"^\s*(n[\s/.]{0,2}a\b|not applicable|does not apply|(i )?do(n['’]t| not) know|no opinion|sans objet|non applicable"
    r"|non concerné|(je )?ne sai[st] pas|nsp\b|sans opinion|sans avis)",
    re.IGNORECASE,
)
_BAD = re.compile(
    r"\b(dis\w+|un(satisf|likely|happy|friendly|helpful)\w*|insatisf\w*|mécontent\w*|not|no|never|non|pas|aucunement|jamais|peu"
    r"|bad|poor|terrible|awful|worst|mauvais\w*|médiocre|difficult|hard|difficile|désaccord|high effort|(lots?|a lot) of effort"
    r"|beaucoup d['’]efforts?)\b",
    re.IGNORECASE,
)
_GOOD = re.compile(
    r"\b(satisf\w*|happy|content\w*|good|excellent\w*|great|bon(ne)?|bien|eas[iy]\w*|facile\w*|agree|d['’]accord|yes|oui|likely"
    r"|probable\w*|low effort|little effort|peu d['’]efforts?|always|toujours)\b",
    re.IGNORECASE,
)

# What else the ends of a scale say, also in neighbouring languages; a choice that names a thing says none of it.
_DEGREE = re.compile(
    r"^\s*[+-]?\d|\b(very|extremely|strongly|completely|fully|totally|entirely|much|worse|better|low|high|none|all"
    r"|lowest|highest|très|extrêmement|complètement|totalement|entièrement|tout à fait|beaucoup|faible|élevée?|fort|aucun"
    r"|moins|plus|sehr|gar|nicht|völlig|muy|nada|molto|per niente|heel|zeer)\b|expect|attente"
    r"|\w*(zufried|satisf|satisfech|soddisf|tevred|einfach|schwier|leicht|schlecht|fácil|difícil)",
    re.IGNORECASE,
)


def not_applicable_values(choices: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Choices that say "does not apply": those kept out of analysis by the survey's author, or named so."""
    return frozenset(
        value_key(choice["value"])
        for choice in choices
        if not choice.get("analyze", True) or _NOT_APPLICABLE.search(str(choice.get("label", "")))
    )


def propose(
    kind: str,
    scale_min: float | None = None,
    scale_max: float | None = None,
    choices: Sequence[Mapping[str, Any]] = (),
    wording: str = "",
) -> list[Formula]:
    """Formulas for a question, the best first; none for a comment or a multiple choice.

    `choices` are `{"value": "1", "label": "Very easy", "analyze": true}`; where there are any, they make the scale.
    """
    if kind == "nps":
        return [Formula("nps"), Formula("csat", 0, 10, ("9", "10")), Formula("mean", 0, 10)]
    if kind == "sentiment":
        return [Formula("sentiment")]
    if kind == "chosen":
        return [Formula("csat", 0, 1, ("1",))]
    if kind not in ("choice", *_NUMBERS):
        return []
    labels = _labels_by_value(choices)
    if labels:
        scale_min, scale_max = _ends(labels)
    if scale_min is None or scale_max is None:
        return [Formula("mean", scale_min, scale_max)] if kind in _NUMBERS else []
    if scale_min >= scale_max:
        return []
    old_effort = _is_old_effort(scale_min, scale_max, labels, wording)
    reverse = old_effort or _low_is_good(labels)
    proposals = [
        *_scores(scale_min, scale_max, wording, reverse, old_effort),
        *_top_boxes(scale_min, scale_max, labels, reverse),
        Formula("mean", scale_min, scale_max, reverse=reverse),
    ]
    if (scale_min, scale_max) == (0, 10) and proposals[0].metric != "nps" and not reverse:
        proposals.append(Formula("nps"))
    return proposals


def _labels_by_value(choices: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    left_out = not_applicable_values(choices)
    labels = {value_key(choice["value"]): str(choice.get("label", "")) for choice in choices}
    return {value: label for value, label in labels.items() if value not in left_out and number(value) is not None}


def _ends(labels: Mapping[str, str]) -> tuple[float, float]:
    values = [float(exact) for value in labels if (exact := number(value)) is not None]
    return min(values), max(values)


def _low_is_good(labels: Mapping[str, str]) -> bool:
    """Some scales run from "Very satisfied" = 1 down to "Very dissatisfied" = 5; the labels at the ends tell."""
    lowest, highest = _end_labels(labels)
    return len(labels) > 2 and bool(_BAD.search(highest)) and bool(_GOOD.search(lowest)) and not _BAD.search(lowest)


def _is_old_effort(scale_min: float, scale_max: float, labels: Mapping[str, str], wording: str) -> bool:
    """CES 1.0: "How much effort did you have to put forth?", 1 (very low) to 5 (very high)."""
    if (scale_min, scale_max) != (1, 5) or not _EFFORT.search(wording) or _EASE.search(wording):
        return False
    lowest, highest = _end_labels(labels)
    return not _BAD.search(lowest) or bool(_BAD.search(highest))  # from disagree to agree, high is good


def _end_labels(labels: Mapping[str, str]) -> tuple[str, str]:
    ordered = sorted(labels, key=lambda value: float(number(value) or 0))
    return (labels[ordered[0]], labels[ordered[-1]]) if ordered else ("", "")


def _is_ordered(labels: Mapping[str, str]) -> bool:
    """Choices may name things ("Work", "Leisure", "Other"): their values are numbers then, but no scale.

    A scale tells by its two ends, or by half of its points.
    """
    degrees = [label for label in labels.values() if _is_degree(label)]
    return all(map(_is_degree, _end_labels(labels))) or 2 * len(degrees) >= len(labels)


def _is_degree(label: str) -> bool:
    return not label.strip() or any(words.search(label) for words in (_DEGREE, _GOOD, _BAD))


def _scores(scale_min: float, scale_max: float, wording: str, reverse: bool, old_effort: bool) -> list[Formula]:
    if (scale_min, scale_max) == (0, 10) and _RECOMMEND.search(wording) and not reverse:
        return [Formula("nps")]
    if (scale_min, scale_max) == (1, 7) and (_EASE.search(wording) or _EFFORT.search(wording)):
        return [Formula("ces", 1, 7, ("1", "2", "3") if reverse else ("5", "6", "7"), reverse)]
    if old_effort:
        return [Formula("ces", 1, 5, ("1", "2"), reverse=True)]
    return []


def _top_boxes(scale_min: float, scale_max: float, labels: Mapping[str, str], reverse: bool) -> list[Formula]:
    """By rank on the scale: choices numbered 1 2 3 4 6, or 0 25 50 75 100, are five points, of which the upper two count."""
    if labels and not _is_ordered(labels):
        return []
    points = sorted(labels, key=lambda value: float(number(value) or 0)) or _whole_points(scale_min, scale_max)
    if len(points) == 2:
        yes = [value for value, label in labels.items() if _YES.search(label)]
        return [Formula("csat", scale_min, scale_max, tuple(yes) or (points[-1],))]
    boxes = _TOP_BOXES.get(len(points))
    if boxes is None:
        return []
    return [Formula("csat", scale_min, scale_max, tuple(points[:boxes] if reverse else points[-boxes:]), reverse)]


def _whole_points(scale_min: float, scale_max: float) -> list[str]:
    """The whole numbers of a scale without choices, as far as it has few; none where it does not begin and end at one."""
    if scale_max - scale_min > max(_TOP_BOXES) or not (float(scale_min).is_integer() and float(scale_max).is_integer()):
        return []
    return [value_key(point) for point in range(int(scale_min), int(scale_max) + 1)]
