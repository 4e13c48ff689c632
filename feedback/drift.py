"""What has changed between two versions of a question, as a person compares them. Pure: reads the two rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from feedback.models import Question


class Change(StrEnum):
    """What kind of difference a line of the comparison shows; stable, for programs."""

    SAME = "same"
    RENAMED = "renamed"
    RECODED = "recoded"
    ANALYSED = "analysed"  # the author counts it now, or no longer does
    ADDED = "added"
    REMOVED = "removed"
    WORDING = "wording"
    KIND = "kind"
    SCALE = "scale"
    FORM = "form"  # shown or asked in another way, e.g. as a list


# After these the answers stand on another scale: old and new ones cannot be added up.
_ANOTHER_SCALE = frozenset({Change.RECODED, Change.ADDED, Change.REMOVED, Change.KIND, Change.SCALE})


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of the comparison: what it was, what it is; empty where there is nothing on that side."""

    change: Change
    before: str
    now: str

    @property
    def label(self) -> str:
        """The change in a word."""
        return {
            Change.SAME: pgettext("a choice", "Unchanged"),
            Change.RENAMED: _("Renamed"),
            Change.RECODED: _("Other value"),
            Change.ANALYSED: _("Analysed or not"),
            Change.ADDED: _("Added"),
            Change.REMOVED: _("Removed"),
            Change.WORDING: _("Question reworded"),
            Change.KIND: _("Other type"),
            Change.SCALE: _("Other scale"),
            Change.FORM: _("Asked in another way"),
        }[self.change]

    @property
    def is_change(self) -> bool:
        return self.change != Change.SAME


def differences(before: Question, now: Question) -> list[Difference]:
    """Everything that matters of both, choices in their order; what stayed the same is among it, marked so."""
    lines = [
        # Of one choice of several the wording names the choice.
        *_pair(Change.RENAMED if now.kind == Question.Kind.CHOSEN else Change.WORDING, before.wording, now.wording),
        *_pair(Change.KIND, before.get_kind_display(), now.get_kind_display()),
        *_pair(Change.SCALE, _scale(before), _scale(now)),
    ]
    choices = list(_choices(before.choices, now.choices))
    counting = [*lines, *choices]
    if before.fingerprint != now.fingerprint and not any(_decides(line) for line in counting):
        lines.append(Difference(Change.FORM, "", _("The choices and their values have stayed.")))
    return [*lines, *choices]


def is_another_scale(lines: Sequence[Difference]) -> bool:
    """Whether old and new answers stand on different scales, so that one number over both would be wrong."""
    return any(line.change in _ANOTHER_SCALE for line in lines)


def sentence(lines: Sequence[Difference]) -> str:
    """The changes in one sentence, for a summary."""
    n = Counter(line.change for line in lines)
    parts = []
    if many := n[Change.REMOVED]:
        parts.append(ngettext("%(n)d choice removed", "%(n)d choices removed", many) % {"n": many})
    if many := n[Change.ADDED]:
        parts.append(ngettext("%(n)d choice added", "%(n)d choices added", many) % {"n": many})
    if many := n[Change.RENAMED]:
        parts.append(ngettext("%(n)d choice renamed", "%(n)d choices renamed", many) % {"n": many})
    if many := n[Change.RECODED]:
        parts.append(
            ngettext("%(n)d choice with another value", "%(n)d choices with another value", many) % {"n": many}
        )
    for line in lines:
        if line.change == Change.SCALE:
            parts.append(_("scale %(before)s, now %(now)s") % {"before": line.before or "–", "now": line.now or "–"})
        elif line.change in (Change.KIND, Change.FORM, Change.ANALYSED):
            parts.append(line.label.lower())
    return " · ".join(dict.fromkeys(parts))


def _decides(line: Difference) -> bool:
    return line.is_change and line.change != Change.WORDING


def _pair(change: Change, before: str, now: str) -> Iterator[Difference]:
    if before != now:
        yield Difference(change, before, now)


def _scale(question: Question) -> str:
    low, high = question.scale_min, question.scale_max
    if low is None or high is None:
        return ""
    return _("%(low)s to %(high)s") % {"low": _plain(low), "high": _plain(high)}


def _plain(value: float) -> str:
    return number_format(int(value) if float(value).is_integer() else value)


def _choices(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
    """Choices are the same if value and label are; else one is found again by its label, else by its value."""
    partners: dict[int, int] = {}
    for key in (_both, _label, _value):
        free = [index for index in range(len(now)) if index not in partners.values()]
        for old, choice in enumerate(before):
            if old in partners:
                continue
            match = next((index for index in free if key(now[index]) == key(choice)), None)
            if match is not None:
                partners[old] = match
                free.remove(match)
    for old, choice in enumerate(before):
        partner = now[partners[old]] if old in partners else None
        yield Difference(_kind_of(choice, partner), _text(choice), _text(partner) if partner else "")
    for index, choice in enumerate(now):
        if index not in partners.values():
            yield Difference(Change.ADDED, "", _text(choice))


def _kind_of(before: Mapping[str, Any], now: Mapping[str, Any] | None) -> Change:
    if now is None:
        return Change.REMOVED
    if _value(before) != _value(now):
        return Change.RECODED
    if _label(before) != _label(now):
        return Change.RENAMED
    return Change.SAME if _analysed(before) == _analysed(now) else Change.ANALYSED


def _both(choice: Mapping[str, Any]) -> tuple[str, str]:
    return _value(choice), _label(choice)


def _label(choice: Mapping[str, Any]) -> str:
    return str(choice.get("label", "")).strip()


def _value(choice: Mapping[str, Any]) -> str:
    return str(choice["value"])


def _analysed(choice: Mapping[str, Any]) -> bool:
    return choice.get("analyze") is not False


def _text(choice: Mapping[str, Any]) -> str:
    value, label = _both(choice)
    text = f"{value} – {label}" if label not in ("", value) else value
    return text if _analysed(choice) else _("%(choice)s (not analysed)") % {"choice": text}
