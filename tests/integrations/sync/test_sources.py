"""What stands beside plain questions, from the vendor's survey to the KPI, over real HTTP."""

from __future__ import annotations

import orjson
import pytest

from feedback.models import Question, Response, Survey
from integrations.surveys.mirror import mirror_questions
from integrations.sync import requests
from integrations.vendor.clients import client_for
from kpis.counting.recount import differences
from kpis.pages.item_view import ItemView, find
from kpis.scoring.scores import ALL_TIME
from tests.integrations.sync.conftest import mirrored, work

pytestmark = pytest.mark.django_db
KEY = "station-visit"
SCORE = "SC_3kQ9LmX2bWc7KsT"
TEXT_IQ = "QID6_TEXT_b2f7c4019ad85e3367d01f8c"
# Answers of four people, then what is beside them.
PEOPLE = [
    ({"1_QID2": 5, "2_QID2": 1, "QID3#1_1": 5, "QID3#2_1": ["1"], "QID4_1_1": 1, "QID6_TEXT": "Cold"},
     {"waiting_minutes": "10", "journeys_a_year": "3", SCORE: "80"}, {f"{TEXT_IQ}SenScore": "4"}),
    ({"1_QID2": 5, "2_QID2": 2, "QID3#1_1": 4, "QID3#2_1": ["1", "2"], "QID4_1_1": 1, "QID4_1_3": 1},
     {"waiting_minutes": "20", SCORE: "40"}, {f"{TEXT_IQ}SenScore": "-1"}),
    ({"1_QID2": 1, "2_QID2": 5, "QID3#1_1": 1, "QID3#2_1": ["2"], "QID4_1_3": 1, "QID4_2_1": 1},
     {"waiting_minutes": "0", SCORE: "60"}, {}),
    ({"1_QID2": 4, "QID3#1_1": 1, "QID3#2_1": ["1"]}, {"waiting_minutes": ""}, {}),
]  # fmt: skip
# Field → metric, value, n.
EXPECTED = {
    "waiting_minutes": ("mean", 10.0, 3),
    SCORE: ("mean", 60.0, 3),
    f"{TEXT_IQ}SenScore": ("mean", 1.5, 2),
    "1_QID2": ("csat", 75.0, 4),
    "2_QID2": ("csat", 100 / 3, 3),
    "QID3#1_1": ("csat", 50.0, 4),
    "QID3#2_1=1": ("csat", 75.0, 4),
    "QID4_1_1": ("csat", 200 / 3, 3),
}


@pytest.fixture
def station(sandbox, connection) -> Survey:
    """The survey of the stations with the four people only."""
    sandbox.control.scenario("more_sources")
    sandbox.control.clear_responses(KEY)
    for answers, embedded, text_iq in PEOPLE:
        sandbox.control.add_response(KEY, answers=answers, embedded=embedded, text_iq=text_iq)
    yield mirrored(connection, sandbox, KEY)
    sandbox.control.remove_survey(KEY)


def figure(item) -> tuple:
    found = ItemView(find(item.pk), ALL_TIME).figure
    return found.formula.metric, pytest.approx(found.measure.value), found.measure.n


def asked(sandbox) -> dict:
    return orjson.loads(sandbox.control.calls(path="/export-responses", method="POST")[-1]["body"])


@pytest.mark.parametrize("field", EXPECTED)
def test_each_source_gives_its_kpi(sandbox, station, add_item, field):
    item = add_item(station, field)
    assert work(station).state == "done"
    metric, value, n = EXPECTED[field]
    assert figure(item) == (metric, value, n)


def test_all_together_are_one_export_that_asks_for_them_only(sandbox, station, add_item):
    items = {field: add_item(station, field) for field in EXPECTED}
    work(station)
    assert {field: figure(item) for field, item in items.items()} == EXPECTED
    body = asked(sandbox)
    assert sorted(body["embeddedDataIds"]) == sorted([f"{TEXT_IQ}SenScore", SCORE, "waiting_minutes"])
    assert sorted(body["questionIds"]) == ["QID2", "QID3", "QID4"]  # not the comment that Text iQ judged
    stored = {key for answers in Response.objects.values_list("answers", flat=True) for key in answers}
    assert stored == {str(item.question_id) for item in items.values()}
    assert list(differences(station)) == []


def test_an_embedded_value_that_changes_later_moves_the_kpi(sandbox, station, add_item):
    item = add_item(station, "waiting_minutes")
    work(station)
    first = sandbox.control.truth(KEY)[0]["id"]
    sandbox.control.edit_response(KEY, first, embedded={"waiting_minutes": "40"})
    requests.ask_for_fetch(station.feed, "manual")
    work(station)
    assert figure(item) == ("mean", pytest.approx(20.0), 3)


def test_a_choice_that_is_renamed_is_noticed_before_it_is_counted(sandbox, station, add_item):
    item = add_item(station, "QID4_1_1")
    work(station)
    choices = sandbox.world.survey(KEY).question("QID4").choices
    sandbox.control.edit_question(
        KEY, "QID4", choices=[{"id": each.id, "text": f"{each.text}!", "recode": each.recode} for each in choices]
    )
    requests.ask_for_fetch(station.feed, "manual")
    work(station)
    item.refresh_from_db()
    assert item.question.successor is not None
    assert item.question.successor.wording.endswith("– On the platform – Seats!")


def test_a_survey_read_by_the_former_release_is_read_in_full(sandbox, connection):
    survey = mirrored(connection, sandbox, "post-journey")
    extra = [Question.Kind.EMBEDDED, Question.Kind.CHOSEN, Question.Kind.SCORE, Question.Kind.OTHER]
    places = dict(survey.questions.exclude(kind__in=extra).values_list("field", "position"))
    assert list(places.values()) == list(range(len(places)))  # what stood near a comment still does
    survey.questions.filter(kind__in=extra).update(about=None)
    survey.questions.filter(kind__in=extra).delete()
    Survey.objects.filter(pk=survey.pk).update(vendor_version="")  # as the migration leaves it
    survey.refresh_from_db()
    with client_for(connection) as client:
        found = {question.field: question.kind for question in mirror_questions(survey, client)}
    assert found["segment"] == "embedded"
    assert found["QID5=1"] == "chosen"
