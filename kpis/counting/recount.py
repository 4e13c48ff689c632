"""Counts a survey's responses from scratch, plainly and slowly, to hold the stored histograms and blocks against it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from accounts.models import Organisation
from feedback.models import EarlierAnswer, Question, Response, Survey
from kpis.counting.histograms import COUNTED, UNFINISHED, Counts, value_key
from kpis.counting.members import Members
from kpis.counting.periods import day_bounds
from kpis.counting.refresh import COMMENT
from kpis.counting.together import CLASSES, columns_of, plan_in_use, stored
from kpis.models import Block, DayHistogram, JointDay, Stream

Days = dict[tuple[int, date], Counts]


@dataclass(frozen=True, slots=True)
class Difference:
    """A day of a question whose stored histogram is not what its responses say."""

    question: int
    day: date
    stored: Counts
    recounted: Counts


def recount(survey: Survey) -> Days:
    """{(question, local day): counts}, of all live responses."""
    zone = Organisation.current().zone
    kinds = dict(Question.objects.filter(survey=survey).values_list("pk", "kind"))
    days: dict[tuple[int, date], dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    rows = Response.objects.filter(survey=survey, deleted_at=None)
    for moment, response_kind, answers in rows.values_list("recorded_at", "kind", "answers").iterator():
        for question, value in answers.items():
            if kind := kinds.get(int(question)):
                bins = days[int(question), moment.astimezone(zone).date()][response_kind]
                bins.update(_keys(kind, value))
    return {key: {name: dict(bins) for name, bins in classes.items()} for key, classes in days.items()}


def joint_differences(survey: Survey) -> Iterator[date]:
    """The days on which the stored sets and pairs of a survey are not those of its responses. Purged days are left out.

    None while days wait to be counted: the numbers are behind the rows then, and are allowed to be.
    """
    plan = plan_in_use(survey)
    if plan is None or JointDay.objects.filter(survey=survey).exists():
        return
    zone, columns = Organisation.current().zone, columns_of(plan)
    true: dict[date, dict[str, dict[str, Any]]] = {}
    rows = Response.objects.filter(survey=survey, deleted_at=None, kind__in=CLASSES)
    for moment, kind, answers in rows.values_list("recorded_at", "kind", "answers").iterator():
        given = {place: _answer(answers.get(str(column.question))) for place, column in enumerate(columns)}
        used = {place: key for place, key in given.items() if columns[place].usable.holds(key)}
        if not used:
            continue
        of_day = true.setdefault(moment.astimezone(zone).date(), {}).setdefault(kind, {"sets": Counter(), "pairs": {}})
        of_day["sets"][f"{sum(2**place for place in used):x}"] += 1
        for one, other in plan.pairs:
            if one in used and other in used:
                bins = of_day["pairs"].setdefault(f"{one}.{other}", {}).setdefault(used[one], Counter())
                bins[used[other]] += 1
    found = stored(plan)
    for day in sorted(true.keys() | found.keys()):
        if survey.purged_until and day_bounds(day, zone)[0] < survey.purged_until:
            continue
        if found.get(day, {}) != true.get(day, {}):
            yield day


def _answer(value: object) -> str:
    return "" if isinstance(value, list) else value_key(value)


def _keys(kind: str, value: object) -> list[str]:
    if kind == Question.Kind.TEXT:
        return [COMMENT if value else ""]
    return [value_key(each) for each in (value if isinstance(value, list) else [value])]


def differences(survey: Survey) -> Iterator[Difference]:
    """Where the stored histograms differ. Days whose responses were purged keep what was counted, and are left out."""
    zone = Organisation.current().zone
    true = recount(survey)
    rows = DayHistogram.objects.filter(question__survey=survey).values_list("question_id", "day", "counts")
    stored: Days = {(question, day): counts for question, day, counts in rows}
    for question, day in sorted(true.keys() | stored.keys()):
        if survey.purged_until and day_bounds(day, zone)[0] < survey.purged_until:
            continue
        if stored.get((question, day), {}) != true.get((question, day), {}):
            yield Difference(question, day, stored.get((question, day), {}), true.get((question, day), {}))


def blocks_that_differ(survey: Survey) -> list[str]:
    """Blocks, and rooms of waiting answers, that do not hold what follows from the responses; of days that are all kept."""
    zone = Organisation.current().zone
    streams = {(row.question_id, row.finished): row for row in Stream.objects.filter(question__survey=survey)}
    members = Members([stream.pk for stream in streams.values()])
    earlier = {(row.response, row.question_id, row.arrived): row for row in EarlierAnswer.objects.filter(survey=survey)}
    found: dict[int, Counter[str]] = defaultdict(Counter)
    rooms: dict[tuple[int, str, str], Counter[str]] = defaultdict(Counter)

    def put(stream: Stream, moment: datetime, arrived: int, was: list[Any], now: list[Any]) -> None:
        block = members.block_of(stream.pk, moment, arrived)
        if block is not None:
            found[block].update(map(value_key, was))
        elif now:
            day = moment.astimezone(zone).date().isoformat()
            rooms[stream.pk, members.room_of(stream.pk, moment, arrived), day].update(map(value_key, now))

    rows = Response.objects.filter(survey=survey, deleted_at=None, kind__in=(COUNTED, UNFINISHED))
    for pk, moment, kind, arrived, answers in rows.values_list("pk", "recorded_at", "kind", "arrived", "answers"):
        for (question, finished), stream in streams.items():
            if finished == (kind == COUNTED):
                now = [answers[str(question)]] if str(question) in answers else []
                kept = earlier.pop((pk, question, arrived), None)
                put(stream, moment, arrived, kept.answer if kept else now, now)
    erased = EarlierAnswer.objects.filter(survey=survey, response=None)
    for row in (*(row for row in earlier.values() if row.response is not None), *erased):
        if gone_from := streams.get((row.question_id, row.finished)):
            put(gone_from, row.recorded_at, row.arrived, row.answer, [])
    since = survey.purged_until
    differ = [
        f"block {block.pk} of question {block.stream.question_id}, {block.first} to {block.last}"
        for block in Block.objects.filter(stream__in=members.streams, replaced_at=None).select_related("stream")
        if (since is None or block.starts_at >= since) and block.counts != dict(found[block.pk])
    ]
    for stream in streams.values():
        for room, days in stream.waiting.items():
            differ += [
                f"what waits of question {stream.question_id} on {day}"
                for day, bins in days.items()
                if (since is None or day > since.isoformat()) and bins != dict(rooms[stream.pk, room, day])
            ]
    return differ
