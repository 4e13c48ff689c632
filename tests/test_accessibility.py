"""Every page in a real browser: readable by machines, tame on a phone, silent console; in both languages and themes.

The fullest pages in every run, the looks by turns; all pages, these in each look, and dialogs, with the mark `everywhere`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.urls import reverse
from playwright.sync_api import Browser, Page

from accounts.models import User
from journeys.models import Journey
from sandbox.server import RunningSandbox, start
from tests.demo_site import Tour, furnish, pages

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
AXE = Axe()
QUICK = {"resultTypes": ["violations"]}
# Long pages with browser tests of their own.
LONG = frozenset({"gallery", "api:reference"})
BY_TURNS = [("en", "light", 390), ("fr", "dark", 1440), ("en", "dark", 1440), ("fr", "light", 390)]
# All pages once in each language, theme and width; the fullest ones in all of them.
EVERYWHERE = [("en", "light", 1440), ("fr", "dark", 390)]
AGAIN = [("en", "dark", 1440), ("en", "dark", 390), ("fr", "light", 1440), ("fr", "light", 390)]
FULLEST = ("journeys:list", "journeys:detail", "kpis:item", "kpis:journey", "integrations:connection")


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with start(seed=7, small=True) as sandbox:
        yield sandbox


@dataclass
class Window:
    """A page, with all that was wrong on it so far."""

    page: Page
    site: str
    width: int
    problems: list[tuple[str, str, object]] = field(default_factory=list)
    at: str = ""

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self._note("error", str(error)))
        self.page.on("console", lambda said: self._note("console", said.text) if said.type == "error" else None)

    def _note(self, what: str, detail: object) -> None:
        self.problems.append((self.at, what, detail))

    def look(self, name: str, address: str) -> str:
        """Go there and check; the page as it is after its scripts."""
        self.at = f"{name} {address}"
        answer = self.page.goto(self.site + address)
        if answer is None or answer.status != 200:
            self._note("status", answer and answer.status)
        self.check()
        return self.page.content()

    def check(self) -> None:
        for rule in AXE.run(self.page, options=QUICK).response["violations"]:
            self._note(rule["id"], [node["target"] for node in rule["nodes"]][:4])
        if (wide := self.page.evaluate("document.documentElement.scrollWidth")) > self.width:
            self._note("scrolls sideways", wide)


@pytest.fixture
def open_window(chromium: Browser, live_server, running, settings, client_of) -> Iterator[Callable[..., Window]]:
    """The window of somebody who is signed in on a furnished site."""
    furnish(running, settings)
    contexts = []

    def open_for(email: str, language: str, theme: str, width: int) -> Window:
        person = User.objects.get(email=email)
        person.language = language
        person.save()
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
        )
        contexts.append(context)
        name = django_settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client_of(person).cookies[name].value, "url": live_server.url}])
        return Window(context.new_page(), live_server.url, width)

    yield open_for
    for context in contexts:
        context.close()


def test_the_fullest_pages_in_one_look_or_another(open_window):
    problems, found = [], pages()
    for look, name in zip(itertools.cycle(BY_TURNS), FULLEST, strict=False):
        window = open_window("admin@parcours.example", *look)
        window.look(name, found[name][0])
        problems += [(*look, *problem) for problem in window.problems]
    assert problems == []


@pytest.mark.everywhere
@pytest.mark.parametrize(("language", "theme", "width"), EVERYWHERE)
def test_every_page(open_window, language, theme, width):
    window, tour = open_window("admin@parcours.example", language, theme, width), Tour()
    for name, address in tour:
        if name not in LONG:
            tour.note_links(window.look(name, address))
    assert window.problems == []


@pytest.mark.everywhere
def test_the_fullest_pages_in_every_look(open_window):
    problems, found = [], pages()
    for language, theme, width in AGAIN:
        window = open_window("admin@parcours.example", language, theme, width)
        for name in FULLEST:
            window.look(name, found[name][0])
        problems += [(language, theme, width, *problem) for problem in window.problems]
    assert problems == []


@pytest.mark.everywhere
@pytest.mark.parametrize(("language", "theme", "width"), [("en", "dark", 1440), ("fr", "light", 390)])
def test_dialogs_and_menus_on_the_map(open_window, language, theme, width):
    window = open_window("analyst@parcours.example", language, theme, width)
    page, journey = window.page, Journey.objects.get(name="A weekend by train")
    window.look("journeys:detail", reverse("journeys:detail", args=[journey.pk]))
    for opener in (".map-cards-add", ".page-header-actions a[hx-get]", ".map-card"):
        link = page.locator(opener).first
        window.at = f"dialog of {opener}"
        if link.count():
            link.click()
            page.wait_for_selector("dialog[open]")
            window.check()
            page.keyboard.press("Escape")
            page.wait_for_selector("dialog[open]", state="detached")
    assert window.problems == []


def test_the_map_is_reached_with_the_tab_key_alone(open_window):
    """What can be pressed on the map gets the focus, in the order of the page, and shows that it has it."""
    window = open_window("analyst@parcours.example", "fr", "light", 1440)
    page, journey = window.page, Journey.objects.get(name="A weekend by train")
    page.goto(window.site + reverse("journeys:detail", args=[journey.pk]))
    wanted = page.evaluate(
        """[...document.querySelectorAll('a[href], button, input, select, [tabindex="0"]')]
        .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.disabled && !e.closest('[inert], dialog:not([open])'))
        .map((e, number) => e.dataset.number = String(number)).length"""
    )
    assert wanted > 60
    reached: list[int] = []
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """(e => e.dataset.number === undefined ? null : [Number(e.dataset.number),
            [getComputedStyle(e), getComputedStyle(e, '::after'), getComputedStyle(e.closest('.map-card') || e)]
            .some(style => style.outlineStyle !== 'none')])(document.activeElement)"""
        )
        if focused is None:
            continue
        number, shown = focused
        if number in reached:
            break
        assert shown, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        reached.append(number)
    missed = page.evaluate(
        """reached => [...document.querySelectorAll('[data-number]')]
        .filter(e => !reached.includes(Number(e.dataset.number))).map(e => e.outerHTML.slice(0, 120))""",
        reached,
    )
    assert missed == []
    assert reached == sorted(reached)
