"""The REST API of this app: whole maps, their parts, filters, moves, versions and refusals."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys.models import AssumedSentiment, Card, Journey, JourneyPersona, Persona
from tests.journeys.cast import assert_whole, card, lane, phase, stage, stages, weekend

pytestmark = pytest.mark.django_db
API = "/api/v1"


@pytest.fixture
def trip() -> Journey:
    return weekend()


@pytest.fixture
def api(api_of, analyst):
    return api_of(analyst)


def names(answer, key="name") -> list[str]:
    assert answer.status_code == 200, answer.data
    return [row[key] for row in answer.data["results"]]


class TestJourneys:
    def test_a_journey_is_made_read_changed_and_deleted(self, api, analyst, trip):
        made = api.post(f"{API}/journeys/", {"name": "New", "parent": trip.pk, "skeleton": "template"})
        assert made.status_code == 201
        assert {k: made.data[k] for k in ("name", "parent", "version")} == {
            "name": "New", "parent": trip.pk, "version": 1,
        }  # fmt: skip
        assert "skeleton" not in made.data
        stored = Journey.objects.get(pk=made.data["id"])
        assert (stored.stages.count(), stored.created_by) == (6, analyst)
        address = f"{API}/journeys/{stored.pk}/"
        assert api.patch(address, {"name": "Newer", "version": 1}).data["version"] == 2
        assert api.get(address).data["name"] == "Newer"
        assert api.delete(address, headers={"If-Match": '"2"'}).status_code == 204
        assert [row.pk for row in Journey.objects.all()] == [trip.pk]

    def test_lists_are_filtered(self, api, trip):
        weekend(name="Below", parent=trip)
        assert names(api.get(f"{API}/journeys/", {"parent": trip.pk})) == ["Below"]
        assert names(api.get(f"{API}/journeys/", {"name__icontains": "WEEK"})) == ["Weekend trip by train"]

    def test_a_circle_of_parents_is_refused(self, api, trip):
        below = weekend(name="Below", parent=trip)
        answer = api.patch(f"{API}/journeys/{trip.pk}/", {"parent": below.pk, "version": 1})
        assert answer.status_code == 400
        assert list(answer.data["errors"]) == ["parent"]

    def test_the_whole_map_comes_in_one_answer(self, api, trip):
        weekend(name="Other")
        whole = api.get(f"{API}/journeys/{trip.pk}/map/").data
        assert whole["journey"]["name"] == "Weekend trip by train"
        assert [row["name"] for row in whole["phases"]] == ["Prepare", "Travel"]
        assert [row["position"] for row in whole["stages"]] == [0, 1, 2, 3, 4, 5]
        assert [row["kind"] for row in whole["lanes"]] == ["text", "interactions", "sentiment", "feedback", "pains"]
        assert [row["title"] for row in whole["cards"]] == [
            "Compares trains", "Buys", "Adds a bicycle", "Newsletter", "Live status", "Taxi", "Late change of platform",
        ]  # fmt: skip
        assert [row["persona"]["name"] for row in whole["personas"]] == ["Lena"]
        assert whole["personas"][0]["sentiments"] == {
            str(stage(trip, "Plan").pk): 1,
            str(stage(trip, "On board").pk): -2,
        }


class TestParts:
    def test_each_part_is_made_where_it_is_wanted(self, api, trip):
        plan = stage(trip, "Plan")
        made = [
            api.post(f"{API}/stages/", {"journey": trip.pk, "name": "Compare", "after": plan.pk}),
            api.post(f"{API}/stages/", {"journey": trip.pk, "name": "Pack", "phase": phase(trip, "Prepare").pk}),
            api.post(
                f"{API}/phases/",
                {
                    "journey": trip.pk,
                    "name": "Wait",
                    "first": stage(trip, "Arrival").pk,
                    "last": stage(trip, "Arrival").pk,
                },
            ),
            api.post(f"{API}/lanes/", {"journey": trip.pk, "kind": "gains", "name": "Joy", "to": 0}),
            api.post(f"{API}/cards/", {"lane": lane(trip, "text").pk, "stage": plan.pk, "title": "Dreams", "span": 99}),
        ]
        assert [answer.status_code for answer in made] == [201] * 5
        assert stages(trip) == (
            "Prepare: Plan Compare Book Pack | Travel: Station On board | Wait: Arrival | -: After-sales"
        )
        assert (made[0].data["position"], made[0].data["phase"]) == (1, phase(trip, "Prepare").pk)
        assert (made[3].data["position"], made[4].data["position"]) == (0, 1)
        assert made[4].data["span"] == 8
        assert_whole(trip)

    def test_each_part_is_changed(self, api, trip):
        for address, body in (
            (f"stages/{stage(trip, 'Plan').pk}", {"name": "Dream", "phase": None}),
            (f"phases/{phase(trip, 'Travel').pk}", {"name": "Ride", "last": stage(trip, "On board").pk,
                                                    "first": stage(trip, "Station").pk}),
            (f"lanes/{lane(trip, 'text').pk}", {"name": "Deeds"}),
            (f"cards/{card(trip, 'Buys').pk}", {"title": "Pays", "stage": stage(trip, "Arrival").pk, "span": 2}),
        ):  # fmt: skip
            answer = api.patch(f"{API}/{address}/", {**body, "version": 1})
            assert (answer.status_code, answer.data["version"]) == (200, 2)
        assert stages(trip) == "-: Dream | Prepare: Book | Ride: Station On board | -: Arrival After-sales"
        pays = card(trip, "Pays")
        assert (pays.stage.name, pays.span, pays.lane.name) == ("Arrival", 2, "Deeds")
        assert_whole(trip)

    def test_a_part_stays_on_its_map(self, api, trip):
        other = weekend(name="Other")
        answer = api.patch(f"{API}/stages/{stage(trip, 'Plan').pk}/", {"journey": other.pk, "version": 1})
        assert (answer.status_code, answer.data["journey"]) == (200, trip.pk)
        answer = api.patch(
            f"{API}/cards/{card(trip, 'Buys').pk}/",
            {"lane": lane(other, "text").pk, "stage": stage(other, "Plan").pk, "version": 1},
        )
        assert (answer.status_code, list(answer.data["errors"])) == (400, ["lane"])

    def test_positions_are_not_written_directly(self, api, trip):
        answer = api.patch(f"{API}/stages/{stage(trip, 'Plan').pk}/", {"position": 4, "version": 1})
        assert answer.data["position"] == 0

    @pytest.mark.parametrize("kind", ["stages", "phases", "lanes", "cards"])
    def test_parts_are_moved_and_a_late_move_gets_409(self, api, trip, kind):
        part = {
            "stages": stage(trip, "Plan"), "phases": phase(trip, "Prepare"),
            "lanes": lane(trip, "text"), "cards": card(trip, "Buys"),
        }[kind]  # fmt: skip
        address = f"{API}/{kind}/{part.pk}/move/"
        answer = api.post(address, {"to": 1, "version": 1})
        assert (answer.status_code, answer.data["position"], answer.data["version"]) == (200, 1, 2)
        late = api.post(address, {"to": 0}, headers={"If-Match": '"1"'})
        assert (late.status_code, late.data["current"]["position"]) == (409, 1)
        assert_whole(trip)

    @pytest.mark.parametrize("body", [{}, {"to": -1}, {"to": "x"}, {"to": None}, {"to": 1}])
    def test_a_move_that_makes_no_sense_is_refused(self, api, trip, body):
        answer = api.post(f"{API}/stages/{stage(trip, 'Plan').pk}/move/", body)
        assert answer.status_code == 400
        assert stages(trip).startswith("Prepare: Plan Book")

    def test_a_late_change_gets_409_and_the_present_state(self, api, trip):
        address = f"{API}/cards/{card(trip, 'Buys').pk}/"
        api.patch(address, {"title": "Hers", "version": 1})
        late = api.patch(address, {"title": "His", "version": 1})
        assert (late.status_code, late.data["current"]["title"]) == (409, "Hers")
        assert api.delete(address, headers={"If-Match": '"1"'}).status_code == 409
        assert api.delete(address, headers={"If-Match": '"2"'}).status_code == 204
        assert_whole(trip)

    def test_cards_are_not_written_into_feedback_lanes(self, api, trip):
        body = {"lane": lane(trip, "feedback").pk, "stage": stage(trip, "Plan").pk, "title": "X"}
        answer = api.post(f"{API}/cards/", body)
        assert (answer.status_code, list(answer.data["errors"])) == (400, ["lane"])

    @pytest.mark.parametrize("kind", ["stages", "phases", "lanes", "cards", "journey-personas", "assumed-sentiments"])
    def test_the_parts_of_one_journey_are_listed_in_a_constant_number_of_queries(self, api, trip, kind):
        address = f"{API}/{kind}/?journey={trip.pk}"
        api.get(address)  # the person's permissions are read once
        with CaptureQueriesContext(connection) as first:
            count = api.get(address).data["count"]
        other = weekend(name="Other")
        Card.objects.create(lane=lane(trip, "pains"), stage=stage(trip, "Arrival"), title="More")
        for name in ("Marc", "Ana", "Zoe"):
            travels = JourneyPersona.objects.create(journey=trip, persona=Persona.objects.create(name=name))
            AssumedSentiment.objects.create(journey_persona=travels, stage=stage(trip, "Plan"), value=0)
        with CaptureQueriesContext(connection) as second:
            more = api.get(address).data["count"]
        assert len(second) == len(first)
        added = {"cards": 1, "journey-personas": 3, "assumed-sentiments": 3}.get(kind, 0)
        assert (more - count, other.stages.count()) == (added, 6)


class TestPersonas:
    def test_a_persona_is_put_on_a_map_with_what_it_feels(self, api, trip):
        marc = api.post(f"{API}/personas/", {"name": "Marc"}).data
        travels = api.post(f"{API}/journey-personas/", {"journey": trip.pk, "persona": marc["id"]}).data
        body = {"journey_persona": travels["id"], "stage": stage(trip, "Book").pk, "value": -2}
        felt = api.post(f"{API}/assumed-sentiments/", body)
        assert felt.status_code == 201
        assert api.post(f"{API}/assumed-sentiments/", body).status_code == 400  # once per persona and stage
        address = f"{API}/assumed-sentiments/{felt.data['id']}/"
        assert api.patch(address, {"value": 1}).data["value"] == 1
        assert api.patch(address, {"value": 3}).status_code == 400
        assert api.patch(address, {"stage": stage(trip, "Plan").pk}).status_code == 400
        assert api.patch(f"{API}/personas/{marc['id']}/", {"name": "Marc D.", "version": 1}).data["version"] == 2
        assert api.delete(f"{API}/journey-personas/{travels['id']}/").status_code == 204
        assert not AssumedSentiment.objects.filter(pk=felt.data["id"]).exists()
        assert Persona.objects.filter(name="Marc D.").exists()

    def test_a_stage_of_another_map_is_refused(self, api, trip):
        other = weekend(name="Other")
        lena = trip.journey_personas.get()
        body = {"journey_persona": lena.pk, "stage": stage(other, "Book").pk, "value": 1}
        assert api.post(f"{API}/assumed-sentiments/", body).status_code == 400


def test_a_viewer_reads_but_does_not_write(api_of, viewer, trip):
    api = api_of(viewer)
    plan = stage(trip, "Plan")
    assert api.get(f"{API}/journeys/{trip.pk}/map/").status_code == 200
    for answer in (
        api.post(f"{API}/stages/", {"journey": trip.pk, "name": "X"}),
        api.patch(f"{API}/stages/{plan.pk}/", {"name": "X", "version": 1}),
        api.post(f"{API}/stages/{plan.pk}/move/", {"to": 1, "version": 1}),
        api.delete(f"{API}/stages/{plan.pk}/", headers={"If-Match": '"1"'}),
    ):
        assert answer.status_code == 403
    assert stages(trip).startswith("Prepare: Plan Book")
