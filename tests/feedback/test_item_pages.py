"""Buttons and forms for items: what they do, and what they say when they cannot."""

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from feedback import items
from feedback.models import FeedbackItem, ManualValue
from tests.factories import change_question, make_item, make_journey, make_lane, make_question

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_of, analyst):
    return client_of(analyst)


def post(client, action, item, version=None):
    response = client.post(
        reverse(f"feedback:item_{action}", args=[item.pk]),
        {"seen_version": item.version if version is None else version},
    )
    return response, [str(message) for message in get_messages(response.wsgi_request)]


def test_an_item_is_paused_and_resumed(client):
    item = make_item()
    response, said = post(client, "pause", item)
    assert response["Location"] == reverse("kpis:item", args=[item.pk])
    assert said == ["The item is paused. Its numbers stay."]
    item.refresh_from_db()
    assert item.chosen_state == "paused"
    post(client, "resume", item)
    assert FeedbackItem.objects.get().chosen_state == "retrieving"


def test_an_incomplete_draft_leads_to_the_wizard(client):
    item = make_item(chosen_state="draft", metric="")
    response, said = post(client, "retrieve", item)
    assert response["Location"] == reverse("integrations:wizard_edit", args=[item.pk])
    assert said == ["Choose a metric."]
    assert FeedbackItem.objects.get().chosen_state == "draft"


@pytest.mark.parametrize("version", [7, ""])
def test_an_outdated_button_changes_nothing_and_says_so(client, version):
    item = make_item()
    _response, said = post(client, "pause", item, version)
    assert said == ["Somebody else changed this item meanwhile. It is shown as it is now: try again."]
    assert FeedbackItem.objects.get().chosen_state == "retrieving"


def test_a_deed_that_cannot_follow_says_why(client):
    _response, said = post(client, "pause", make_item(chosen_state="archived"))
    assert said == ["An item in the state “Archived” cannot become “Paused”."]


def test_settings_change_title_target_and_weight(client):
    item = make_item()
    url = reverse("feedback:item_settings", args=[item.pk])
    assert "Target" in client.get(url).content.decode()
    values = {
        "title": "Better name",
        "target": "40",
        "target_direction": "at_most",
        "weight": "2.5",
        "frequency": "hourly",
    }
    assert client.post(url, values | {"seen_version": 1}).status_code == 302
    changed = FeedbackItem.objects.select_related("card").get()
    assert (changed.card.title, changed.target, changed.target_direction, changed.weight, changed.frequency) == (
        "Better name", 40.0, "at_most", 2.5, "hourly",
    )  # fmt: skip
    stale = client.post(url, values | {"weight": "9", "seen_version": 1})
    assert stale.status_code == 422
    assert "Somebody else changed this" in stale.content.decode()
    assert client.post(url, values | {"weight": "-1", "seen_version": 2}).status_code == 422
    assert FeedbackItem.objects.get().weight == 2.5


def place():
    lane = make_lane(make_journey())
    return lane, f"{reverse('feedback:manual_new')}?lane={lane.pk}&stage={lane.journey.stages.first().pk}"


def test_an_item_by_hand_is_made_with_its_first_value(client):
    lane, url = place()
    assert "What is measured" in client.get(url).content.decode()
    values = {
        "title": "Brand study",
        "measure": "csat_5",
        "value": "84",
        "day": "2026-01-05",
        "n": "50",
        "note": "Study",
    }
    assert client.post(url, values)["Location"] == reverse("journeys:detail", args=[lane.journey_id])
    item = FeedbackItem.objects.get()
    assert (item.origin, item.metric, item.positive_values, item.chosen_state) == (
        "manual",
        "csat",
        ["4", "5"],
        "retrieving",
    )
    assert ManualValue.objects.get().n == 50


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"title": ""}, "This field is required."),
        ({"value": "84"}, "A value and its day belong together."),
        ({"value": "184", "day": "2026-01-05"}, "This value lies outside the range of the metric."),
        ({"measure": "mean", "scale_min": "5", "scale_max": "1"}, "The highest value must be above the lowest."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(client, values, said):
    _lane, url = place()
    response = client.post(url, {"title": "Brand study", "measure": "csat_5"} | values)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not FeedbackItem.objects.exists()


@pytest.mark.parametrize("query", ["", "?lane=x&stage=1", "?lane=999&stage=1"])
def test_an_item_needs_a_place(client, query):
    assert client.get(reverse("feedback:manual_new") + query).status_code == 404


def test_values_of_a_day_that_is_none_are_not_found(client):
    item = make_item()
    assert client.post(reverse("feedback:value_delete", args=[item.pk, "2026-02-31"])).status_code == 404
    assert client.post(reverse("feedback:value_delete", args=[item.pk, "never"])).status_code == 404


def test_viewers_change_nothing(client_of, viewer):
    item = make_item()
    for action in ("pause", "archive", "settings", "delete"):
        assert client_of(viewer).post(reverse(f"feedback:item_{action}", args=[item.pk]), {}).status_code == 403
    assert FeedbackItem.objects.get().chosen_state == "retrieving"


def test_a_question_can_be_measured_twice():
    question = make_question()
    first, second = make_item(question), make_item(question)
    items.archive(first)
    second.refresh_from_db()
    assert second.chosen_state == "retrieving"


def test_of_two_who_change_the_settings_the_second_is_shown_what_the_first_wrote(client):
    item = make_item(target=40)
    url = reverse("feedback:item_settings", args=[item.pk])
    fields = {"target_direction": "at_least", "weight": "1", "frequency": "", "seen_version": 1}
    assert client.post(url, fields | {"title": "Theirs", "target": "8.5"}).status_code == 302
    page = client.post(url, fields | {"title": "Mine", "target": "40"})
    errors = page.context["form"].errors
    assert errors["title"] == ["It says now: “Theirs”."]
    assert errors["target"] == ["It says now: “8.5”."]
    assert set(errors) == {"__all__", "title", "target"}
    assert 'value="Mine"' in page.content.decode()


def test_an_item_whose_question_has_a_successor_is_said_to_differ(api_of, analyst):
    item = make_item()
    api = api_of(analyst)
    assert api.get(f"/api/v1/feedback-items/{item.pk}/").json()["question_differs"] is False
    change_question(item.question, choices=[{"value": "1", "label": "Another"}])
    assert api.get(f"/api/v1/feedback-items/{item.pk}/").json()["question_differs"] is True
    assert api.get(f"/api/v1/kpis/items/{item.pk}/").json()["state"] == "needs_attention"
