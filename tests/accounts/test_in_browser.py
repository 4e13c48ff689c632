"""The account and settings pages, and the API's reference, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from tests.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NEW_PASSWORD = "another battery staple"


@pytest.fixture
def open_window(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """A window of its own; whatever the console complains about fails the test, the content policy first of all."""
    complaints: list[str] = []
    contexts = []

    def open_page(width: int = 1440, theme: str = "light") -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, locale="en-GB")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in(page: Page, site: str, user: User, password: str = PASSWORD) -> None:
    """As a person at the keyboard does: the first field has the focus already."""
    page.goto(f"{site}/accounts/login/?next={reverse('accounts:profile')}")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(user.email)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    expect(page).to_have_title("My profile · Parcours")


@pytest.mark.everywhere
@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(open_window, live_server, admin, viewer, width, theme):
    page = open_window(width, theme)
    problems = []

    def look(name: str) -> None:
        page.wait_for_load_state()
        found = Axe().run(page).response["violations"]
        problems.extend((name, rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append((name, "scrolls sideways", []))

    page.goto(f"{live_server.url}/accounts/login/")
    look("login")
    page.goto(f"{live_server.url}{reverse('accounts:request_password')}")
    look("request_password")
    sign_in(page, live_server.url, admin)
    for name in ("profile", "password", "api_tokens", "people", "person_add", "organisation"):
        page.goto(live_server.url + reverse(f"accounts:{name}"))
        look(name)
    page.goto(live_server.url + reverse("accounts:person", args=[viewer.pk]))
    look("person")
    page.goto(live_server.url + reverse("api:reference") + "#users_create")
    expect(page.locator("#users_create[open]")).to_be_visible()
    look("reference")
    assert problems == []


def test_a_row_of_tabs_wider_than_the_screen_begins_at_the_current_one(open_window, live_server, admin):
    page = open_window(390)
    sign_in(page, live_server.url, admin)
    page.goto(live_server.url + reverse("accounts:organisation"))
    current = page.locator(".tabs > [aria-current]")
    expect(current).to_have_text("Organisation")
    expect(current).to_be_in_viewport(ratio=1)


def test_an_admin_hands_a_link_over_and_the_person_comes_in(open_window, live_server, admin):
    admins, newcomers = open_window(), open_window(390)
    sign_in(admins, live_server.url, admin)
    admins.click("text=Settings")
    admins.click("text=People")
    admins.click("text=Add a person")
    admins.get_by_label("E-mail address").fill("nina@example.org")
    admins.get_by_label("Role").select_option("Analyst")
    admins.get_by_role("button", name="Add", exact=True).click()
    link = admins.get_by_label("Link to set a password").input_value()

    newcomers.goto(link)
    newcomers.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    newcomers.get_by_label("New password confirmation").fill(NEW_PASSWORD)
    newcomers.get_by_role("button", name="Save the password").click()
    expect(newcomers.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(newcomers, live_server.url, User.objects.get(email="nina@example.org"), NEW_PASSWORD)
    expect(newcomers.get_by_text("Analyst")).to_be_visible()
    expect(newcomers.get_by_role("link", name="Settings")).to_have_count(0)


def test_deactivation_asks_first_and_ends_the_session(open_window, live_server, admin, viewer):
    admins, veras = open_window(), open_window()
    sign_in(veras, live_server.url, viewer)
    sign_in(admins, live_server.url, admin)
    admins.goto(live_server.url + reverse("accounts:person", args=[viewer.pk]))
    admins.get_by_role("button", name="Deactivate").click()
    question = admins.get_by_role("alertdialog")
    question.get_by_role("button", name="Cancel").click()
    assert User.objects.get(pk=viewer.pk).is_active
    admins.get_by_role("button", name="Deactivate").click()
    question.get_by_role("button", name="Deactivate").click()
    expect(admins.get_by_text("Vera Viewer can no longer sign in.")).to_be_visible()
    veras.reload()
    expect(veras.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_reference_is_searched_and_its_links_open_what_they_name(open_window, live_server, viewer):
    page = open_window()
    sign_in(page, live_server.url, viewer)
    page.goto(live_server.url + reverse("api:reference"))
    page.get_by_label("Search the reference").fill("api-tokens post")
    expect(page.locator(".reference-operation:visible")).to_have_count(1)
    expect(page.locator(".reference-group:visible")).to_have_count(1)
    page.get_by_label("Search the reference").fill("")
    page.locator("#users_list summary").click()
    expect(page.locator("#users_list")).to_contain_text("For: Admin")
