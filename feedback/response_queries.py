"""Single responses, for people with the right to read them: by survey, question and time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import F, Func, Min, QuerySet, TextField, Value

from feedback.models import Question, Response, Survey


def responses_of(
    survey: Survey,
    *,
    question: Question | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> QuerySet[Response]:
    """The survey's stored responses, newest first, from `start` up to but without `end`; only answers to `question`."""
    found = Response.objects.filter(survey=survey, deleted_at=None).order_by("-recorded_at", "-pk")
    if question is not None:
        found = answering(found, question)
    if start is not None:
        found = found.filter(recorded_at__gte=start)
    if end is not None:
        found = found.filter(recorded_at__lt=end)
    return found


class AnswerText(Func):
    """The answer to one question as text; NULL where it was not asked or left empty.

    Django's own key transform takes a key made of digits for an index into a list.
    """

    output_field = TextField()

    def __init__(self, question_id: int) -> None:
        super().__init__(F("answers"), Value(str(question_id)))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="jsonb_extract_path_text", **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = """json_extract(%(expressions)s || '"')"""
        return self.as_sql(compiler, connection, template=template, arg_joiner=""", '$."' || """, **context)


def answering(found: QuerySet[Response], question: Question) -> QuerySet[Response]:
    """Those with an answer to the question: it was shown, and not left empty."""
    return found.annotate(answer=AnswerText(question.pk)).exclude(answer__isnull=True).exclude(answer="")


def by_customers(found: QuerySet[Response], *, unfinished: bool = False) -> QuerySet[Response]:
    """Without previews, tests, spam and made-up responses; without unfinished ones too, unless they count."""
    kinds = (Response.Kind.COUNTED, Response.Kind.UNFINISHED) if unfinished else (Response.Kind.COUNTED,)
    return found.filter(kind__in=kinds)


def oldest_unanalysed(survey: Survey, sentiments: Iterable[Question], since: datetime, most: int) -> datetime | None:
    """When the first response was recorded whose comment has none of these sentiments yet; None if all have.

    Looks at the newest `most` responses, and at none from before `since`.
    """
    newest = responses_of(survey, start=since)
    beyond = newest.values_list("recorded_at", flat=True)[most : most + 1].first()
    if beyond:
        newest = newest.filter(recorded_at__gt=beyond)
    moments = [
        answering(newest, sentiment.about)
        .annotate(sentiment=AnswerText(sentiment.pk))
        .filter(sentiment__isnull=True)
        .aggregate(first=Min("recorded_at"))["first"]
        for sentiment in sentiments
        if sentiment.about
    ]
    return min(filter(None, moments), default=None)
