"""How often the 95 % intervals hold the truth, and how often verdicts are wrong: `python -m benchmarks.coverage [--draws N]`.

Answers are drawn from known truths and given to the product's own functions. The tables go into docs/numbers.md, between
its marks. Draws are seeded, so that two runs agree; a thousand of them know a percentage to between one and two points.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from benchmarks.installation import ROOT
from benchmarks.report import Line
from kpis.metrics.comparison import compare, judge, many_at_once
from kpis.metrics.consolidation import Part, consolidate
from kpis.metrics.formulas import Formula, Measure, measure
from kpis.metrics.respondents import Together

DRAWS = 1000
PAGE = ROOT / "docs" / "numbers.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
WORDS = (
    "Answers drawn from known truths, given to the product's own functions: how often the interval holds the truth, and how"
    " often nothing changed and a change is said. Nominal are 95 % and 5 %. The tables are in docs/numbers.md."
)

NPS = Formula("nps")
CSAT = Formula("csat", 1, 5, ("4", "5"))
MEAN = Formula("mean", 1, 5)
SENTIMENT = Formula("sentiment")
FREE = Formula("mean")


@dataclass(frozen=True)
class Truth:
    """What is drawn from: values with their chances."""

    name: str
    formula: Formula
    chances: dict[str, float]

    @property
    def value(self) -> float:
        """The KPI over the whole population."""
        return self.formula.unit * sum(chance * float(self.formula.score(v)) for v, chance in self.chances.items())

    def draw(self, dice: random.Random, n: int) -> dict[str, int]:
        """A histogram of n answers."""
        return Counter(dice.choices(list(self.chances), list(self.chances.values()), k=n))

    def measured(self, dice: random.Random, n: int) -> Measure:
        """The KPI of n answers."""
        return measure(self.formula, self.draw(dice, n))


def nps(promoters: int, passives: int, detractors: int) -> Truth:
    chances = {"10": promoters / 100, "8": passives / 100, "3": detractors / 100}
    return Truth(f"NPS {promoters}/{passives}/{detractors}", NPS, chances)


def csat(share: float) -> Truth:
    return Truth(f"CSAT {100 * share:g} %", CSAT, {"5": share, "2": 1 - share})


def mean(name: str, *chances: float) -> Truth:
    return Truth(f"mean 1–5, {name}", MEAN, dict(zip("12345", chances, strict=True)))


EVEN = mean("symmetric", 0.1, 0.2, 0.4, 0.2, 0.1)
TOP_60 = mean("60 % top", 0.05, 0.05, 0.1, 0.2, 0.6)
TOP_90 = mean("90 % top", 0.01, 0.01, 0.03, 0.05, 0.9)
TOP_97 = mean("97 % top", 0.005, 0.005, 0.01, 0.01, 0.97)
NEUTRAL = Truth("sentiment, 92 % neutral", SENTIMENT, {"-2": 0.01, "-1": 0.03, "0": 0.92, "1": 0.03, "2": 0.01})
# A lognormal distribution, as its quantiles.
SKEWED = Truth(
    "unbounded, lognormal",
    FREE,
    {f"{2.718281828 ** NormalDist().inv_cdf((i + 0.5) / 400):.4f}": 1 / 400 for i in range(400)},
)
BOUNDED = [
    nps(50, 30, 20), nps(70, 20, 10), nps(90, 8, 2), nps(60, 0, 40),
    csat(0.5), csat(0.84), csat(0.95), EVEN, TOP_60, TOP_90, TOP_97, NEUTRAL,
]  # fmt: skip


def share_of(draws: int, seed: object, holds: Callable[[random.Random], bool]) -> float:
    """How often something holds, in percent."""
    dice = random.Random(f"coverage {seed}")
    return 100 * sum(holds(dice) for _ in range(draws)) / draws


def is_held(of: Measure, truth: float) -> bool:
    return of.ci95 is not None and of.ci95[0] - 1e-9 <= truth <= of.ci95[1] + 1e-9


@dataclass(frozen=True)
class Table:
    """Rows of percentages, with what stands above the columns."""

    heading: str
    words: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[float | None]]]

    def as_markdown(self) -> str:
        head = [f"| | {' | '.join(self.columns)} |", f"|---|{'---:|' * len(self.columns)}"]
        body = [f"| {name} | {' | '.join(_cell(value) for value in row)} |" for name, row in self.rows]
        return "\n".join([f"### {self.heading}", "", self.words, "", *head, *body])

    def all(self, *columns: int) -> list[float]:
        places = columns or range(len(self.columns))
        return [value for _, row in self.rows for i in places if (value := row[i]) is not None]


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def intervals(draws: int) -> Table:
    """Percent of intervals that hold the truth, by the number of answers."""
    sizes = (10, 30, 100, 300)

    def held(truth: Truth, n: int) -> float:
        return share_of(draws, (truth.name, n), lambda dice: is_held(truth.measured(dice, n), truth.value))

    rows = [(truth.name, [held(truth, n) for n in sizes]) for truth in BOUNDED]
    rows.append((SKEWED.name, [None, *(held(SKEWED, n) for n in sizes[1:])]))
    words = "How many of 100 intervals hold the truth, by the number of answers."
    return Table("Intervals", words, [str(n) for n in sizes], rows)


def changes(draws: int) -> Table:
    """Percent of comparisons that find a change where there is none."""
    sizes = ((10, 10), (10, 100), (30, 30), (100, 100), (30, 1000))

    def alarm(truth: Truth, a: int, b: int) -> float:
        return share_of(
            draws,
            ("change", truth.name, a, b),
            lambda dice: compare(truth.formula, truth.measured(dice, a), truth.measured(dice, b)).is_one,
        )

    truths = [nps(50, 30, 20), nps(90, 8, 2), csat(0.5), csat(0.84), EVEN, TOP_90, TOP_97]
    rows = [(truth.name, [alarm(truth, *n) for n in sizes]) for truth in truths]
    words = "How many of 100 comparisons say that something changed although nothing did, by the answers on both sides."
    return Table("False changes", words, [f"{a} / {b}" for a, b in sizes], rows)


def targets(draws: int) -> Table:
    """Percent of verdicts `met` where the truth is just below the target."""
    sizes = (10, 30, 100)

    def met(truth: Truth, n: int) -> float:
        goal = truth.value + 1e-9
        return share_of(draws, ("target", truth.name, n), lambda dice: judge(truth.measured(dice, n), goal) == "met")

    rows = [(truth.name, [met(truth, n) for n in sizes]) for truth in (nps(50, 30, 20), csat(0.84), TOP_60, TOP_90)]
    words = "How many of 100 targets are said to be met although the truth is a hair below (at most 2.5 are to be)."
    return Table("Targets falsely met", words, [str(n) for n in sizes], rows)


def weighted(draws: int) -> Table:
    """Percent of intervals of equally weighted items that hold the truth."""
    mixes = {
        "1 + 100": (1, 100),
        "2 + 300": (2, 300),
        "10 + 10": (10, 10),
        "6 × 10": (10,) * 6,
        "10 + 1000": (10, 1000),
    }

    def held(truths: Sequence[Truth], sizes: Sequence[int]) -> float:
        value = sum(truths[i % len(truths)].value for i in range(len(sizes))) / len(sizes)

        def once(dice: random.Random) -> bool:
            parts = [
                Part(i, i, truths[0].formula, {"counted": truths[i % len(truths)].draw(dice, n)})
                for i, n in enumerate(sizes)
            ]
            return is_held(consolidate(parts, "equal_items")[0].measure, value)

        return share_of(draws, ("weighted", truths[0].name, sizes), once)

    rows = [
        ("NPS, unlike items", [held([nps(50, 30, 20), nps(20, 30, 50)], sizes) for sizes in mixes.values()]),
        ("CSAT 50 %", [held([csat(0.5)], sizes) for sizes in mixes.values()]),
        ("mean 1–5, symmetric", [held([EVEN], sizes) for sizes in mixes.values()]),
        ("mean 1–5, 90 % top", [held([TOP_90], sizes) for sizes in mixes.values()]),
    ]
    words = "How many of 100 intervals of items with equal weights hold the truth, by the answers of the items."
    return Table("Weighted KPIs", words, list(mixes), rows)


def same_people(draws: int) -> Table:
    """Percent of intervals over several questions of the same 100 people that hold the truth, and of false changes."""
    people, correlation = 100, 0.7

    def answers(dice: random.Random, truth: Truth, questions: int) -> list[dict[object, str]]:
        values, total, edges = list(truth.chances), 0.0, []
        for chance in truth.chances.values():
            total += chance
            edges.append(NormalDist().inv_cdf(min(total, 1 - 1e-12)))
        found: list[dict[object, str]] = []
        for _ in range(people):
            common = dice.gauss(0, 1) * correlation**0.5
            latent = [common + dice.gauss(0, 1) * (1 - correlation) ** 0.5 for _ in range(questions)]
            found.append({q: next(v for v, edge in zip(values, edges, strict=True) if z <= edge or edge == edges[-1])
                          for q, z in enumerate(latent)})  # fmt: skip
        return found

    def pooled(dice: random.Random, truth: Truth, questions: int, *, known: bool) -> Measure:
        given = answers(dice, truth, questions)
        parts = [
            Part(q, q, truth.formula, {"counted": Counter(person[q] for person in given)}) for q in range(questions)
        ]
        return consolidate(parts, together=Together.of(given) if known else Together())[0].measure

    few = max(draws // 4, 1)

    def row(truth: Truth, known: bool) -> list[float | None]:
        def held(questions: int) -> float:
            return share_of(
                few,
                ("people", truth.name, questions),
                lambda dice: is_held(pooled(dice, truth, questions, known=known), truth.value),
            )

        def has_changed(dice: random.Random) -> bool:
            before, after = (pooled(dice, truth, 4, known=known) for _ in range(2))
            return compare(truth.formula, before, after).is_one

        return [*(held(questions) for questions in (2, 4, 8)), share_of(few, ("same", truth.name), has_changed)]

    rows = [
        (f"{truth.name}, {'people known' if known else 'as if of different people'}", row(truth, known))
        for truth in (nps(50, 30, 20), csat(0.7), EVEN)
        for known in (False, True)
    ]
    words = (
        "How many of 100 pooled intervals hold the truth where the same 100 people answer 2, 4 or 8 questions alike"
        " (correlation 0.7), and how many of 100 comparisons of 4 such questions find a change where there is none."
    )
    return Table("Several questions of the same people", words, ["2", "4", "8", "false changes"], rows)


def many(draws: int) -> Table:
    """Of 200 items at once: flags where nothing changed, and where ten fell."""
    unchanged, fallen = nps(50, 30, 20), nps(40, 25, 35)
    looks = max(draws // 40, 1)

    def row(falls: int) -> list[float | None]:
        dice = random.Random(f"many {falls}")
        alone, false, found, with_flag = 0, 0, 0, 0
        for _ in range(looks):
            seen = [
                compare(NPS, unchanged.measured(dice, 100), (fallen if i < falls else unchanged).measured(dice, 100))
                for i in range(200)
            ]
            flags = many_at_once(seen)
            alone += sum(change.is_one for change in seen[falls:])
            false += sum(place >= falls for place in flags.flagged)
            found += sum(place < falls for place in flags.flagged)
            with_flag += bool(flags.flagged)
        return [alone / looks, false / looks, found / looks, 100 * with_flag / looks]

    rows = [("200 unchanged", row(0)), ("190 unchanged, 10 down by 25 points", row(10))]
    columns = ["false by their own verdict", "false flags", "true flags", "looks with a flag, %"]
    words = "200 items of 100 answers in both periods, looked at together: changes and flags per look."
    return Table("Many at once", words, columns, rows)


def tables(draws: int = DRAWS) -> list[Table]:
    return [make(draws) for make in (intervals, changes, targets, weighted, same_people, many)]


def lines(found: Sequence[Table], draws: int) -> list[Line]:
    """The worst of each table against what it is to be, give or take three standard errors of the draws."""
    held, alarms, met, mixed, people, together = found
    means = [value for name, row in held.rows if "mean" in name or "sentiment" in name for value in row if value]
    known = [value for name, row in people.rows if name.endswith("people known") for value in row[:3] if value]

    def at_least(what: str, value: float, least: float, drawn: int = draws) -> Line:
        within = 300 * (0.95 * 0.05 / drawn) ** 0.5
        return Line(what, f"{value:.1f} %", f"≥ {least:g} − {within:.1f} %", value >= least - within)

    def at_most(what: str, value: float, most: float) -> Line:
        within = 300 * (most / 100 * (1 - most / 100) / draws) ** 0.5
        return Line(what, f"{value:.1f} %", f"≤ {most:g} + {within:.1f} %", value <= most + within)

    return [
        at_least(
            "Intervals of means that hold the truth, the worst of all truths from 10 answers on", min(means), 94.3
        ),
        at_least("All intervals, the worst from 30 answers on", min(held.all(1, 2, 3)), 92),
        at_most("False changes, the worst", max(alarms.all()), 5.7),
        at_most("Targets falsely met, the worst", max(met.all()), 2.5),
        at_least("Weighted intervals, the worst", min(mixed.all()), 92.4),
        at_least("Pooled intervals of the same people", min(known), 93, max(draws // 4, 1)),
        Line("Looks at 200 unchanged items that flag one", f"{together.rows[0][1][3]:.0f} %"),
    ]


def write(found: Sequence[Table], draws: int) -> None:
    """Put the tables between the marks of the page."""
    page = PAGE.read_text(encoding="utf-8")
    body = "\n\n".join(table.as_markdown() for table in found)
    measured = f"{BEGIN}\n{draws:,} draws for each figure.\n\n{body}\n{END}"
    PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: measured, page, flags=re.DOTALL), encoding="utf-8")


def run(draws: int = DRAWS) -> list[Line]:
    """Measure, write the page, and give what is to be kept."""
    found = tables(draws)
    write(found, draws)
    return lines(found, draws)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS, help="for each figure; 200 take some seconds")
    draws = parser.parse_args().draws
    began = time.monotonic()
    for line in run(draws):
        print(line.as_row())
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
