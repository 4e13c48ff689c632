"""`python -m benchmarks [--only NAME ...] [--resume] [--rows N]`: measures, prints, and writes docs/benchmarks.md.

What each part measured is kept in var/bench. `--only` measures some parts anew and takes the others from there; `--resume`
measures what is missing there. The page is written as soon as all parts are known.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable

from benchmarks import cases, coverage, report
from benchmarks.installation import ENGINES, FOLDER, ROOT, postgresql_trouble, postgresql_version

CASES: dict[str, tuple[str, str, Callable[[cases.Bench], list[report.Line]]]] = {
    "fetch": ("From the vendor to the KPIs", cases.FETCH_WORDS, cases.fetch),
    "memory": ("Memory", cases.MEMORY_WORDS, cases.memory),
    "numbers": ("Numbers", cases.NUMBERS_WORDS, cases.numbers),
    "rivals": ("Beside what people would use instead", cases.RIVALS_WORDS, cases.rivals),
    "pages": ("Pages", cases.PAGES_WORDS, cases.pages),
    "migrations": ("Migrations", cases.MIGRATIONS_WORDS, cases.migrations),
    "coverage": ("How often numbers are right", coverage.WORDS, lambda _bench: coverage.run()),
    "ticks": ("Timetable and workers", cases.TICKS_WORDS, cases.ticks),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(CASES), help="only this part; may be repeated")
    parser.add_argument("--resume", action="store_true", help="only what was not measured yet")
    parser.add_argument("--rows", type=int, default=200_000, help="responses of the backfill")
    parser.add_argument("--times", type=int, default=3, help="runs of which the median is taken")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends, too
    trouble = postgresql_trouble()
    if trouble:
        print(f"PostgreSQL is left out: {trouble}")
    engines = [engine for engine in ENGINES if engine == "sqlite" or not trouble]
    FOLDER.mkdir(parents=True, exist_ok=True)
    results = report.Results(FOLDER / "results.json")
    wanted = chosen.only or [name for name in CASES if not (chosen.resume and name in results.sections)]
    with cases.opened(chosen.rows, chosen.times, engines) as bench:
        for name in wanted:
            heading, words, measure = CASES[name]
            began = time.monotonic()
            lines = measure(bench)
            print(
                f"\n{heading} ({time.monotonic() - began:.0f} s)",
                *(line.as_row() for line in lines),
                sep="\n",
                flush=True,
            )
            how = report.measured(chosen.rows, chosen.times, trouble or postgresql_version())
            results.keep(name, report.Section(heading, words, lines, how))
    if results.sections.keys() >= CASES.keys():
        report.write(ROOT / "docs" / "benchmarks.md", [results.sections[name] for name in CASES])


if __name__ == "__main__":
    main()
