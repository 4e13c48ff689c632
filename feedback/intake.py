"""The one way in for responses, whatever brought them: a scheduled fetch, a backfill, a webhook or an import.

`decide` compares what came with what is stored and writes nothing; `store` writes, and notes each changed local day in
the same transaction, so that whoever refreshes the KPIs never misses one.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson
from django.db import connection, transaction

from feedback import earlier_answers
from feedback.earlier_answers import Former, Keeping
from feedback.models import ChangedDay, Response, Survey
from feedback.tombstones import erased_among

TABLE = Response._meta.db_table
_COPIED_AT_ONCE = 500
_COLUMNS = (
    "survey_id",
    "external_id",
    "recorded_at",
    "modified_at",
    "fetch_number",
    "kind",
    "status",
    "flags",
    "finished",
    "language",
    "channel",
    "content_hash",
    "answers",
    "arrived",
    "has_text",
)

# All rows of a batch in one statement; one each would take five times as long.
_UPDATE_ALL = f"""UPDATE {TABLE} AS stored SET recorded_at = new.recorded_at, modified_at = new.modified_at,
    fetch_number = new.fetch_number, kind = new.kind, status = new.status, flags = new.flags, finished = new.finished,
    language = new.language, channel = new.channel, content_hash = decode(new.content_hash, 'hex'),
    answers = new.answers::jsonb, arrived = new.arrived, has_text = new.has_text, deleted_at = NULL
    FROM json_to_recordset(%s) AS new(id bigint, recorded_at timestamptz, modified_at timestamptz, fetch_number bigint,
        kind text, status smallint, flags smallint, finished boolean, language text, channel text, content_hash text,
        answers text, arrived integer, has_text boolean)
    WHERE stored.id = new.id"""  # noqa: S608


@dataclass(slots=True)
class NewResponse:
    """A response as it came, reduced to what is kept.

    `answers` maps question primary keys to values (number, text, list of choice values); None is shown but left empty.
    `kind` is one of `Response.Kind`. `content_hash`: 16 bytes over everything kept, or what it follows from. `recorded_at` and
    `modified_at` are aware, in UTC.
    """

    external_id: str
    recorded_at: datetime
    modified_at: datetime | None
    kind: str = field(kw_only=True)
    status: int
    finished: bool
    language: str
    channel: str
    answers: dict[int, Any]
    content_hash: bytes
    flags: int = 0
    has_text: bool = field(kw_only=True, default=True)  # a comment that is not empty; false only where that is known
    arrived: int = field(kw_only=True, default=0, compare=False)  # set when it is stored


class Known(NamedTuple):
    """What is stored of a response, as far as a decision needs it."""

    pk: int
    content_hash: bytes
    fetch_number: int
    recorded_at: datetime
    deleted: bool


class Action(enum.Enum):
    CREATE = enum.auto()
    UPDATE = enum.auto()
    SKIP = enum.auto()


@dataclass(slots=True)
class Stored:
    """What became of a batch; the three add up to its size."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


def decide(incoming: NewResponse, known: Known | None, fetch_number: int) -> Action:
    """An older fetch never overwrites a newer one; the same content is not written again."""
    if known is None:
        return Action.CREATE
    if known.fetch_number > fetch_number:
        return Action.SKIP
    if known.content_hash == incoming.content_hash and not known.deleted:
        return Action.SKIP
    return Action.UPDATE


