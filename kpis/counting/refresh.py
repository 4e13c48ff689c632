"""Keeps the histograms in line with the stored responses: recounts the days that changed, and only those.

A day is always recounted from its rows, never adjusted by differences, so a histogram cannot drift away from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Organisation
from feedback import spans
from feedback.durability import commit_soon
from feedback.intake import TABLE, local_days
from feedback.models import ChangedDay, Question, Survey
from feedback.twins import has_rows_under_way
from kpis.counting import notes as notes_of_people
from kpis.counting.blocks import add
from kpis.counting.histograms import value_key
from kpis.counting.keeping import Keeper, Kept, may_begin, read
from kpis.counting.periods import day_bounds
from kpis.models import Counting, DayHistogram

# A comment is counted, never used as a key.
COMMENT = "comment"
_DAYS_AT_ONCE = 60
_ROWS_AT_ONCE = 2000
_BACKSLASH = "\\"
_MEASURED = (Question.Kind.NPS, Question.Kind.CHOICE, Question.Kind.NUMBER, Question.Kind.SENTIMENT)

# (kind, answers of any number of responses as JSON texts, with commas between)
Answers = tuple[str, str]


def refresh_changed_days(
    survey: Survey,
    after_some: Callable[[], object] = lambda: None,
    *,
    complete: Collection[int] = (),
    settle: bool = False,
) -> int:
    """Recount the local days noted as changed, some days a transaction; the number of days recounted.

    If the organisation has moved to another time zone since, every day is recounted. `after_some` is called at the end of
    each transaction, inside it. Under a threshold the last transaction closes blocks; `complete` names questions of which all
    answers have been retrieved, so that their blocks may begin; `settle` says that no former release runs any more.
    """
    organisation = Organisation.current()
    total = 0
    while True:
        with transaction.atomic():
            commit_soon()  # histograms and the notes that asked for them: both or neither
            days = _refresh_some(survey, organisation, complete=complete, settle=settle)
            if not days:
                return total
            after_some()
        total += days


def surveys_to_refresh(most: int) -> QuerySet[Survey]:
    """Surveys with notes of changed days, or counted in a time zone or under a threshold that is no longer the one."""
    organisation = Organisation.current()
    noted = ChangedDay.objects.values("survey").distinct()
    other = ~Q(time_zone=organisation.time_zone)
    if (threshold := organisation.suppression_threshold) and may_begin():
        other |= Q(threshold=None) | ~Q(threshold=threshold)
    return Survey.objects.filter(Q(pk__in=noted) | Q(pk__in=Counting.objects.filter(other).values("survey")))[:most]


def _refresh_some(survey: Survey, organisation: Organisation, *, complete: Collection[int], settle: bool) -> int:
    zone = organisation.zone
    counting = take_turns(survey, zone)
    if has_rows_under_way(survey):
        return 0  # some of the answers stand with its twin still; whoever joins them recounts
    threshold = _threshold(counting, organisation, settle=settle)
    keeper = Keeper(survey, read(survey, hold=True), zone) if threshold else None
    noted = ChangedDay.objects.filter(survey=survey)
    moved = counting.time_zone != zone.key
    days = [] if moved else list(noted.order_by("day").values_list("day", flat=True).distinct()[:_DAYS_AT_ONCE])
    begin = _to_begin(counting, keeper, complete) if keeper else []
    if not moved and not days and not begin and (threshold is None or counting.threshold == threshold):
        return 0
    kept = keeper.kept if keeper else read(survey, hold=False)
    recounted = len(days)
    if moved:
        recounted = _recount_all(survey, zone, kept, keeper)
    elif days:
        # A note that arrives from now on is not among these and stays for the next round.
        notes = list(noted.filter(day__in=days).values_list("pk", flat=True))
        _recount(survey, days, zone, kept, keeper)
        notes_of_people.note(survey, days)
        for start in range(0, len(notes), 500):
            ChangedDay.objects.filter(pk__in=notes[start : start + 500]).delete()
    if keeper and threshold is not None:
        if moved or noted.exists():
            keeper.save()
        else:
            keeper.close(counting, threshold, begin)
    _note_recount(counting, zone)
    return recounted


def _threshold(counting: Counting, organisation: Organisation, *, settle: bool) -> int | None:
    """How many answers the survey's blocks must hold. Blocks that have begun are kept for as long as the survey is counted:
    without a threshold nobody reads them, but when it is set again it must find them."""
    if counting.threshold is not None:
        return organisation.suppression_threshold or counting.threshold
    wished = organisation.suppression_threshold
    return wished if wished and (settle or may_begin()) else None


def _to_begin(counting: Counting, keeper: Keeper, complete: Collection[int]) -> list[int]:
    """Questions in use that have no blocks yet: all of them at first, later those that have been retrieved as a whole."""
    begun = set(keeper.kept.in_blocks or ())
    if counting.threshold is not None and begun.issuperset(complete):
        return []
    in_use = Q(items__isnull=False) | Q(former_mappings__isnull=False)
    measured = Question.objects.filter(in_use, survey=keeper.survey, kind__in=_MEASURED)
    if counting.threshold is not None:
        measured = measured.filter(pk__in=complete)
    return sorted(set(measured.values_list("pk", flat=True)) - begun)


def take_turns(survey: Survey, zone: ZoneInfo) -> Counting:
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
        counting = take_turns(survey, zone)
        kept = read(survey, hold=counting.threshold is not None)
        keeper = Keeper(survey, kept, zone) if counting.threshold is not None else None
        days = _recount_all(survey, zone, kept, keeper)
        if keeper:
            keeper.save()
        _note_recount(counting, zone)
        return days


def restate(survey: Survey) -> bool:
    """Make all blocks of a survey anew from what is stored now; whether it has blocks. What differs between former figures
    and the new ones may concern few answers: a person must want it."""
    zone = Organisation.current().zone
    while True:
        refresh_changed_days(survey)
        with transaction.atomic():
            counting = take_turns(survey, zone)
            if counting.threshold is None:
                return False
            keeper = Keeper(survey, read(survey, hold=True), zone)
            if ChangedDay.objects.filter(survey=survey).exists():
                continue  # something came in between
            keeper.retire()
            keeper.close(counting, counting.threshold, ())
            counting.restated_at = timezone.now()
            _note_recount(counting, zone)
            return True


def _recount_all(survey: Survey, zone: ZoneInfo, kept: Kept, keeper: Keeper | None) -> int:
    first_countable = first_countable_day(kept, zone)
    if keeper:
        keeper.forget_from(first_countable)
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
        _recount(survey, days[start : start + _DAYS_AT_ONCE], zone, kept, keeper)
    notes_of_people.note_all(survey, days)
    return len(days)


def _recount(survey: Survey, days: Sequence[date], zone: ZoneInfo, kept: Kept, keeper: Keeper | None) -> None:
    """Replace the histograms of these days by a count of what is stored, where all of it still is."""
    first_countable = first_countable_day(kept, zone)
    days = [day for day in days if day >= first_countable]
    if keeper:
        keeper.expect(days)
    kinds = dict(Question.objects.filter(survey=survey).values_list("pk", "kind"))
    comments = {str(pk) for pk, kind in kinds.items() if kind == Question.Kind.TEXT}
    DayHistogram.objects.filter(question__in=list(kinds), day__in=days).delete()
    _insert(
        (int(pk), day, orjson.dumps(classes).decode())
        for day in days
        for pk, classes in _count_day(survey, day, zone, comments, keeper).items()
        if int(pk) in kinds
    )


def _count_day(
    survey: Survey, day: date, zone: ZoneInfo, comments: set[str], keeper: Keeper | None
) -> dict[str, dict[str, dict[str, int]]]:
    """The answers of a day; where blocks are kept, those that wait are shown to the keeper, by when they arrived."""
    if keeper is None:
        return count(_answers(survey, *day_bounds(day, zone)), comments)
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for start, end in keeper.pieces(day):
        by_arrival: dict[int, list[Answers]] = {}
        for kind, answers, arrived in _answers(survey, start, end, by_arrival=True):
            by_arrival.setdefault(arrived, []).append((kind, answers))
        for arrived, rows in by_arrival.items():
            of_round = count(rows, comments)
            keeper.see(day, start, arrived, of_round)
            for question, classes in of_round.items():
                for kind, bins in classes.items():
                    add(counts.setdefault(question, {}).setdefault(kind, {}), bins)
    return counts


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


def first_countable_day(kept: Kept, zone: ZoneInfo) -> date:
    """The first day whose responses are all kept. Earlier ones keep the histograms that were counted before the purge."""
    purged_until = kept.purged_until
    if purged_until is None:
        return date.min
    day = purged_until.astimezone(zone).date()
    return day if day_bounds(day, zone)[0] >= purged_until else day + timedelta(days=1)


def _answers(survey: Survey, start: datetime, end: datetime, *, by_arrival: bool = False) -> list[Any]:
    """The answers of the live responses recorded in [start, end), put together by the database.

    What is of one kind comes as one text, in pieces, so that neither side reads row by row nor holds too much; `by_arrival`,
    what arrived in one round, with the round.
    """
    arrived = ", arrived" if by_arrival else ""
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
            f"SELECT kind, {joined}{arrived} FROM (SELECT id, kind, answers{arrived} FROM {TABLE}"  # noqa: S608
            " WHERE survey_id = %s AND recorded_at >= %s AND recorded_at < %s AND deleted_at IS NULL"
            " ORDER BY survey_id, recorded_at) AS of_day"
            f" GROUP BY kind, id / {_ROWS_AT_ONCE}{arrived}",
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
