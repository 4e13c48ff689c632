"""What can be done with an item, in which order, and who is told."""

from datetime import date

import pytest
import time_machine
from django.core.exceptions import ValidationError

from accounts.models import Organisation
from feedback import items
from feedback.models import FeedbackItem, ManualValue
from feedback.signals import demand_changed
from journeys.models import Card
from tests.factories import make_item, make_journey, make_lane, make_question
from versioning.saving import Outdated

CHOSEN = ["draft", "retrieving", "paused", "archived"]
NPS = {"metric": "nps", "scale_min": 0, "scale_max": 10}


@pytest.fixture
def told():
    """The surveys whose demand was said to have changed."""
    surveys = []

    def hear(sender, survey, **_kwargs):
        surveys.append(survey)

    demand_changed.connect(hear)
    yield surveys
    demand_changed.disconnect(hear)


@pytest.fixture
def lane(db):
    return make_lane(make_journey())


@pytest.fixture
def stage(lane):
    return lane.journey.stages.first()


TAKEN = {
    ("draft", items.retrieve): "retrieving",
    ("draft", items.archive): "archived",
    ("retrieving", items.pause): "paused",
    ("retrieving", items.archive): "archived",
    ("paused", items.retrieve): "retrieving",
    ("paused", items.resume): "retrieving",
    ("paused", items.archive): "archived",
    ("archived", items.restore): "paused",
}
ACTIONS = [items.retrieve, items.resume, items.pause, items.archive, items.restore]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("now", CHOSEN)
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
def test_only_documented_edges_can_be_taken(now, action):
    item = make_item(chosen_state=now)
    if (now, action) in TAKEN:
        action(item)
        assert FeedbackItem.objects.get().chosen_state == TAKEN[now, action]
    else:
        with pytest.raises(items.NotAllowed):
            action(item)
        assert FeedbackItem.objects.get().chosen_state == now


def test_a_draft_may_know_nothing_yet_and_tells_nobody(lane, stage, analyst, told):
    item = items.create_item(lane, stage, title=" Booking ", user=analyst)
    assert (item.chosen_state, item.card.title, item.card.position, item.created_by) == (
        "draft", "Booking", 0, analyst,
    )  # fmt: skip
    assert told == []


def test_a_complete_item_retrieves_at_once(lane, stage, analyst, told):
    question = make_question()
    item = items.create_item(lane, stage, title="NPS", user=analyst, retrieve=True, question=question, **NPS)
    item.refresh_from_db()
    assert (item.chosen_state, item.survey, item.source) == ("retrieving", question.survey, question.survey.source)
    assert item.mapped_fingerprint == question.fingerprint
    assert told == [question.survey]


def test_an_incomplete_item_is_refused_and_leaves_nothing(lane, stage, analyst, told):
    with pytest.raises(ValidationError) as refusal:
        items.create_item(lane, stage, title="NPS", user=analyst, retrieve=True)
    assert set(refusal.value.message_dict) == {"question", "metric"}
    assert (Card.objects.count(), FeedbackItem.objects.count(), told) == (0, 0, [])


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"metric": "csat", "scale_min": 1, "scale_max": 5}, "positive_values"),
        ({"metric": "csat", "scale_min": 1, "scale_max": 5, "positive_values": ["6"]}, "positive_values"),
        ({"metric": "csat", "scale_min": 1, "scale_max": 5, "positive_values": ["x"]}, "positive_values"),
        ({"metric": "ces", "positive_values": ["5"]}, "scale_max"),
        ({"metric": "nps", "scale_min": 1, "scale_max": 5}, "scale_max"),
        ({"metric": "mean", "scale_min": 5, "scale_max": 1}, "scale_max"),
        ({"metric": "sentiment"}, "metric"),
        ({**NPS, "backfill": "date"}, "count_from"),
    ],
)
def test_a_formula_that_cannot_be_computed_is_refused(lane, stage, fields, field):
    with pytest.raises(ValidationError) as refusal:
        items.create_item(lane, stage, title="X", user=None, retrieve=True, question=make_question(), **fields)
    assert set(refusal.value.message_dict) == {field}


@pytest.mark.usefixtures("db")
def test_a_comment_has_no_score(lane, stage):
    with pytest.raises(ValidationError) as refusal:
        items.create_item(lane, stage, title="X", user=None, retrieve=True, question=make_question(kind="text"), **NPS)
    assert set(refusal.value.message_dict) == {"metric"}


def test_lane_and_stage_are_of_one_map_and_the_lane_holds_feedback(lane, stage):
    with pytest.raises(ValidationError):
        items.create_item(lane, make_journey().stages.first(), title="X", user=None)
    with pytest.raises(ValidationError):
        items.create_item(make_lane(lane.journey, kind="text"), stage, title="X", user=None)


@time_machine.travel("2026-11-22 23:30:00+00:00", tick=False)
def test_from_now_on_means_the_local_day_on_which_retrieval_begins(lane, stage):
    Organisation.objects.update_or_create(pk=1, defaults={"time_zone": "Europe/Paris"})
    question = make_question()
    item = items.create_item(lane, stage, title="X", user=None, question=question, backfill="now", **NPS)
    assert item.count_from is None
    with time_machine.travel("2026-11-25 23:30:00+00:00", tick=False):
        items.retrieve(item)
    item.refresh_from_db()
    assert item.count_from == date(2026, 11, 26)
    items.pause(item)
    with time_machine.travel("2026-12-25 12:00:00+00:00", tick=False):
        items.resume(item)
    item.refresh_from_db()
    assert item.count_from == date(2026, 11, 26)


