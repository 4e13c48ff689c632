"""Surveys as pages and API list them: what the vendor said of each, what is stored, and which items it feeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import django_filters
from django.db.models import Count, Q, QuerySet
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from feedback.drift import differences, sentence
from feedback.models import FeedbackItem, Question, Source, Survey
from integrations.models import Connection
from integrations.surveys.access import Places, places_of
from integrations.surveys.catalogue import stored_responses
from kpis.mapping.choices import Choice, choice_of
from kpis.metrics.wording import number_text


class SurveyFilter(django_filters.FilterSet):
    """By words of the name, connection and live state."""

    q = django_filters.CharFilter(method="search", label=_("Name"))
    connection = django_filters.ModelChoiceFilter(
        field_name="source__connections", queryset=Connection.objects.all(), label=_("Connection"), empty_label=_("All")
    )
    live = django_filters.ChoiceFilter(choices=Survey.Live.choices, label=_("State"), empty_label=_("All"))

    class Meta:
        model = Survey
        fields: list[str] = []

    def search(self, rows: QuerySet[Survey], _name: str, words: str) -> QuerySet[Survey]:
        return rows.filter(Q(name__icontains=words.strip()) | Q(external_id=words.strip()))


@dataclass(slots=True)
class Row:
    """A survey in the list."""

    survey: Survey
    places: Places
    responses: int = 0
    items: int = 0
    drifted: int = 0  # items whose question has changed or is gone
    apart: str = ""  # what tells it from others of its name


@dataclass(slots=True)
class SurveyQuestion:
    """A question of a survey as respondents see it, with the items that it feeds."""

    question: dict[str, Any]
    items: list[MappedItem] = field(default_factory=list)


@dataclass(slots=True)
class Beside:
    """A field beside the questions, how it can be measured, and the items that it feeds."""

    choice: Choice
    items: list[MappedItem] = field(default_factory=list)

    @property
    def question(self) -> Question:
        return self.choice.question


@dataclass(slots=True)
class Shown:
    """A survey as its page and the API show it."""

    questions: list[SurveyQuestion]
    beside: list[tuple[Question.Group, list[Beside]]]
    gone: list[MappedItem]  # items whose question is gone


@dataclass(frozen=True, slots=True)
class MappedItem:
    """An item that a question feeds. `drift`: in a few words how the question has changed since it was mapped."""

    item: FeedbackItem
    part: str  # the field, where a question has several
    drift: str


def surveys() -> QuerySet[Survey]:
    """Those of connections, by name. Each once, however many connections see it."""
    return Survey.objects.filter(source__kind=Source.Kind.VENDOR, joined_into=None)  # a twin shows as what it becomes


def rows_of(found: Sequence[Survey]) -> list[Row]:
    """The rows of one page of the list, in a few queries."""
    responses, places = stored_responses(list(found)), places_of(found)
    apart = told_apart(found, responses)
    rows = {
        survey.pk: Row(survey, places[survey.pk], responses.get(survey.pk, 0), apart=apart.get(survey.pk, ""))
        for survey in found
    }
    for item in _items(rows):
        row = rows[item.survey_id or 0]  # it has one: the items are those of these surveys
        row.items += 1
        row.drifted += _has_drifted(item)
    return list(rows.values())


def told_apart(found: Iterable[Survey], responses: Mapping[int, int]) -> dict[int, str]:
    """Of surveys whose name another has, or that have none to be seen: id, date, owner and count of each."""
    found = list(found)
    same = Survey.objects.filter(name__in={survey.name for survey in found}).order_by().values("name")
    twins = set(same.annotate(n=Count("pk")).filter(n__gt=1).values_list("name", flat=True))
    told = {}
    for survey in found:
        if survey.name in twins or survey.name == survey.external_id:
            facts = [] if survey.name == survey.external_id else [survey.external_id]
            if survey.made_at:
                facts.append(gettext("made on %(day)s") % {"day": date_format(localtime(survey.made_at).date())})
            if survey.owner:
                facts.append(gettext("owner %(owner)s") % {"owner": survey.owner})
            n = responses.get(survey.pk, 0)
            facts.append(ngettext("%(n)s response here", "%(n)s responses here", n) % {"n": number_text(n)})
            told[survey.pk] = " · ".join(facts)
    return told


def grouped(questions: Iterable[Question]) -> list[tuple[Question.Group, list[Question]]]:
    """The same under their headings, in the order of these, without empty ones."""
    groups: dict[Question.Group, list[Question]] = {group: [] for group in Question.Group}
    for question in questions:
        groups[question.group].append(question)
    return [(group, rows) for group, rows in groups.items() if rows]


def searched(questions: Iterable[Question], words: str = "", group: str = "") -> list[Question]:
    """Those of a group whose wording, label and field hold every word."""
    wanted = words.casefold().split()
    return [
        each
        for each in questions
        if (not group or each.group == group)
        and all(word in f"{each.wording} {each.label} {each.field}".casefold() for word in wanted)
    ]


def shown_of(survey: Survey) -> Shown:
    """The questions in their order and what stands beside them, each with the items that it feeds."""
    shown = {question["id"]: SurveyQuestion(question) for question in survey.questionnaire}
    fields = survey.questions.filter(gone_at=None).select_related("about")
    beside = {
        group: {each.pk: Beside(choice_of(each)) for each in rows}
        for group, rows in grouped(fields)
        if group != Question.Group.QUESTIONS
    }
    gone: list[MappedItem] = []
    for item in _items([survey.pk]):
        if item.question is None:
            continue
        fed = _fed(item, item.question)
        current = item.question.successor or item.question
        places: list[SurveyQuestion | Beside] = [rows[current.pk] for rows in beside.values() if current.pk in rows]
        if item.question.external_id in shown:
            places.append(shown[item.question.external_id])
        for place in places:
            place.items.append(fed)
        if not places:
            gone.append(fed)
    return Shown(list(shown.values()), [(group, list(rows.values())) for group, rows in beside.items()], gone)


def _fed(item: FeedbackItem, question: Question) -> MappedItem:
    part = question.label if question.field not in (question.external_id, f"{question.external_id}_TEXT") else ""
    if not _has_drifted(item):
        return MappedItem(item, part, "")
    if question.successor is None or question.successor.gone_at is not None:
        return MappedItem(item, part, str(_("The question is no longer in the survey.")))
    return MappedItem(item, part, sentence(differences(question, question.successor)))


def _items(surveys: Iterable[int]) -> QuerySet[FeedbackItem]:
    """Items that count a question of these surveys, drafts included; archived ones are left alone."""
    return (
        FeedbackItem.objects.filter(survey__in=list(surveys))
        .exclude(chosen_state=FeedbackItem.Chosen.ARCHIVED)
        .select_related("card__lane__journey", "card__stage", "question__successor")
        .order_by("card__lane__journey__name", "card__stage__position", "pk")
    )


def _has_drifted(item: FeedbackItem) -> bool:
    question = item.question
    if question is None or item.chosen_state == FeedbackItem.Chosen.DRAFT:
        return False
    return question.gone_at is not None or question.fingerprint != item.mapped_fingerprint
