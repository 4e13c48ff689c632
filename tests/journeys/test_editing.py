"""The actions on a map: what they change, what follows from it, and what they refuse."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from journeys.editing import actions as editing
from journeys.models import AssumedSentiment, Card, Journey, JourneyPersona, Persona, Stage
from tests.factories import make_card, make_journey, make_lane
from tests.journeys.cast import assert_whole, card, lane, phase, reach, stage, stages, weekend
from versioning.saving import Outdated

pytestmark = pytest.mark.django_db


@pytest.fixture
def trip() -> Journey:
    return weekend()


class TestBuilding:
    def test_a_map_is_made_from_its_description(self, trip):
        assert stages(trip) == "Prepare: Plan Book | Travel: Station On board Arrival | -: After-sales"
        assert [str(row) for row in trip.lanes.all()] == [
            "Steps",
            "Interactions",
            "Sentiment",
            "Feedback Data",
            "Pains",
        ]
        assert stage(trip, "Book").description == "Tickets and seats"
        assert [row.title for row in lane(trip, "text").cards.filter(stage__name="Book")] == ["Buys", "Adds a bicycle"]
        assert reach(trip, "Taxi") == "Arrival After-sales"  # asked for nine
        assert_whole(trip)

    def test_a_persona_is_used_again_by_name(self, trip):
        weekend()
        assert Persona.objects.count() == 1
        assert JourneyPersona.objects.count() == 2
        assert AssumedSentiment.objects.filter(stage__journey=trip).count() == 2

    def test_stage_names_of_a_description_must_differ(self):
        with pytest.raises(ValueError, match="same name"):
            editing.build({"name": "Twice", "phases": [{"name": None, "stages": ["Plan", "Plan"]}]})
        assert not Journey.objects.exists()

    def test_a_new_map_starts_blank_or_from_the_template(self):
        blank = editing.create_journey("Blank")
        assert (blank.stages.count(), blank.lanes.count()) == (0, 0)
        full = editing.create_journey("Full", skeleton="template")
        assert (full.phases.count(), full.stages.count()) == (3, 6)
        assert {"feedback", "kpi", "sentiment"} < set(full.lanes.values_list("kind", flat=True))
        assert_whole(full)


class TestStages:
    def test_a_stage_is_added_at_the_end_of_the_map_or_behind_another(self, trip):
        editing.create_stage(trip, "Return")
        editing.create_stage(trip, "Pay", after=stage(trip, "Book"))
        editing.create_stage(trip, "Pack", phase=phase(trip, "Prepare"))
        assert stages(trip) == (
            "Prepare: Plan Book Pay Pack | Travel: Station On board Arrival | -: After-sales Return"
        )
        assert_whole(trip)

    def test_a_card_goes_on_covering_what_it_covered_when_a_stage_is_added_inside(self, trip):
        editing.create_stage(trip, "Pay", after=stage(trip, "Book"))
        assert reach(trip, "Live status") == "Book Pay Station On board"
        assert reach(trip, "Newsletter") == "Plan Book"  # ends before it

    def test_deleting_a_stage_takes_its_cards_but_not_those_that_reach_beyond(self, trip):
        editing.delete(stage(trip, "Book"), 1)
        assert stages(trip) == "Prepare: Plan | Travel: Station On board Arrival | -: After-sales"
        assert reach(trip, "Live status") == "Station On board"
        assert reach(trip, "Newsletter") == "Plan"
        assert not Card.objects.filter(title="Buys").exists()
        assert_whole(trip)

    def test_moving_a_stage_to_the_end_cuts_its_cards(self, trip):
        editing.move(stage(trip, "Book"), 1, 5)
        assert stages(trip) == "Prepare: Plan | Travel: Station On board Arrival | -: After-sales Book"
        assert reach(trip, "Live status") == "Book"
        assert_whole(trip)

    def test_a_stage_steps_left_and_right_and_stops_at_the_edge(self, trip):
        plan = stage(trip, "Plan")
        editing.step(plan, 1, "left")
        assert plan.position == 0
        editing.step(plan, 2, "right")
        assert (plan.position, plan.version) == (1, 3)

    def test_a_stage_changes_its_name_and_its_phase(self, trip):
        editing.change(stage(trip, "After-sales"), 1, name="Claims", phase=phase(trip, "Travel"))
        editing.change(stage(trip, "Station"), 1, phase=None)
        assert stages(trip) == "Prepare: Plan Book | -: Station | Travel: On board Arrival Claims"
        assert_whole(trip)

    def test_a_phase_of_another_map_is_refused(self, trip):
        other = weekend(name="Other")
        with pytest.raises(ValidationError) as refused:
            editing.change(stage(trip, "Plan"), 1, name="New", phase=phase(other, "Travel"))
        assert list(refused.value.message_dict) == ["phase"]
        assert stage(trip, "Plan").version == 1  # nothing was written
        for wrong in ({"phase": phase(other, "Travel")}, {"after": stage(other, "Plan")}):
            with pytest.raises(ValidationError):
                editing.create_stage(trip, "New", **wrong)
        assert trip.stages.count() == 6


class TestPhases:
    def test_a_phase_groups_stages(self, trip):
        editing.create_phase(trip, "Wait", first=stage(trip, "Book"), last=stage(trip, "Station"))
        assert stages(trip) == "Prepare: Plan | Wait: Book Station | Travel: On board Arrival | -: After-sales"
        assert_whole(trip)

    def test_a_phase_may_wait_for_its_stages(self, trip):
        editing.create_phase(trip, "Later")
        assert [row.name for row in trip.phases.all()] == ["Prepare", "Travel", "Later"]

    def test_a_phase_moves_with_its_stages(self, trip):
        editing.move(phase(trip, "Travel"), 1, 0)
        assert stages(trip) == "Travel: Station On board Arrival | Prepare: Plan Book | -: After-sales"
        assert_whole(trip)

    def test_the_stages_of_a_deleted_phase_stay(self, trip):
        editing.delete(phase(trip, "Prepare"), 1)
        assert stages(trip) == "-: Plan Book | Travel: Station On board Arrival | -: After-sales"
        assert_whole(trip)

    def test_a_phase_changes_its_name_and_its_stages(self, trip):
        editing.change(phase(trip, "Prepare"), 1, name="Get ready", first=stage(trip, "Plan"), last=stage(trip, "Plan"))
        assert stages(trip) == "Get ready: Plan | -: Book | Travel: Station On board Arrival | -: After-sales"

    def test_stages_of_another_map_are_refused(self, trip):
        other = weekend(name="Other")
        with pytest.raises(ValidationError):
            editing.create_phase(trip, "Wrong", first=stage(other, "Plan"))
        assert trip.phases.count() == 2


class TestLanes:
    def test_a_lane_is_added_where_it_is_wanted_and_moved(self, trip):
        editing.create_lane(trip, "gains", to=1)
        editing.step(lane(trip, "pains"), 1, "up")
        assert [row.kind for row in trip.lanes.all()] == [
            "text", "gains", "interactions", "sentiment", "pains", "feedback"
        ]  # fmt: skip
        assert_whole(trip)

    def test_a_deleted_lane_takes_its_cards_and_closes_the_gap(self, trip):
        editing.delete(lane(trip, "text"), 1)
        assert not Card.objects.filter(title="Buys").exists()
        assert_whole(trip)

    def test_the_kind_changes_only_while_the_cards_can_be_shown(self, trip):
        editing.change(lane(trip, "text"), 1, kind="insights")
        with pytest.raises(ValidationError) as refused:
            editing.change(lane(trip, "insights"), 2, kind="feedback")
        assert list(refused.value.message_dict) == ["kind"]
        editing.change(lane(trip, "feedback"), 1, kind="kpi")  # empty: may become anything
        assert sorted(trip.lanes.values_list("kind", flat=True)) == [
            "insights", "interactions", "kpi", "pains", "sentiment"
        ]  # fmt: skip


class TestCards:
    def test_a_card_goes_to_the_end_of_its_cell_and_is_cut_at_the_last_stage(self, trip):
        made = editing.create_card(lane(trip, "text"), stage(trip, "Book"), title="Prints", span=99)
        assert made.position == 2
        assert reach(trip, "Prints") == "Book Station On board Arrival After-sales"

    def test_a_card_steps_to_the_neighbouring_stage_and_closes_the_gap(self, trip):
        editing.step(card(trip, "Buys"), 1, "right")
        assert card(trip, "Buys").stage == stage(trip, "Station")
        assert card(trip, "Adds a bicycle").position == 0
        editing.step(card(trip, "Compares trains"), 1, "left")
        assert card(trip, "Compares trains").stage == stage(trip, "Plan")
        assert_whole(trip)

    def test_a_card_steps_down_in_its_cell_and_then_to_the_next_lane_that_may_hold_it(self, trip):
        buys = card(trip, "Buys")
        editing.step(buys, 1, "down")
        assert (buys.position, buys.lane.kind) == (1, "text")
        editing.step(buys, 2, "down")
        assert (buys.position, buys.lane.kind) == (1, "interactions")
        editing.step(buys, 3, "down")
        assert buys.lane.kind == "pains"  # neither sentiment nor feedback data hold such cards
        editing.step(buys, 4, "down")
        assert buys.lane.kind == "pains"
        editing.step(buys, 5, "up")
        assert buys.lane.kind == "interactions"
        assert_whole(trip)

    def test_a_card_moves_within_its_cell(self, trip):
        editing.move(card(trip, "Buys"), 1, 7)
        cell = Card.objects.filter(lane=lane(trip, "text"), stage=stage(trip, "Book"))
        assert [row.title for row in cell] == ["Adds a bicycle", "Buys"]

    def test_a_card_is_put_elsewhere_by_changing_it(self, trip):
        editing.change(
            card(trip, "Newsletter"), 1, title="Offer", lane=lane(trip, "pains"), stage=stage(trip, "Arrival")
        )
        assert reach(trip, "Offer") == "Arrival After-sales"
        editing.change(card(trip, "Offer"), 2, stage=stage(trip, "After-sales"))
        assert reach(trip, "Offer") == "After-sales"
        assert_whole(trip)

    def test_places_that_cannot_be_are_refused(self, trip):
        other = weekend(name="Other")
        newsletter = card(trip, "Newsletter")
        for field, values in (
            ("lane", {"lane": lane(trip, "feedback")}),
            ("lane", {"lane": lane(other, "text"), "stage": stage(other, "Plan")}),
            ("stage", {"stage": stage(other, "Plan")}),
        ):
            with pytest.raises(ValidationError) as refused:
                editing.change(newsletter, 1, **values)
            assert list(refused.value.message_dict) == [field]
        with pytest.raises(ValidationError):
            editing.create_card(lane(trip, "text"), stage(other, "Plan"), title="Wrong")

    def test_a_deleted_card_closes_the_gap(self, trip):
        editing.delete(card(trip, "Buys"), 1)
        assert_whole(trip)


class TestVersions:
    @pytest.mark.parametrize("kind", ["phase", "stage", "lane", "card"])
    def test_every_deed_is_refused_to_whoever_saw_an_older_version(self, trip, kind):
        def part():
            return {
                "phase": phase(trip, "Prepare"),
                "stage": stage(trip, "Plan"),
                "lane": lane(trip, "text"),
                "card": card(trip, "Buys"),
            }[kind]

        field = "title" if kind == "card" else "name"
        before = stages(trip)
        named = str(part())
        editing.change(part(), 1, **{field: named})
        for action in (
            lambda: editing.change(part(), 1, **{field: "New"}),
            lambda: editing.move(part(), 1, 1),
            lambda: editing.step(part(), 1, "right" if kind in ("phase", "stage", "card") else "down"),
            lambda: editing.delete(part(), 1),
        ):
            with pytest.raises(Outdated) as refused:
                action()
            assert refused.value.current.version == 2
        assert (stages(trip), str(part()), part().version) == (before, named, 2)

    def test_moving_one_stage_does_not_outdate_its_neighbours(self, trip):
        editing.move(stage(trip, "Plan"), 1, 3)
        assert set(trip.stages.exclude(name="Plan").values_list("version", flat=True)) == {1}


class TestParents:
    def test_a_journey_cannot_stand_below_itself(self):
        a, b, c = (make_journey(name=name) for name in "abc")
        editing.change_journey(b, 1, parent=a)
        editing.change_journey(c, 1, parent=b)
        for parent in (a, b, c):
            with pytest.raises(ValidationError) as refused:
                editing.change_journey(a, 1, parent=parent)
            assert list(refused.value.message_dict) == ["parent"]
        a.refresh_from_db()
        assert a.parent is None
        editing.change_journey(c, 2, parent=a)
        editing.change_journey(c, 3, parent=None)
        assert Journey.objects.get(name="c").parent is None


class TestSentiments:
    def test_they_are_set_changed_and_forgotten(self, trip):
        lena = trip.journey_personas.get()
        book = stage(trip, "Book")
        editing.set_sentiments(book, {lena: -1})
        editing.set_sentiments(book, {lena: 2})
        assert AssumedSentiment.objects.get(stage=book).value == 2
        editing.set_sentiments(book, {lena: None})
        assert not AssumedSentiment.objects.filter(stage=book).exists()


class AnyDeeds(RuleBasedStateMachine):
    """Actions on stored maps, in any order: positions stay a permutation, phases whole, cards within the map."""

    @initialize()
    def start(self):
        self.trip = weekend()

    def draw_part(self, data, rows):
        return data.draw(st.sampled_from(list(rows)))

    @property
    def cards(self):
        return Card.objects.filter(lane__journey=self.trip).order_by("pk")

    @rule(data=st.data())
    def add_stage(self, data):
        after = data.draw(st.sampled_from([None, *self.trip.stages.all()]))
        within = data.draw(st.sampled_from([None, *self.trip.phases.all()]))
        editing.create_stage(self.trip, "New", after=after, phase=within)

    @precondition(lambda self: self.trip.stages.exists())
    @rule(data=st.data(), span=st.integers(1, 9))
    def add_card(self, data, span):
        place = self.draw_part(data, self.trip.stages.all())
        editing.create_card(lane(self.trip, "text"), place, title="New", span=span)

    @rule(data=st.data(), to=st.integers(0, 9))
    def move(self, data, to):
        part = self.draw_part(
            data, [*self.trip.phases.all(), *self.trip.stages.all(), *self.trip.lanes.all(), *self.cards]
        )
        editing.move(part, part.version, to)

    @precondition(lambda self: self.cards.exists())
    @rule(data=st.data(), direction=st.sampled_from(["left", "right", "up", "down"]))
    def step(self, data, direction):
        part = self.draw_part(data, self.cards)
        editing.step(part, part.version, direction)

    @precondition(lambda self: self.trip.stages.exists())
    @rule(data=st.data())
    def join_phase(self, data):
        part = self.draw_part(data, self.trip.stages.all())
        editing.change(part, part.version, phase=data.draw(st.sampled_from([None, *self.trip.phases.all()])))

    @precondition(lambda self: self.trip.stages.count() > 1)
    @rule(data=st.data())
    def delete(self, data):
        part = self.draw_part(data, [*self.trip.stages.all(), *self.trip.phases.all(), *self.cards])
        editing.delete(part, part.version)

    @invariant()
    def the_map_is_whole(self):
        if hasattr(self, "trip"):
            assert_whole(self.trip)


class TestAnyDeeds(AnyDeeds.TestCase, TestCase):
    settings = settings(
        max_examples=10, stateful_step_count=10, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


def test_a_stage_lost_to_somebody_else_says_so(db):
    journey = make_journey(stages=1)
    lost = journey.stages.get()
    Stage.objects.all().delete()
    with pytest.raises(Stage.DoesNotExist):
        editing.change(lost, 1, name="New")


def test_a_card_of_a_lane_that_people_do_not_write_can_still_be_moved(db):
    feedback = make_lane(kind="feedback")
    item = make_card(feedback)
    editing.step(item, 1, "right")
    assert item.stage.position == 1
