"""Editing on the page: plain forms without the script, dialogs and parts of the page with it."""

import json

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from journeys.models import AssumedSentiment, Card, Journey, Lane, Persona, Stage
from tests.journeys.cast import assert_whole, card, lane, phase, stage, stages, weekend

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def trip() -> Journey:
    return weekend()


@pytest.fixture
def amir(client_of, analyst):
    return client_of(analyst)


def at(name: str, journey: Journey, *more: object) -> str:
    return reverse(f"journeys:{name}", args=[journey.pk, *(getattr(arg, "pk", arg) for arg in more)])


def said(answer) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def toast(answer) -> str:
    return json.loads(answer.headers["HX-Trigger"])["toast"]["message"]


class TestJourneys:
    def test_a_new_map_starts_from_the_template(self, amir, analyst):
        answer = amir.post(reverse("journeys:new"), {"name": "Trip", "description": "", "skeleton": "template"})
        made = Journey.objects.get()
        assert answer.url == at("detail", made)
        assert (made.created_by, made.stages.count()) == (analyst, 6)

    def test_the_form_says_what_is_missing(self, amir):
        answer = amir.post(reverse("journeys:new"), {"name": "", "skeleton": "blank"}, headers=HTMX)
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == ["name"]
        assert answer.headers["HX-Retarget"] == "#dialog"

    def test_a_map_is_changed(self, amir, trip):
        above = weekend(name="Above")
        amir.post(at("edit", trip), {"name": "Trip", "description": "", "parent": above.pk, "seen_version": 1})
        trip.refresh_from_db()
        assert (trip.name, trip.parent, trip.version) == ("Trip", above, 2)

    def test_a_circle_of_parents_is_explained_at_the_field(self, amir, trip):
        below = weekend(name="Below", parent=trip)
        answer = amir.post(at("edit", trip), {"name": "Trip", "parent": below.pk, "seen_version": 1})
        assert "cannot stand below itself" in answer.context["form"].errors["parent"][0]

    def test_deleting_a_map_says_what_goes_with_it(self, amir, trip):
        weekend(name="Below", parent=trip)
        answer = amir.get(at("delete", trip))
        assert sorted(answer.context["goes"]) == [
            "2 assumed sentiments", "2 phases", "5 lanes", "6 stages", "7 cards",
            "the place of 1 persona on the map",
        ]  # fmt: skip
        assert "stay, without a parent" in answer.context["stays"]
        amir.post(at("delete", trip), {"seen_version": 1})
        assert [row.name for row in Journey.objects.all()] == ["Below"]
        assert Persona.objects.count() == 1

    def test_a_map_that_was_changed_meanwhile_is_not_deleted(self, amir, trip):
        Journey.objects.update(version=2)
        answer = amir.post(at("delete", trip), {"seen_version": 1}, follow=True)
        assert "Somebody else changed this map meanwhile." in answer.content.decode()
        assert Journey.objects.exists()


