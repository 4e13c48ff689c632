"""Keeps the blocks of a survey in line with its responses: what waits, what is closed, corrected, joined. See `blocks.py`.

All of it happens in the transactions of a refresh, under the survey's row, so that nothing comes, changes or goes meanwhile.
While days are recounted, their waiting answers are put into rooms; the last transaction of a refresh closes blocks and begins a
new round. A crash between them leaves rooms and notes as they are, and the next refresh goes on.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from feedback.models import EarlierAnswer, Response, Survey
from kpis.counting.blocks import Bins, Closed, Places, Touched, Usable, add, joined, may_correct, pack, usable_in
from kpis.counting.histograms import COUNTED, UNFINISHED, value_key
from kpis.counting.periods import day_bounds
from kpis.models import Block, Counting, DayHistogram, Stream

OPEN, LATE = "open", "late"
_KINDS = {True: COUNTED, False: UNFINISHED}  # of responses, by stream

_SETTLED_AFTER = timedelta(hours=24)
_MIGRATION = ("feedback", "0009_blocks_of_answers")

UsableOf = Callable[[Collection[int]], Mapping[int, Usable]]
_usable_of: list[UsableOf] = []


def register_usable(usable_of: UsableOf) -> None:
    """Let blocks know which values every mapping in use of a question counts; from `AppConfig.ready()`."""
    _usable_of[:] = [usable_of]


class Kept(NamedTuple):
    """What a survey's row says when a refresh has taken it."""

    purged_until: datetime | None
    round: int
    in_blocks: Sequence[int] | None


def read(survey: Survey, *, hold: bool) -> Kept:
    """What is known of the survey's blocks; with `hold` nobody changes its responses until the end of the transaction."""
    rows = Survey.objects.select_for_update(no_key=True) if hold else Survey.objects
    return Kept(*rows.values_list("purged_until", "round", "in_blocks").get(pk=survey.pk))


def may_begin(database: BaseDatabaseWrapper | None = None) -> bool:
    """Whether all who store responses can be trusted to say when they arrived.

    Processes of a former release do not; they may run beside those of this one while machines are exchanged, for a day after
    the migration at most. A database that is new never had any, nor has one that only one machine can open.
    """
    database = database or connection
    if database.vendor == "sqlite":
        return True
    applied = MigrationRecorder(database).migration_qs.filter(app=_MIGRATION[0])
    migrated = applied.filter(name=_MIGRATION[1]).values_list("applied", flat=True).first()
    began = applied.order_by("applied").values_list("applied", flat=True).first()
    if migrated is None or began is None:
        return False
    return migrated - began < timedelta(hours=1) or timezone.now() - migrated > _SETTLED_AFTER


class _Change(NamedTuple):
    """What an answer was, as its block counts it, and what it is now; nothing where it was not asked, or is gone."""

    row: EarlierAnswer
    was: list[str]
    now: list[str]


