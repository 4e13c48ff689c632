"""KPIs as CSV. What people or vendors wrote cannot become a formula in somebody's spreadsheet; numbers stay numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from kpis.scoring.figures import Figure

# What spreadsheets take for the beginning of a formula, the wide forms of East Asian keyboards included.
_DANGEROUS = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")

COLUMNS = (
    "level", "name", "kpi", "formula", "value", "n", "ci95_low", "ci95_high", "ci_method", "weighting", "items_used",
    "items_total", "state", "from", "to", "time_zone", "as_of", "oldest_response_on", "newest_response_on", "excluded",
    "people", "n_effective", "left_out",
)  # fmt: skip


def safe(value: Any) -> Any:
    """A cell's content; a text that a spreadsheet would compute is quoted by an apostrophe."""
    if not isinstance(value, str):
        return value
    value = value.replace("\0", "")
    return f"'{value}" if value.lstrip(" \u00a0").startswith(_DANGEROUS) else value


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


def as_csv(rows: Iterable[list[Any]]) -> str:
    """The whole file, with a byte order mark, so that spreadsheets read its accents."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return "\ufeff" + out.getvalue()
