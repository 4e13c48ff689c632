"""A survey as its respondents see it, and reading it again, over the REST API."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from feedback.models import Question, Survey
from integrations.surveys.access import places_of, reader_of
from integrations.surveys.catalogue import read_again, stored_responses
from integrations.surveys.listing import shown_of, surveys
from integrations.troubles.refusals import Refusal


class FedItemSerializer(serializers.Serializer):
    """An item that a question feeds."""

    item = serializers.IntegerField(source="item.pk")
    title = serializers.CharField(source="item.card.title")
    journey = serializers.IntegerField(source="item.card.lane.journey_id")
    part = serializers.CharField(help_text=_("Which field of the question, where it has several."))
    drift = serializers.CharField(help_text=_("How the question has changed since it was mapped; empty if it has not."))


class AnswerChoiceSerializer(serializers.Serializer):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the choice's, not the field's


class SurveyQuestionSerializer(serializers.Serializer):
    id = serializers.CharField()
    tag = serializers.CharField()
    wording = serializers.CharField()
    form = serializers.CharField(help_text=_("How it is answered, e.g. one, several, scale, matrix, text."))
    choices = AnswerChoiceSerializer(many=True)
    rows = serializers.ListField(child=serializers.CharField(), help_text=_("Rows of a matrix, or parts."))
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    must_answer = serializers.BooleanField(source="required")
    items = FedItemSerializer(many=True)


class SourceSerializer(serializers.Serializer):
    """A field beside the questions."""

    id = serializers.IntegerField(source="question.pk", help_text=_("As feedback items take it."))
    field = serializers.CharField(source="question.field")
    name = serializers.CharField(source="question.wording")
    label = serializers.CharField(source="question.label")  # type: ignore[assignment]  # the field's, not this one's
    group = serializers.ChoiceField(choices=Question.Group.choices, source="question.group")
    not_measurable_because = serializers.CharField(
        source="choice.reason", help_text=_("Empty if the question can be measured.")
    )
    items = FedItemSerializer(many=True)


class QuestionnaireSerializer(serializers.Serializer):
    """What respondents see, in their order; with the items that it feeds."""

    survey = serializers.IntegerField()
    fed_by = serializers.IntegerField(allow_null=True, help_text=_("The connection that retrieves it."))
    standing_by = serializers.ListField(
        child=serializers.IntegerField(), help_text=_("Other connections that see it, and take over if that one fails.")
    )
    live = serializers.ChoiceField(choices=Survey.Live.choices)
    read_at = serializers.DateTimeField(allow_null=True)
    responses = serializers.IntegerField(help_text=_("Stored responses."))
    questions = SurveyQuestionSerializer(many=True)
    beside = SourceSerializer(
        many=True, help_text=_("Embedded data, scores and what Text iQ says, which items can count as well.")
    )
    of_questions_gone = FedItemSerializer(many=True, help_text=_("Items whose question is no longer in the survey."))


class Questionnaire(APIView):
    """The survey as its respondents see it, and the items that its questions feed."""

    @extend_schema(responses=QuestionnaireSerializer, operation_id="surveys_questionnaire")
    def get(self, request: Request, pk: int) -> Response:
        return Response(_questionnaire(get_object_or_404(surveys(), pk=pk)))


class ReadSurvey(APIView):
    """Reads the survey's questions and live state again."""

    @extend_schema(
        summary="Read a survey again", request=None, responses=QuestionnaireSerializer, operation_id="surveys_read"
    )
    def post(self, request: Request, pk: int) -> Response:
        survey = get_object_or_404(surveys(), pk=pk)
        connection = reader_of(survey)
        if connection is None:
            raise Refusal("survey_gone")
        read_again(survey, connection.require_enabled()).live_rows()
        return Response(_questionnaire(survey))


def _questionnaire(survey: Survey) -> dict[str, Any]:
    shown = shown_of(survey)
    places = places_of([survey])[survey.pk]
    told = {
        "survey": survey.pk,
        "fed_by": places.feeding and places.feeding.pk,
        "standing_by": [other.pk for other in places.standing_by],
        "live": survey.live,
        "read_at": survey.read_at,
        "responses": stored_responses([survey]).get(survey.pk, 0),
        "questions": [each.question | {"items": each.items} for each in shown.questions],
        "beside": [source for _group, sources in shown.beside for source in sources],
        "of_questions_gone": shown.gone,
    }
    return dict(QuestionnaireSerializer(told).data)