class Keeper:
    """The blocks of one survey, in one transaction of a refresh."""

    def __init__(self, survey: Survey, kept: Kept, zone: ZoneInfo) -> None:
        self.survey, self.kept, self.zone = survey, kept, zone
        streams = Stream.objects.filter(question__in=kept.in_blocks or ())
        self.streams = {(stream.question_id, stream.finished): stream for stream in streams}
        self._places: dict[int, Places] = {}
        self._bounds: list[datetime] = []  # of blocks, in order
        self._usable: Mapping[int, Usable] = {}

    # --- while days are recounted -----------------------------------------------------------------

    def forget_from(self, first: date) -> None:
        """All days from this one on are recounted."""
        for stream in self.streams.values():
            for room, days in stream.waiting.items():
                stream.waiting[room] = {day: bins for day, bins in days.items() if day < first.isoformat()}

    def expect(self, days: Sequence[date]) -> None:
        """These days are recounted next, forward: forget what waited of them, and look where blocks are."""
        for stream in self.streams.values():
            for room in (OPEN, LATE):
                for day in days:
                    stream.waiting.get(room, {}).pop(day.isoformat(), None)
        if days:
            self._places = self._places_from(day_bounds(days[0], self.zone)[0])
            blocks = [block for places in self._places.values() for block in places.closed]
            self._bounds = sorted({bound for block in blocks for bound in block[3:]})

    def pieces(self, day: date) -> list[tuple[datetime, datetime]]:
        """The day from beginning to end; in pieces where blocks that were closed by another clock begin or end in it."""
        start, end = day_bounds(day, self.zone)
        inside = self._bounds[bisect_right(self._bounds, start) : bisect_left(self._bounds, end)]
        return list(pairwise([start, *inside, end]))

    def see(self, day: date, moment: datetime, arrived: int, counts: Mapping[str, Mapping[str, Bins]]) -> None:
        """Put answers into rooms, if they are in no block: those of responses of this piece of a day and this round."""
        for (question_id, finished), stream in self.streams.items():
            if bins := counts.get(str(question_id), {}).get(_KINDS[finished]):
                places = self._places[stream.pk]
                if places.block_of(moment, arrived) is None:
                    room = stream.waiting.setdefault(places.room_of(moment, arrived), {})
                    add(room.setdefault(day.isoformat(), {}), bins)

    def save(self) -> None:
        """Keep the rooms."""
        Stream.objects.bulk_update(
            self.streams.values(), ["from_round", "waiting", "waiting_corrections"], batch_size=500
        )

    # --- at the end of a refresh ------------------------------------------------------------------

    def close(self, counting: Counting, threshold: int, begin: Collection[int]) -> None:
        """Begin the streams of these questions, then join, correct and close what can be, and begin a new round."""
        self._usable = _usable_of[0]({*(self.kept.in_blocks or ()), *begin})
        self._begin(begin)
        if counting.threshold is not None and threshold > counting.threshold:
            self._join(threshold)
        counting.threshold = threshold
        self._correct(threshold)
        self._close(threshold)
        self.save()
        in_blocks = sorted({*(self.kept.in_blocks or ()), *begin})
        Survey.objects.filter(pk=self.survey.pk).update(round=self.kept.round + 1, in_blocks=in_blocks)

    def retire(self) -> None:
        """Set all blocks and what waits aside, to begin anew."""
        streams = list(self.streams.values())
        Block.objects.filter(stream__in=streams, replaced_at=None).update(replaced_at=timezone.now())
        EarlierAnswer.objects.filter(survey=self.survey).delete()
        for stream in streams:
            self._fill(stream)

    def _begin(self, questions: Collection[int]) -> None:
        for question_id in sorted(set(questions) - {question for question, _ in self.streams}):
            for finished in (True, False):
                stream = Stream(question_id=question_id, finished=finished, from_round=self.kept.round)
                self._fill(stream)
                stream.save()
                self.streams[question_id, finished] = stream

    def _fill(self, stream: Stream) -> None:
        """Everything that is counted waits, as if it came in this round."""
        kind = _KINDS[stream.finished]
        rows = DayHistogram.objects.filter(question=stream.question_id).values_list("day", "counts")
        stream.from_round, stream.waiting_corrections = self.kept.round, 0
        stream.waiting = {OPEN: {day.isoformat(): counts[kind] for day, counts in rows if counts.get(kind)}, LATE: {}}

    def _close(self, threshold: int) -> None:
        blocks = []
        for (question_id, _finished), stream in self.streams.items():
            for room in (OPEN, LATE):
                waiting = {date.fromisoformat(day): bins for day, bins in stream.waiting.get(room, {}).items()}
                packed, rest = pack(waiting, threshold, self._is_usable(question_id))
                stream.waiting[room] = {day.isoformat(): bins for day, bins in rest.items()}
                for each in packed:
                    last_at, ends_at = day_bounds(each.last, self.zone)
                    blocks.append(
                        Block(
                            stream=stream,
                            first=each.first,
                            last=each.last,
                            starts_at=day_bounds(each.first, self.zone)[0],
                            last_at=last_at,
                            ends_at=ends_at,
                            closed_round=self.kept.round,
                            late=room == LATE,
                            n=each.n,
                            counts=each.bins,
                        )
                    )
        Block.objects.bulk_create(blocks, batch_size=500)

    def _is_usable(self, question_id: int) -> Usable:
        return self._usable.get(question_id, bool)  # without a mapping: whatever is not blank

    def _join(self, threshold: int) -> None:
        for stream in self.streams.values():
            now = Block.objects.filter(stream=stream, replaced_at=None).order_by("last", "first", "pk")
            usable = self._is_usable(stream.question_id)
            for group in joined([(block, usable_in(block.counts or {}, usable)) for block in now], threshold):
                is_corrected = any(block.made == Block.Made.CORRECTED for block in group)
                self._replace(group, _sum(group), Block.Made.CORRECTED if is_corrected else Block.Made.JOINED)

    def _replace(self, blocks: Sequence[Block], bins: Bins, made: str, *, erased: bool = False) -> None:
        """One block in the place of some, with these answers."""
        stream = blocks[0].stream
        block = Block.objects.create(
            stream=stream,
            first=min(each.first for each in blocks),
            last=max(each.last for each in blocks),
            starts_at=min(each.starts_at for each in blocks),
            last_at=max(each.last_at for each in blocks),
            ends_at=max(each.ends_at for each in blocks),
            closed_round=self.kept.round,
            made=made,
            n=usable_in(bins, self._is_usable(stream.question_id)),
            counts=bins,
        )
        old = Block.objects.filter(pk__in=[each.pk for each in blocks])
        old.update(replaced_at=timezone.now(), replaced_by=block)
        if erased:
            old.update(counts=None)

    # --- corrections ------------------------------------------------------------------------------

    def _correct(self, threshold: int) -> None:
        """Correct the blocks whose answers have changed, where that tells of enough answers; the other changes wait."""
        rows = list(EarlierAnswer.objects.filter(survey=self.survey).order_by("pk"))
        for stream in self.streams.values():
            stream.waiting_corrections = 0
        if not rows:
            return
        over: list[int] = []  # rows that nothing waits for
        by_stream: dict[Stream, dict[int, list[_Change]]] = defaultdict(lambda: defaultdict(list))
        now = self._now({row.response for row in rows if row.response is not None})
        places = self._places_from(min(row.recorded_at for row in rows))
        for row in rows:
            found = self.streams.get((row.question_id, row.finished))
            block = places[found.pk].block_of(row.recorded_at, row.arrived) if found else None
            purged = self.kept.purged_until and row.recorded_at < self.kept.purged_until
            if found is None or block is None or purged:
                over.append(row.pk)
                continue
            by_stream[found][block].append(_Change(row, _keys(row.answer), _present(row, now)))
        for stream, of_block in by_stream.items():
            over += self._correct_stream(stream, of_block, threshold)
        for start in range(0, len(over), 500):
            EarlierAnswer.objects.filter(pk__in=over[start : start + 500]).delete()

    def _correct_stream(self, stream: Stream, of_block: Mapping[int, list[_Change]], threshold: int) -> list[int]:
        """Correct one stream's blocks; the rows that are over with it."""
        over: list[int] = []
        touched: dict[Block, list[_Change]] = defaultdict(list)
        for pk, changes in of_block.items():
            block = _present_form(pk)
            over += [each.row.pk for each in changes if block is None or each.now == each.was]
            if block is not None:
                touched[block] += [each for each in changes if each.now != each.was]
        usable = self._is_usable(stream.question_id)
        found = {block: _touched(block, changes, usable) for block, changes in touched.items() if changes}
        for block in [block for block, each in found.items() if each.is_gone]:
            over += [each.row.pk for each in touched[block]]
            Block.objects.filter(pk=block.pk).update(
                replaced_at=timezone.now(), **({"counts": None} if _has_erased(touched[block]) else {})
            )
            del found[block]
        together = [block for block in found if block.made != Block.Made.CORRECTED]
        if together and may_correct((found[block] for block in together), threshold):
            changes = [each for block in together for each in touched[block]]
            bins = _sum(together)
            for each in changes:
                _move(bins, each.was, -1)
                _move(bins, each.now, 1)
            self._replace(together, bins, Block.Made.CORRECTED, erased=_has_erased(changes))
            over += [each.row.pk for each in changes]
            found = {block: each for block, each in found.items() if block not in together}
        stream.waiting_corrections = sum(len(touched[block]) for block in found)
        return over

    def _now(self, pks: Collection[int]) -> dict[int, Response]:
        some = list(pks)
        found: dict[int, Response] = {}
        for start in range(0, len(some), 500):
            rows = Response.objects.filter(pk__in=some[start : start + 500], deleted_at=None)
            found |= {row.pk: row for row in rows.only("kind", "arrived", "answers")}
        return found

    def _places_from(self, moment: datetime) -> dict[int, Places]:
        """Where the blocks are that reach beyond this moment, by stream."""
        streams = {stream.pk: stream for stream in self.streams.values()}
        closed: dict[int, list[Closed]] = {pk: [] for pk in streams}
        fields = ("stream", "pk", "late", "closed_round", "starts_at", "last_at", "ends_at")
        day = moment.astimezone(UTC).date() - timedelta(days=2)  # for the index; whatever the clock was
        rows = Block.objects.filter(stream__in=list(closed), last__gte=day, ends_at__gt=moment, made=Block.Made.CLOSED)
        for stream_pk, *row in rows.values_list(*fields):
            closed[stream_pk].append(Closed(*row))
        return {pk: Places(streams[pk].from_round, blocks) for pk, blocks in closed.items()}