class TestParts:
    def test_without_the_script_a_form_is_a_page_and_its_answer_the_map(self, amir, trip):
        form = amir.get(at("stage_new", trip))
        assert "<!doctype html>" in form.content.decode()
        answer = amir.post(at("stage_new", trip), {"name": "Return", "description": ""})
        assert answer.url == at("detail", trip)
        assert stages(trip).endswith("After-sales Return")
        assert said(answer) == ["The stage has been added."]

    def test_with_the_script_it_is_a_dialog_and_its_answer_the_inside_of_the_map(self, amir, trip):
        form = amir.get(at("stage_new", trip), headers=HTMX)
        assert "<!doctype" not in form.content.decode()
        assert "dialog-form" in form.content.decode()
        answer = amir.post(at("stage_new", trip), {"name": "Return", "description": ""}, headers=HTMX)
        html = answer.content.decode()
        assert "<!doctype" not in html and "<table" in html and "Return" in html
        assert answer.headers["HX-Retarget"] == "#map"
        assert "dialog:close" in json.loads(answer.headers["HX-Trigger"])
        assert toast(answer) == "The stage has been added."

    def test_each_part_is_added_where_the_person_pointed(self, amir, trip):
        after = f"?after={stage(trip, 'Plan').pk}"
        amir.post(at("stage_new", trip) + after, {"name": "Compare"})
        amir.post(at("lane_new", trip) + f"?after={lane(trip, 'text').pk}", {"kind": "gains", "name": ""})
        amir.post(
            at("phase_new", trip),
            {"name": "After", "first": stage(trip, "After-sales").pk, "last": stage(trip, "After-sales").pk},
        )
        place = {"lane": lane(trip, "text").pk, "stage": stage(trip, "Arrival").pk}
        form = amir.get(at("card_new", trip), place).context["form"]
        assert (form["lane"].initial.pk, form["stage"].initial.pk) == (place["lane"], place["stage"])
        amir.post(
            at("card_new", trip) + "?lane={lane}&stage={stage}".format(**place), {"title": "Leaves", "span": 1, **place}
        )
        assert stages(trip) == "Prepare: Plan Compare Book | Travel: Station On board Arrival | After: After-sales"
        assert [row.kind for row in trip.lanes.all()][:2] == ["text", "gains"]
        assert card(trip, "Leaves").stage.name == "Arrival"
        assert_whole(trip)

    def test_each_part_is_edited(self, amir, trip):
        plan, prepare, steps, buys = stage(trip, "Plan"), phase(trip, "Prepare"), lane(trip, "text"), card(trip, "Buys")
        amir.post(
            at("stage_edit", trip, plan),
            {"name": "Dream", "description": "Where?", "phase": prepare.pk, "seen_version": 1},
        )
        amir.post(
            at("phase_edit", trip, prepare),
            {"name": "Ready", "first": plan.pk, "last": plan.pk, "seen_version": 1},
        )
        amir.post(at("lane_edit", trip, steps), {"kind": "insights", "name": "Seen", "seen_version": 1})
        amir.post(
            at("card_edit", trip, buys),
            {"title": "Pays", "body": "By card", "span": 2, "lane": steps.pk, "stage": plan.pk, "seen_version": 1},
        )
        assert stages(trip) == "Ready: Dream | -: Book | Travel: Station On board Arrival | -: After-sales"
        assert str(lane(trip, "insights")) == "Seen"
        pays = card(trip, "Pays")
        assert (pays.body, pays.span, pays.stage.name, pays.position) == ("By card", 2, "Dream", 1)

    def test_what_does_not_stand_in_the_object_itself_is_shown_too(self, amir, trip):
        prepare, plan, book = phase(trip, "Prepare"), stage(trip, "Plan"), stage(trip, "Book")
        trip.stages.update(phase=None)
        Stage.objects.filter(pk=plan.pk).update(phase=prepare)
        type(prepare).objects.filter(pk=prepare.pk).update(version=2)
        form = {"name": "Prepare", "first": plan.pk, "last": book.pk, "seen_version": 1}
        errors = amir.post(at("phase_edit", trip, prepare), form).context["form"].errors
        assert {name: told for name, told in errors.items() if name != "__all__"} == {"last": ["It says now: “Plan”."]}

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_two_people_editing_see_both_texts(self, amir, trip, headers):
        plan = stage(trip, "Plan")
        Stage.objects.filter(pk=plan.pk).update(name="Hers", version=2)
        form = {"name": "His", "description": "", "phase": plan.phase_id}
        answer = amir.post(at("stage_edit", trip, plan), {**form, "seen_version": 1}, headers=headers)
        html = answer.content.decode()
        assert answer.status_code == 422
        assert "It says now: “Hers”." in html and 'value="His"' in html
        assert stage(trip, "Hers")
        seen = answer.context["form"]["seen_version"].value()
        amir.post(at("stage_edit", trip, plan), {**form, "seen_version": seen}, headers=headers)
        assert stage(trip, "His")

    def test_parts_are_moved_by_the_buttons_of_their_menus(self, amir, trip):
        for part, thing, direction in (
            ("stage", stage(trip, "Plan"), "right"),
            ("phase", phase(trip, "Travel"), "left"),
            ("lane", lane(trip, "pains"), "up"),
            ("card", card(trip, "Buys"), "right"),
        ):
            answer = amir.post(at(f"{part}_move", trip, thing) + "?version=1", {"direction": direction})
            assert said(answer)[-1] == f"The {part} has been moved."
        assert stages(trip) == "Travel: Station On board Arrival | Prepare: Book Plan | -: After-sales"
        assert [row.kind for row in trip.lanes.all()][-2:] == ["pains", "feedback"]
        assert_whole(trip)

    def test_a_move_that_came_second_changes_nothing_and_shows_the_map(self, amir, trip):
        Stage.objects.update(version=2)
        answer = amir.post(
            at("stage_move", trip, stage(trip, "Plan")) + "?version=1", {"direction": "right"}, headers=HTMX
        )
        assert "Somebody else changed this meanwhile" in toast(answer)
        assert stages(trip).startswith("Prepare: Plan Book")

    @pytest.mark.parametrize(("query", "direction"), [("", "left"), ("?version=1", "up"), ("?version=x", "left")])
    def test_a_move_that_makes_no_sense_is_refused(self, amir, trip, query, direction):
        answer = amir.post(at("stage_move", trip, stage(trip, "Plan")) + query, {"direction": direction})
        assert answer.status_code == 400

    def test_deleting_asks_first_and_says_what_goes(self, amir, trip):
        book = stage(trip, "Book")
        answer = amir.get(at("stage_delete", trip, book), headers=HTMX)
        assert "<li>2 cards</li>" in answer.content.decode()
        assert Stage.objects.filter(pk=book.pk).exists()
        answer = amir.post(at("stage_delete", trip, book), {"seen_version": 1}, headers=HTMX)
        assert toast(answer) == "The stage has been deleted."
        assert not Stage.objects.filter(pk=book.pk).exists()
        assert_whole(trip)

    def test_a_card_that_will_stay_is_not_announced_as_going(self, amir, trip):
        answer = amir.get(at("stage_delete", trip, stage(trip, "Plan")))
        assert answer.context["goes"] == ["1 card", "1 assumed sentiment"]
        amir.post(at("stage_delete", trip, stage(trip, "Plan")), {"seen_version": 1})
        assert card(trip, "Newsletter").stage.name == "Book"

    def test_a_delete_of_what_was_changed_meanwhile_is_refused(self, amir, trip):
        Card.objects.update(version=2)
        answer = amir.post(at("card_delete", trip, card(trip, "Buys")), {"seen_version": 1}, headers=HTMX)
        assert "Somebody else changed this meanwhile" in toast(answer)
        assert card(trip, "Buys")

    @pytest.mark.parametrize("part", ["phase", "stage", "lane", "card"])
    def test_what_somebody_else_deleted_is_said_to_be_gone(self, amir, trip, part):
        for name in ("edit", "delete", "move"):
            answer = amir.post(
                at(f"{part}_{name}", trip, 987654) + "?version=1",
                {"direction": "right" if part != "lane" else "up"},
                headers=HTMX,
            )
            assert answer.status_code == 200
            assert toast(answer) == f"Somebody else has deleted this {part}. The map is shown as it is now."

    def test_parts_of_another_map_cannot_be_reached_through_this_one(self, amir, trip):
        other = weekend(name="Other")
        for part, thing in (("stage", stage(other, "Plan")), ("card", card(other, "Buys"))):
            amir.post(at(f"{part}_delete", trip, thing), {"seen_version": 1})
            assert type(thing).objects.filter(pk=thing.pk).exists()
        answer = amir.get(at("card_new", trip), {"lane": lane(other, "text").pk, "stage": stage(trip, "Plan").pk})
        assert answer.status_code == 404
        form = {"title": "X", "span": 1, "lane": lane(other, "text").pk, "stage": stage(trip, "Plan").pk}
        assert list(amir.post(at("card_new", trip), form).context["form"].errors) == ["lane"]

    def test_cards_cannot_be_written_into_feedback_lanes(self, amir, trip):
        place = {"lane": lane(trip, "feedback").pk, "stage": stage(trip, "Plan").pk}
        query = "?lane={lane}&stage={stage}".format(**place)
        answer = amir.post(at("card_new", trip) + query, {"title": "X", "span": 1, **place})
        assert list(answer.context["form"].errors) == ["lane"]

    def test_a_lane_with_cards_offers_only_kinds_that_can_show_them(self, amir, trip):
        def kinds(kind):
            form = amir.get(at("lane_edit", trip, lane(trip, kind))).context["form"]
            return {name for name, _ in form.fields["kind"].choices}

        assert "feedback" not in kinds("text")
        assert kinds("sentiment") == set(Lane.Kind.values)

    @pytest.mark.parametrize("strange", ["x", "²", "-1", "9" * 30])
    def test_strange_addresses_are_not_found(self, amir, trip, strange):
        assert amir.get(at("card_new", trip), {"lane": strange}).status_code == 404
        assert amir.get(at("sentiment", trip), {"stage": strange}).status_code == 404