def store(
    survey: Survey,
    batch: Sequence[NewResponse],
    *,
    asked: Collection[int],
    fetch_number: int,
    zone: ZoneInfo,
    all_new: bool = False,
) -> Stored:
    """Write a batch (at most some thousand) inside the caller's transaction, which also holds its checkpoint.

    `asked`: primary keys of the questions that this fetch asked for; a stored answer to any other question stays.
    `all_new`: nothing is looked up. Should one of them be stored after all, the unique key raises `IntegrityError`.
    The caller holds the survey for itself; if it does not, the unique key makes the slower transaction fail as a whole.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Responses are stored together with their checkpoint.")
    stored = Stored()
    latest: dict[str, NewResponse] = {}
    for response in batch:
        if (
            response.external_id in latest
        ):  # twice in one batch: the later line wins, and one of the two changes nothing
            stored.unchanged += 1
        latest[response.external_id] = response
    # Whoever erases holds this row too, so what is erased from now on waits, and what was erased before is known.
    keeping = earlier_answers.hold(survey)
    unwanted = erased_among(latest)
    if survey.purged_until:  # what was removed for its age does not come back with the next complete export
        unwanted |= {each.external_id for each in latest.values() if each.recorded_at < survey.purged_until}
    stored.unchanged += len(unwanted)
    for external_id in unwanted:
        del latest[external_id]
    known = _known(survey.pk, latest) if latest and not all_new else {}
    created: list[NewResponse] = []
    updated: list[tuple[Known, NewResponse]] = []
    for external_id, response in latest.items():
        before = known.get(external_id)
        response.arrived = keeping.round
        match decide(response, before, fetch_number):
            case Action.CREATE:
                created.append(response)
            case Action.UPDATE if before is not None:
                updated.append((before, response))
            case _:
                stored.unchanged += 1
    stored.new, stored.changed = len(created), len(updated)
    if created:
        _insert(survey.pk, created, fetch_number)
    if updated:
        _update(survey, updated, asked, fetch_number, keeping, zone)
    moments = [response.recorded_at for response in created]
    for before, response in updated:
        moments += (before.recorded_at, response.recorded_at)
    note_days(survey, local_days(moments, zone))
    return stored


def note_days(survey: Survey, days: Iterable[date], *, erased: bool = False) -> None:
    """Leave a note for the KPI refresh; notes are never merged, see `ChangedDay`."""
    ChangedDay.objects.bulk_create(ChangedDay(survey=survey, day=day, erased=erased) for day in sorted(days))


def local_days(moments: Iterable[datetime], zone: ZoneInfo) -> set[date]:
    """The local dates on which these moments fall.

    Zones differ from UTC by multiples of a quarter of an hour, so one conversion per quarter is enough.
    """
    quarters = {int(moment.timestamp()) // 900 for moment in moments}
    return {datetime.fromtimestamp(quarter * 900, zone).date() for quarter in quarters}


def _known(survey_id: int, external_ids: Iterable[str]) -> dict[str, Known]:
    ids = orjson.dumps(list(external_ids)).decode()
    columns = "external_id, id, content_hash, fetch_number, recorded_at, deleted_at"
    if connection.vendor == "postgresql":
        # One look into the unique index for each id. A plain condition leaves PostgreSQL the choice, and while a table
        # is being filled, or after it was emptied, it knows too little about it: it would read all of the survey's rows,
        # for each batch again. From and to an id, in their order, is what no other index gives without sorting.
        query = f"""SELECT {columns} FROM json_array_elements_text(%s) AS wanted CROSS JOIN LATERAL
            (SELECT {columns} FROM {TABLE} WHERE external_id BETWEEN wanted AND wanted AND survey_id = %s
            ORDER BY external_id LIMIT 1) AS found"""  # noqa: S608
    else:
        query = f"""SELECT {columns} FROM {TABLE}
            WHERE external_id IN (SELECT value FROM json_each(%s)) AND survey_id = %s"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(query, [ids, survey_id])
        return {
            row[0]: Known(row[1], bytes(row[2]), row[3], _aware(row[4]), row[5] is not None)
            for row in cursor.fetchall()
        }


