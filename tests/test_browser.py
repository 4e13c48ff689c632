"""What the browser tests stand on: nothing is pressed before the page can hear it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser
PAGE = b"""<!doctype html><title>x</title><script src="/late.js" defer></script><h1>Seen</h1><button>Press</button>"""
SCRIPT = b"""document.querySelector("button").addEventListener("click", () => { document.title = "heard"; });"""


@pytest.fixture
def late() -> Iterator[tuple[str, threading.Event]]:
    """A site whose page is shown at once, and whose script comes when the event is set."""
    comes = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script = self.path == "/late.js"
            if script:
                comes.wait(20)
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if script else "text/html")
            self.end_headers()
            self.wfile.write(SCRIPT if script else PAGE)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", comes
        comes.set()
        server.shutdown()
        thread.join(10)


@pytest.mark.parametrize("press", ["page", "locator"])
def test_a_click_waits_for_the_script_that_hears_it(chromium: Browser, late, press):
    address, comes = late
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(address, wait_until="commit")
        expect(page.get_by_role("heading", name="Seen")).to_be_visible()
        threading.Timer(0.5, comes.set).start()
        page.click("button") if press == "page" else page.get_by_role("button").click()
        expect(page).to_have_title("heard")


def test_a_click_waits_until_a_new_part_is_settled(chromium: Browser, late):
    address, comes = late
    comes.set()
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(address)
        page.evaluate(
            """() => { const part = document.querySelector("h1"); part.className = "htmx-added";
            setTimeout(() => { window.settled = true; part.className = ""; }, 1500); }"""
        )
        page.evaluate("document.querySelector('button').onclick = () => { window.found = window.settled; }")
        page.click("button")
        assert page.evaluate("window.found") is True
