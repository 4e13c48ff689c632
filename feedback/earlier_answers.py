"""Keeps what responses answered before they change, where blocks of answers are kept: a block still counts it so.

Whoever changes, moves or removes stored responses calls this first, in the same transaction, holding the survey's row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from feedback.models import EarlierAnswer, Response, Survey

# Only these kinds are in blocks; all others are in no figure.
_AT_ONCE = 500
IN_BLOCKS = (Response.Kind.COUNTED, Response.Kind.UNFINISHED)


class Keeping(NamedTuple):
    """What a survey's row says about its blocks: the present round, and the questions whose answers they hold."""

    round: int
    questions: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Former:
    """A stored response as it was."""

    pk: int
    recorded_at: datetime
    kind: str
    segment: int
    arrived: int
    answers: Mapping[str, Any]


def hold(survey: Survey) -> Keeping:
    """Take the survey's row for the rest of the transaction: nobody else stores, removes or counts its responses."""
    row = Survey.objects.select_for_update(no_key=True).values_list("round", "in_blocks").get(pk=survey.pk)
    return Keeping(row[0], frozenset(row[1] or ()))


def keep(survey: Survey, keeping: Keeping, changes: Iterable[tuple[Former, Mapping[str, Any] | None]]) -> None:
    """Note what each response answered to the questions in blocks, as far as its new answers differ; None: it goes or moves."""
    if keeping.questions:
        rows = [row for former, now in changes for row in _rows(survey, keeping, former, now)]
        EarlierAnswer.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)  # the first one stays


def keep_removed(survey: Survey, keeping: Keeping, pks: Iterable[int]) -> None:
    """Note what these responses answered, which go."""
    if keeping.questions:
        fields = ("pk", "recorded_at", "kind", "segment", "arrived", "answers")
        rows = Response.objects.filter(pk__in=list(pks), deleted_at=None).values_list(*fields)
        keep(survey, keeping, ((Former(*row), None) for row in rows))


def keep_erased(survey: Survey, pks: Sequence[int]) -> None:
    """As `keep_removed`, of responses that are erased: what is kept of them are counts that name nobody."""
    keeping = hold(survey)
    for start in range(0, len(pks) if keeping.questions else 0, _AT_ONCE):
        some = pks[start : start + _AT_ONCE]
        keep_removed(survey, keeping, some)
        EarlierAnswer.objects.filter(response__in=some).update(response=None)


def _rows(survey: Survey, keeping: Keeping, former: Former, now: Mapping[str, Any] | None) -> Iterable[EarlierAnswer]:
    if former.kind not in IN_BLOCKS:
        return
    for pk in keeping.questions:
        key = str(pk)
        was = [former.answers[key]] if key in former.answers else []
        if was if now is None else was != ([now[key]] if key in now else []):
            yield EarlierAnswer(
                survey=survey,
                question_id=pk,
                response=former.pk,
                answer=was,
                recorded_at=former.recorded_at,
                finished=former.kind == Response.Kind.COUNTED,
                segment=former.segment,
                arrived=former.arrived,
            )
