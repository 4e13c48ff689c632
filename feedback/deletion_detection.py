"""Marks responses that are gone at the source: only against the ids of a complete export, all of them in one transaction.

A reader sees the survey before or after, never a mixture; a crash in the middle marks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from feedback import earlier_answers
from feedback.intake import TABLE, local_days, note_days
from feedback.models import Response, Survey

# More than this at once is taken for lost rights rather than for deleted responses, and marks nothing.
SUSPICIOUS_SHARE, SUSPICIOUS_NUMBER = 0.2, 20
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Vanished:
    """What a comparison found: how many of how many live responses are gone, and whether they were marked."""

    gone: int
    live: int
    marked: bool


def mark_vanished(
    survey: Survey,
    present: Iterable[str],
    *,
    before_fetch: int,
    zone: ZoneInfo,
    recorded_since: datetime | None = None,
    however_many: bool = False,
    confirmed: int = 0,
) -> Vanished:
    """Mark live responses that are not among `present`, and note their days.

    Left alone are those stored by fetch `before_fetch` or later, and those recorded before `recorded_since`, which the
    export did not cover. Unless `however_many`, a mass disappearance is reported and marks nothing; up to `confirmed`
    responses a person has said are deleted.
    """
    with transaction.atomic():
        keeping = earlier_answers.hold(survey)
        _note_present(present)
        candidates = Response.objects.filter(survey=survey, deleted_at=None, fetch_number__lt=before_fetch)
        if recorded_since:
            candidates = candidates.filter(recorded_at__gte=recorded_since)
        gone = list(
            candidates.extra(  # noqa: S610 (no parameter comes from outside)
                where=[f"NOT EXISTS (SELECT 1 FROM present_ids p WHERE p.external_id = {TABLE}.external_id)"]  # noqa: S608
            ).values_list("pk", "recorded_at")
        )
        live = Response.objects.filter(survey=survey, deleted_at=None).count() if gone else 0
        suspicious = len(gone) > max(SUSPICIOUS_NUMBER, SUSPICIOUS_SHARE * live, confirmed)
        if gone and (however_many or not suspicious):
            now = timezone.now()
            for some in _pieces(gone):
                earlier_answers.keep_removed(survey, keeping, [pk for pk, _at in some])
                Response.objects.filter(pk__in=[pk for pk, _at in some]).update(deleted_at=now)
            note_days(survey, local_days((at for _pk, at in gone), zone))
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE present_ids")
        return Vanished(len(gone), live, marked=however_many or not suspicious)


def _note_present(ids: Iterable[str]) -> None:
    """The ids in a table of this session: a million of them do not fit into a statement."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Made from the column it is compared with, so that both sort alike.
            cursor.execute(
                f"CREATE TEMPORARY TABLE present_ids ON COMMIT DROP AS SELECT external_id FROM {TABLE} WITH NO DATA"  # noqa: S608
            )
            with cursor.copy("COPY present_ids FROM STDIN") as copy:  # type: ignore[attr-defined]
                for external_id in ids:
                    copy.write_row((external_id,))
            # PostgreSQL may take the survey for nearly empty and look through all ids for each response: without an index
            # that never ends. The statistics let it choose a better way where it knows the survey.
            cursor.execute("CREATE INDEX ON present_ids (external_id)")
            cursor.execute("ANALYZE present_ids")
        else:
            cursor.execute("CREATE TEMPORARY TABLE present_ids (external_id text PRIMARY KEY) WITHOUT ROWID")
            for some in _pieces(ids):
                cursor.executemany("INSERT OR IGNORE INTO present_ids VALUES (%s)", [(each,) for each in some])


def _pieces(everything: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(everything)
    while piece := list(islice(source, _AT_ONCE)):
        yield piece
