"""Keeps the histograms in line with the stored responses: recounts the days that changed, and only those.

A day is always recounted from its rows, never adjusted by differences, so a histogram cannot drift away from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from accounts.models import Organisation
from feedback import spans
from feedback.durability import commit_soon
from feedback.intake import TABLE, local_days
from feedback.models import ChangedDay, Question, Survey
from kpis.counting import notes as notes_of_people
from kpis.counting.histograms import value_key
from kpis.counting.periods import day_bounds
from kpis.models import Counting, DayHistogram

# A comment is counted, never used as a key.
COMMENT = "comment"
_DAYS_AT_ONCE = 60
_ROWS_AT_ONCE = 2000
_BACKSLASH = "\\"

# (kind, answers of any number of responses as JSON texts, with commas between)
Answers = tuple[str, str]


def refresh_changed_days(survey: Survey, after_some: Callable[[], object] = lambda: None) -> int:
    """Recount the local days noted as changed, some days a transaction; the number of days recounted.

    If the organisation has moved to another time zone since, every day is recounted. `after_some` is called at the end of
    each transaction, inside it.
    """
    zone = Organisation.current().zone
    total = 0
    while True:
        with transaction.atomic():
            commit_soon()  # histograms and the notes that asked for them: both or neither
            days = _refresh_some(survey, zone)
            if not days:
                return total
            after_some()
        total += days


def surveys_to_refresh(most: int) -> QuerySet[Survey]:
    """Surveys with notes of changed days, or counted in a time zone that is no longer the organisation's."""
    noted = ChangedDay.objects.values("survey").distinct()
    elsewhere = Counting.objects.exclude(time_zone=Organisation.current().time_zone).values("survey")
    return Survey.objects.filter(Q(pk__in=noted) | Q(pk__in=elsewhere))[:most]


def _refresh_some(survey: Survey, zone: ZoneInfo) -> int:
    counting = _take_turns(survey, zone)
    if counting.time_zone != zone.key:
        _note_recount(counting, zone)
        return _recount_all(survey, zone)
    noted = ChangedDay.objects.filter(survey=survey)
    days = list(noted.order_by("day").values_list("day", flat=True).distinct()[:_DAYS_AT_ONCE])
    if not days:
        return 0
    # A note that arrives from now on is not among these and stays for the next round.
    notes = list(noted.filter(day__in=days).values_list("pk", flat=True))
    _recount(survey, days, zone)
    notes_of_people.note(survey, days)
    _note_recount(counting, zone)
    for start in range(0, len(notes), 500):
        ChangedDay.objects.filter(pk__in=notes[start : start + 500]).delete()
    return len(days)


def _take_turns(survey: Survey, zone: ZoneInfo) -> Counting:
    """Two refreshes of one survey wait for each other, so that the later one, which saw more, has the last word."""
    Counting.objects.get_or_create(survey=survey, defaults={"time_zone": zone.key})
    return Counting.objects.select_for_update().get(survey=survey)


def _note_recount(counting: Counting, zone: ZoneInfo) -> None:
    """In the transaction of the recount, so that nobody sees a new version with old numbers."""
    counting.time_zone = zone.key
    counting.version += 1
    counting.save()


def rebuild(survey: Survey) -> int:
    """Recount every day of a survey in one transaction: readers see the old or the new, no mixture. The days."""
    zone = Organisation.current().zone
    with transaction.atomic():
        _note_recount(_take_turns(survey, zone), zone)
        return _recount_all(survey, zone)


def _recount_all(survey: Survey, zone: ZoneInfo) -> int:
    first_countable = _first_countable(survey, zone)
    # Along their index: by way of the questions the table would be joined with itself.
    questions = list(Question.objects.filter(survey=survey).values_list("pk", flat=True))
    DayHistogram.objects.filter(question__in=questions, day__gte=first_countable).delete()
    span = spans.of(survey)
    if span.first is None or span.last is None:
        notes_of_people.note_all(survey, [])
        return 0
    first, last = min(local_days([span.first], zone)), max(local_days([span.last], zone))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for start in range(0, len(days), _DAYS_AT_ONCE):
        _recount(survey, days[start : start + _DAYS_AT_ONCE], zone)
    notes_of_people.note_all(survey, days)
    return len(days)


