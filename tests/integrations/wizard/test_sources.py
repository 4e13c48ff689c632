"""What the wizard and the API list beside plain questions, in groups; what cannot be measured says why."""

from __future__ import annotations

import html
import re

import pytest
from django.urls import reverse

from feedback.models import FeedbackItem, Survey
from integrations.surveys.catalogue import questions_of, surveys_of
from tests.integrations.wizard.test_wizard import Walk

pytestmark = pytest.mark.django_db
SCORE = "SC_3kQ9LmX2bWc7KsT"


@pytest.fixture
def station(sandbox, connection) -> Survey:
    sandbox.control.scenario("more_sources")
    surveys_of(connection)
    found = Survey.objects.get(external_id=sandbox.control.survey_id("station-visit"))
    questions_of(found, connection)
    yield found
    sandbox.control.remove_survey("station-visit")


@pytest.fixture
def walk(client_of, analyst, place, connection, woken) -> Walk:
    lane, stage = place
    return Walk(client_of(analyst), f"{reverse('integrations:wizard_start')}?lane={lane.pk}&stage={stage.pk}")


def to_questions(walk, connection, survey) -> Walk:
    return walk.press(connection=connection.pk).press(survey=survey.pk)


def listed(page: str) -> dict[str, list[str]]:
    """{heading: texts of its rows}"""
    found: dict[str, list[str]] = {}
    for kind, row in re.findall(r'<li class="(choices-heading|choice)"[^>]*>(.*?)</li>', page, re.S):
        text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", row)).split())
        if kind == "choices-heading":
            found[text] = rows = []
        else:
            rows.append(text + (" (disabled)" if " disabled" in row else ""))
    return found


def test_sources_are_listed_in_groups_with_what_can_be_counted(walk, connection, station):
    groups = listed(to_questions(walk, connection, station).page)
    assert list(groups) == ["Questions", "Embedded data", "Scores", "Text iQ"]
    assert "waiting_minutes Counted where it holds numbers Mean" in groups["Embedded data"]
    assert groups["Scores"] == [f"Station index {SCORE} · Score Mean"]
    assert "How satisfied were you with the ticket office? (the ticket office)" in " ".join(groups["Questions"])
    assert any(row.endswith("On the platform – Seats Missed_1_1 Share who chose it") for row in groups["Questions"])
    assert any("[Hall]" in row for row in groups["Questions"])  # piped text
    assert any(row.startswith("What else, [FirstName]?") for row in groups["Text iQ"])


def test_what_cannot_be_measured_says_why(walk, connection, station):
    groups = listed(to_questions(walk, connection, station).page)
    disabled = [row for rows in groups.values() for row in rows if row.endswith("(disabled)")]
    for reason in (
        "Intro · It is a text to be read: nobody answers it. (disabled)",
        "Photo · It is answered with a file or a drawing. (disabled)",
        "customer_since Its values are dates, not numbers. (disabled)",
        "Comment - Topics · Its values are words, not numbers. (disabled)",
    ):
        assert any(row.endswith(reason) for row in disabled), reason
    intro = station.questions.get(field="QID1?")
    walk.press(question=intro.pk)
    assert walk.step == "question"  # it cannot be chosen by force either


def test_a_score_becomes_an_item_and_so_does_one_choice(walk, connection, station):
    to_questions(walk, connection, station).press(question=station.questions.get(field=SCORE).pk)
    assert walk.step == "metric"
    walk.press()
    assert walk.step == "preview"
    assert walk.response.context["preview"].read > 100
    walk.press("save")
    item = FeedbackItem.objects.get()
    assert (item.metric, item.question.field, item.chosen_state) == ("mean", SCORE, "retrieving")
    assert (item.scale_min, item.scale_max) == (None, None)


def test_the_share_who_chose_is_offered_as_such(walk, connection, station):
    to_questions(walk, connection, station).press(question=station.questions.get(field="QID3#2_1=1").pk)
    assert "Share who chose it" in walk.page
    walk.press().press("save")
    item = FeedbackItem.objects.get()
    assert (item.metric, item.positive_values, item.card.title) == ("csat", ["1"], "Morning · Station visit")


def test_a_survey_without_anything_measurable_lists_what_it_has(walk, connection, station, sandbox):
    found = sandbox.world.survey("station-visit")
    with sandbox.world.lock:
        found.questions[:] = [each for each in found.questions if each.id in ("QID1", "QID5")]
        found.embedded, found.scores = {}, {}
        sandbox.world.edited(found)
    Survey.objects.update(read_at=None)
    page = to_questions(walk, connection, station).page
    assert "Nothing in this survey can be measured yet" in page
    assert page.count('class="choice"') == 2
    assert "Next" not in re.findall(r'<div class="dialog-footer">.*', page, re.S)[0]


def test_an_empty_survey_says_that_it_is_empty(walk, connection, station, sandbox):
    found = sandbox.world.survey("station-visit")
    with sandbox.world.lock:
        found.trash += found.questions
        found.questions[:], found.embedded, found.scores = [], {}, {}
        sandbox.world.edited(found)
    Survey.objects.update(read_at=None)
    page = to_questions(walk, connection, station).page
    assert "This survey is empty" in page
    assert "no question outside its trash, no embedded data field and no score" in page


class TestApi:
    @pytest.fixture
    def ask(self, client_of, analyst, connection, station):
        client = client_of(analyst)
        address = f"/api/v1/connections/{connection.pk}/surveys/{station.external_id}/questions/"
        return lambda **query: client.get(address, query)

    def test_it_lists_the_same_with_group_and_reason(self, ask):
        rows = {row["field"]: row for row in ask().json()}
        assert (rows["waiting_minutes"]["group"], rows[SCORE]["group"]) == ("embedded", "scores")
        assert [each["metric"] for each in rows["waiting_minutes"]["proposals"]] == ["mean"]
        assert rows["customer_since"]["not_measurable_because"] == "Its values are dates, not numbers."
        assert rows["QID1?"]["proposals"] == []
        [share] = rows["QID4_1_1"]["proposals"]
        assert (share["metric"], share["scale_min"], share["scale_max"], share["positive_values"]) == (
            "csat",
            0,
            1,
            ["1"],
        )

    @pytest.mark.parametrize(
        ("query", "fields"),
        [
            ({"group": "scores"}, [SCORE]),
            ({"q": "WAITING min"}, ["waiting_minutes"]),
            ({"q": "platform seats"}, ["QID4_1_1"]),
            ({"q": "seats", "group": "text_iq"}, []),
        ],
    )
    def test_it_is_searched(self, ask, query, fields):
        assert [row["field"] for row in ask(**query).json()] == fields

    @pytest.mark.parametrize("query", [{"group": "nothing"}, {"q": "a\0b"}])
    def test_what_cannot_be_searched_for_is_refused(self, ask, query):
        assert ask(**query).status_code == 400

    def test_the_survey_tells_what_stands_beside_its_questions(self, client_of, analyst, station):
        told = client_of(analyst).get(f"/api/v1/surveys/{station.pk}/questionnaire/").json()
        beside = {each["field"]: each for each in told["beside"]}
        assert (beside[SCORE]["name"], beside[SCORE]["group"], beside[SCORE]["items"]) == (
            "Station index",
            "scores",
            [],
        )
        assert beside["customer_since"]["not_measurable_because"]
        assert "QID4_1_1" not in beside