class TestPersonas:
    def test_a_new_persona_joins_and_leaves_the_map(self, amir, trip):
        amir.post(at("personas", trip), {"name": "Marc", "description": "Commutes"})
        assert [row.persona.name for row in trip.journey_personas.order_by("pk")] == ["Lena", "Marc"]
        amir.post(at("persona_remove", trip, Persona.objects.get(name="Marc")))
        assert [row.persona.name for row in trip.journey_personas.all()] == ["Lena"]
        assert Persona.objects.filter(name="Marc").exists()

    def test_a_persona_of_another_map_joins_this_one_once(self, amir, trip):
        marc = Persona.objects.create(name="Marc")
        amir.post(at("personas", trip), {"persona": marc.pk})
        answer = amir.post(at("personas", trip), {"persona": marc.pk})
        assert "persona" in answer.context["existing"].errors
        assert trip.journey_personas.count() == 2

    def test_a_persona_is_edited(self, amir, trip):
        lena = Persona.objects.get()
        amir.post(at("persona_edit", trip, lena), {"name": "Lena F.", "description": "", "seen_version": 1})
        assert Persona.objects.get().name == "Lena F."

    def test_a_viewer_reads_but_does_not_change_them(self, client_of, viewer, trip):
        client = client_of(viewer)
        html = client.get(at("personas", trip)).content.decode()
        assert "With a bicycle" in html and "New persona" not in html
        assert client.post(at("personas", trip), {"name": "Marc"}).status_code == 403


