"""Consolidated CX KPIs: what the items of a stage, a phase, a journey or a parent journey say together.

Only items with equal formulas are consolidated; each other formula gives a KPI of its own. Ways to weigh:

* `pooled`: the answers of all items are put together and the formula is applied once.
* `equal_stages`: the pooled values of the stages, as each stage shows it, averaged. A card over several stages counts in
  each of them.
* `equal_items`, `custom`: the values of the items, averaged with equal weights or with the items' own.

One answer counts once, however many items cite it. Items that share a question are therefore one voice: their answers
are united, and where items are weighed the voice has the largest of their weights. Across a change of a question, what was
answered before it and after it is added.

A value that a person entered joins a pool, with its n, as answers at the two ends of its scale: the value is the same, and
the interval the widest that such answers could have. Without n it is left out of pooling, and takes part wherever items are
weighed; the result then has no interval. Alone with data in its pool it is shown as it stands.

Inside, every way is a weighted mean of units: one pool, one per stage, or one per question. Its interval is on each side the
wider of two: MOVER (Zou & Donner 2008), made of the units' own bounds, and the normal one, made of their standard errors.
What people who answered several questions do to it, see `respondents.py`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import NamedTuple

from kpis.counting.histograms import COUNTED, MIXED, Counts, Histogram, in_order, total, union, usable, without
from kpis.counting.mapped import AS_THEY_CAME, Mapped, merged
from kpis.counting.sums import InBlocks
from kpis.metrics.formulas import (
    METRICS,
    Formula,
    Measure,
    Tally,
    measure,
    measure_bins,
    measure_tally,
    tally,
    tally_by_hand,
)
from kpis.metrics.intervals import Spread, around
from kpis.metrics.respondents import NOBODY, Together, Unit, correlations, design_effect
from kpis.metrics.student import Z95

WEIGHTINGS = ("pooled", "equal_stages", "equal_items", "custom")
WEIGHTED = "mover"  # the interval's method where values are weighed

NO_DATA, NO_BASE, NO_WEIGHT = "no_data", "no_base", "no_weight"


@dataclass(frozen=True)
class Part:
    """What one item brings. `question_key` says whose answers these are: one answer per response to that question.

    Questions that replaced one another have one `chain`, and in it a `place` that rises with time. On days on which a later
    question is counted as well both hold the same responses: `since` has the counts from the first day of each later one on.
    """

    item_id: Hashable
    question_key: Hashable | None
    formula: Formula
    counts: Counts = field(default_factory=dict)
    stage_ids: tuple[Hashable, ...] = (None,)  # all that its card covers
    weight: float = 1.0
    manual: Measure | None = None  # entered by a person; the counts are then ignored
    mapping: Mapped = AS_THEY_CAME
    include: Collection[str] = (COUNTED,)
    chain: Hashable | None = None  # None: the question alone
    place: float = 0
    first: date | None = None  # the first day that is counted; None: from the beginning
    since: Mapping[date, Counts] = field(default_factory=dict)
    survey_key: Hashable | None = None  # questions of one survey may have the same respondents; None: of its own
    oldest: date | None = None  # local days of the oldest and the newest response
    newest: date | None = None
    as_of: datetime | None = None  # until when the data are known to be complete
    in_blocks: InBlocks | None = None  # of which blocks the counts are; None: of days
    hidden: bool = False  # a manual value that may not be shown


class LeftOut(NamedTuple):
    """An item that is not in the value, and why: `no_data`, `no_base` (entered without n), `no_weight`."""

    item_id: Hashable
    reason: str


@dataclass(frozen=True)
class Consolidated:
    """One KPI over several items."""

    formula: Formula
    weighting: str
    measure: Measure
    items_used: int
    items_total: int
    left_out: Sequence[LeftOut]  # in the order of the parts
    oldest: date | None = None
    newest: date | None = None
    as_of: datetime | None = None  # the earliest of the used items': the KPI is as current as its slowest source


def consolidate(
    parts: Iterable[Part],
    weighting: str = "pooled",
    *,
    stages: Collection[Hashable] | None = None,
    together: Together | Callable[[Formula, Sequence[Part]], Together] = NOBODY,
) -> list[Consolidated]:
    """One KPI per formula, in the order of the metrics. The order of the parts changes no value.

    `stages`: those that equal stages weigh, where it is not all that the parts cover. `together`: what is known of people
    who answered several of the questions, by their `question_key`, or who tells it of the parts of a formula; what it does not
    hold counts as wholly dependent.
    """
    if weighting not in WEIGHTINGS:
        raise ValueError(f"There is no weighting {weighting!r}.")
    groups: dict[Formula, list[Part]] = {}
    for part in parts:
        if not (math.isfinite(part.weight) and part.weight >= 0):
            raise ValueError("A weight is a number from zero up.")
        groups.setdefault(part.formula, []).append(part)
    in_metric_order = sorted(groups, key=lambda formula: (METRICS.index(formula.metric), formula.name))
    return [
        _consolidate(
            formula,
            groups[formula],
            weighting,
            stages,
            together if isinstance(together, Together) else together(formula, groups[formula]),
        )
        for formula in in_metric_order
    ]


def _consolidate(
    formula: Formula,
    parts: Sequence[Part],
    weighting: str,
    stages: Collection[Hashable] | None,
    together: Together,
) -> Consolidated:
    with_data: list[Part] = []
    left_out: dict[Hashable, str] = {}
    for part in parts:
        if _own_measure(part).value is None:
            left_out[part.item_id] = NO_DATA
        elif weighting == "custom" and part.weight == 0:
            left_out[part.item_id] = NO_WEIGHT
        else:
            with_data.append(part)
    pools = [pool for group in _pools(with_data, weighting, stages) if (pool := _poolable(group))]
    used = {part.item_id: part for pool in pools for part in pool}
    left_out |= {part.item_id: NO_BASE for part in with_data if part.item_id not in used}
    everything = _pool(formula, used.values())
    answers = {question: n for question, bins in everything.answers.items() if (n := sum(_scored(bins).values()))}
    together = together.complete(answers, everything.surveys)
    found = _mean_of_pools(formula, pools, weighting, together)
    return Consolidated(
        formula=formula,
        weighting=weighting,
        measure=replace(found, excluded=_all_excluded(formula, parts)),
        items_used=len(used),
        items_total=len(parts),
        left_out=[LeftOut(part.item_id, left_out[part.item_id]) for part in parts if part.item_id in left_out],
        oldest=min((part.oldest for part in used.values() if part.oldest), default=None),
        newest=max((part.newest for part in used.values() if part.newest), default=None),
        as_of=min((part.as_of for part in used.values() or parts if part.as_of), default=None),
    )


def _own_measure(part: Part) -> Measure:
    if part.manual is not None:
        return part.manual
    answers, _ = usable(part.counts, part.formula, mapping=part.mapping, include=part.include)
    return measure(part.formula, answers)


# --- Which parts belong together ------------------------------------------------------------------


def _pools(parts: Sequence[Part], weighting: str, stages: Collection[Hashable] | None) -> Iterable[list[Part]]:
    if weighting == "pooled":
        return [list(parts)]
    if weighting != "equal_stages":
        return _voices(parts).values()
    of_stage: dict[Hashable, list[Part]] = {}
    for part in parts:
        for stage in part.stage_ids:
            if stages is None or stage in stages:
                of_stage.setdefault(stage, []).append(part)
    return of_stage.values()


def _voices(parts: Iterable[Part]) -> dict[Hashable, list[Part]]:
    """Parts by what makes them one voice: their question, or those that replaced it. A manual value is one of its own."""
    groups: dict[Hashable, list[Part]] = {}
    for part in parts:
        if part.manual is not None or part.question_key is None:
            key: Hashable = ("item", part.item_id)
        else:
            key = ("question", part.question_key if part.chain is None else part.chain)
        groups.setdefault(key, []).append(part)
    return groups


def _poolable(parts: list[Part]) -> list[Part]:
    """Those whose n is known; a single part needs no n."""
    if len(parts) <= 1:
        return parts
    return [part for part in parts if part.manual is None or part.manual.n is not None]


# --- One pool --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pool:
    """The answers of some parts, each once, by question; the values among them that people entered; and what is excluded."""

    answers: Mapping[Hashable, Histogram]
    surveys: Mapping[Hashable, Hashable | None]  # question -> survey
    by_hand: Sequence[Measure]
    excluded: Mapping[str, int]

    @property
    def histogram(self) -> Histogram:
        return total({COUNTED: bins} for bins in self.answers.values()).get(COUNTED, {})


def _pool(formula: Formula, parts: Iterable[Part]) -> _Pool:
    answers: dict[Hashable, Histogram] = {}
    surveys: dict[Hashable, Hashable | None] = {}
    by_hand: list[Measure] = []
    excluded: Counter[str] = Counter()
    for voice in _voices(parts).values():
        if voice[0].manual is not None:
            by_hand.append(voice[0].manual)
            continue
        for question, items, counts in _chained(voice):
            # An answer counts if any of the items counts it.
            bins, left_out = usable(
                counts,
                formula,
                mapping=merged(each.mapping for each in items),
                include=frozenset().union(*(each.include for each in items)),
            )
            answers[question], surveys[question] = bins, items[0].survey_key
            excluded.update(left_out)
    return _Pool(answers, surveys, by_hand, excluded)


def _chained(voice: Sequence[Part]) -> Iterable[tuple[Hashable, list[Part], Counts]]:
    """Each question of a chain with its items and those of its answers that no later question has as well."""
    by_question: dict[Hashable, list[Part]] = {}
    for part in voice:
        key = part.item_id if part.question_key is None else part.question_key
        by_question.setdefault(key, []).append(part)
    later: Counts = {}
    later_first: date | None = date.max
    for question, items in sorted(by_question.items(), key=lambda entry: -entry[1][0].place):
        own = without(union(part.counts for part in items), union(_from(part, later_first) for part in items), later)
        later = total([later, own])
        firsts = [part.first for part in items]
        later_first = None if None in (later_first, *firsts) else min([later_first, *firsts])  # type: ignore[type-var]
        yield question, items, own


def _from(part: Part, day: date | None) -> Counts:
    """Its counts from this day on."""
    if day is None or (part.first is not None and day <= part.first):
        return part.counts
    return part.since.get(day, {})


def _people(pool: _Pool, together: Together) -> int:
    """Responses with a usable answer: at least so many, where answers are known of which no set tells."""
    usable = {question: sum(_scored(bins).values()) for question, bins in pool.answers.items()}
    alone = sum(n for question, n in usable.items() if question not in together.questions)
    return together.people(pool.answers) + alone + sum(each.people or 0 for each in pool.by_hand)


def _measured(formula: Formula, pool: _Pool, together: Together) -> tuple[Measure, Unit]:
    """The formula applied once to all answers of a pool."""
    histogram = pool.histogram
    with_base = [each for each in pool.by_hand if each.n is not None and each.value is not None]
    entered = sum((tally_by_hand(formula, each.value or 0.0, each.n or 0) for each in with_base), Tally())
    whole = tally(formula, histogram) + entered
    if whole.n == 0 or (len(pool.by_hand) == 1 and not histogram):
        alone = pool.by_hand[0] if pool.by_hand else measure_bins(formula, histogram, people=0)
        return alone, Unit({}, {}, 0, 1)
    unit = Unit.of({q: _scored(bins) for q, bins in pool.answers.items()}, formula.score, whole.mean)
    squares = (entered.second or 0) - 2 * unit.mean * entered.first + unit.mean**2 * entered.n
    effect = design_effect(unit, together, (int(entered.n), squares))
    people = _people(pool, together)
    if with_base:
        return measure_tally(formula, whole, people=people, effect=effect), unit
    return measure_bins(formula, histogram, people=people, effect=effect), unit


def _scored(bins: Histogram) -> Histogram:
    return {value: n for value, n in bins.items() if value != MIXED}


# --- Several pools, weighed ------------------------------------------------------------------------


def _mean_of_pools(formula: Formula, groups: Sequence[Sequence[Part]], weighting: str, together: Together) -> Measure:
    pools = [_pool(formula, group) for group in groups]
    found = [_measured(formula, pool, together) for pool in pools]
    if not found:
        return Measure()
    if len(found) == 1:
        return found[0][0]
    measures, units = [measure for measure, _ in found], [unit for _, unit in found]
    weights = [max(part.weight for part in group) if weighting == "custom" else 1.0 for group in groups]
    largest = max(weights)
    whole = math.fsum(weight / largest for weight in weights)  # never beyond what a float holds
    shares = [weight / largest / whole for weight in weights]
    value = math.fsum(share * (each.value or 0.0) for share, each in zip(shares, measures, strict=True))
    everything = _pool(formula, {part.item_id: part for group in groups for part in group}.values())
    stated = [sum(_scored(bins).values()) for bins in everything.answers.values()]
    stated += [each.n for each in everything.by_hand if each.n is not None]
    result = Measure(
        value=value,
        n=sum(stated) if stated else None,
        # Second figures that are means too. Counts are left out: they would not add up to a weighted value.
        secondary={
            key: math.fsum(share * each.secondary[key] for share, each in zip(shares, measures, strict=True))
            for key in ("mean", "net")
            if all(each.secondary.get(key) is not None for each in measures)
        },
        people=_people(everything, together),
    )
    alike = correlations(units, together)
    sizes = [each.n_effective for each in measures]
    if all(size is not None for size in sizes):
        roots = [share / math.sqrt(size or 1.0) for share, size in zip(shares, sizes, strict=True)]
        result = replace(result, n_effective=1 / _quadratic(roots, alike))
    spreads = [each.spread for each in measures if each.spread is not None]
    if len(spreads) < len(measures):
        return result
    spread = _weighted_spread(formula, value, shares, measures, spreads, alike)
    alone = result.people == 1
    return replace(result, ci95=None if alone else spread.ci95, ci_method=None if alone else WEIGHTED, spread=spread)


def _weighted_spread(
    formula: Formula,
    value: float,
    shares: Sequence[float],
    measures: Sequence[Measure],
    spreads: Sequence[Spread],
    alike: Mapping[tuple[int, int], float],
) -> Spread:
    """The wider, on each side, of MOVER and of the normal interval."""
    below = [w * ((each.value or 0.0) - s.low) for w, each, s in zip(shares, measures, spreads, strict=True)]
    above = [w * (s.high - (each.value or 0.0)) for w, each, s in zip(shares, measures, spreads, strict=True)]
    se = math.sqrt(_quadratic([w * s.se for w, s in zip(shares, spreads, strict=True)], alike))
    low = value - max(math.sqrt(_quadratic(below, alike)), Z95 * se)
    high = value + max(math.sqrt(_quadratic(above, alike)), Z95 * se)
    middle = math.fsum(w * s.middle for w, s in zip(shares, spreads, strict=True))
    return Spread(*around(value, low, high, *formula.value_range), middle, se)


def _quadratic(values: Sequence[float], alike: Mapping[tuple[int, int], float]) -> float:
    """ΣΣ r·a·b, the variance of a sum whose parts move together by r."""
    own = math.fsum(value * value for value in values)
    return own + 2 * math.fsum(r * values[one] * values[other] for (one, other), r in alike.items())


def _all_excluded(formula: Formula, parts: Iterable[Part]) -> dict[str, int]:
    """What was left out, over all items of the group: also those that have nothing else to show."""
    pool = _pool(formula, parts)
    left_out = Counter(pool.excluded)
    left_out[MIXED] += sum(bins.get(MIXED, 0) for bins in pool.answers.values())
    return in_order(left_out)
