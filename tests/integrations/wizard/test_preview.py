"""Preview: from what is stored if it is all there, else from a small export, and always by the formula itself."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from accounts.models import Organisation
from feedback import intake
from feedback.models import Survey
from integrations.surveys.catalogue import questions_of, surveys_of
from integrations.wizard.preview import SHOWN, preview
from kpis.counting.mapped import Mapped, mapped
from kpis.counting.refresh import refresh_changed_days
from kpis.mapping.verdicts import verdict_on
from kpis.metrics.formulas import Formula
from kpis.metrics.proposals import propose
from kpis.scoring.scores import read_items
from tests import factories

pytestmark = pytest.mark.django_db

NPS = Formula("nps")
CSAT = Formula("csat", 1, 5, ("4", "5"))
CES1 = Formula("ces", 1, 5, ("1", "2"), reverse=True)


@pytest.mark.parametrize(
    ("formula", "value", "response_class", "counts", "key"),
    [
        (NPS, "10", "counted", True, "promoter"),
        (NPS, "9", "counted", True, "promoter"),
        (NPS, "8", "counted", True, "passive"),
        (NPS, "7", "counted", True, "passive"),
        (NPS, "6", "counted", True, "detractor"),
        (NPS, "0", "counted", True, "detractor"),
        (NPS, "11", "counted", False, "out_of_scale"),
        (NPS, "8.5", "counted", True, "passive"),
        (NPS, "6.5", "counted", True, "detractor"),
        (NPS, "10.5", "counted", False, "out_of_scale"),
        (NPS, "", "counted", False, "unanswered"),
        (NPS, "9", "preview", False, "preview"),
        (NPS, "9", "test", False, "test"),
        (NPS, "9", "spam", False, "spam"),
        (NPS, "9", "synthetic", False, "synthetic"),
        (NPS, "9", "unfinished", False, "unfinished"),
        (CSAT, "4", "counted", True, "positive"),
        (CSAT, "3", "counted", True, "not_positive"),
        (CSAT, "6", "counted", False, "out_of_scale"),
        (CSAT, "99", "counted", False, "not_applicable"),
        (CES1, "1", "counted", True, "positive"),
        (CES1, "5", "counted", True, "not_positive"),
        (Formula("mean", 0, 100), "55.5", "counted", True, "value"),
        (Formula("sentiment"), "-2", "counted", True, "negative"),
        (Formula("sentiment"), "0", "counted", True, "neutral"),
        (Formula("sentiment"), "2", "counted", True, "positive"),
        (Formula("sentiment"), "mixed", "counted", True, "mixed"),
    ],
)
def test_each_answer_is_counted_or_left_out_for_a_reason(formula, value, response_class, counts, key):
    verdict = verdict_on(value, response_class, formula, mapping=Mapped(left_out={"99": "not_applicable"}))
    assert (verdict.counts, verdict.key) == (counts, key)
    assert verdict.text.startswith("Counts" if counts else "Left out")


def test_unfinished_ones_count_if_they_are_included():
    assert verdict_on("9", "unfinished", NPS, include=("counted", "unfinished")).counts


class TestStored:
    @pytest.fixture
    def question(self, db):
        connection = factories.make_connection()
        survey = factories.make_survey(connection.source)
        question = factories.make_question(survey)
        for day in range(1, 31):
            factories.make_response(survey, f"2026-10-{day:02} 12:00", {question: day % 11})
        factories.make_response(survey, "2026-10-31 12:00", {question: 9}, status=1)
        factories.make_response(survey, "2026-10-31 13:00", {question: None})
        factories.make_response(survey, "2026-10-31 14:00", {})
        intake.note_days(survey, [date(2026, 10, day) for day in range(1, 32)])
        refresh_changed_days(survey)
        factories.make_feed(connection, survey, covered_questions={str(question.pk): None})
        return question

    def test_nothing_is_asked_of_the_vendor(self, question):
        shown = preview(question.survey.source.connections.get(), question, NPS)
        assert shown.stored
        assert shown.figure.measure.n == 30
        assert shown.figure.measure.excluded == {"preview": 1, "unanswered": 1}
        assert len(shown.answers) == SHOWN
        assert [answer.verdict.key for answer in shown.answers[:2]] == ["unanswered", "preview"]

    def test_from_a_day_on(self, question):
        shown = preview(question.survey.source.connections.get(), question, NPS, count_from=date(2026, 10, 29))
        assert shown.figure.measure.n == 2
        assert len(shown.answers) == 4
        assert shown.since == date(2026, 10, 29)

    def test_it_says_which_days_it_counts_and_how_old_it_is(self, question):
        Organisation.current()
        Organisation.objects.update(time_zone="Europe/Paris")
        read_at = datetime(2026, 11, 1, 5, tzinfo=UTC)
        Survey.objects.update(last_good_fetch_at=read_at)
        question.refresh_from_db()
        told = preview(
            question.survey.source.connections.get(), question, NPS, count_from=date(2026, 10, 29)
        ).figure.as_json()
        assert told["window"] == {"from": "2026-10-29", "to": None, "tz": "Europe/Paris"}
        assert told["as_of"] == "2026-11-01T05:00:00Z"

    def test_an_answer_that_says_it_does_not_apply_is_left_out_as_it_is_from_the_kpi(self, question):
        question.choices = [
            {"value": "0", "label": "I don’t know", "analyze": True},
            *({"value": str(value), "label": str(value), "analyze": True} for value in range(1, 11)),
        ]
        question.save()
        connection = question.survey.source.connections.get()
        item = factories.make_item(question, metric="mean")
        shown = preview(connection, question, Formula("mean", 0, 10), mapping=mapped(item.mapping))
        counted = read_items([item]).of_item(item).figure
        assert shown.figure.measure.n == counted.measure.n == 28
        assert shown.figure.measure.value == counted.measure.value

    def test_too_few_answers_are_hidden_in_every_place(self, question):
        Organisation.current()
        Organisation.objects.update(suppression_threshold=50)
        shown = preview(question.survey.source.connections.get(), question, NPS)
        assert shown.figure.is_suppressed
        assert shown.figure.measure.value is None
        assert shown.figure.measure.n == 30
        assert shown.figure.measure.excluded == {}
        assert shown.answers == []

    def test_nothing_stored_is_null_and_never_zero(self, question):
        shown = preview(question.survey.source.connections.get(), question, NPS, count_from=date(2027, 1, 1))
        assert (shown.figure.measure.value, shown.figure.measure.n, shown.answers) == (None, 0, [])
        assert shown.figure.as_json()["value"] is None


class TestLive:
    @pytest.fixture
    def question_of(self, connection, sandbox):
        def find(key: str, field: str):
            surveys_of(connection)
            survey = Survey.objects.get(external_id=sandbox.control.survey_id(key))
            questions_of(survey, connection)
            return survey.questions.get(field=field)

        return find

    def test_it_agrees_with_what_the_vendor_holds(self, connection, sandbox, question_of):
        question = question_of("post-journey", "QID2")
        shown = preview(connection, question, NPS)
        truth = sandbox.control.count_answers("post-journey", "QID2", "UTC")
        expected = sum(n for counts in truth.values() for value, n in counts.get("counted", {}).items() if value != "")
        assert shown.since is None
        assert shown.figure.measure.n == expected
        assert not shown.stored

    def test_only_the_question_is_asked_for_and_no_personal_field(self, connection, sandbox, question_of):
        question = question_of("post-journey", "QID2")
        sandbox.control.forget_calls()
        preview(connection, question, NPS)
        bodies = [call["body"] for call in sandbox.control.calls() if call["method"] == "POST"]
        assert bodies
        for body in bodies:
            text = str(body)
            assert "QID2" in text
            for personal in ("ipAddress", "recipientEmail", "locationLatitude"):
                assert personal not in text

    def test_the_last_days_are_enough_where_they_hold_enough(self, connection, sandbox, question_of):
        question = question_of("post-journey", "QID2")
        sandbox.control.add_responses("post-journey", 40)
        shown = preview(connection, question, NPS)
        assert shown.since is not None
        assert (timezone.now().date() - shown.since).days in (30, 31)
        assert len(shown.answers) == SHOWN

    def test_sentiment_comes_from_its_own_column(self, connection, sandbox, question_of):
        survey = question_of("post-journey", "QID2").survey
        question = survey.questions.filter(kind="sentiment").first()
        shown = preview(connection, question, Formula("sentiment"))
        assert shown.figure.measure.n > 0
        assert {a.verdict.key for a in shown.answers} <= {"positive", "negative", "neutral", "mixed", *_LEFT_OUT}

    def test_a_survey_without_responses_has_no_data(self, connection, question_of):
        question = question_of("delay-compensation", "QID1")
        formula = propose(question.kind, question.scale_min, question.scale_max, question.choices, question.wording)[0]
        shown = preview(connection, question, formula)
        assert (shown.figure.measure.value, shown.figure.measure.n) == (None, 0)
        assert all(not answer.verdict.counts for answer in shown.answers)

    @pytest.mark.parametrize(
        ("fault", "code"),
        [("corrupt_zip", "zip_broken"), ("truncated_zip", "zip_broken"), ("empty_zip", "zip_empty")],
    )
    def test_a_broken_file_is_told_and_nothing_of_it_counted(self, connection, sandbox, question_of, fault, code):
        question = question_of("post-journey", "QID2")
        sandbox.control.switch_fault_on(fault)
        shown = preview(connection, question, NPS)
        assert (shown.figure, shown.answers, shown.code) == (None, [], code)

    def test_nothing_stays_on_the_disk(self, connection, question_of, settings, own_files):
        preview(connection, question_of("post-journey", "QID2"), NPS)
        assert list(settings.SPOOL_DIR.iterdir()) == []


_LEFT_OUT = {
    "unfinished",
    "preview",
    "test",
    "spam",
    "synthetic",
    "unanswered",
    "not_applicable",
    "not_analysed",
    "ambiguous",
    "out_of_scale",
    "unreadable",
}
