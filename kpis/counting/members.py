"""Which responses a block holds: found from when they were recorded and when they arrived."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from feedback.models import Response
from kpis.counting.blocks import Closed, Places
from kpis.counting.histograms import COUNTED, UNFINISHED
from kpis.models import Block, Stream


class Members:
    """The blocks of some streams with all that they replaced."""

    def __init__(self, streams: Collection[int]) -> None:
        self.streams = streams
        self._streams = Stream.objects.select_related("question").in_bulk(streams)
        closed: dict[int, list[Closed]] = {pk: [] for pk in self._streams}
        self._replaced_by: dict[int, int | None] = {}
        fields = ("stream", "made", "replaced_by", "pk", "late", "closed_round", "starts_at", "last_at", "ends_at")
        for stream_pk, made, replaced_by, *row in Block.objects.filter(stream__in=streams).values_list(*fields):
            self._replaced_by[row[0]] = replaced_by
            if made == Block.Made.CLOSED:
                closed[stream_pk].append(Closed(*row))
        self._places = {pk: Places(self._streams[pk].from_round, blocks) for pk, blocks in closed.items()}

    def room_of(self, stream: int, moment: datetime, arrived: int) -> str:
        """Where an answer waits that is in no block."""
        return self._places[stream].room_of(moment, arrived)

    def block_of(self, stream: int, moment: datetime, arrived: int) -> int | None:
        """The block that counts an answer by now, or the last that did; None: it waits."""
        block = self._places[stream].block_of(moment, arrived)
        while block is not None and (later := self._replaced_by[block]) is not None:
            block = later
        return block

    def of_block(self, block: Block) -> Iterator[Response]:
        """Its live responses that hold a comment, oldest first; those without an answer to its question, too."""
        stream = self._streams[block.stream_id]
        found = Response.objects.filter(
            survey=stream.question.survey_id,
            deleted_at=None,
            kind=COUNTED if stream.finished else UNFINISHED,
            has_text=True,
            recorded_at__gte=block.starts_at,
            recorded_at__lt=block.ends_at,
        )
        for response in found.order_by("recorded_at", "pk").iterator():
            if self.block_of(stream.pk, response.recorded_at, response.arrived) == block.pk:
                yield response
