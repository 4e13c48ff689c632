"""Surveys as pages and API list them: what the vendor said of each, what is stored, and which items it feeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from feedback.drift import differences, sentence
from feedback.models import FeedbackItem, Question, Source, Survey
from integrations.models import Connection
from integrations.surveys.access import Places, places_of
from integrations.surveys.catalogue import stored_responses


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


@dataclass(slots=True)
class SurveyQuestion:
    """A question of a survey as respondents see it, with the items that it feeds."""

    question: dict[str, Any]
    items: list[MappedItem] = field(default_factory=list)


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
    rows = {survey.pk: Row(survey, places[survey.pk], responses.get(survey.pk, 0)) for survey in found}
    for item in _items(rows):
        row = rows[item.survey_id or 0]  # it has one: the items are those of these surveys
        row.items += 1
        row.drifted += _has_drifted(item)
    return list(rows.values())


def shown_of(survey: Survey) -> tuple[list[SurveyQuestion], list[MappedItem]]:
    """The questions in their order, each with the items that it feeds; and the items whose question is gone."""
    shown = {question["id"]: SurveyQuestion(question) for question in survey.questionnaire}
    gone: list[MappedItem] = []
    for item in _items([survey.pk]):
        if item.question is None:
            continue
        place = shown.get(item.question.external_id)
        fed = _fed(item, item.question)
        if place is None:
            gone.append(fed)
        else:
            place.items.append(fed)
    return list(shown.values()), gone


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
