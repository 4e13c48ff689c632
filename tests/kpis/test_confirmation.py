"""Items that count as they did before mappings were kept: marked, listed with the difference, confirmed."""

import pytest
from django.urls import reverse

from accounts.models import Organisation
from feedback.models import FeedbackItem
from kpis.mapping.confirmation import assumed_items, is_assumed
from tests.factories import make_days, make_item, make_question

pytestmark = pytest.mark.django_db
API = "/api/v1/kpis/mappings/"
RATED = ("Poor", "Fair", "Good", "Excellent", "I did not use it")


def old_item(labels=RATED, codes=(1, 2, 3, 4, 5), bins=None, **fields) -> FeedbackItem:
    """As the migration leaves it: each code its own value."""
    choices = [{"value": str(code), "label": label} for code, label in zip(codes, labels, strict=True)]
    question = make_question(kind="choice", choices=choices)
    mapping = [{"code": each["value"], "label": each["label"], "value": each["value"]} for each in choices]
    fields = {"metric": "csat", "scale_min": 1, "scale_max": 5, "positive_values": ["4", "5"]} | fields
    make_days(question, {"2026-11-01": bins or {"1": 10, "2": 10, "3": 5, "4": 5, "5": 30}})
    return make_item(question, mapping=mapping, mapping_assumed=True, **fields)


def test_the_difference_is_shown_and_nothing_changes_by_itself():
    item = old_item()
    (assumed,) = assumed_items()
    assert (assumed.item, round(assumed.now.measure.value, 1), assumed.now.measure.n) == (item, 58.3, 60)
    assert (round(assumed.proposed.measure.value, 1), assumed.proposed.measure.n) == (33.3, 30)
    assert [(now.in_words, then.left_out) for now, then in assumed.lines] == [("5", "not_applicable")]
    assert assumed.differs


@pytest.mark.parametrize(
    ("labels", "codes", "asked"),
    [
        (("Very bad", "Bad", "OK", "Good", "Very good"), (1, 2, 3, 4, 5), False),
        (("Very bad", "Bad", "Good", "Very good", "OK"), (1, 2, 4, 5, 3), True),
        (("Very good", "Good", "OK", "Bad", "Very bad"), (1, 2, 3, 4, 5), True),  # counted the wrong way round
        (("One", "Two", "Three", "Four", "Five"), (1, 2, 3, 4, 5), True),
    ],
)
def test_only_what_would_be_asked_or_proposed_otherwise_is_listed(labels, codes, asked):
    assert is_assumed(old_item(labels, codes)) == asked
    assert bool(assumed_items()) == asked


def test_what_a_person_said_is_not_asked_again():
    item = old_item()
    FeedbackItem.objects.update(mapping_assumed=False)
    item.refresh_from_db()
    assert not is_assumed(item)
    assert assumed_items() == []


def test_under_a_threshold_no_second_figure_is_shown():
    Organisation.current()
    Organisation.objects.update(suppression_threshold=5)
    old_item()
    (assumed,) = assumed_items()
    assert assumed.proposed is None
    assert assumed.now.is_suppressed


@pytest.mark.parametrize(("holds", "value", "formers"), [("counted", 58.3, 0), ("proposed", 33.3, 1)])
def test_over_the_api_several_are_confirmed_each_for_itself(api_of, analyst, holds, value, formers):
    items = [old_item(), old_item(), old_item()]
    api = api_of(analyst)
    listed = api.get(API).json()
    assert [each["item"] for each in listed] == [item.pk for item in items]
    assert round(listed[0]["now"]["value"], 1) == 58.3
    assert round(listed[0]["proposed"]["value"], 1) == 33.3
    wanted = [{"item": item.pk, "version": item.version + (item is items[1])} for item in items]
    said = api.post(API, {"holds": holds, "items": wanted}).json()
    assert [each["confirmed"] for each in said] == [True, False, True]
    assert [each["item"] for each in api.get(API).json()] == [items[1].pk]
    figure = api.get(f"/api/v1/kpis/items/{items[0].pk}/").json()
    assert (round(figure["figure"]["value"], 1), figure["mapping_assumed"]) == (value, False)
    assert items[0].former_mappings.count() == formers


def test_viewers_see_the_mark_and_cannot_confirm(client_of, api_of, viewer):
    item = old_item()
    client = client_of(viewer)
    assert (
        "Nobody has confirmed what these answers count as."
        in client.get(reverse("kpis:item", args=[item.pk])).content.decode()
    )
    page = client.get(reverse("kpis:mappings")).content.decode()
    assert item.card.title in page
    assert "Keep as it counts" not in page
    assert client.post(reverse("kpis:mappings"), {"holds": "counted", "item": f"{item.pk}:1"}).status_code == 403
    assert api_of(viewer).get(f"/api/v1/kpis/items/{item.pk}/").json()["mapping_assumed"]


def test_on_the_page_items_are_confirmed_together(client_of, analyst):
    items = [old_item(), old_item()]
    client = client_of(analyst)
    chosen = [f"{item.pk}:{item.version}" for item in items]
    client.post(reverse("kpis:mappings"), {"holds": "proposed", "item": chosen})
    assert assumed_items() == []
    for item in items:
        item.refresh_from_db()
        assert (item.mapping[-1]["left_out"], item.positive_values, item.scale_max) == ("not_applicable", ["3", "4"], 4)


@pytest.mark.parametrize(
    "sent", [{"holds": "x", "item": "1:1"}, {"holds": "counted"}, {"holds": "counted", "item": ["a:b", "9:9"]}]
)
def test_what_names_nothing_changes_nothing(client_of, analyst, sent):
    old_item()
    assert client_of(analyst).post(reverse("kpis:mappings"), sent).status_code in (302, 204)
    assert len(assumed_items()) == 1


def test_a_metric_that_does_not_suit_the_proposal_stays_as_it_is(api_of, analyst):
    item = old_item(("Woman", "Man", "Other", "A", "B"), metric="mean", positive_values=[])
    said = (
        api_of(analyst).post(API, {"holds": "proposed", "items": [{"item": item.pk, "version": item.version}]}).json()
    )
    assert (said[0]["confirmed"], bool(said[0]["detail"])) == (False, True)
