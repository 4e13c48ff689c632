"""Consolidated CX KPIs: what the items of a stage, a phase, a journey or a parent journey say together.

Only items with equal formulas are consolidated; each other formula gives a KPI of its own. Ways to weigh:

* `pooled`: the answers of all items are put together and the formula is applied once.
* `equal_stages`: the pooled values of the stages, as each stage shows it, averaged.
* `equal_items`, `custom`: the values of the items, averaged with equal weights or with the items' own.

One answer counts once, however many items cite it. Items that share a question are therefore one voice: their answers
are united, and where items are weighed the voice has the largest of their weights. Stages that share a question keep
the values they show, n counts each answer once, and the interval takes them as wholly dependent: never too narrow.

A value that a person entered has no answers to pool. With its n it is pooled by n, which gives the same value as its
answers would, since every metric is a mean over answers. Without n it is left out of pooling, and takes part wherever
items are weighed; the result then has no interval. Alone with data in its pool it is shown as it stands.

Inside, every way is a weighted mean of pools: one pool, one per stage, or one per question.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from kpis.counting.histograms import COUNTED, Counts, in_order, total, union, usable
from kpis.metrics import intervals
from kpis.metrics.formulas import METRICS, Formula, Measure, measure

WEIGHTINGS = ("pooled", "equal_stages", "equal_items", "custom")
WEIGHTED = "weighted_normal"  # the interval's method where values are weighed

NO_DATA, NO_BASE, NO_WEIGHT = "no_data", "no_base", "no_weight"


@dataclass(frozen=True)
class Part:
    """What one item brings. `question_key` says whose answers these are: one answer per response to that question."""

    item_id: Hashable
    question_key: Hashable | None
    formula: Formula
    counts: Counts = field(default_factory=dict)
    stage_id: Hashable = None
    weight: float = 1.0
    manual: Measure | None = None  # entered by a person; the counts are then ignored
    not_applicable: Collection[str] = frozenset()
    include: Collection[str] = (COUNTED,)
    oldest: date | None = None  # local days of the oldest and the newest response
    newest: date | None = None
    as_of: datetime | None = None  # until when the data are known to be complete


@dataclass(frozen=True)
class Consolidated:
    """One KPI over several items."""

    formula: Formula
    weighting: str
    measure: Measure
    items_used: int
    items_total: int
    left_out: Mapping[str, int]  # reason -> items: `no_data`, `no_base` (entered without n), `no_weight`
    oldest: date | None = None
    newest: date | None = None
    as_of: datetime | None = None  # the earliest of the used items': the KPI is as current as its slowest source


def consolidate(parts: Iterable[Part], weighting: str = "pooled") -> list[Consolidated]:
    """One KPI per formula, in the order of the metrics. The order of the parts changes nothing."""
    if weighting not in WEIGHTINGS:
        raise ValueError(f"There is no weighting {weighting!r}.")
    groups: dict[Formula, list[Part]] = {}
    for part in parts:
        if not (math.isfinite(part.weight) and part.weight >= 0):
            raise ValueError("A weight is a number from zero up.")
        groups.setdefault(part.formula, []).append(part)
    in_metric_order = sorted(groups, key=lambda formula: (METRICS.index(formula.metric), formula.name))
    return [_consolidate(formula, groups[formula], weighting) for formula in in_metric_order]


@dataclass(frozen=True)
class _Voice:
    """The items of one question, or one manual item: their answers united, each counted once."""

    histogram: Mapping[str, int]
    excluded: Mapping[str, int]
    measure: Measure


def _consolidate(formula: Formula, parts: Sequence[Part], weighting: str) -> Consolidated:
    with_data: list[Part] = []
    left_out: Counter[str] = Counter()
    for part in parts:
        if _own_measure(part).value is None:
            left_out[NO_DATA] += 1
        elif weighting == "custom" and part.weight == 0:
            left_out[NO_WEIGHT] += 1
        else:
            with_data.append(part)
    pools = [pool for group in _pools(with_data, weighting) if (pool := _poolable(group))]
    used = [part for pool in pools for part in pool]
    if len(used) < len(with_data):
        left_out[NO_BASE] = len(with_data) - len(used)
    return Consolidated(
        formula=formula,
        weighting=weighting,
        measure=replace(_mean_of_pools(formula, pools, weighting), excluded=_all_excluded(formula, parts)),
        items_used=len(used),
        items_total=len(parts),
        left_out=dict(sorted(left_out.items())),
        oldest=min((part.oldest for part in used if part.oldest), default=None),
        newest=max((part.newest for part in used if part.newest), default=None),
        as_of=min((part.as_of for part in used or parts if part.as_of), default=None),
    )


def _own_measure(part: Part) -> Measure:
    if part.manual is not None:
        return part.manual
    answers, _ = usable(part.counts, part.formula, not_applicable=part.not_applicable, include=part.include)
    return measure(part.formula, answers)


def _pools(parts: Sequence[Part], weighting: str) -> Iterable[list[Part]]:
    if weighting == "pooled":
        return [list(parts)]
    return _grouped(parts, by_stage=weighting == "equal_stages").values()


def _grouped(parts: Iterable[Part], *, by_stage: bool = False) -> dict[Hashable, list[Part]]:
    """Parts by stage, or by what makes them one voice: their question. A manual value is a voice of its own."""
    groups: dict[Hashable, list[Part]] = {}
    for part in parts:
        if by_stage:
            key: Hashable = part.stage_id
        elif part.manual is not None or part.question_key is None:
            key = ("item", part.item_id)
        else:
            key = ("question", part.question_key)
        groups.setdefault(key, []).append(part)
    return groups


def _poolable(parts: list[Part]) -> list[Part]:
    """Those whose n is known; a single part needs no n."""
    if len(parts) <= 1:
        return parts
    return [part for part in parts if part.manual is None or part.manual.n is not None]


def _voices(formula: Formula, parts: Iterable[Part]) -> list[_Voice]:
    return [_voice(formula, group) for group in _grouped(parts).values()]


def _voice(formula: Formula, parts: Sequence[Part]) -> _Voice:
    if parts[0].manual is not None:
        return _Voice({}, {}, parts[0].manual)
    # An answer counts if any of the items counts it.
    answers, excluded = usable(
        union(part.counts for part in parts),
        formula,
        not_applicable=frozenset.intersection(*(frozenset(part.not_applicable) for part in parts)),
        include=frozenset().union(*(part.include for part in parts)),
    )
    return _Voice(answers, excluded, measure(formula, answers))


def _mean_of_pools(formula: Formula, pools: Sequence[Sequence[Part]], weighting: str) -> Measure:
    weights = [max(part.weight for part in pool) if weighting == "custom" else 1.0 for pool in pools]
    n = _n(_voices(formula, (part for pool in pools for part in pool)))
    questions = [{part.question_key for part in pool if part.question_key is not None} for pool in pools]
    return _weigh(formula, [_pool(formula, pool) for pool in pools], weights, n, questions)


def _pool(formula: Formula, parts: Sequence[Part]) -> Measure:
    """The formula applied once to all answers; manual values join by their n."""
    voices = _voices(formula, parts)
    answers = total({COUNTED: voice.histogram} for voice in voices).get(COUNTED, {})
    measures = [voice.measure for voice in voices if not voice.histogram]
    if answers:
        measures.append(measure(formula, answers))
    return _weigh(formula, measures, [float(each.n or 1) for each in measures], _n(voices), [set() for _ in measures])


def _n(voices: Iterable[_Voice]) -> int | None:
    """Answers behind the value, as far as they are stated; None where no base is."""
    stated = [voice.measure.n for voice in voices if voice.measure.n is not None]
    return sum(stated) if stated else None


def _weigh(
    formula: Formula,
    measures: Sequence[Measure],
    weights: Sequence[float],
    n: int | None,
    questions: Sequence[set[Hashable]],
) -> Measure:
    """The weighted mean of values, with the interval that their adjusted standard errors allow."""
    if not measures:
        return Measure()
    if len(measures) == 1:
        return measures[0]
    whole = math.fsum(weights)
    shares = [weight / whole for weight in weights]
    value = math.fsum(w * (m.value or 0.0) for w, m in zip(weights, measures, strict=True)) / whole
    # Second figures that are means too. Counts are left out: they would not add up to a weighted value.
    secondary = {
        key: math.fsum(share * m.secondary[key] for share, m in zip(shares, measures, strict=True))
        for key in ("mean", "net")
        if all(m.secondary.get(key) is not None for m in measures)
    }
    errors = [share * m.se for share, m in zip(shares, measures, strict=True) if m.se is not None]
    if len(errors) < len(measures):
        return Measure(value, n, secondary=secondary)
    spread = intervals.normal(value, _combined_error(errors, questions), *formula.value_range)
    return Measure(value, n, spread.ci95, WEIGHTED, spread.se, secondary)


def _combined_error(errors: Sequence[float], questions: Sequence[set[Hashable]]) -> float:
    """Values that share a question, directly or through others, count as wholly dependent; others as independent."""
    clusters: list[tuple[set[Hashable], list[float]]] = []
    for error, asked in zip(errors, questions, strict=True):
        shared, members, apart = set(asked), [error], []
        for cluster in clusters:
            if cluster[0] & shared:
                shared |= cluster[0]
                members += cluster[1]
            else:
                apart.append(cluster)
        clusters = [*apart, (shared, members)]
    return math.sqrt(math.fsum(math.fsum(members) ** 2 for _, members in clusters))


def _all_excluded(formula: Formula, parts: Iterable[Part]) -> dict[str, int]:
    """What was left out, over all items of the group: also those that have nothing else to show."""
    left_out: Counter[str] = Counter()
    for voice in _voices(formula, parts):
        left_out.update(voice.excluded)
    return in_order(left_out)
