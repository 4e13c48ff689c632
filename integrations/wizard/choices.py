"""What the choices of a question count as, as the wizard shows and reads it: one row a choice, in display order.

A row has two fields: `leave_N` says why the choice is left out, `value_N` its value where that is empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict

from accounts.models import Organisation
from feedback.mapping.entries import REASONS, Entry
from feedback.mapping.proposals import Proposal
from feedback.mapping.values import number, value_key
from feedback.models import Question
from kpis.counting.histograms import COUNTED, total
from kpis.models import DayHistogram
from ui.typed_numbers import ANY, NotUnderstood, read_number, written

VALUE, LEAVE = "value_", "leave_"


@dataclass(frozen=True, slots=True)
class Row:
    """A choice of the table."""

    place: int
    label: str
    code: str
    value: str  # as typed
    left_out: str
    why: str  # the proposal's reason, while the row is as proposed
    n: int | None = None  # answers so far; None where they are not known, or not shown
    problem: str = ""
    proposed: str = ""  # where the row is not as proposed: the value, as people write it, or the reason to leave it out

    @property
    def shows_code(self) -> bool:
        """Whether the code is worth a word beside the label and the value."""
        return self.code != self.label

    @property
    def options(self) -> list[tuple[str, Any]]:
        return list(REASONS.items())


def fill(data: QueryDict, entries: Sequence[Entry]) -> None:
    """Put a mapping into the fields."""
    for place, entry in enumerate(entries):
        exact = number(entry.value) if entry.value is not None else None
        data[f"{VALUE}{place}"] = "" if exact is None else written(float(exact))
        data[f"{LEAVE}{place}"] = entry.left_out


def names(data: QueryDict) -> list[str]:
    """The fields of the table that were sent."""
    return [name for name in data if name.startswith((VALUE, LEAVE))]


def read(data: Mapping[str, Any], proposal: Proposal) -> list[Row]:
    """The table as it was filled in."""
    rows = []
    for place, line in enumerate(proposal.lines):
        value, left_out = str(data.get(f"{VALUE}{place}", "")), str(data.get(f"{LEAVE}{place}", ""))
        left_out = left_out if left_out in REASONS else ""
        row = Row(place, line.entry.label or line.entry.code, line.entry.code, value, left_out, "")
        problem = "" if left_out else _problem(value)
        if not problem and _entry(row) == line.entry:
            row = replace(row, why=line.why)
        else:
            row = replace(row, proposed=_in_words(line.entry))
        rows.append(replace(row, problem=problem))
    return rows


def entries_of(rows: Sequence[Row]) -> list[Entry] | None:
    """What the table says; None while a row cannot be read."""
    return None if any(row.problem for row in rows) else [_entry(row) for row in rows]


def with_answers(rows: Sequence[Row], question: Question) -> list[Row]:
    """The rows with the answers so far, as far as they are stored; not where few answers must stay hidden."""
    days = DayHistogram.objects.filter(question=question)
    if Organisation.current().suppression_threshold or not days.exists():
        return list(rows)
    bins = total(days.values_list("counts", flat=True).iterator()).get(COUNTED, {})
    return [replace(row, n=bins.get(row.code, 0)) for row in rows]


def _in_words(entry: Entry) -> str:
    exact = number(entry.value) if entry.value is not None else None
    return str(REASONS[entry.left_out]) if exact is None else written(float(exact))


def _entry(row: Row) -> Entry:
    label = row.label
    return Entry(row.code, label, None, row.left_out) if row.left_out else Entry(row.code, label, _key(row.value))


def _key(typed: str) -> str:
    return value_key(read_number(typed))


def _problem(typed: str) -> str:
    try:
        return ANY.problem(read_number(typed))
    except NotUnderstood as refusal:
        return str(refusal)
