"""Decides which changes are flagged, once for each journey and each week, month and quarter that is over.

All of a journey is decided at once: its items, stages, phases and its own KPIs. That it was decided is written down as well, so
nobody looks again with later data: looked at daily, nearly everything that never changed would be flagged within a year.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import Q

from feedback.models import ChangedDay, FeedbackItem
from feedback.states import IN_KPIS
from journeys.models import Journey
from kpis.counting.periods import Window, bucket_bounds, day_bounds
from kpis.metrics.comparison import Change, compare, many_at_once, may_flag
from kpis.metrics.formulas import Formula
from kpis.models import Counting, Flag, JointDay
from kpis.scoring.figures import Figure
from kpis.scoring.scores import Rules, Scores, families_of, read_journeys

# Surveys that were not fetched past the period by then, nor since the newest item was added, are not waited for: what rests on
# them is not looked at.
_WAIT = timedelta(days=7)
# What is found later is shown, but no news.
_NEWS = timedelta(days=14)

Subjects = dict[tuple[str, Formula], tuple[str, Figure]]


def digest_of(formula: Formula) -> str:
    """By which flags know the formula that they were raised for."""
    return sha256(formula.name.encode()).hexdigest()


def last_period(level: str, today: date) -> Window:
    """The latest week, month or quarter that is over; it has two ends."""
    return Window("custom", *bucket_bounds(bucket_bounds(today, level)[0] - timedelta(days=1), level))


@dataclass(frozen=True)
class Due:
    """A journey whose period can be decided; `behind`: surveys that were not fetched past it."""

    journey: Journey
    level: str
    period: Window
    behind: Collection[int]


def due(most: int) -> Iterator[Due]:
    """What can be decided now."""
    rules = Rules.current()
    for level in Flag.Level.values:
        period = last_period(level, rules.today)
        decided = Flag.objects.filter(kind=Flag.Kind.LOOK, level=level, period=period.start or rules.today).values(
            "journey"
        )
        open_ones = {
            journey.pk: journey
            for journey in Journey.objects.filter(lanes__cards__feedback_item__isnull=False)
            .exclude(pk__in=decided)
            .distinct()
        }
        behind = _behind(families_of(set(open_ones)), period, rules) if open_ones else {}
        for pk in sorted(behind)[:most]:
            yield Due(open_ones[pk], level, period, behind[pk])


def _behind(families: Mapping[int, Collection[int]], period: Window, rules: Rules) -> dict[int, set[int]]:
    """Of those journeys that are ready: the surveys that are not."""
    end = day_bounds(period.end or rules.today, rules.zone)[1]
    rows = FeedbackItem.objects.filter(
        origin=FeedbackItem.Origin.SURVEY, chosen_state=FeedbackItem.Chosen.RETRIEVING, survey__isnull=False
    ).values_list("card__lane__journey", "survey", "survey__last_good_fetch_at", "created_at")
    surveys: dict[int, dict[int, datetime | None]] = defaultdict(dict)
    newest: dict[int, datetime] = defaultdict(lambda: end)
    for journey, survey, fetched, added in rows:
        surveys[journey][survey] = fetched
        newest[journey] = max(newest[journey], added)
    days = {"day__lte": period.end}
    uncounted = set(ChangedDay.objects.filter(**days).values_list("survey", flat=True)) | set(
        JointDay.objects.filter(Q(day=None) | Q(**days)).values_list("survey", flat=True)
    )
    if rules.threshold:
        no_blocks = Q(threshold=None) | Q(threshold__lt=rules.threshold)
        uncounted |= set(Counting.objects.filter(no_blocks).values_list("survey", flat=True))
    ready = {}
    for journey, family in families.items():
        asked = {survey: fetched for member in family for survey, fetched in surveys[member].items()}
        behind = {pk for pk, fetched in asked.items() if fetched is None or fetched < end or pk in uncounted}
        if (asked and not behind) or rules.now >= max(newest[member] for member in family) + _WAIT:
            ready[journey] = behind
    return ready


def decide(found: Due) -> int:
    """Write down which of its KPIs changed from the period before; how many. Two at once write it once."""
    before_it = found.period.previous()
    if before_it is None or found.period.start is None or found.period.end is None:
        raise ValueError("A period that is looked at has two ends.")
    now, then = read_journeys([found.journey], found.period), read_journeys([found.journey], before_it)
    today, raised_at = now.rules.today, now.rules.now
    before = _subjects(then, found)
    looks = [
        (key, title, before[key][1], after)
        for key, (title, after) in _subjects(now, found).items()
        if key in before and may_flag(found.period, today, before[key][1].measure, after.measure)
    ]
    changes = [compare(key[1], was.measure, after.measure) for key, _title, was, after in looks]
    flags = many_at_once(changes)
    row = {"journey": found.journey, "level": found.level, "period": found.period.start, "raised_at": raised_at}
    is_news = today - found.period.end <= _NEWS
    with transaction.atomic():
        counted = {"looked_at": flags.looked_at, "flagged": len(flags.flagged)}
        _look, is_first = Flag.objects.get_or_create(
            subject=f"journey:{found.journey.pk}",
            kind=Flag.Kind.LOOK,
            formula="",
            segment=0,
            level=found.level,
            period=found.period.start,
            defaults={"journey": found.journey, "figures": counted, "raised_at": raised_at},
        )
        if not is_first:
            return 0
        Flag.objects.bulk_create(
            (
                Flag(
                    **row,
                    subject=key[0],
                    formula=digest_of(key[1]),
                    kind=Flag.Kind.CHANGE,
                    direction=changes[place].kind,
                    figures=_figures(key[1], title, was, after, changes[place])
                    | {"looked_at": flags.looked_at, "threshold": now.rules.threshold or 0},
                    announced_at=None if is_news else raised_at,
                )
                for place in flags.flagged
                for key, title, was, after in [looks[place]]
            ),
            ignore_conflicts=True,
        )
    return len(flags.flagged)


def _subjects(scores: Scores, found: Due) -> Subjects:
    """What is looked at of a journey. Over several items only where all their surveys were fetched past the period."""
    journey = found.journey
    subjects: Subjects = {}

    def see(subject: str, title: str, figures: Collection[Figure]) -> None:
        for figure in figures:
            subjects[subject, figure.formula] = (title, figure)

    for score in scores.scores:
        item = score.item
        own = item.card.lane.journey_id == journey.pk and score.state in IN_KPIS and score.figure
        if own and item.survey_id not in found.behind:
            see(f"item:{item.pk}", item.card.title, [own])
    if not found.behind:
        of_stage, of_phase = scores.for_stages(), scores.for_phases()
        for stage in journey.stages.all():
            see(f"stage:{stage.pk}", stage.name, of_stage.get(stage.pk, []))
        for phase in journey.phases.all():
            see(f"phase:{phase.pk}", phase.name, of_phase.get(phase.pk, []))
        see(f"journey:{journey.pk}", journey.name, scores.for_journeys().get(journey.pk, []))
    return subjects


def _figures(formula: Formula, title: str, before: Figure, after: Figure, change: Change) -> dict[str, Any]:
    return {
        "title": title,
        "kpi": formula.metric,
        "formula": formula.name,
        "before": _then(before),
        "after": _then(after),
        "difference": change.delta,
        "ci95": list(change.ci95) if change.ci95 else None,
        "p": change.p,
        "good": change.is_good(formula),
    }


def _then(figure: Figure) -> dict[str, Any]:
    measure = figure.measure
    return {
        "value": measure.value,
        "n": measure.n,
        "people": measure.people,
        "n_effective": measure.n_effective,
        "ci95": list(measure.ci95) if measure.ci95 else None,
    }
