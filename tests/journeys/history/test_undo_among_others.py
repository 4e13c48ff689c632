"""Undo where others, other maps, or other parts of the product have moved on since."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db.models.signals import pre_delete
from django.utils import timezone

from feedback import items, twins
from feedback.models import FeedbackItem, ManualValue, Response, Survey, SurveyJoin
from integrations.timetable.maintenance import remove_old_operations
from journeys.editing import actions as editing
from journeys.history.undoing import Conflicts, redo, undo
from journeys.models import Card, Journey, Lane, Operation, Persona
from tests.factories import make_question, make_survey
from tests.journeys.cast import assert_whole, card, lane, reach, stage, weekend
from tests.journeys.history.test_undo import acting_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def trip() -> Journey:
    return weekend()


def add_item(trip: Journey, question=None, in_lane: Lane | None = None) -> FeedbackItem:
    question = question or make_question(fingerprint="as asked")
    return items.create_item(
        in_lane or lane(trip, "feedback"), stage(trip, "Book"), title="Booking", user=None, retrieve=True,
        survey=question.survey, question=question, metric="nps", scale_min=0, scale_max=10,
    )  # fmt: skip


def test_maps_are_never_put_in_a_circle(trip):
    other = weekend(name="Other")
    editing.change_journey(trip, 1, parent=other)
    trip.refresh_from_db()
    editing.change_journey(trip, trip.version, parent=None)
    editing.change_journey(other, 1, parent=Journey.objects.get(pk=trip.pk))
    with pytest.raises(ValidationError, match="below itself"):
        undo(trip)
    trip.refresh_from_db()
    assert trip.parent is None


def test_a_renamed_map_is_called_by_its_former_name(trip):
    trip.name = "New name"  # as a form does
    editing.change_journey(trip, 1, name="New name")
    assert trip.operations.get().name == "Weekend trip by train"


def test_mappings_go_on_being_numbered_after_one_was_taken_back(trip, analyst, admin):
    with acting_in("", analyst):
        items.change_item(add_item(trip), include_unfinished=True)
    with acting_in("", admin):
        items.change_item(FeedbackItem.objects.get(), positive_values=["9"])
    with acting_in("", analyst):
        undo(trip, anyway=True)
        items.change_item(FeedbackItem.objects.get(), include_unfinished=True)
    assert sorted(FeedbackItem.objects.get().former_mappings.values_list("number", flat=True)) == [2, 3]


def test_no_lane_becomes_one_that_cannot_hold_what_others_put_into_it(trip, analyst, admin):
    with acting_in("", analyst):
        added = editing.create_lane(trip, "pains")
        editing.change(added, added.version, kind="feedback")
    with acting_in("", admin):
        add_item(trip, in_lane=Lane.objects.get(pk=added.pk))
    with acting_in("", analyst), pytest.raises(ValidationError, match="another kind"):
        undo(trip)
    assert Lane.objects.get(pk=added.pk).kind == "feedback"


def test_no_card_comes_back_into_a_lane_that_cannot_hold_it(trip, analyst, admin):
    with acting_in("", analyst):
        editing.delete(card(trip, "Late change of platform"), 1)
    with acting_in("", admin):
        pains = lane(trip, "pains")
        editing.change(pains, pains.version, kind="kpi")
    with acting_in("", analyst), pytest.raises(ValidationError, match="another kind"):
        undo(trip)


def test_an_item_comes_back_to_the_survey_that_its_own_was_joined_with(trip):
    question = make_question(fingerprint="as asked")
    items.delete(add_item(trip, question))
    survey = make_survey()
    same = make_question(survey, field=question.field, fingerprint="as asked")
    join = SurveyJoin.objects.create(survey=survey, twin=question.survey, twin_source="x", due_at=timezone.now())
    given = twins.give_items(join, twins.pair_questions(join))
    assert same.is_in_use
    twins.end(join, Survey.objects.get(pk=question.survey_id), given)
    undo(trip)
    back = FeedbackItem.objects.get()
    assert (back.question, back.survey, back.source) == (same, survey, survey.source)


def test_whoever_took_something_back_does_it_again_and_nobody_else(trip, analyst, admin):
    with acting_in("a", analyst):
        editing.change(stage(trip, "Plan"), 1, name="Dream")
    with acting_in("b", admin):
        undo(trip, number=1)
    with acting_in("a", analyst):
        assert redo(trip) is None
    with acting_in("b", admin):
        assert redo(trip).number == 1


def test_values_entered_by_hand_do_not_go_unasked_and_come_back(trip):
    by_hand = items.create_item(
        lane(trip, "feedback"), stage(trip, "Plan"), title="Panel", user=None, origin="manual", metric="nps"
    )
    for days in range(3):
        items.set_manual_value(by_hand, day=items._today() - timedelta(days=days), value=12.0, n=30)
    with pytest.raises(Conflicts):
        undo(trip)
    undo(trip, anyway=True)
    redo(trip)
    assert ManualValue.objects.count() == 3


def test_no_cell_keeps_a_gap(trip, analyst, admin):
    with acting_in("", analyst):
        added = editing.create_card(lane(trip, "text"), stage(trip, "Plan"), title="New")
    with acting_in("", admin):
        editing.change(added, added.version, stage=stage(trip, "Book"))
        editing.create_card(lane(trip, "text"), stage(trip, "Book"), title="Behind")
    with acting_in("", analyst):
        undo(trip, anyway=True)
    assert_whole(trip)
    assert list(Card.objects.filter(lane=lane(trip, "text"), stage=stage(trip, "Book")).values_list("position")) == [
        (0,), (1,), (2,)
    ]  # fmt: skip


def test_cards_of_others_go_on_covering_what_they_covered(trip, analyst, admin):
    with acting_in("", analyst):
        editing.delete(stage(trip, "Station"), 1)
    with acting_in("", admin):
        editing.create_card(lane(trip, "text"), stage(trip, "Book"), title="Both", span=2)
    with acting_in("", analyst):
        undo(trip)
    assert reach(trip, "Both") == "Book Station On board"


def test_numbers_are_never_given_twice(trip):
    editing.change(stage(trip, "Plan"), 1, name="Dream")
    undo(trip)
    Operation.objects.update(at=timezone.now() - timedelta(days=100))
    remove_old_operations()
    editing.change(stage(trip, "Plan"), stage(trip, "Plan").version, name="Wish")
    assert trip.operations.first().number == 3


def test_deleting_what_no_map_holds_reads_nothing_first():
    assert not pre_delete.has_listeners(Response)
    assert pre_delete.has_listeners(ManualValue)


def test_a_persona_that_is_deleted_leaves_each_map_by_an_operation(trip, analyst, api_of):
    persona = Persona.objects.get()
    answer = api_of(analyst).delete(f"/api/v1/personas/{persona.pk}/", headers={"If-Match": f'"{persona.version}"'})
    assert answer.status_code == 204
    assert trip.operations.get().kind == Operation.Kind.PERSONAS
