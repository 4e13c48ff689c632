"""The map's page: what it shows to whom, in how many queries, and how wide its cells are."""

import re

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.safestring import mark_safe

from journeys.drawing import lanes, summaries
from journeys.drawing import map as maps
from journeys.drawing.lanes import Cell, all_kinds, kind_named
from journeys.drawing.sentiment_lane import piece
from journeys.editing.actions import create_journey, create_phase
from journeys.editing.building import build
from journeys.models import Lane
from tests.factories import make_card
from tests.journeys.cast import lane, stage, weekend

pytestmark = pytest.mark.django_db


def page(client, journey) -> str:
    answer = client.get(reverse("journeys:detail", args=[journey.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def rows_of(journey, kind) -> list[list[tuple[int, list[str]]]]:
    """Rows of this lane: width and titles of each cell."""
    drawn = maps.draw(journey)
    entry = next(entry for entry in drawn.lanes if entry.kind.name == kind)
    return [[(place.width, [item.title for item in place.cell.items]) for place in row] for row in entry.rows]


class TestWhatIsShown:
    def test_everything_of_the_map_is_there(self, client_of, viewer):
        html = page(client_of(viewer), weekend())
        for text in (
            "Weekend trip by train",
            "Prepare",
            "On board",
            "Steps",
            "Adds a bicycle",
            "Lena",
            "Tickets and seats",
        ):
            assert text in html
        assert "Lena: Very negative" in html
        assert re.findall(r'<th class="map-phase line-\d" colspan="(\d)"', html) == ["2", "3"]

    def test_a_viewer_sees_no_controls(self, client_of, viewer):
        html = page(client_of(viewer), weekend())
        body = html[html.index('id="map"') :]
        assert "formaction" not in html
        assert "/edit/" not in html
        assert "/new/" not in html
        assert "<button" not in body[: body.index("</form>")]

    def test_an_analyst_sees_them(self, client_of, analyst):
        journey = weekend()
        html = page(client_of(analyst), journey)
        first = journey.stages.first()
        assert f'formaction="/journeys/{journey.pk}/stages/{first.pk}/move/?version=1"' in html
        assert f'href="/journeys/{journey.pk}/cards/new/?lane={lane(journey, "text").pk}&amp;stage={first.pk}"' in html

    def test_what_people_write_is_text_not_markup(self, client_of, viewer):
        evil = "<script>alert(1)</script>"
        journey = build(
            {
                "name": evil,
                "description": evil,
                "phases": [{"name": evil, "stages": [{"name": evil, "description": evil}]}],
                "personas": [{"name": evil, "sentiments": {evil: 1}}],
                "lanes": [{"kind": kind, "name": evil} for kind in Lane.Kind.values]
                + [{"kind": "interactions", "cards": {evil: [{"title": evil, "body": evil, "channel": "app"}]}}],
            }
        )
        assert evil not in page(client_of(viewer), journey)

    def test_an_empty_map_teaches_how_to_begin(self, client_of, viewer, analyst):
        journey = create_journey("New")
        assert "A journey begins with its stages" in page(client_of(viewer), journey)
        assert "Add the first stage" not in page(client_of(viewer), journey)
        assert "Add the first stage" in page(client_of(analyst), journey)

    def test_a_map_without_lanes_says_what_lanes_are_for(self, client_of, analyst):
        journey = build({"name": "New", "phases": [{"name": None, "stages": ["Plan"]}]})
        assert "Add the first lane" in page(client_of(analyst), journey)

    def test_a_phase_without_stages_has_its_place(self, client_of, analyst):
        journey = weekend()
        later = create_phase(journey, "Later")
        html = page(client_of(analyst), journey)
        assert "This phase has no stage yet." in html
        assert f"stages/new/?phase={later.pk}" in html
        widths = {sum(place.width for place in row) for entry in maps.draw(journey).lanes for row in entry.rows}
        assert widths == {7}  # six stages and the empty phase

    def test_every_kind_of_lane_of_the_model_can_be_drawn(self, client_of, analyst):
        journey = build(
            {
                "name": "All",
                "phases": [{"name": None, "stages": ["Plan"]}],
                "lanes": [{"kind": kind} for kind in Lane.Kind.values],
            }
        )
        html = page(client_of(analyst), journey)
        for kind in Lane.Kind.values:
            assert f'<tr class="map-lane-{kind_named(kind).name}' in html

    def test_there_is_no_map_without_signing_in(self, client_of):
        answer = client_of(None).get(reverse("journeys:detail", args=[weekend().pk]))
        assert answer.status_code == 302 and "login" in answer.url


class TestCells:
    def test_cards_that_reach_across_stages_stand_in_empty_cells_or_get_a_row_of_their_own(self):
        assert rows_of(weekend(), "interactions") == [
            [(1, []), (3, ["Live status"]), (2, [])],
            [(2, ["Newsletter"]), (1, []), (1, []), (2, ["Taxi"])],
        ]

    def test_a_reaching_card_does_not_cover_a_plain_one(self):
        journey = weekend()
        make_card(lane(journey, "interactions"), stage(journey, "Book"), title="Checkout")
        assert rows_of(journey, "interactions") == [
            [(2, ["Newsletter"]), (4, [])],
            [(1, []), (3, ["Live status"]), (2, [])],
            [(1, []), (1, ["Checkout"]), (1, []), (1, []), (2, ["Taxi"])],
        ]

    def test_plain_cards_share_one_row(self):
        assert rows_of(weekend(), "text") == [
            [(1, ["Compares trains"]), (1, ["Buys", "Adds a bicycle"]), (1, []), (1, []), (1, []), (1, [])]
        ]

    def test_a_card_reaches_over_the_room_of_an_empty_phase(self):
        journey = weekend()
        create_phase(journey, "Between").refresh_from_db()
        between = journey.phases.get(name="Between")
        between.position = 1
        between.save()
        journey.phases.filter(name="Travel").update(position=2)
        assert rows_of(journey, "interactions")[0] == [(1, []), (4, ["Live status"]), (2, [])]

    def test_every_row_is_as_wide_as_the_map(self):
        for entry in maps.draw(weekend(), can_change=True).lanes:
            for row in entry.rows:
                assert sum(place.width for place in row) == 6


class TestSentimentCurve:
    def test_pieces_of_neighbouring_cells_meet_half_way(self):
        left, right = piece(None, 2, -1), piece(2, -1, None)
        assert left.endswith("100 33")  # half-way between 12 and 54
        assert right.startswith("M0 33C")

    def test_without_a_value_there_is_no_curve(self):
        assert piece(1, None, 1) == ""
        assert "C" not in piece(None, 0, None)


class TestExtensionPoints:
    @pytest.fixture
    def pulse(self, monkeypatch):
        """A kind of lane of a higher app, that counts how often it is asked."""

        class Pulse:
            name, label, icon, holds = "gains", "Pulse", "activity", "nothing"
            template = "journeys/cells/cards.html"
            asked = 0

            def cells(self, journey, lanes, context):
                self.asked += 1
                return {(row.pk, context.stages[0].pk): Cell([]) for row in lanes}

            def add_url(self, journey):
                return "/pulse/new/"

        monkeypatch.setattr(lanes, "_kinds", dict(lanes._kinds))
        kind = Pulse()
        lanes.register(kind)
        return kind

    def test_a_registered_kind_is_asked_once_for_all_of_its_lanes(self, pulse, client_of, analyst):
        journey = weekend()
        for _ in range(3):
            Lane.objects.create(journey=journey, kind="gains", position=9)
        html = page(client_of(analyst), journey)
        assert pulse.asked == 1
        assert html.count('href="/pulse/new/?lane=') == 3 * 6
        assert pulse in all_kinds()

    def test_a_kind_that_is_not_installed_is_drawn_as_text(self):
        assert kind_named("from-a-plugin").name == "text"

    def test_headings_and_summaries_of_higher_rooms_are_drawn(self, monkeypatch, client_of, viewer):
        journey = weekend()
        plan, prepare = stage(journey, "Plan"), journey.phases.first()
        monkeypatch.setattr(summaries, "_headings", [])
        monkeypatch.setattr(summaries, "_summaries", [])
        summaries.register_heading(
            lambda context: summaries.Heading(
                mark_safe("<b>whole</b>"), {prepare.pk: mark_safe("<b>phase</b>")}, {plan.pk: mark_safe("<b>stage</b>")}
            )
        )
        summaries.register_summary(lambda journeys: {row.pk: mark_safe("<b>short</b>") for row in journeys})
        html = page(client_of(viewer), journey)
        for word in ("whole", "phase", "stage"):
            assert html.count(f"<b>{word}</b>") == 1
        assert "<b>short</b>" in client_of(viewer).get(reverse("journeys:list")).content.decode()


def big(size: int):
    names = [f"Stage {n}" for n in range(size)]
    return build(
        {
            "name": f"Map of {size}",
            "phases": [{"name": f"Phase {name}", "stages": [name]} for name in names],
            "personas": [{"name": f"{size} {name}", "sentiments": dict.fromkeys(names, 1)} for name in names],
            "lanes": [
                {"kind": kind, "name": f"{kind} {n}", "cards": {name: ["One", "Two"] * size for name in names}}
                for kind in ("text", "interactions", "pains")
                for n in range(size)
            ]
            + [{"kind": kind} for kind in ("sentiment", "feedback", "kpi") for _ in range(size)],
        }
    )


@pytest.mark.parametrize("drawn_anew", [True, False])
@pytest.mark.parametrize("who", ["viewer", "analyst"])
def test_the_number_of_queries_does_not_grow_with_the_map(
    who, drawn_anew, request, client_of, django_assert_max_num_queries, django_assert_num_queries
):
    client = client_of(request.getfixturevalue(who))
    small, large = big(1), big(3)
    for journey in (small, large):  # what is read once for the process
        page(client, journey)
    if drawn_anew:
        caches["drawings"].clear()
    with django_assert_max_num_queries(30 if drawn_anew else 16) as queries:
        page(client, small)
    with django_assert_num_queries(len(queries)):
        page(client, large)


def test_the_list_of_maps_needs_as_many_queries_for_three_as_for_one(client_of, viewer, django_assert_num_queries):
    client = client_of(viewer)
    address = reverse("journeys:list")
    weekend()
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    weekend(name="Second")
    weekend(name="Third")
    with django_assert_num_queries(len(queries)):
        answer = client.get(address)
    assert [journey.name for journey in answer.context["page"]] == ["Second", "Third", "Weekend trip by train"]


def test_the_list_finds_by_name(client_of, viewer):
    weekend()
    weekend(name="Commuting")
    found = client_of(viewer).get(reverse("journeys:list"), {"q": "COMM"}).context["page"]
    assert [journey.name for journey in found] == ["Commuting"]