def _sum(blocks: Iterable[Block]) -> Bins:
    bins: Bins = {}
    for block in blocks:
        add(bins, block.counts or {})
    return bins


def _present_form(pk: int) -> Block | None:
    """The block that stands in the place of this one by now; None if none does."""
    block = Block.objects.select_related("stream").get(pk=pk)
    while block.replaced_by_id is not None:
        block = Block.objects.select_related("stream").get(pk=block.replaced_by_id)
    return block if block.replaced_at is None else None


def _keys(answer: Sequence[Any]) -> list[str]:
    return [value_key(each) for each in answer]


def _present(row: EarlierAnswer, now: Mapping[int, Response]) -> list[str]:
    """What the response answers at the same place; nothing if it is gone, or elsewhere."""
    response = now.get(row.response or 0)
    if response is None or response.arrived != row.arrived or response.kind != _KINDS[row.finished]:
        return []
    key = str(row.question_id)
    return _keys([response.answers[key]]) if key in response.answers else []


def _touched(block: Block, changes: Sequence[_Change], usable: Usable) -> Touched:
    return Touched(
        n=usable_in(block.counts or {}, usable),
        changed=sum(usable(key) for each in changes for key in each.was),
        new=sum(usable(key) for each in changes for key in each.now),
    )


def _has_erased(changes: Iterable[_Change]) -> bool:
    return any(each.row.response is None for each in changes)


def _move(bins: Bins, keys: Iterable[str], by: int) -> None:
    for key in keys:
        bins[key] = bins.get(key, 0) + by
        if not bins[key]:
            del bins[key]
