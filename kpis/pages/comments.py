"""What customers wrote, beside the numbers of an item.

Under a threshold a comment is shown if a block counts its author's answer, in no order that tells one author of a block from
another, and with nothing that does: no score, no sentiment, no day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from feedback.mapping.entries import read_entries
from feedback.mapping.values import UNREADABLE_BIN, value_key
from feedback.models import FeedbackItem, Question, Response
from feedback.response_queries import by_customers, responses_of
from kpis.counting.members import Members
from kpis.counting.periods import Window, day_bounds
from kpis.counting.sums import sums_of
from kpis.metrics import wording
from kpis.metrics.formulas import MIXED
from kpis.models import Block, DayHistogram
from kpis.scoring.scores import Rules, mapping_of, span_of, window_of

PAGE_SIZE = 20


@dataclass(frozen=True)
class Comment:
    """One comment, with what its author answered to the item's question; or, under a threshold, only with its block's days."""

    text: str
    recorded_at: datetime | None = None
    days: tuple[date, date] | None = None
    language: str = ""
    channel: str = ""
    answer: str = ""
    feeling: str = ""  # as it is stored
    sentiment: str = ""
    tone: str = ""

    @property
    def period(self) -> str:
        return wording.period_text(*self.days) if self.days else ""

    def as_json(self) -> dict[str, Any]:
        """The shape of the API; what may not be told is null."""
        return {
            "text": self.text,
            "recorded_at": self.recorded_at,
            "block": {"from": self.days[0], "to": self.days[1]} if self.days else None,
            "language": self.language or None,
            "channel": self.channel or None,
            "answer": self.answer or None,
            "sentiment": self.feeling or None,
        }


@dataclass(frozen=True)
class Comments:
    """A page of comments, newest first."""

    question: Question
    rows: Sequence[Comment]
    number: int
    has_more: bool
    hidden: bool = False  # too few people wrote one

    @property
    def has_less(self) -> bool:
        return self.number > 1


def comment_question(item: FeedbackItem) -> Question | None:
    """The question whose comments belong to the item: the one a sentiment is about, else the nearest that is stored."""
    question = item.question
    if question is None:
        return None
    if question.kind == Question.Kind.TEXT:
        return question
    if question.kind == Question.Kind.SENTIMENT and question.about_id is not None:
        return question.about
    written = Question.objects.filter(
        Exists(DayHistogram.objects.filter(question=OuterRef("pk"))),
        survey=question.survey_id,
        kind=Question.Kind.TEXT,
    )
    return min(written, key=lambda text: (abs(text.position - question.position), text.pk), default=None)


def comments_of(item: FeedbackItem, window: Window, rules: Rules, number: int = 1) -> Comments | None:
    """Page `number` of the comments in the window; None where the item has no comments."""
    question = comment_question(item)
    if question is None or item.survey is None:
        return None
    start = (number - 1) * PAGE_SIZE
    if rules.threshold:
        some = list(
            islice(_in_blocks(item, question, window, rules), max(start + PAGE_SIZE + 1, rules.fewest_comments))
        )
        if len(some) < rules.fewest_comments:
            return Comments(question, (), 1, has_more=False, hidden=True)
        page = some[start : start + PAGE_SIZE]
        return Comments(question, page, number, has_more=len(some) > start + PAGE_SIZE)
    found = _written(item, question, window, rules)
    rows = list(found[start : start + PAGE_SIZE + 1])
    sentiment = Question.objects.filter(about=question, kind=Question.Kind.SENTIMENT).first()
    return Comments(
        question,
        [_comment(response, item, question, sentiment) for response in rows[:PAGE_SIZE]],
        number,
        has_more=len(rows) > PAGE_SIZE,
    )


def _written(item: FeedbackItem, question: Question, window: Window, rules: Rules) -> QuerySet[Response]:
    first = max(filter(None, (window.start, item.count_from)), default=None)
    found = responses_of(
        question.survey if item.survey is None else item.survey,
        question=question,
        start=day_bounds(first, rules.zone)[0] if first else None,
        end=day_bounds(window.end, rules.zone)[1] if window.end else None,
    )
    return by_customers(found, unfinished=item.include_unfinished).filter(has_text=True)


def _in_blocks(item: FeedbackItem, question: Question, window: Window, rules: Rules) -> Iterator[Comment]:
    """The comments whose authors' answers are in the blocks of the item's figure, block by block, the latest first."""
    days = window_of(item, window)
    span = span_of(item, days) if days else None
    if span is None:
        return
    in_blocks = sums_of([span], rules.threshold)[span].in_blocks
    blocks = Block.objects.filter(pk__in=in_blocks.pks if in_blocks else ()).order_by("-last", "-first", "-pk")
    members = Members({block.stream_id for block in blocks})
    asked, written = str(item.question_id), str(question.pk)
    for block in blocks:
        found = [each for each in members.of_block(block) if asked in each.answers and each.answers.get(written)]
        for response in sorted(found, key=_shuffled):
            yield Comment(str(response.answers[written]), days=(block.first, block.last))


def _shuffled(response: Response) -> bytes:
    """A fixed order that follows neither the time nor the answers."""
    key = settings.SECRET_KEY.encode()[:64]
    return hashlib.blake2b(str(response.pk).encode(), key=key, digest_size=16).digest()


def _comment(response: Response, item: FeedbackItem, question: Question, sentiment: Question | None) -> Comment:
    feeling = value_key(response.answers.get(str(sentiment.pk))) if sentiment else ""
    label, tone = sentiment_words(feeling)
    given = response.answers.get(str(item.question_id))
    own = "" if item.question in (question, sentiment) or given is None else _answer(item, value_key(given))
    return Comment(
        text=str(response.answers[str(question.pk)]),
        recorded_at=response.recorded_at,
        language=response.language,
        channel=response.channel,
        answer=own,
        feeling=feeling,
        sentiment=label,
        tone=tone,
    )


def _answer(item: FeedbackItem, code: str) -> str:
    """What the author answered: the value that it counts as; the words of a choice that does not count."""
    mapping = mapping_of(item)
    if code in mapping.left_out:
        return next((entry.label for entry in read_entries(item.mapping) if entry.code == code), code)
    return "" if code == UNREADABLE_BIN else mapping.value_of(code) or code


def sentiment_words(value: str) -> tuple[str, str]:
    """A stored sentiment in words, and its tone."""
    known = {
        "2": (_("Very positive"), "good"),
        "1": (_("Positive"), "good"),
        "0": (_("Neutral"), "neutral"),
        "-1": (_("Negative"), "bad"),
        "-2": (_("Very negative"), "bad"),
        MIXED: (_("Mixed"), "calm"),
    }
    return known.get(value, ("", "neutral"))