def test_a_chosen_first_day_is_kept_and_the_start_of_the_survey_has_none(lane, stage):
    day = date(2026, 3, 1)
    item = items.create_item(
        lane,
        stage,
        title="X",
        user=None,
        retrieve=True,
        question=make_question(),
        backfill="date",
        count_from=day,
        **NPS,
    )
    assert item.count_from == day
    items.change_item(item, backfill="survey_start")
    item.refresh_from_db()
    assert item.count_from is None


@pytest.mark.usefixtures("db")
def test_each_deed_that_changes_the_demand_tells_of_it(told):
    item = make_item()
    survey = item.survey
    for action in (items.pause, items.resume, items.archive, items.restore, items.resume):
        told.clear()
        action(item)
        assert told == [survey], action
    told.clear()
    items.change_item(item, weight=2, target=50)
    assert told == []
    items.change_item(item, frequency="hourly")
    assert told == [survey]


@pytest.mark.usefixtures("db")
def test_another_question_concerns_both_surveys(told):
    item, other = make_item(), make_question()
    before = item.survey
    items.change_item(item, question=other)
    item.refresh_from_db()
    assert (item.survey, item.mapped_fingerprint) == (other.survey, other.fingerprint)
    assert set(told) == {before, other.survey}


@pytest.mark.usefixtures("db")
def test_naming_the_question_again_accepts_how_it_changed():
    item = make_item()
    item.question.fingerprint = "changed"
    item.question.save()
    items.change_item(item, question=item.question)
    item.refresh_from_db()
    assert item.mapped_fingerprint == "changed"


@pytest.mark.usefixtures("db")
def test_deleting_takes_the_card_closes_the_gap_and_tells(told):
    first = make_item()
    second = make_item(stage=first.card.stage)
    survey = first.survey
    items.delete(first)
    assert list(Card.objects.values_list("pk", "position")) == [(second.card_id, 0)]
    assert told == [survey]


@pytest.mark.usefixtures("db")
def test_an_item_deleted_with_its_map_is_told_of_as_well(told):
    item = make_item()
    item.card.lane.journey.delete()
    assert told == [item.survey]


@pytest.mark.usefixtures("db")
def test_restoring_a_draft_gives_a_draft():
    item = make_item(chosen_state="draft")
    items.archive(item)
    items.restore(item)
    item.refresh_from_db()
    assert item.chosen_state == "draft"
    items.retrieve(item)
    assert item.mapped_fingerprint == item.question.fingerprint


@pytest.mark.usefixtures("db")
def test_restoring_an_item_whose_question_is_gone_gives_a_draft():
    item = make_item(chosen_state="archived")
    item.question = item.survey = None
    item.save()
    items.restore(item)
    assert item.chosen_state == "draft"


@pytest.mark.usefixtures("db")
def test_a_deed_on_an_outdated_version_changes_nothing():
    item = make_item()
    items.change_item(FeedbackItem.objects.get(), target=30)
    for attempt in (
        lambda: items.pause(FeedbackItem.objects.get(), 1),
        lambda: items.change_item(FeedbackItem.objects.get(), 1, target=99),
        lambda: items.delete(FeedbackItem.objects.get(), 1),
    ):
        with pytest.raises(Outdated):
            attempt()
    item.refresh_from_db()
    assert (item.chosen_state, item.target, item.version) == ("retrieving", 30, 2)


@pytest.mark.usefixtures("db")
def test_weight_and_title_can_change_while_the_question_is_gone():
    item = make_item()
    item.question.gone_at = "2026-01-01T00:00Z"
    item.question.save()
    item.refresh_from_db()
    items.change_item(item, weight=3, title="New name")
    assert Card.objects.get().title == "New name"
    with pytest.raises(ValidationError):
        items.change_item(item, metric="mean")


@pytest.fixture
def by_hand(lane, stage):
    return items.create_item(lane, stage, title="By hand", user=None, retrieve=True, origin="manual", **NPS)


def test_values_are_entered_by_hand_one_a_day(by_hand, analyst):
    for value in (12.5, 14):
        items.set_manual_value(by_hand, day=date(2026, 1, 5), value=value, n=80, note="Annual study", user=analyst)
    assert list(ManualValue.objects.values_list("value", "n", "note", "entered_by")) == [
        (14.0, 80, "Annual study", analyst.pk)
    ]
    items.delete_manual_value(by_hand, date(2026, 1, 5))
    assert not ManualValue.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"value": 101}, "value"),
        ({"value": float("nan")}, "value"),
        ({"value": -100.5}, "value"),
        ({"value": 5, "n": 0}, "n"),
        ({"value": 5, "day": date(2999, 1, 1)}, "day"),
    ],
)
def test_a_value_that_cannot_be_is_refused(by_hand, values, field):
    with pytest.raises(ValidationError) as refusal:
        items.set_manual_value(by_hand, **({"day": date(2026, 1, 5)} | values))
    assert set(refusal.value.message_dict) == {field}


@pytest.mark.usefixtures("db")
def test_survey_items_take_no_values_by_hand():
    with pytest.raises(ValidationError):
        items.set_manual_value(make_item(), day=date(2026, 1, 5), value=5)
