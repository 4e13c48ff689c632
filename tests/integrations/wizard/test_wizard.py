"""The wizard "Add feedback data", step by step, over real HTTP against the sandbox."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from feedback.models import FeedbackItem, Question, Survey
from integrations.connections.editing import create_connection
from integrations.models import Connection, Fetch, SurveyFeed
from integrations.qualtrics.hosts import normalise_host
from integrations.vault.secret import Secret
from sandbox.demo import BANK_TOKEN, RAILWAY_TOKEN
from tests import factories

pytestmark = pytest.mark.django_db


class Walk:
    """A person who walks through the wizard: presses buttons, and sends what the page holds."""

    def __init__(self, client, address: str, **headers) -> None:
        self.client, self.address, self.headers = client, address, headers
        self.response = client.get(address, headers=headers)

    @property
    def page(self) -> str:
        return self.response.content.decode()

    @property
    def step(self) -> str:
        return self.response.context["step"]

    def fields(self) -> dict[str, list[str]]:
        """What a browser would send: hidden fields, chosen boxes, typed texts."""
        sent: dict[str, list[str]] = {}
        for tag in re.findall(r"<input[^>]*>", self.page):
            name, kind = re.search(r'name="([^"]+)"', tag), re.search(r'type="(\w+)"', tag)
            if not name or " disabled" in tag:
                continue
            if kind and kind[1] in ("radio", "checkbox") and " checked" not in tag:
                continue
            value = re.search(r'value="([^"]*)"', tag)
            sent.setdefault(name[1], []).append(value[1] if value else "on" if kind and kind[1] == "checkbox" else "")
        for name, body in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', self.page, re.S):
            chosen = re.search(r'<option value="([^"]*)" selected', body)
            sent[name] = [chosen[1] if chosen else ""]
        return sent

    def press(self, go: str = "next", **changes) -> Walk:
        data = self.fields() | {"go": [go]} | {n: v if isinstance(v, list) else [v] for n, v in changes.items()}
        self.response = self.client.post(self.address, data, headers=self.headers)
        return self


@pytest.fixture
def address(place) -> str:
    lane, stage = place
    return f"{reverse('integrations:wizard_start')}?lane={lane.pk}&stage={stage.pk}"


@pytest.fixture
def walk(client_of, analyst, address, connection, woken) -> Walk:
    return Walk(client_of(analyst), address)


def survey_named(words: str) -> Survey:
    return Survey.objects.get(name__icontains=words)


def to_survey(walk: Walk, connection) -> Walk:
    return walk.press(connection=connection.pk)


def to_question(walk: Walk, connection, words: str = "post-journey") -> Walk:
    to_survey(walk, connection)
    return walk.press(survey=survey_named(words).pk)


def to_metric(walk: Walk, connection, words: str = "post-journey", field: str = "QID2") -> Walk:
    to_question(walk, connection, words)
    return walk.press(question=Question.objects.get(survey=survey_named(words), field=field).pk)


def test_the_steps_lead_from_connection_to_a_fetching_item(
    walk, connection, sandbox, analyst, place, woken, django_capture_on_commit_callbacks
):
    assert walk.step == "connection"
    assert connection.name in walk.page
    to_survey(walk, connection)
    assert walk.step == "survey"
    for words in ("Live", "Not live yet", "Post-journey"):
        assert words.lower() in walk.page.lower()
    walk.press(survey=survey_named("post-journey").pk)
    assert walk.step == "question"
    question = Question.objects.get(survey__name__icontains="post-journey", field="QID2")
    assert "recommend" in walk.page
    walk.press(question=question.pk)
    assert walk.step == "metric"
    sent = walk.fields()
    assert sent["metric"] == ["nps"]
    assert "NPS · " in sent["title"][0]
    walk.press(title="Likely to recommend", target="40")
    assert walk.step == "preview"
    assert re.search(r"Counts as a (promoter|passive|detractor)\.", walk.page)
    assert not FeedbackItem.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        walk.press("save")
    item = FeedbackItem.objects.get()
    assert (item.chosen_state, item.metric, item.question, item.target) == ("retrieving", "nps", question, 40.0)
    assert (item.card.title, item.card.lane, item.card.stage) == ("Likely to recommend", *place)
    assert (item.mapped_fingerprint, item.created_by) == (question.fingerprint, analyst)
    fetch = Fetch.objects.get()
    assert (fetch.feed.survey, fetch.full, woken) == (question.survey, True, [fetch])
    assert walk.response.url == reverse("journeys:detail", args=[place[0].journey_id])


def test_in_a_dialog_the_map_is_drawn_anew(client_of, analyst, address, connection, woken, place):
    here = "http://testserver" + reverse("journeys:detail", args=[place[0].journey_id])
    headers = {"HX-Request": "true", "HX-Target": "dialog", "HX-Current-URL": here}
    walk = Walk(client_of(analyst), address, **headers)
    assert "<html" not in walk.page
    assert 'hx-target="#dialog"' in walk.page
    to_metric(walk, connection).press().press("save")
    assert walk.response["HX-Retarget"] == "#map"
    assert "dialog:close" in walk.response["HX-Trigger"]
    assert "toast" in walk.response["HX-Trigger"]
    assert FeedbackItem.objects.get().card.title in walk.page


class TestLater:
    """Save and complete later, from every step."""

    def test_at_once(self, walk, woken):
        walk.press("later", connection="")
        item = FeedbackItem.objects.get()
        assert (item.chosen_state, item.source, item.survey) == ("draft", None, None)
        assert item.card.title == "New Feedback Data item"
        assert not woken

    def test_with_a_connection(self, walk, connection):
        to_survey(walk, connection).press("later")
        assert FeedbackItem.objects.get().source == connection.source

    def test_with_all_of_it(self, walk, connection, woken):
        to_metric(walk, connection, "delay", "QID1").press("later", title="Delay effort")
        item = FeedbackItem.objects.get()
        assert (item.chosen_state, item.metric, item.card.title) == ("draft", "ces", "Delay effort")
        assert item.positive_values == ["5", "6", "7"]
        assert not SurveyFeed.objects.exists()
        assert not Fetch.objects.exists()
        assert not woken

    def test_a_draft_is_taken_up_where_it_was_left(self, walk, connection, woken, client_of, analyst):
        to_question(walk, connection).press("later")
        item = FeedbackItem.objects.get()
        again = Walk(client_of(analyst), reverse("integrations:wizard_edit", args=[item.pk]))
        assert again.step == "question"
        again.press(question=Question.objects.get(survey=item.survey, field="QID2").pk).press().press("save")
        item.refresh_from_db()
        assert (item.chosen_state, item.metric) == ("retrieving", "nps")
        assert FeedbackItem.objects.count() == 1

    def test_a_draft_may_change_its_survey(self, walk, connection, client_of, analyst):
        to_metric(walk, connection).press("later")
        item = FeedbackItem.objects.get()
        again = Walk(client_of(analyst), reverse("integrations:wizard_edit", args=[item.pk]))
        again.press("to:survey").press(survey=survey_named("ticket").pk).press("later")
        item.refresh_from_db()
        assert (item.survey, item.question, item.metric) == (survey_named("ticket"), None, "")

    def test_a_draft_keeps_its_survey_while_its_connection_is_switched_off(self, walk, connection, client_of, analyst):
        to_question(walk, connection).press("later")
        item = FeedbackItem.objects.get()
        Connection.objects.update(enabled=False)
        Walk(client_of(analyst), reverse("integrations:wizard_edit", args=[item.pk])).press("later")
        item.refresh_from_db()
        assert item.survey == survey_named("post-journey")


class TestChoosing:
    def test_the_only_connection_is_chosen_already(self, walk, connection):
        assert walk.fields()["connection"] == [str(connection.pk)]

    def test_nothing_chosen_is_said(self, walk):
        walk.press(connection="")
        assert (walk.step, walk.response.status_code) == ("connection", 422)
        assert "Choose a connection." in walk.page

    @pytest.mark.parametrize("wrong", ["0", "x", "999999", "²", "-1", "1" * 40])
    def test_a_wrong_survey_is_refused(self, walk, connection, wrong):
        to_survey(walk, connection).press(survey=wrong)
        assert (walk.step, walk.response.status_code) == ("survey", 422)
        assert "Choose a survey." in walk.page

    def test_a_survey_of_another_connection_is_refused(self, walk, connection):
        foreign = factories.make_survey()
        to_survey(walk, connection).press(survey=foreign.pk)
        assert walk.step == "survey"
        assert foreign.name not in walk.page

    def test_a_disabled_connection_is_not_offered(self, walk, connection):
        Connection.objects.update(enabled=False)
        walk.press(connection=connection.pk)
        assert walk.step == "connection"
        assert "There is no enabled connection" in walk.page

    def test_a_comment_is_shown_but_cannot_be_chosen(self, walk, connection):
        to_question(walk, connection)
        comment = Question.objects.get(survey__name__icontains="post-journey", kind="text")
        assert re.search(rf'value="{comment.pk}"[^>]* disabled', walk.page)
        assert "A comment has no number." in walk.page
        walk.press(question=comment.pk)
        assert (walk.step, walk.response.status_code) == ("question", 422)

    def test_sentiment_names_the_comment_it_is_about(self, walk, connection):
        to_question(walk, connection)
        sentiment = Question.objects.filter(survey__name__icontains="post-journey", kind="sentiment").first()
        assert sentiment is not None
        assert sentiment.about.wording in walk.page

    def test_back_keeps_what_was_chosen(self, walk, connection):
        to_metric(walk, connection).press("to:survey")
        assert walk.step == "survey"
        assert walk.fields()["survey"] == [str(survey_named("post-journey").pk)]

    def test_another_survey_drops_the_question_chosen_before(self, walk, connection):
        to_metric(walk, connection).press("to:survey").press(survey=survey_named("ticket").pk)
        assert walk.step == "question"
        assert "question" not in walk.fields()

    @pytest.mark.parametrize("query", ["", "?lane=1", "?lane=x&stage=1", "?lane=0&stage=0"])
    def test_without_a_place_there_is_no_wizard(self, client_of, analyst, query):
        assert client_of(analyst).get(reverse("integrations:wizard_start") + query).status_code == 404

    def test_lane_and_stage_of_two_maps_are_refused(self, client_of, analyst, place):
        other = factories.make_journey()
        query = f"?lane={place[0].pk}&stage={other.stages.first().pk}"
        assert client_of(analyst).get(reverse("integrations:wizard_start") + query).status_code == 404

    def test_a_lane_of_another_kind_is_refused(self, client_of, analyst, place):
        text = factories.make_lane(place[0].journey, kind="text")
        query = f"?lane={text.pk}&stage={place[1].pk}"
        assert client_of(analyst).get(reverse("integrations:wizard_start") + query).status_code == 404


class TestMetric:
    def test_the_proposal_follows_type_scale_and_wording(self, walk, connection):
        to_metric(walk, connection, "ticket", "QID1")
        sent = walk.fields()
        assert (sent["metric"], sent["positive"]) == (["ces"], ["5", "6", "7"])

    def test_another_metric_brings_its_own_positive_values(self, walk, connection):
        to_metric(walk, connection, "ticket", "QID1").press("refresh", metric="csat")
        assert walk.step == "metric"
        assert (walk.fields()["metric"], walk.fields()["positive"]) == (["csat"], ["6", "7"])

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"positive": []}, "Choose at least one value that counts as positive."),
            ({"positive": ["1", "2", "3", "4", "5", "6", "7"]}, "the result is always 100%"),
            ({"positive": ["99"]}, "Select a valid choice."),
            ({"metric": "nps", "shaped_for": ""}, "metric"),
            ({"backfill": "date", "count_from": ""}, "Say from which day responses count."),
            ({"backfill": "date", "count_from": "31/31/2026"}, "Enter a valid date."),
            ({"backfill": "yesterday"}, "Select a valid choice."),
            ({"target": "much"}, "Enter a number."),
            ({"title": "x" * 201}, "at most 200 characters"),
            ({"frequency": "yearly"}, "Select a valid choice."),
        ],
    )
    def test_what_is_wrong_is_said(self, walk, connection, changes, words):
        to_metric(walk, connection, "ticket", "QID1").press(**changes)
        if "metric" in changes:  # a metric that does not suit is replaced by the proposal
            assert walk.step == "preview"
            return
        assert (walk.step, walk.response.status_code) == ("metric", 422)
        assert words in walk.page
        assert not FeedbackItem.objects.exists()

    def test_what_was_chosen_is_saved(self, walk, connection, woken):
        to_metric(walk, connection, "ticket", "QID1")
        walk.press(
            positive=["6", "7"], backfill="date", count_from="2026-11-01", frequency="hourly", target="80.5",
            target_direction="at_most", include_unfinished="on", reverse="on",
        ).press("save")  # fmt: skip
        item = FeedbackItem.objects.get()
        assert (item.positive_values, item.reverse, item.include_unfinished) == (["6", "7"], True, True)
        assert (item.backfill, item.count_from.isoformat(), item.frequency) == ("date", "2026-11-01", "hourly")
        assert (item.target, item.target_direction) == (80.5, "at_most")


class TestTrouble:
    """Qualtrics cannot be asked: a sentence, a way to try again, and a way to save."""

    def test_the_list_of_surveys(self, walk, connection, sandbox):
        sandbox.control.revoke_token(RAILWAY_TOKEN)
        to_survey(walk, connection)
        assert "Qualtrics refused the API token." in walk.page
        assert "Try again" in walk.page
        sandbox.control.restore_token(RAILWAY_TOKEN)
        walk.press("refresh", connection=connection.pk)
        assert "Qualtrics refused the API token." not in walk.page
        assert "Post-journey".lower() in walk.page.lower()

    def test_the_questions(self, walk, connection, sandbox):
        to_survey(walk, connection)
        sandbox.control.revoke_token(RAILWAY_TOKEN)
        walk.press(survey=survey_named("post-journey").pk)
        assert walk.step == "question"
        assert "Qualtrics refused the API token." in walk.page
        walk.press("later")
        assert FeedbackItem.objects.get().survey == survey_named("post-journey")

    def test_the_preview_lets_save_anyway(self, walk, connection, sandbox, woken):
        to_metric(walk, connection)
        sandbox.control.revoke_token(RAILWAY_TOKEN)
        walk.press()
        assert walk.step == "preview"
        assert "The item can be saved all the same." in walk.page
        walk.press("save")
        assert FeedbackItem.objects.get().chosen_state == "retrieving"

    def test_a_slow_export_says_so(self, walk, connection, sandbox, monkeypatch, woken):
        sandbox.control.change_settings(export_mode="slow")
        monkeypatch.setattr("integrations.wizard.preview.PATIENCE", 0.3)
        to_metric(walk, connection).press()
        assert "Qualtrics is taking its time." in walk.page
        walk.press("save")
        assert FeedbackItem.objects.get().chosen_state == "retrieving"


class TestChanging:
    @pytest.fixture
    def item(self, walk, connection, woken) -> FeedbackItem:
        to_metric(walk, connection).press(title="NPS").press("save")
        return FeedbackItem.objects.get()

    def test_an_item_is_changed_and_keeps_retrieving(self, item, client_of, analyst):
        walk = Walk(client_of(analyst), reverse("integrations:wizard_edit", args=[item.pk]))
        assert walk.step == "metric"
        assert "Save and complete later" not in walk.page
        walk.press(title="Recommendation", frequency="weekly").press("save")
        item.refresh_from_db()
        assert (item.card.title, item.frequency, item.chosen_state) == ("Recommendation", "weekly", "retrieving")
        assert not item.former_mappings.exists()  # what it counts is the same

    def test_an_item_whose_question_is_gone_is_given_another_and_remembers_the_first(self, item, client_of, analyst):
        gone = item.question
        Question.objects.filter(pk=gone.pk).update(gone_at=timezone.now())
        walk = Walk(client_of(analyst), reverse("integrations:wizard_edit", args=[item.pk]))
        assert walk.step == "question"
        other = Question.objects.get(survey=item.survey, field="QID4")
        walk.press(question=other.pk).press("save")
        item.refresh_from_db()
        assert (item.question, item.metric, item.mapped_by) == (other, "csat", analyst)
        former = item.former_mappings.get()
        assert (former.question, former.metric, former.mapped_by, former.ended_by) == (gone, "nps", analyst, analyst)

    def test_a_changed_question_is_offered_as_it_stands_now(self, item, client_of, analyst):
        changed = factories.change_question(item.question, wording="How likely are you to come back?")
        walk = Walk(client_of(analyst), reverse("integrations:wizard_edit", args=[item.pk]))
        assert walk.step == "metric"
        assert "How likely are you to come back?" in walk.page
        walk.press("save")
        item.refresh_from_db()
        assert (item.question, item.mapped_fingerprint) == (changed, changed.fingerprint)

    def test_somebody_elses_change_is_shown_and_not_overwritten(self, item, client_of, analyst):
        walk = Walk(client_of(analyst), reverse("integrations:wizard_edit", args=[item.pk]))
        FeedbackItem.objects.filter(pk=item.pk).update(version=item.version + 1, frequency="hourly")
        walk.press(title="Mine").press("save")
        assert "Somebody else changed this item" in walk.page
        item.refresh_from_db()
        assert (item.card.title, item.frequency) == ("NPS", "hourly")
        walk.press().press("save")
        assert FeedbackItem.objects.get().card.title == "Mine"

    def test_a_manual_item_has_no_wizard(self, client_of, analyst):
        item = factories.make_manual_item()
        address = reverse("integrations:wizard_edit", args=[item.pk])
        assert client_of(analyst).get(address).status_code == 404


def test_a_viewer_may_not_add(client_of, viewer, address):
    assert client_of(viewer).get(address).status_code == 403
    assert client_of(viewer).post(address, {"go": "later"}).status_code == 403


def test_the_token_is_on_no_step(walk, connection):
    pages = [walk.page]
    for press in (to_survey,):
        pages.append(press(walk, connection).page)
    pages.append(walk.press(survey=survey_named("post-journey").pk).page)
    for page in pages:
        assert RAILWAY_TOKEN not in page
        assert connection.token_envelope not in page


def test_the_dialog_holds_nothing_the_policy_forbids(walk, connection):
    for page in (walk.page, to_metric(walk, connection).page, walk.press().page):
        assert not re.search(r'\sstyle="|<script(?![^>]*src)|\son\w+="|hx-on', page)


def test_two_connections_keep_their_surveys_apart(client_of, analyst, address, connection, sandbox):
    bank = create_connection(host=normalise_host(sandbox.other_host), token=Secret(BANK_TOKEN), name="Banque")
    walk = Walk(client_of(analyst), address)
    to_survey(walk, bank)
    assert "post-journey" not in walk.page.lower()
