"""The table that the measurements end in."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
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


def write(
    path: Path, sections: Sequence[tuple[str, str, Sequence[Line]]], rows: int, times: int, postgresql: str
) -> None:
    """docs/benchmarks.md, anew."""
    parts = [
        "# Benchmarks",
        f"Written by `make bench`. Every figure is a ratio inside one run, of medians of {times}; single times depend on"
        " the machine and on who else uses it, and are given for scale only.",
        f"{datetime.now(UTC):%Y-%m-%d}, {rows:,} responses of forty fields, six of them mapped, over two years. "
        f"{machine()}, PostgreSQL {postgresql}.",
    ]
    for heading, words, lines in sections:
        parts += [
            f"## {heading}",
            words,
            "\n".join(["| | measured | target | | |", "|---|---|---|---|---|", *(line.as_row() for line in lines)]),
        ]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
