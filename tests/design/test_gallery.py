"""The gallery in a real browser: readable by machines, tame on a phone, and its behaviours behave."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def open_gallery(
    chromium: Browser, live_server, viewer, client_of: Callable[..., Client]
) -> Iterator[Callable[..., Page]]:
    """The page, in a window of this width and theme; whatever the console complains about fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_page(width: int = 1440, theme: str = "light") -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce", locale="en-GB"
        )
        contexts.append(context)
        session = client_of(viewer).cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto(f"{live_server.url}/design/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def violations(page: Page) -> list[tuple[str, list]]:
    found = Axe().run(page).response["violations"]
    return [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found]


@pytest.mark.parametrize(
    ("width", "theme"),
    [
        (390, "light"),
        pytest.param(390, "dark", marks=pytest.mark.everywhere),
        pytest.param(1440, "light", marks=pytest.mark.everywhere),
        pytest.param(1440, "dark", marks=pytest.mark.everywhere),
    ],
)
def test_axe_finds_nothing(open_gallery, width: int, theme: str):
    page = open_gallery(width, theme)
    assert violations(page) == []
    page.click("text=Open a wizard")
    page.click("#dialog >> text=Continue")
    expect(page.locator("#dialog .step[aria-current]")).to_contain_text("Survey")
    assert violations(page) == []


def test_a_phone_never_scrolls_sideways(open_gallery):
    page = open_gallery(390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_map_keeps_its_names_in_sight(open_gallery):
    page = open_gallery(390)
    page.evaluate("document.querySelector('.map-scroll').scrollTo(500, 300)")
    region = page.locator(".map-scroll").bounding_box()
    stage = page.locator(".map-stage").first.bounding_box()
    lane = page.locator(".map-lane-head").nth(2).bounding_box()
    assert stage["y"] - region["y"] < 80
    assert lane["x"] - region["x"] < 3


def test_a_dialog_opens_closes_and_gives_the_focus_back(open_gallery):
    page = open_gallery()
    page.focus("text=Open a dialog")
    page.keyboard.press("Enter")
    expect(page.locator("#stage-name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#sample-dialog")).to_be_hidden()
    expect(page.locator("button", has_text="Open a dialog")).to_be_focused()
    page.click("text=Open a dialog")
    page.mouse.click(5, 5)
    expect(page.locator("#sample-dialog")).to_be_hidden()


def test_a_wizard_survives_a_click_beside_it(open_gallery):
    page = open_gallery()
    page.click("text=Open a wizard")
    expect(page.locator("#dialog")).to_be_visible()
    page.mouse.click(5, 5)
    expect(page.locator("#dialog")).to_be_visible()


def test_nothing_is_deleted_unasked(open_gallery):
    page = open_gallery()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.is_navigation_request() else None)
    page.click("text=Ask before deleting")
    expect(page.locator("#confirm-dialog")).to_contain_text("Delete the stage")
    expect(page.locator("#confirm-dialog [value='']")).to_be_focused()
    page.keyboard.press("Escape")
    assert sent == []
    page.click("text=Ask before deleting")
    with page.expect_navigation():
        page.click("#confirm-dialog >> text=Delete stage")
    assert len(sent) == 1


def test_toasts_come_from_the_server_and_bad_news_stays(open_gallery):
    page = open_gallery()
    page.clock.install()
    page.click("text=Show a good toast")
    expect(page.locator("#toasts .tone-good")).to_be_visible()
    page.click("text=Show a bad toast")
    expect(page.locator("#toasts .tone-bad")).to_be_visible()
    page.mouse.move(5, 5)
    page.clock.fast_forward(10_000)
    expect(page.locator("#toasts .tone-good")).to_have_count(0)
    expect(page.locator("#toasts .tone-bad")).to_be_visible()


def test_typing_filters_without_regard_to_accents(open_gallery):
    page = open_gallery()
    rows = page.locator("#sample-surveys .choice:visible")
    expect(rows).to_have_count(4)
    page.fill("[data-filter-list=sample-surveys]", "delais")
    expect(rows).to_have_count(2)  # the match, and the one that is chosen
    expect(rows.nth(1)).to_contain_text("Délais")


def test_a_menu_stands_under_its_button_and_obeys_the_arrows(open_gallery):
    page = open_gallery(390)
    button = page.locator("[popovertarget=sample-menu]")
    button.click()
    menu = page.locator("#sample-menu")
    expect(menu).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    box, of_button = menu.bounding_box(), button.bounding_box()
    assert 0 <= box["x"] <= 390 - box["width"]
    assert abs(box["y"] - of_button["y"] - of_button["height"]) < 8 or box["y"] + box["height"] <= of_button["y"]
    page.keyboard.press("ArrowDown")
    expect(menu.locator("a")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(menu.locator(".menu-item-danger")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_the_chosen_theme_is_kept(open_gallery):
    page = open_gallery()
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click(".avatar-button")
    page.click("[data-theme-choice=dark]")
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark
    page.click(".avatar-button")
    expect(page.locator("[data-theme-choice=dark]")).to_have_attribute("aria-pressed", "true")


def test_tabs_show_one_panel_and_obey_the_arrows(open_gallery):
    page = open_gallery()
    chart, table = page.locator("#tab-chart"), page.locator("#tab-table")
    expect(chart).to_be_visible()
    expect(table).to_be_hidden()
    page.get_by_role("tab", name="Chart").focus()
    page.keyboard.press("ArrowRight")
    expect(chart).to_be_hidden()
    expect(table).to_be_visible()
