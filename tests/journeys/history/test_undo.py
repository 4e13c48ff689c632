"""Undo and redo: whatever was done to a map can be taken back and done again, and nothing of others is lost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from feedback import items
from feedback.models import FeedbackItem, ManualValue
from journeys.drawing.lanes import kind_named
from journeys.editing import actions as editing
from journeys.history import acting
from journeys.history.images import image_of, rearranged
from journeys.history.undoing import Conflicts, redo, undo
from journeys.models import AssumedSentiment, Card, Journey, Lane, Operation, Persona, Phase, Stage
from tests.factories import make_question
from tests.journeys.cast import assert_whole, card, lane, phase, reach, stage, stages, weekend

pytestmark = pytest.mark.django_db


@contextmanager
def acting_in(tab: str = "", person=None) -> Iterator[None]:
    request = RequestFactory().get("/", headers={acting.HEADER: tab})
    request.user = person or AnonymousUser()
    token = acting._request.set(request)
    try:
        yield
    finally:
        acting._request.reset(token)


@pytest.fixture
def trip() -> Journey:
    return weekend()


def whole(journey: Journey) -> tuple:
    image = image_of(journey.pk)
    return image.rows, image.orders


def test_an_operation_says_who_did_what_in_which_tab(trip, analyst):
    with acting_in("left", analyst):
        editing.change(stage(trip, "Plan"), 1, name="Dream")
    [done] = trip.operations.all()
    assert (done.number, done.actor, done.tab, done.kind, done.name) == (1, analyst, "left", "edit", "Plan")
    assert done.changes["rows"] == [
        {"model": "journeys.stage", "pk": stage(trip, "Dream").pk, "fields": {"name": ["Plan", "Dream"]}}
    ]


def test_what_is_refused_and_what_changes_nothing_leaves_no_operation(trip):
    with pytest.raises(ValidationError):
        editing.create_stage(trip, "New", after=stage(weekend(name="Other"), "Plan"))
    editing.change(stage(trip, "Plan"), 1, name="Plan")
    assert not trip.operations.exists()


def test_what_happens_inside_an_operation_is_part_of_it(trip):
    editing.create_phase(trip, "Return", first=stage(trip, "After-sales"))
    assert trip.operations.count() == 1


def test_a_change_is_undone_and_done_again(trip):
    editing.change(stage(trip, "Plan"), 1, name="Dream", description="…")
    before = stage(trip, "Dream").version
    assert undo(trip).name == "Plan"
    assert (stage(trip, "Plan").description, stage(trip, "Plan").version) == ("", before + 1)
    assert redo(trip).name == "Plan"
    assert stage(trip, "Dream").description == "…"
    assert undo(trip)
    assert stages(trip).startswith("Prepare: Plan Book")
    assert undo(trip) is None


def test_whatever_is_done_anew_clears_what_could_be_redone(trip):
    editing.change(stage(trip, "Plan"), 1, name="Dream")
    undo(trip)
    editing.change(stage(trip, "Book"), 1, name="Pay")
    assert redo(trip) is None
    undo(trip)
    assert stages(trip).startswith("Prepare: Plan Book")


def test_a_deleted_lane_comes_back_with_its_cards_where_it_stood(trip):
    first = whole(trip)
    editing.delete(lane(trip, "interactions"), 1)
    assert not Card.objects.filter(title="Live status").exists()
    undo(trip)
    assert whole(trip) == first
    assert_whole(trip)


def test_a_deleted_stage_comes_back_and_cards_reach_as_far_as_before(trip):
    first = whole(trip)
    editing.delete(stage(trip, "Book"), 1)
    undo(trip)
    assert whole(trip) == first
    redo(trip)
    assert reach(trip, "Live status") == "Station On board"
    undo(trip)
    assert whole(trip) == first


def test_a_deleted_phase_and_a_persona_that_left_come_back(trip):
    first = whole(trip)
    editing.delete(phase(trip, "Travel"), 1)
    travels = trip.journey_personas.get()
    editing.remove_persona(travels)
    assert not AssumedSentiment.objects.filter(stage__journey=trip).exists()
    undo(trip)
    undo(trip)
    assert whole(trip) == first


def test_a_deleted_item_comes_back_with_mapping_values_and_former_mappings(trip):
    question = make_question(fingerprint="as asked")
    item = items.create_item(
        lane(trip, "feedback"), stage(trip, "Book"), title="Booking", user=None, retrieve=True,
        survey=question.survey, question=question, metric="nps", scale_min=0, scale_max=10,
    )  # fmt: skip
    items.change_item(item, include_unfinished=True)
    by_hand = items.create_item(
        lane(trip, "feedback"), stage(trip, "Plan"), title="Panel", user=None, origin="manual", metric="nps"
    )
    items.set_manual_value(by_hand, day=items._today(), value=12.0, n=30)
    first, entered = whole(trip), list(ManualValue.objects.values())
    editing.delete(lane(trip, "feedback"), lane(trip, "feedback").version)
    assert not FeedbackItem.objects.exists()
    assert question.is_in_use  # as long as it may come back
    undo(trip)
    assert whole(trip) == first
    assert list(ManualValue.objects.values()) == entered
    back = FeedbackItem.objects.get(pk=item.pk)
    assert (back.chosen_state, back.question, back.former_mappings.count()) == ("retrieving", question, 1)


def test_an_item_that_comes_back_asks_for_its_data(trip, django_capture_on_commit_callbacks):
    told = []
    items.demand_changed.connect(lambda survey, **kwargs: told.append(survey), weak=False, dispatch_uid="test")
    try:
        question = make_question(fingerprint="as asked")
        item = items.create_item(
            lane(trip, "feedback"), stage(trip, "Book"), title="Booking", user=None, retrieve=True,
            survey=question.survey, question=question, metric="nps", scale_min=0, scale_max=10,
        )  # fmt: skip
        items.delete(item)
        del told[:]
        undo(trip)
        assert told == [question.survey]
    finally:
        items.demand_changed.disconnect(dispatch_uid="test")


def test_each_tab_and_each_person_takes_back_their_own(trip, analyst, admin):
    with acting_in("left", analyst):
        editing.change(stage(trip, "Plan"), 1, name="Dream")
    with acting_in("right", analyst):
        editing.change(stage(trip, "Book"), 1, name="Pay")
    with acting_in("left", admin):
        assert undo(trip) is None
    with acting_in("left", analyst):
        assert undo(trip).name == "Plan"
    assert stages(trip).startswith("Prepare: Plan Pay")


def test_what_somebody_else_changed_since_is_shown_and_undone_only_if_told_so(trip, analyst, admin):
    with acting_in("", analyst):
        editing.change(stage(trip, "Plan"), 1, name="Dream")
    with acting_in("", admin):
        editing.change(stage(trip, "Dream"), 2, name="Wish")
    with acting_in("", analyst):
        with pytest.raises(Conflicts) as told:
            undo(trip)
        [found] = told.value.found
        assert (found.model, found.field, found.left, found.now) == ("journeys.stage", "name", "Dream", "Wish")
        assert stage(trip, "Wish")  # nothing was undone
        undo(trip, anyway=True)
        assert stage(trip, "Plan")


def test_other_fields_and_neighbours_that_others_changed_are_no_conflict(trip, analyst, admin):
    with acting_in("", analyst):
        editing.change(stage(trip, "Plan"), 1, name="Dream")
        editing.move(stage(trip, "Arrival"), 1, 0)
    with acting_in("", admin):
        editing.change(stage(trip, "Dream"), 2, description="Where to?")
        editing.create_stage(trip, "Pay", after=stage(trip, "Book"))
    with acting_in("", analyst):
        undo(trip)
        undo(trip)
    assert stages(trip) == "Prepare: Plan Book Pay | Travel: Station On board Arrival | -: After-sales"
    assert stage(trip, "Plan").description == "Where to?"
    assert_whole(trip)


def test_a_stage_into_which_somebody_else_put_a_card_does_not_go_unasked(trip, analyst, admin):
    with acting_in("", analyst):
        added = editing.create_stage(trip, "Return")
    with acting_in("", admin):
        editing.create_card(lane(trip, "text"), added, title="Gives the bicycle back")
    with acting_in("", analyst), pytest.raises(Conflicts):
        undo(trip)
    assert card(trip, "Gives the bicycle back").stage == added


def test_a_card_whose_lane_is_gone_cannot_come_back_before_it(trip, analyst, admin):
    with acting_in("", analyst):
        editing.delete(card(trip, "Buys"), 1)
    with acting_in("", admin):
        editing.delete(lane(trip, "text"), lane(trip, "text").version)
    with acting_in("", analyst), pytest.raises(ValidationError, match="Restore that first"):
        undo(trip)
    with acting_in("", admin):
        undo(trip)
    with acting_in("", analyst):
        undo(trip)
    assert card(trip, "Buys")


def test_any_operation_is_taken_back_by_its_number(trip, analyst, admin):
    with acting_in("", analyst):
        editing.delete(card(trip, "Buys"), 1)
        editing.change(stage(trip, "Plan"), 1, name="Dream")
    with acting_in("other", admin):
        assert undo(trip, number=1).kind == "delete"
        assert undo(trip, number=1) is None  # it is taken back already
    assert card(trip, "Buys")


@given(st.permutations(range(6)), st.permutations(range(6)))
def test_orders_are_led_from_one_to_the_other(before, after):
    assert rearranged(before, before, after) == list(after)
    assert sorted(rearranged([*before, 9], before, after)) == [*range(6), 9]


class RandomMap:
    """Random operations on a map, from one seed; refusals are part of it."""

    def __init__(self, journey: Journey, seed: int) -> None:
        self.journey, self.source = journey, random.Random(seed)

    def one(self) -> None:
        deeds = [self.add, self.add, self.edit, self.move, self.step, self.delete, self.feel, self.phase]
        self.source.choice(deeds)()

    def any_of(self, model):
        field = "lane__journey" if model is Card else "journey"
        return self.source.choice(list(model.objects.filter(**{field: self.journey}).order_by("pk")) or [None])

    def part(self):
        return self.any_of(self.source.choice([Phase, Stage, Lane, Card, Card]))

    def add(self) -> None:
        name = f"New {self.source.randrange(1000)}"
        stage, lane = self.any_of(Stage), self.any_of(Lane)
        if self.source.random() < 0.3 or stage is None:
            editing.create_stage(self.journey, name, after=self.source.choice([None, stage]))
        elif self.source.random() < 0.3 or lane is None:
            kinds = ["text", "interactions", "feedback", "pains"]
            editing.create_lane(self.journey, self.source.choice(kinds), name=name, to=self.source.randrange(4))
        elif kind_named(lane.kind).holds == "cards":
            editing.create_card(lane, stage, title=name, span=self.source.randint(1, 3))

    def edit(self) -> None:
        if part := self.part():
            name = "title" if isinstance(part, Card) else "name"
            editing.change(part, part.version, **{name: f"Edited {self.source.randrange(1000)}"})

    def move(self) -> None:
        if part := self.part():
            editing.move(part, part.version, self.source.randrange(6))

    def step(self) -> None:
        if part := self.part():
            editing.step(part, part.version, self.source.choice(["left", "right"]))

    def delete(self) -> None:
        if (part := self.part()) and self.source.random() < 0.5:
            editing.delete(part, part.version)

    def feel(self) -> None:
        if (stage := self.any_of(Stage)) and (travels := self.journey.journey_personas.first()):
            editing.set_sentiments(stage, {travels: self.source.choice([None, -2, 0, 1])})

    def phase(self) -> None:
        first, last = self.any_of(Stage), self.any_of(Stage)
        if first and last:
            editing.create_phase(self.journey, f"Phase {self.source.randrange(1000)}", first=first, last=last)


class TestRandomOperations(TestCase):
    @settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
    @given(st.integers(0, 10**6))
    def test_undoing_all_gives_the_first_map_and_redoing_all_the_changed_one(self, seed):
        self.there_and_back(seed, 12)

    @pytest.mark.soak
    @settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
    @given(st.integers(0, 10**6))
    def test_so_it_does_after_many_operations(self, seed):
        self.there_and_back(seed, 60)

    def there_and_back(self, seed: int, operations: int) -> None:
        trip = weekend()
        editing.add_persona(trip, Persona.objects.create(name=f"P {seed}"))
        Operation.objects.all().delete()
        random_map, first = RandomMap(trip, seed), whole(trip)
        for _ in range(operations):
            random_map.one()
        changed, done = whole(trip), trip.operations.count()
        for _ in range(done):
            assert undo(trip)
        assert whole(trip) == first
        assert undo(trip) is None
        assert_whole(trip)
        for _ in range(done):
            assert redo(trip)
        assert whole(trip) == changed
        for _ in range(done):
            assert undo(trip)
        assert whole(trip) == first
