"""Surveys as pages: the list, and each one as its respondents see it, with the items that it feeds."""

from __future__ import annotations

import html
import re

import pytest
from django.db import connection as db
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from feedback.models import FeedbackItem, Question, Survey
from integrations.connections.editing import switch
from integrations.surveys.catalogue import surveys_of
from integrations.surveys.mirror import mirror_questions
from integrations.vendor.clients import client_for
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def amir(client_of, analyst):
    return client_of(analyst)


@pytest.fixture
def seen(connection) -> dict[str, Survey]:
    """All surveys of the railway by name, read in full."""
    found = {survey.name: survey for survey in surveys_of(connection).rows}
    with client_for(connection) as client:
        for survey in found.values():
            mirror_questions(survey, client)
    return found


def survey_named(seen, words: str) -> Survey:
    return next(survey for name, survey in seen.items() if words in name.lower())


def text_of(response) -> str:
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def list_of(client, **query) -> str:
    return text_of(client.get(reverse("integrations:survey_list"), query))


def item_on(survey: Survey, field: str, **fields) -> FeedbackItem:
    question = Question.objects.get(survey=survey, field=field, gone_at=None)
    return factories.make_item(question, **({"metric": "mean"} | fields))


def test_the_list_shows_state_responses_freshness_and_what_a_survey_feeds(amir, seen):
    survey = survey_named(seen, "post-journey")
    item_on(survey, "QID2")
    drifted = item_on(survey, "QID4")
    factories.change_question(drifted.question)
    factories.make_response(survey, "2026-11-01 09:00", {})
    Survey.objects.filter(pk=survey.pk).update(last_good_fetch_at=timezone.now())
    page = list_of(amir)
    row = page[page.index(survey.name) :][:300]
    assert re.search(r"Coastline Rail Live 1 .* 2 items 1 to check", row)
    other = page[page.index(survey_named(seen, "delay").name) :]
    assert re.search(r"Not live yet – never no item", other[:200])


def test_the_list_is_searched_and_narrowed_down(amir, seen, connection):
    assert "No survey matches this choice." in list_of(amir, q="nothing of the kind")
    found = list_of(amir, q="DELAY")
    assert "elay" in found
    assert survey_named(seen, "post-journey").name not in found
    assert survey_named(seen, "delay").name not in list_of(amir, live="live")
    other = factories.make_connection(name="Another")
    factories.make_survey(other.source, name="Elsewhere")
    assert "Elsewhere" not in list_of(amir, connection=connection.pk)
    assert "Elsewhere" in list_of(amir, connection=other.pk)


def test_the_list_has_pages_and_asks_the_database_as_often_for_many_as_for_few(amir, connection):
    def queries() -> int:
        with CaptureQueriesContext(
            db,
        ) as asked:
            list_of(amir)
        return len(asked)

    factories.make_item(factories.make_question(factories.make_survey(connection.source)))
    queries()  # the first time looks up more: session, organisation
    few = queries()
    for _ in range(40):
        factories.make_item(factories.make_question(factories.make_survey(connection.source)))
    assert queries() == few
    assert "31–41 of 41" in list_of(amir, page=2)


def test_a_survey_shows_its_questions_as_they_are_asked(amir, seen):
    survey = next(each for each in seen.values() if any(q["form"] == "matrix" for q in each.questionnaire))
    page = html.unescape(amir.get(reverse("integrations:survey", args=[survey.pk])).content.decode())
    matrix = next(question for question in survey.questionnaire if question["form"] == "matrix")
    scale = next(question for question in survey.questionnaire if question["form"] == "scale")
    for row in matrix["rows"]:
        for column in matrix["choices"]:
            assert f'aria-label="{row} – {column["label"]}"' in page
    assert page.count(f'name="{scale["id"]}"') == 11
    legends = [found.strip() for found in re.findall(r"<fieldset class=\"field\" disabled>\s*<legend>([^<]+)", page)]
    assert legends == [question["wording"] for question in survey.questionnaire]


def test_a_question_names_the_items_that_it_feeds_and_how_it_has_changed(amir, seen):
    survey = survey_named(seen, "post-journey")
    kept, drifted, gone = item_on(survey, "QID2"), item_on(survey, "QID4"), item_on(survey, "QID3")
    factories.change_question(drifted.question, kind="multi", choices=[])
    Question.objects.filter(pk=gone.question_id).update(gone_at=timezone.now())
    survey.questionnaire = [each for each in survey.questionnaire if each["id"] != "QID3"]
    survey.save()
    response = amir.get(reverse("integrations:survey", args=[survey.pk]))
    page = text_of(response)
    assert "Items whose question is no longer in this survey" in page
    shown = {each.question["id"]: each.items for each in response.context["shown"]}
    assert [(fed.item, fed.drift) for fed in shown["QID2"]] == [(kept, "")]
    [fed] = shown["QID4"]
    assert (fed.item, "choices removed" in fed.drift, "other type" in fed.drift) == (drifted, True, True)
    assert [(fed.item, fed.drift) for fed in response.context["gone"]] == [
        (gone, "The question is no longer in the survey.")
    ]
    assert reverse("journeys:detail", args=[kept.card.lane.journey_id]) in response.content.decode()


