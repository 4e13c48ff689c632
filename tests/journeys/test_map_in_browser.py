"""The map in a real browser, by keyboard alone: move, add and edit, without losing one's place."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from tests.journeys.cast import card, lane, stage, stages, weekend

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def trip(transactional_db):
    return weekend()


@pytest.fixture
def look(chromium, live_server, client_of, trip, transactional_db):
    """The map as this person sees it. Whatever the browser complains about fails the test."""
    contexts, complaints = [], []

    def open_map(user, width=1000):
        context = chromium.new_context(viewport={"width": width, "height": 800})
        contexts.append(context)
        session = client_of(user).cookies["parcours_session"].value
        context.add_cookies([{"name": "parcours_session", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(live_server.url + reverse("journeys:detail", args=[trip.pk]))
        return page

    open_map.complaints = complaints
    yield open_map
    for context in contexts:
        context.close()
    assert complaints == []


def said(page) -> str:
    return page.locator("#toasts .toast").last.inner_text()


def test_a_stage_is_moved_by_keyboard_and_neither_focus_nor_place_is_lost(look, analyst, trip):
    page = look(analyst)
    plan = stage(trip, "Plan")
    page.evaluate("document.querySelector('#map').scrollTo(120, 0)")
    page.focus(f"#stage-{plan.pk}-actions")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#stage-{plan.pk}-menu:popover-open")
    page.locator(f"#stage-{plan.pk}-menu [value=right]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".toast")
    assert "The stage has been moved." in said(page)
    assert stages(trip).startswith("Prepare: Book Plan")
    assert page.locator(".map-stage-name > span").all_inner_texts()[:2] == ["Book", "Plan"]
    assert page.evaluate("document.activeElement.id") == f"stage-{plan.pk}-actions"
    assert page.evaluate("document.querySelector('#map').scrollLeft") == 120


def test_a_card_is_written_and_renamed_with_the_enter_key(look, analyst, trip):
    page = look(analyst)
    place = f"#add-{lane(trip, 'text').pk}-{stage(trip, 'Station').pk}"
    page.focus(place)
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] [name=title]")
    page.fill("dialog [name=title]", "Finds the platform")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog:not([open])", state="attached")
    page.wait_for_selector(".toast")
    made = card(trip, "Finds the platform")
    assert made.stage.name == "Station"

    page.focus(f"#card-{made.pk}")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] [name=title]")
    page.fill("dialog [name=title]", "Runs to the platform")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#card-{made.pk}:has-text('Runs')")
    assert card(trip, "Runs to the platform").stage.name == "Station"
    assert page.evaluate("document.activeElement.id") == f"card-{made.pk}"


def test_a_form_that_is_refused_stays_open_and_says_why(look, analyst, trip):
    page = look(analyst)
    page.locator(".page-header-actions a", has_text="Stage").click()
    page.wait_for_selector("dialog[open] [name=name]")
    page.fill("dialog [name=name]", "   ")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] .error-summary")
    assert "a status of 422 (" in look.complaints.pop()  # the browser mentions it, nobody minds
    assert page.evaluate("document.activeElement.name") == "name"
    assert trip.stages.count() == 6


def test_a_form_that_is_sent_again_in_haste_is_sent_once(look, analyst, trip):
    page = look(analyst)
    page.locator(".page-header-actions a", has_text="Stage").click()
    page.wait_for_selector("dialog[open] [name=name]")
    page.fill("dialog [name=name]", "Arrive home")
    page.evaluate("for (const time of [1, 2, 3]) document.querySelector('#dialog form').requestSubmit()")
    page.wait_for_selector(".toast")
    page.wait_for_load_state("networkidle")
    assert trip.stages.filter(name="Arrive home").count() == 1


def test_a_map_that_changed_elsewhere_is_drawn_anew_when_told(look, analyst, trip):
    page = look(analyst)
    trip.stages.filter(name="Plan").update(name="Dream")
    page.evaluate("document.body.dispatchEvent(new Event('map-changed'))")
    page.wait_for_selector(".map-stage-name:has-text('Dream')")


@pytest.mark.parametrize(
    ("who", "width"),
    [
        ("analyst", 390),
        *(
            pytest.param(*look, marks=pytest.mark.everywhere)
            for look in [("analyst", 1440), ("viewer", 390), ("viewer", 1440)]
        ),
    ],
)
def test_the_map_is_accessible(look, request, who, width):
    page = look(request.getfixturevalue(who), width)
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("page", ["journeys:detail", "journeys:edit", "journeys:delete", "kpis:journey"])
def test_a_long_word_in_a_name_makes_no_page_wider(look, live_server, analyst, trip, page):
    type(trip).objects.filter(pk=trip.pk).update(name="W" * 60)
    shown = look(analyst, width=390)
    shown.goto(live_server.url + reverse(page, args=[trip.pk]))
    assert shown.evaluate("document.documentElement.scrollWidth") == 390
