"""Preview before saving: the newest answers to a question, how each would be counted, and what they add up to.

Answers that are stored already come from the database. Otherwise a small export is asked for, of this question alone,
and waited for a few seconds only: somebody is looking at the page.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from django.utils import timezone

from accounts.models import Organisation
from feedback.intake import NewResponse
from feedback.models import Question, Response
from feedback.tombstones import erased_among
from integrations.models import Connection, SurveyFeed
from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.exports import ExportNotReady, export_lines
from integrations.qualtrics.translate import Translator
from integrations.sync.demand import asked_of
from integrations.troubles.errors import QualtricsError
from integrations.troubles.table import Explanation, explain
from integrations.vendor.clients import client_for
from kpis.counting.histograms import COUNTED, total, value_key
from kpis.counting.mapped import AS_THEY_CAME, Mapped
from kpis.counting.periods import Window, day_bounds
from kpis.mapping.verdicts import Verdict, verdict_on
from kpis.metrics.formulas import Formula, is_suppressed, measure_counts, suppress
from kpis.models import DayHistogram
from kpis.scoring.figures import ALL_TIME, Figure, figure

SHOWN = 20
PATIENCE = 12.0  # seconds in all
RECENT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as the preview lists it."""

    recorded_at: datetime
    value: str  # that it counts as; its code where it has none
    label: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Preview:
    """What was read, and what a formula makes of it. With `trouble` nothing could be read; saving is still right."""

    figure: Figure | None = None
    answers: list[Answer] = field(default_factory=list)
    read: int = 0
    stored: bool = False  # else asked from the vendor just now
    since: date | None = None  # None: all that there is
    complete: bool = True
    too_slow: bool = False
    trouble: Explanation | None = None
    code: str = ""


@dataclass(slots=True)
class _Reading:
    """Answers read one after another: counted at once, only the newest kept."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    newest: list[tuple[datetime, int, str, str]] = field(default_factory=list)
    read: int = 0
    complete: bool = True

    def add(self, recorded_at: datetime, response_class: str, value: Any) -> None:
        self.read += 1
        key = value_key(value)
        bins = self.counts.setdefault(response_class, {})
        bins[key] = bins.get(key, 0) + 1
        self.show(recorded_at, response_class, key)

    def show(self, recorded_at: datetime, response_class: str, key: str) -> None:
        entry = (recorded_at, len(self.newest), response_class, key)
        if len(self.newest) < SHOWN:
            heapq.heappush(self.newest, entry)
        elif entry > self.newest[0]:
            heapq.heappushpop(self.newest, entry)


def preview(
    connection: Connection,
    question: Question,
    formula: Formula,
    *,
    mapping: Mapped = AS_THEY_CAME,
    include_unfinished: bool = False,
    count_from: date | None = None,
) -> Preview:
    """How this formula would count the answers to this question, from the first day that counts."""
    since = count_from
    feed = SurveyFeed.objects.filter(survey=question.survey_id).first()
    stored = feed is not None and _covers(feed, question, count_from)
    try:
        if stored:
            reading = _stored(question, count_from)
        else:
            reading, since = _live(connection, question, count_from)
    except ExportNotReady as error:
        if error.has_failed:
            return Preview(trouble=explain("export_failed", by_hand=True), code="export_failed", complete=False)
        return Preview(too_slow=True, complete=False)
    except QualtricsError as error:
        return Preview(trouble=error.explanation, code=error.code, complete=False)
    include = (COUNTED, "unfinished") if include_unfinished else (COUNTED,)
    judge = partial(verdict_on, formula=formula, mapping=mapping, include=include)
    labels = {value_key(choice["value"]): str(choice.get("label", "")) for choice in question.choices}
    answers = [
        Answer(recorded_at, mapping.value_of(code) or code, labels.get(code, ""), judge(code, response_class))
        for recorded_at, _order, response_class, code in sorted(reading.newest, reverse=True)
    ]
    result = measure_counts(formula, reading.counts, mapping=mapping, include=include)
    organisation = Organisation.current()
    # Whoever maps questions may read responses. The figure is hidden below the threshold all the same, as it will be.
    hidden = is_suppressed(result, organisation.suppression_threshold)
    shown = figure(
        formula,
        suppress(result, organisation.suppression_threshold),
        state="live",
        hidden=hidden,
        window=Window("custom", since, None) if since else ALL_TIME,
        tz_name=organisation.zone.key,
        as_of=question.survey.last_good_fetch_at if stored else timezone.now(),
    )
    # With too few answers to show a value, single answers would tell it as well.
    answers = [] if hidden else answers
    return Preview(shown, answers, reading.read, stored, since, reading.complete)


def _covers(feed: SurveyFeed, question: Question, count_from: date | None) -> bool:
    if str(question.pk) not in feed.covered_questions:
        return False
    here = feed.covered_questions[str(question.pk)]
    return here is None or (count_from is not None and here <= count_from.isoformat())


def _stored(question: Question, count_from: date | None) -> _Reading:
    """Sums from the histograms, the newest answers from the responses."""
    days = DayHistogram.objects.filter(question=question)
    responses = Response.objects.filter(survey=question.survey_id, deleted_at=None)
    if count_from:
        days = days.filter(day__gte=count_from)
        responses = responses.filter(recorded_at__gte=day_bounds(count_from, Organisation.current().zone)[0])
    reading = _Reading(counts=total(days.values_list("counts", flat=True).iterator()))
    reading.read = sum(sum(bins.values()) for bins in reading.counts.values())
    key = str(question.pk)
    # A survey may ask several questions of different people: look far enough back to find those asked this one.
    rows = responses.order_by("-recorded_at").values_list("recorded_at", "kind", "answers")
    for recorded_at, response_kind, answers in rows[: SHOWN * 50].iterator():
        if key in answers:
            reading.show(recorded_at, response_kind, value_key(answers[key]))
            if len(reading.newest) == SHOWN:
                break
    return reading


def _live(connection: Connection, question: Question, count_from: date | None) -> tuple[_Reading, date | None]:
    """The last days first, which is quick; everything only if that was too little to look at and time is left."""
    deadline = time.monotonic() + PATIENCE
    zone = Organisation.current().zone
    recent = (timezone.now() - RECENT).astimezone(zone).date()
    windows = [recent, count_from] if count_from is None or count_from < recent else [count_from]
    with client_for(connection) as client:

        def read(since: date | None) -> tuple[_Reading, date | None]:
            return _export(client, question, day_bounds(since, zone)[0] if since else None, deadline), since

        found = read(windows[0])
        if found[0].read < SHOWN and len(windows) > 1:
            try:
                found = read(windows[1])
            except ExportNotReady as error:
                if error.has_failed:
                    raise
    return found


def _export(client: QualtricsClient, question: Question, start: datetime | None, deadline: float) -> _Reading:
    survey_id = question.survey.external_id
    asked = asked_of({str(question.pk): None})
    export = client.start_export(survey_id, questions=asked.questions, embedded=asked.embedded, start=start)
    reading = _Reading()
    translator = Translator(asked.mapping)
    lines = export_lines(client, survey_id, export, until=deadline)
    while some := list(islice(lines, 1000)):
        records = [record for record in map(translator.translate, some) if isinstance(record, NewResponse)]
        erased = erased_among(record.external_id for record in records)
        for record in records:
            if question.pk not in record.answers or record.external_id in erased:
                continue
            if start and record.recorded_at < start:  # an older response that was changed since
                continue
            reading.add(record.recorded_at, record.kind, record.answers[question.pk])
        if time.monotonic() > deadline:
            reading.complete = len(some) < 1000
            break
    return reading
