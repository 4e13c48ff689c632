"""The sandbox's own page: scenarios with their buttons in both languages, for eyes, keyboards and screen readers."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from sandbox.scenarios.rows import SCENARIOS


@pytest.fixture
def page_of(sandbox, session):
    def get(address="/", **headers):
        answer = session.get(f"{sandbox.url}{address}", headers=headers, timeout=30)
        assert answer.status_code == 200
        return answer.text

    return get


def test_the_address_or_else_the_browser_chooses_the_language(page_of):
    assert '<html lang="en">' in page_of()
    assert '<html lang="fr">' in page_of(**{"Accept-Language": "fr-CA,fr;q=0.9"})
    assert '<html lang="en">' in page_of("/?lang=en", **{"Accept-Language": "fr"})
    french, english = page_of("/?lang=fr"), page_of("/?lang=en")
    for each in SCENARIOS.values():
        assert f'value="{each.name}"' in french
        assert each.what[1].replace("'", "&#x27;") in french
        assert each.what[1] not in english


def test_a_button_switches_on_and_then_off_and_comes_back_to_its_row(sandbox, session, page_of):
    def press(action):
        form = {"name": "stuck_exports", "lang": "fr"}
        return session.post(f"{sandbox.url}/_sandbox/{action}", form, allow_redirects=False, timeout=30)

    row = re.compile(r'<li id="stuck_exports"[^>]*>.*?action="/_sandbox/(\w+)"', re.DOTALL)
    assert row.search(page_of())[1] == "scenario"
    pressed = press("scenario")
    assert (pressed.status_code, pressed.headers["Location"]) == (303, "/?lang=fr#stuck_exports")
    assert row.search(page_of())[1] == "end_scenario"
    press("end_scenario")
    assert row.search(page_of())[1] == "scenario"
    assert sandbox.control.state()["faults"] == []


def test_what_cannot_be_pressed_is_explained(sandbox, session):
    url = f"{sandbox.url}/_sandbox/end_scenario"
    assert session.post(url, {"name": "surprise"}, timeout=30).status_code == 404
    refused = session.post(url, {"name": "quiet_week"}, timeout=30)
    assert (refused.status_code, "is an event" in refused.json()["error"]) == (400, True)


def test_received_calls_are_listed_newest_first_and_names_are_escaped(sandbox, railway, page_of):
    sandbox.control.forget_calls()
    railway.get("/whoami")
    sandbox.control.switch_fault_on("503", count=1)
    railway.get("/surveys")
    railway.get("/<script>")
    paths = re.findall(r"<td><code>(/API/v3[^<]*)</code></td>", page_of())
    assert paths == ["/API/v3/%3Cscript%3E", "/API/v3/surveys", "/API/v3/whoami"]
    sandbox.control.edit_survey("on-board", name="<b>On board</b>")
    text = page_of()
    sandbox.control.edit_survey("on-board", name="On board")
    assert "&lt;b&gt;On board" in text and "<b>On board" not in text


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "theme", "width"),
    [
        ("fr", "dark", 390),
        *(
            pytest.param(*look, marks=pytest.mark.everywhere)
            for look in [("en", "light", 1440), ("en", "dark", 1440), ("fr", "light", 390)]
        ),
    ],
)
def test_it_is_readable_by_machines_and_tame_on_a_phone(chromium, sandbox, railway, language, theme, width):
    sandbox.control.scenario("server_errors")
    sandbox.control.scenario("tight_limits")
    railway.get("/whoami")
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    try:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
        page.goto(f"{sandbox.url}/?lang={language}")
        assert [rule["id"] for rule in Axe().run(page).response["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert [line for line in said if "favicon" not in line] == []
    finally:
        context.close()


@pytest.mark.browser
def test_a_scenario_is_switched_on_with_the_keyboard(chromium, sandbox):
    context = chromium.new_context(viewport={"width": 1000, "height": 900})
    try:
        page = context.new_page()
        page.goto(f"{sandbox.url}/?lang=en")
        button = page.locator("#scenarios ~ ul >> #too_many_requests button")
        button.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#too_many_requests .state")).to_have_text("On")
        assert page.url.endswith("#too_many_requests")
        page.locator("#too_many_requests button").press("Enter")
        expect(page.locator("#too_many_requests .state")).to_have_count(0)
    finally:
        context.close()
