"""The table that the measurements end in."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One measurement: what was asked for, what came out, and whether that is within."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None
    note: str = ""

    def as_row(self) -> str:
        verdict = {True: "met", False: "**missed**", None: ""}[self.met]
        return f"| {self.what} | {self.measured} | {self.target} | {verdict} | {self.note} |"


def ratio(what: str, value: float, most: float, note: str = "", *, unit: str = "×", at_least: bool = False) -> Line:
    """A number that is to stay at or below `most` (or at or above it)."""
    met = value >= most if at_least else value <= most
    sign = "≥" if at_least else "≤"
    gap = " " if unit else ""
    return Line(what, f"{value:.2f}{gap}{unit}", f"{sign} {most:g}{gap}{unit}", met, note)


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB, load {os.getloadavg()[2]:.1f} over the last quarter"
        f" of an hour, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


@dataclass(frozen=True)
class Section:
    """What one case measured, and when."""

    heading: str
    words: str
    lines: Sequence[Line]
    measured: str  # day, machine and size, in words


class Results:
    """What was measured so far, in a file: parts can be measured one by one, and a run that was cut short goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sections: dict[str, Section] = {}
        if path.exists():
            for name, kept in json.loads(path.read_text(encoding="utf-8")).items():
                self.sections[name] = Section(**kept | {"lines": [Line(**line) for line in kept["lines"]]})

    def keep(self, name: str, section: Section) -> None:
        self.sections[name] = section
        kept = {key: asdict(value) for key, value in self.sections.items()}
        self.path.write_text(json.dumps(kept, indent=1, ensure_ascii=False), encoding="utf-8")


def measured(rows: int, times: int, postgresql: str) -> str:
    """When, of what and where: stands below the heading of each part."""
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {rows:,} responses of forty fields, six of them mapped, over two years; medians of"
        f" {times}. {machine()}, PostgreSQL {postgresql}."
    )


def write(path: Path, sections: Sequence[Section]) -> None:
    """docs/benchmarks.md, anew."""
    parts = [
        "# Benchmarks",
        "Written by `make bench`. Every figure is a ratio inside one run; single times depend on the machine and on who else"
        " uses it, and are given for scale only.",
    ]
    together = {section.measured for section in sections}
    parts += sorted(together) if len(together) == 1 else []
    for section in sections:
        parts += [
            f"## {section.heading}",
            section.words,
            *([section.measured] if len(together) > 1 else []),
            "\n".join(["| | measured | target | | |", "|---|---|---|---|---|", *(x.as_row() for x in section.lines)]),
        ]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