def _aware(moment: datetime | str) -> datetime:
    """SQLite gives moments back as naive UTC, or as text when no model field reads them."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _insert(survey_id: int, responses: Sequence[NewResponse], fetch_number: int) -> None:
    columns = ", ".join(_COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            statement = f"COPY {TABLE} ({columns}) FROM STDIN"
            with connection.wrap_database_errors, cursor.copy(statement) as copy:  # type: ignore[attr-defined]
                for start in range(0, len(responses), _COPIED_AT_ONCE):  # the server works while the next are written
                    part = responses[start : start + _COPIED_AT_ONCE]
                    copy.write("".join([_copy_line(survey_id, r, fetch_number) for r in part]))
        else:
            cursor.executemany(
                f"INSERT INTO {TABLE} ({columns}) VALUES ({', '.join(['%s'] * len(_COLUMNS))})",  # noqa: S608
                [(survey_id, *_sqlite_values(r, fetch_number)) for r in responses],
            )


def _copy_line(survey_id: int, r: NewResponse, fetch_number: int) -> str:
    """A row in COPY's text form. Written by hand: a driver that asks each value for its type takes twice as long."""
    recorded_at = modified_at = r.recorded_at.isoformat()
    if r.modified_at is not r.recorded_at:
        modified_at = r.modified_at.isoformat() if r.modified_at else "\\N"
    external_id = r.external_id if r.external_id.isidentifier() else _escaped(r.external_id)
    answers = as_json(r.answers).replace("\\", "\\\\")  # JSON holds no raw tabs or line ends
    return (
        f"{survey_id}\t{external_id}\t{recorded_at}\t{modified_at}\t{fetch_number}\t{r.kind}\t{r.status}"
        f"\t{r.flags}\t{r.finished}\t{_escaped(r.language)}\t{_escaped(r.channel)}\t\\\\x{r.content_hash.hex()}\t{answers}"
        f"\t{r.arrived}\t{r.has_text}\n"
    )


@lru_cache(maxsize=1024)
def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _values(r: NewResponse, fetch_number: int) -> tuple[Any, ...]:
    return (
        r.external_id,
        r.recorded_at,
        r.modified_at,
        fetch_number,
        r.kind,
        r.status,
        r.flags,
        r.finished,
        r.language,
        r.channel,
        r.content_hash,
        as_json(r.answers),
        r.arrived,
        r.has_text,
    )


def _sqlite_values(r: NewResponse, fetch_number: int) -> tuple[Any, ...]:
    external_id, recorded_at, modified_at, *others = _values(r, fetch_number)
    return (external_id, _sqlite_moment(recorded_at), modified_at and _sqlite_moment(modified_at), *others)


def _sqlite_moment(moment: datetime) -> str:
    """As the model's field writes it; moments are in UTC."""
    return moment.replace(tzinfo=None).isoformat(" ")


def as_json(answers: Mapping[int, Any]) -> str:
    """The stored form of answers."""
    return orjson.dumps(answers, option=orjson.OPT_NON_STR_KEYS).decode()


def _update(
    survey: Survey,
    updates: Sequence[tuple[Known, NewResponse]],
    asked: Collection[int],
    fetch_number: int,
    keeping: Keeping,
    zone: ZoneInfo,
) -> None:
    """Rewrite rows. Answers to questions that this fetch did not ask for stay as they were.

    A response that comes to another day or kind, or back from deletion, arrives there anew.
    """
    asked_keys = {str(pk) for pk in asked}
    fields = ("pk", "recorded_at", "kind", "segment", "arrived", "answers", "has_text")
    stored = Response.objects.filter(pk__in=[known.pk for known, _ in updates]).values_list(*fields)
    before = {row[0]: (Former(*row[:-1]), row[-1]) for row in stored}
    changes: list[tuple[Former, Mapping[str, Any] | None]] = []
    for known, response in updates:
        former, had_text = before[known.pk]
        kept = {int(pk): value for pk, value in former.answers.items() if pk not in asked_keys}
        response.answers = kept | response.answers
        response.has_text |= had_text and bool(kept)
        if not known.deleted:
            moves = former.kind != response.kind or (
                former.recorded_at != response.recorded_at
                and len(local_days([former.recorded_at, response.recorded_at], zone)) > 1
            )
            if not moves:
                response.arrived = former.arrived
            now = None if moves else {str(pk): value for pk, value in response.answers.items()}
            changes.append((former, now))
    earlier_answers.keep(survey, keeping, changes)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            rows = [
                dict(zip(_COLUMNS[1:], _values(r, fetch_number), strict=True))
                | {"id": known.pk, "content_hash": r.content_hash.hex()}
                for known, r in updates
            ]
            cursor.execute(_UPDATE_ALL, [orjson.dumps(rows).decode()])
        else:
            assignments = ", ".join(f"{column} = %s" for column in _COLUMNS[2:])
            cursor.executemany(
                f"UPDATE {TABLE} SET {assignments}, deleted_at = NULL WHERE id = %s",  # noqa: S608
                [(*_sqlite_values(response, fetch_number)[1:], known.pk) for known, response in updates],
            )
