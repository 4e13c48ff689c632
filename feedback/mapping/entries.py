"""The mapping that an item keeps: for each choice of its question, in display order, what an answer with its code stands for.

Stored as `[{"code", "label", "value"}]`, with `left_out` and a reason in place of a value where the choice does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.mapping.values import number, value_key

NOT_APPLICABLE = "not_applicable"  # its label says that it is no answer
NOT_ANALYSED = "not_analysed"  # the survey's author keeps it out of analysis
OFF_SCALE = "out_of_scale"  # an answer, but no point of this scale
AMBIGUOUS = "ambiguous"  # another choice has the same code

REASONS: Mapping[str, str | Promise] = {
    NOT_APPLICABLE: gettext_lazy("It is no answer"),
    NOT_ANALYSED: gettext_lazy("Kept out of analysis"),
    OFF_SCALE: gettext_lazy("Not on the scale"),
    AMBIGUOUS: gettext_lazy("Shares its code"),
}

_LONGEST_VALUE = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One choice: a value, or the reason why it is left out."""

    code: str
    label: str
    value: str | None = None
    left_out: str = ""

    @property
    def in_words(self) -> str:
        """The value; or the reason why it is left out."""
        return str(REASONS.get(self.left_out, self.left_out)) if self.value is None else self.value

    def as_json(self) -> dict[str, str]:
        said = {"left_out": self.left_out} if self.value is None else {"value": self.value}
        return {"code": self.code, "label": self.label, **said}

    def without_value(self) -> Entry:
        return replace(self, value=None)


def read_entries(stored: Iterable[Mapping[str, Any]] | None) -> list[Entry]:
    """The entries of a stored mapping; none where nobody has said anything."""
    return [
        Entry(str(each["code"]), str(each.get("label", "")), each.get("value"), str(each.get("left_out") or ""))
        for each in stored or ()
    ]


def labels_by_value(entries: Iterable[Entry]) -> dict[str, str]:
    """Each value with the label of its choice, or of its choices."""
    labels: dict[str, list[str]] = {}
    for entry in entries:
        if entry.value is not None and entry.label:
            labels.setdefault(value_key(entry.value), []).append(entry.label)
    return {value: " / ".join(dict.fromkeys(some)) for value, some in labels.items()}


def checked(given: Sequence[Mapping[str, Any]], choices: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """A mapping that somebody gives, as it is stored: every choice once, in display order, with the question's labels.

    Raises `ValidationError` where a choice is missing, unknown or said twice, or counts as something that is no number.
    """
    said: dict[str, Entry] = {}
    for each in given:
        entry = _entry(each)
        if said.setdefault(entry.code, entry) != entry:
            raise ValidationError(
                _("Code %(code)s is given twice. Answers with one code can only count in one way.")
                % {"code": entry.code}
            )
    codes = [value_key(choice["value"]) for choice in choices]
    if unknown := [code for code in said if code not in codes]:
        raise ValidationError(_("The question has no choice with the code %(code)s.") % {"code": ", ".join(unknown)})
    if missing := [code for code in codes if code not in said]:
        raise ValidationError(
            _("Say also what the choice with the code %(code)s counts as.") % {"code": ", ".join(missing)}
        )
    return [
        replace(said[code], label=str(choice.get("label") or "")).as_json()
        for code, choice in zip(codes, choices, strict=True)
    ]


def _entry(given: Mapping[str, Any]) -> Entry:
    code, value, left_out = value_key(given.get("code", "")), given.get("value"), given.get("left_out") or ""
    if (value is None) == (not left_out):
        raise ValidationError(
            _("Give either a value or a reason to leave it out, for the choice with the code %(code)s.")
            % {"code": code}
        )
    if left_out:
        if left_out not in REASONS:
            raise ValidationError(
                _("A choice is left out for one of these reasons: %(reasons)s.") % {"reasons": ", ".join(REASONS)}
            )
        return Entry(code, "", None, str(left_out))
    key = value_key(value)
    if number(key) is None or len(key) > _LONGEST_VALUE:
        raise ValidationError(_("A choice counts as a number: %(value)s is none.") % {"value": str(value)[:40]})
    return Entry(code, "", key)