class TestSentiment:
    def test_it_is_chosen_for_each_persona_at_a_stage(self, amir, trip):
        lena, book = trip.journey_personas.get(), stage(trip, "Book")
        address = at("sentiment", trip) + f"?stage={book.pk}"
        assert f"persona_{lena.pk}" in amir.get(address, headers=HTMX).content.decode()
        amir.post(address, {f"persona_{lena.pk}": "-1"}, headers=HTMX)
        assert AssumedSentiment.objects.get(stage=book).value == -1
        assert amir.post(address, {f"persona_{lena.pk}": "7"}, headers=HTMX).status_code == 422
        amir.post(address, {f"persona_{lena.pk}": "none"}, headers=HTMX)
        assert not AssumedSentiment.objects.filter(stage=book).exists()

    def test_without_personas_it_says_where_to_add_them(self, amir, trip):
        trip.journey_personas.all().delete()
        html = amir.get(at("sentiment", trip), {"stage": stage(trip, "Plan").pk}).content.decode()
        assert at("personas", trip) in html


def test_a_viewer_cannot_change_anything(client_of, viewer, trip):
    client = client_of(viewer)
    before = stages(trip)
    for part, thing in (("stage", stage(trip, "Plan")), ("lane", lane(trip, "text")), ("card", card(trip, "Buys"))):
        for name in ("edit", "delete", "move"):
            assert client.post(at(f"{part}_{name}", trip, thing) + "?version=1", {"seen_version": 1}).status_code == 403
        assert client.post(at(f"{part}_new", trip), {"name": "X"}).status_code == 403
    assert stages(trip) == before
