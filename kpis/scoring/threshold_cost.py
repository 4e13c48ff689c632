"""What a threshold would cost here, told before it is set: items that it hides, answers that wait, how long blocks are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback.models import FeedbackItem
from kpis.counting.blocks import Bins, pack, usable_in
from kpis.metrics.wording import number_text
from kpis.models import DayHistogram
from kpis.scoring.scores import reading_of
from kpis.scoring.usable import usable_of

_IN_USE = (FeedbackItem.Chosen.RETRIEVING, FeedbackItem.Chosen.PAUSED)


@dataclass(frozen=True)
class ThresholdCost:
    """What would be hidden if answers were counted in blocks of this many from the first day on."""

    threshold: int
    items: int  # with answers
    hidden: int
    answers: int
    waiting: int
    shortest: int | None  # days of a block; None: there would be none
    longest: int | None

    def as_json(self) -> dict[str, Any]:
        return {
            "threshold": self.threshold,
            "items": self.items,
            "items_hidden": self.hidden,
            "answers": self.answers,
            "answers_waiting": self.waiting,
            "shortest_block_days": self.shortest,
            "longest_block_days": self.longest,
        }

    @property
    def text(self) -> str:
        """In a sentence."""
        if not self.items:
            return _("There are no answers yet that it could hide.")
        hidden = ngettext("%(hidden)s of %(items)s item hidden", "%(hidden)s of %(items)s items hidden", self.items)
        waiting = ngettext("%(waiting)s of %(n)s answer waits", "%(waiting)s of %(n)s answers wait", self.answers)
        told = [
            hidden % {"hidden": number_text(self.hidden), "items": number_text(self.items)},
            waiting % {"waiting": number_text(self.waiting), "n": number_text(self.answers)},
        ]
        if self.shortest is not None and self.longest is not None:
            if self.shortest == self.longest:
                days = ngettext("blocks of %(longest)s day", "blocks of %(longest)s days", self.longest)
            else:
                days = _("blocks of %(shortest)s to %(longest)s days")
            told.append(days % {"shortest": number_text(self.shortest), "longest": number_text(self.longest)})
        return _("With %(threshold)s: %(what)s.") % {
            "threshold": number_text(self.threshold),
            "what": ", ".join(told),
        }


def cost_of(threshold: int) -> ThresholdCost:
    """Try a threshold on the days that are stored."""
    found = FeedbackItem.objects.filter(chosen_state__in=_IN_USE, origin=FeedbackItem.Origin.SURVEY)
    items = [item for item in found.exclude(question=None).select_related("question") if reading_of(item)]
    usable = usable_of({item.question_id for item in items if item.question_id})
    days = _days(list(usable))
    lengths: list[int] = []
    with_blocks: set[tuple[int, str]] = set()
    answers: dict[tuple[int, str], int] = {}
    waiting = 0
    kinds = {(item.question_id or 0, kind) for item in items if (read := reading_of(item)) for kind in read.include}
    for question_id, kind in kinds:
        room = days.get((question_id, kind), {})
        packed, rest = pack(room, threshold, usable[question_id])
        if n := sum(usable_in(bins, usable[question_id]) for bins in room.values()):
            answers[question_id, kind] = n
        waiting += sum(usable_in(bins, usable[question_id]) for bins in rest.values())
        lengths += [(block.last - block.first).days + 1 for block in packed]
        if packed:
            with_blocks.add((question_id, kind))
    hidden = counted = 0
    for item in items:
        reading = reading_of(item)
        mine = {(item.question_id or 0, kind) for kind in (reading.include if reading else ())}
        if mine & answers.keys():
            counted += 1
            hidden += not mine & with_blocks
    return ThresholdCost(
        threshold,
        counted,
        hidden,
        sum(answers.values()),
        waiting,
        min(lengths, default=None),
        max(lengths, default=None),
    )


def _days(question_ids: list[int]) -> dict[tuple[int, str], dict[date, Bins]]:
    rooms: dict[tuple[int, str], dict[date, Bins]] = defaultdict(dict)
    rows = DayHistogram.objects.filter(question__in=question_ids).annotate(text=Cast("counts", TextField()))
    for question_id, day, text in rows.values_list("question_id", "day", "text").iterator():
        for kind, bins in orjson.loads(text).items():
            rooms[question_id, kind][day] = bins
    return rooms
