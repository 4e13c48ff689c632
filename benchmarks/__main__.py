"""`python -m benchmarks [--only NAME ...] [--rows N]`: measures, prints, and writes docs/benchmarks.md."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable

from benchmarks import cases, report
from benchmarks.installation import ENGINES, ROOT, postgresql_trouble, postgresql_version

CASES: dict[str, tuple[str, str, Callable[[cases.Bench], list[report.Line]]]] = {
    "fetch": ("From the vendor to the KPIs", cases.FETCH_WORDS, cases.fetch),
    "memory": ("Memory", cases.MEMORY_WORDS, cases.memory),
    "rivals": ("Beside what people would use instead", cases.RIVALS_WORDS, cases.rivals),
    "pages": ("Pages", cases.PAGES_WORDS, cases.pages),
    "ticks": ("Timetable and workers", cases.TICKS_WORDS, cases.ticks),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(CASES), help="only this part; may be repeated")
    parser.add_argument("--rows", type=int, default=200_000, help="responses of the backfill")
    parser.add_argument("--times", type=int, default=3, help="runs of which the median is taken")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends, too
    trouble = postgresql_trouble()
    if trouble:
        print(f"PostgreSQL is left out: {trouble}")
    engines = [engine for engine in ENGINES if engine == "sqlite" or not trouble]
    sections = []
    with cases.opened(chosen.rows, chosen.times, engines) as bench:
        for name, (heading, words, measure) in CASES.items():
            if chosen.only and name not in chosen.only:
                continue
            lines = measure(bench)
            sections.append((heading, words, lines))
            print(f"\n{heading}", *(line.as_row() for line in lines), sep="\n", flush=True)
    if not chosen.only:  # a part alone does not replace the whole
        report.write(
            ROOT / "docs" / "benchmarks.md", sections, chosen.rows, chosen.times, trouble or postgresql_version()
        )


if __name__ == "__main__":
    main()