def _recount(survey: Survey, days: Sequence[date], zone: ZoneInfo) -> None:
    """Replace the histograms of these days by a count of what is stored, where all of it still is."""
    first_countable = _first_countable(survey, zone)
    days = [day for day in days if day >= first_countable]
    kinds = dict(Question.objects.filter(survey=survey).values_list("pk", "kind"))
    comments = {str(pk) for pk, kind in kinds.items() if kind == Question.Kind.TEXT}
    DayHistogram.objects.filter(question__in=list(kinds), day__in=days).delete()
    _insert(
        (int(pk), day, orjson.dumps(classes).decode())
        for day in days
        for pk, classes in count(_answers(survey, *day_bounds(day, zone)), comments).items()
        if int(pk) in kinds
    )


def _insert(rows: Iterable[tuple[int, date, str]]) -> None:
    """Histograms (question, day, counts as JSON). A statement with a parameter for each value takes ten times as long."""
    columns = f"{DayHistogram._meta.db_table} (question_id, day, counts)"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # An answer may hold anything; what COPY reads in its own way must be escaped.
            lines = [f"{pk}\t{day}\t{counts.replace(_BACKSLASH, 2 * _BACKSLASH)}\n" for pk, day, counts in rows]
            statement = f"COPY {columns} FROM STDIN"
            with connection.wrap_database_errors, cursor.copy(statement) as copy:  # type: ignore[attr-defined]
                copy.write("".join(lines))
        else:
            values = [(pk, day.isoformat(), counts) for pk, day, counts in rows]
            cursor.executemany(f"INSERT INTO {columns} VALUES (%s, %s, %s)", values)  # noqa: S608


def _first_countable(survey: Survey, zone: ZoneInfo) -> date:
    """The first day whose responses are all kept. Earlier ones keep the histograms that were counted before the purge."""
    purged_until = Survey.objects.values_list("purged_until", flat=True).get(pk=survey.pk)
    if purged_until is None:
        return date.min
    day = purged_until.astimezone(zone).date()
    return day if day_bounds(day, zone)[0] >= purged_until else day + timedelta(days=1)


def _answers(survey: Survey, start: datetime, end: datetime) -> list[Answers]:
    """The answers of the live responses recorded in [start, end), put together by the database.

    What is of one kind comes as one text, in pieces, so that neither side reads row by row nor holds too much.
    """
    bounds: tuple[Any, Any]
    if connection.vendor == "postgresql":
        joined, bounds = "string_agg(answers::text, ',')", (start, end)
    else:
        adapt = connection.ops.adapt_datetimefield_value
        joined, bounds = "group_concat(answers, ',')", (adapt(start), adapt(end))
    with connection.cursor() as cursor:
        cursor.execute(
            # In the order of the index by day: of a survey that it does not know yet PostgreSQL expects one row, finds all
            # indexes alike, and may take one that leads through all of the survey's rows, for each day again.
            f"SELECT kind, {joined} FROM (SELECT id, kind, answers FROM {TABLE}"  # noqa: S608
            " WHERE survey_id = %s AND recorded_at >= %s AND recorded_at < %s AND deleted_at IS NULL"
            " ORDER BY survey_id, recorded_at) AS of_day"
            f" GROUP BY kind, id / {_ROWS_AT_ONCE}",
            [survey.pk, *bounds],
        )
        return cursor.fetchall()


def count(rows: Iterable[Answers], comments: set[str]) -> dict[str, dict[str, dict[str, int]]]:
    """`{question: {kind: {value: n}}}`."""
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for kind, answers in rows:
        for (question, value), n in _tally(answers, comments).items():
            key = (COMMENT if value else "") if question in comments else value_key(value)
            histogram = counts.setdefault(question, {}).setdefault(kind, {})
            histogram[key] = histogram.get(key, 0) + n
    return counts


def _tally(answers: str, comments: set[str]) -> Counter[tuple[str, Any]]:
    """How often each question has each value, over many responses' answers; each choice of several counts."""
    pairs = chain.from_iterable(map(dict.items, orjson.loads(f"[{answers}]")))
    if "[" not in answers:  # no lists, so all of the counting is left to the library
        return Counter(pairs)
    tally: Counter[tuple[str, Any]] = Counter()
    for question, value in pairs:
        if isinstance(value, list) and question not in comments:
            tally.update((question, choice) for choice in value)
        else:
            tally[question, bool(value) if isinstance(value, list) else value] += 1
    return tally
