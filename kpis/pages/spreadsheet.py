"""KPIs as CSV. What people or vendors wrote cannot become a formula in somebody's spreadsheet; numbers stay numbers."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable
from typing import Any

from django.utils.formats import get_format
from django.utils.translation import pgettext_lazy

from kpis.scoring.figures import Figure

# What spreadsheets take for the beginning of a formula, the wide forms of East Asian keyboards included.
_DANGEROUS = frozenset("=+-@|%＝＋－＠")
# Where a spreadsheet of whatever language may begin another cell.
_SEPARATORS = frozenset(",;\t\r\n")
# Letters by their kind, and yet nothing is seen of them.
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

COLUMNS = (
    pgettext_lazy("column of the export", "level"),
    pgettext_lazy("column of the export", "name"),
    pgettext_lazy("column of the export", "kpi"),
    pgettext_lazy("column of the export", "formula"),
    pgettext_lazy("column of the export", "value"),
    pgettext_lazy("column of the export", "n"),
    pgettext_lazy("column of the export", "ci95_low"),
    pgettext_lazy("column of the export", "ci95_high"),
    pgettext_lazy("column of the export", "ci_method"),
    pgettext_lazy("column of the export", "weighting"),
    pgettext_lazy("column of the export", "items_used"),
    pgettext_lazy("column of the export", "items_total"),
    pgettext_lazy("column of the export", "state"),
    pgettext_lazy("column of the export", "from"),
    pgettext_lazy("column of the export", "to"),
    pgettext_lazy("column of the export", "time_zone"),
    pgettext_lazy("column of the export", "as_of"),
    pgettext_lazy("column of the export", "oldest_response_on"),
    pgettext_lazy("column of the export", "newest_response_on"),
    pgettext_lazy("column of the export", "excluded"),
    pgettext_lazy("column of the export", "people"),
    pgettext_lazy("column of the export", "n_effective"),
    pgettext_lazy("column of the export", "left_out"),
)


def safe(value: Any) -> Any:
    """A cell's content; what a spreadsheet would compute in a text is quoted by an apostrophe.

    Also behind each separator: a file that is split at another one than ours begins a cell there.
    """
    if not isinstance(value, str):
        return value
    text, begins = [], True
    for character in value.replace("\0", ""):
        if begins and character in _DANGEROUS:
            text.append("'")
        text.append(character)
        begins = character in _SEPARATORS or (begins and _is_unseen(character))
    return "".join(text)


def _is_unseen(character: str) -> bool:
    """Whether nothing is seen of it: spaces, controls, marks of byte order, zero widths; and quotes, which go with a split."""
    if character == '"' or character in _BLANK_LETTERS:
        return True
    return unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp") or "\ufe00" <= character <= "\ufe0f"


def row_of(level: str, name: str, figure: Figure | None, state: str = "") -> list[Any]:
    """One line: a KPI of a journey, phase, stage or item. Without data the value is empty, never zero."""
    if figure is None:
        return [level, name, *[""] * 10, state, *[""] * 10]
    told = figure.as_json()
    low, high = told["ci95"] or ("", "")
    return [
        level,
        name,
        told["kpi"],
        told["formula"],
        "" if told["value"] is None else told["value"],
        "" if told["n"] is None else told["n"],
        low,
        high,
        told["ci_method"] or "",
        told["weighting"],
        told["items_used"],
        told["items_total"],
        told["state"],
        told["window"]["from"] or "",
        told["window"]["to"] or "",
        told["window"]["tz"],
        told["as_of"] or "",
        told["oldest_response_on"] or "",
        told["newest_response_on"] or "",
        "; ".join(f"{reason} {n}" for reason, n in told["excluded"].items()),
        "" if told["people"] is None else told["people"],
        "" if told["n_effective"] is None else told["n_effective"],
        "; ".join(f"{each['item']} {each['reason']}" for each in told["left_out"]),
    ]


def separator() -> str:
    """What stands between cells: a spreadsheet whose decimal sign is the comma expects another sign there."""
    return ";" if get_format("DECIMAL_SEPARATOR") == "," else ","


def in_language(value: Any) -> Any:
    """A number as spreadsheets of the active language read it."""
    return str(value).replace(".", str(get_format("DECIMAL_SEPARATOR"))) if isinstance(value, float) else value


def as_csv(rows: Iterable[list[Any]]) -> str:
    """The whole file, with a byte order mark, so that spreadsheets read its accents."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator())
    writer.writerow(COLUMNS)
    writer.writerows([in_language(safe(cell)) for cell in row] for row in rows)
    return "\ufeff" + out.getvalue()