def test_reading_again_brings_edits_and_the_live_state(amir, sandbox, connection, seen):
    sandbox.control.add_survey("Fresh", key="fresh", like="post-journey", active=True)
    try:
        assert "Fresh" not in list_of(amir)
        read = amir.post(reverse("integrations:survey_list_read", args=[connection.pk]), follow=True)
        assert "surveys of “Coastline Rail” were read" in text_of(read)
        survey = Survey.objects.get(name="Fresh")
        sandbox.control.edit_question("fresh", "QID2", text="Would you recommend us?")
        page = text_of(amir.post(reverse("integrations:survey_read", args=[survey.pk]), follow=True))
        assert "The survey was read again." in page
        assert "Would you recommend us?" in page
        sandbox.control.close_survey("fresh")
        assert " Closed " in text_of(amir.post(reverse("integrations:survey_read", args=[survey.pk]), follow=True))
    finally:
        sandbox.control.remove_survey("fresh")
    page = text_of(amir.post(reverse("integrations:survey_read", args=[survey.pk]), follow=True))
    assert "does not know this survey any more" in page
    assert "Would you recommend us?" in page  # what was known stays


def test_viewers_see_neither_list_nor_survey(client_of, viewer, seen):
    client = client_of(viewer)
    assert client.get(reverse("integrations:survey_list")).status_code == 403
    assert client.get(reverse("integrations:survey", args=[survey_named(seen, "post-journey").pk])).status_code == 403


def test_the_api_tells_the_same(amir, sandbox, connection, seen):
    survey = survey_named(seen, "post-journey")
    item = item_on(survey, "QID4")
    told = amir.get(f"/api/v1/surveys/{survey.pk}/questionnaire/").json()
    assert (told["live"], told["responses"], told["of_questions_gone"]) == ("live", 0, [])
    assert [each["id"] for each in told["questions"]] == [each["id"] for each in survey.questionnaire]
    fed = next(each["items"] for each in told["questions"] if each["id"] == "QID4")
    assert fed == [
        {"item": item.pk, "title": item.card.title, "journey": item.card.lane.journey_id, "part": "", "drift": ""}
    ]
    read = amir.post(f"/api/v1/surveys/{survey.pk}/read/")
    assert (read.status_code, read.json()["questions"]) == (200, told["questions"])
    found = amir.get("/api/v1/surveys/", {"q": "post-JOURNEY"}).json()["results"]
    assert [each["id"] for each in found] == [survey.pk]
    switch(connection, connection.version, enabled=False)
    assert amir.post(f"/api/v1/surveys/{survey.pk}/read/").status_code == 409


def test_what_stands_beside_the_questions_names_the_items_that_it_feeds(amir, seen):
    survey = survey_named(seen, "post-journey")
    item = item_on(survey, "line")
    response = amir.get(reverse("integrations:survey", args=[survey.pk]))
    beside = {source.question.field: source for _group, rows in response.context["beside"] for source in rows}
    assert [(fed.item, fed.drift) for fed in beside["line"].items] == [(item, "")]
    assert response.context["gone"] == []
    assert "Beside the questions" in text_of(response)
    assert reverse("kpis:item", args=[item.pk]) in response.content.decode()


class TestTwins:
    @pytest.fixture
    def twins(self, amir, sandbox, connection):
        sandbox.control.scenario("twin_surveys")
        amir.post(reverse("integrations:survey_list_read", args=[connection.pk]))
        keys = [each["key"] for each in sandbox.control.state()["surveys"] if each["key"].startswith("twin-")]
        yield [Survey.objects.get(external_id=sandbox.control.survey_id(key)) for key in keys]
        for key in keys:
            sandbox.control.remove_survey(key)

    def test_id_date_owner_and_count_tell_surveys_of_one_name_apart(self, amir, twins):
        one, other = twins[:2]
        assert one.name == other.name == "Same name"
        factories.make_response(one, "2026-11-01 09:00", {})
        page = list_of(amir)
        for survey, count in ((one, "1 response here"), (other, "0 responses here")):
            day = date_format(timezone.localtime(survey.made_at).date())
            assert f"{survey.external_id} · made on {day} · owner {survey.owner} · {count}" in page
        assert Survey.objects.get(name="Post-journey NPS").external_id not in page  # its name tells enough

    def test_a_survey_without_a_name_has_its_id(self, amir, twins):
        nameless = twins[2]
        assert nameless.name == nameless.external_id
        assert f"{nameless.external_id} made on" in list_of(amir)

    def test_a_name_turns_nothing_else_round(self, twins):
        assert twins[3].name == "\u2068Visit \u202eyevrus\u2069"

    def test_the_api_tells_date_and_owner(self, amir, connection, twins):
        rows = amir.get(f"/api/v1/connections/{connection.pk}/surveys/").json()
        told = {row["external_id"]: row for row in rows}
        assert told[twins[0].external_id]["owner"] == twins[0].owner != ""
        assert told[twins[0].external_id]["made_at"]
