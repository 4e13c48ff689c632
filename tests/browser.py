"""Playwright acts as soon as an element can be seen; a person's hand is slower than the scripts of the page."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

_ACTIONS = (
    *("check", "click", "dblclick", "dispatch_event", "fill", "focus", "hover", "press", "select_option"),
    *("set_checked", "tap", "type", "uncheck"),
)
# A part that htmx has just put in obeys no click before it is settled.
_SETTLED = "html:not(:has(.htmx-added, .htmx-settling, .htmx-swapping))"


def _once_ready(action: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(action)
    def wait_and_act(self: Page | Locator, *args: Any, **options: Any) -> Any:
        page = self if isinstance(self, Page) else self.page
        page.wait_for_load_state()  # scripts of the page ran before it
        page.wait_for_selector(_SETTLED, state="attached")
        return action(self, *args, **options)

    return wait_and_act


# Milliseconds until what is expected must be seen: the machine may be busy with other tests.
_PATIENCE = 40_000


@contextmanager
def acting_once_scripts_are_ready() -> Iterator[None]:
    """In all browser tests: each click, key or text waits for the page to be loaded and for htmx to have settled it."""
    with pytest.MonkeyPatch.context() as patch:
        for kind in (Page, Locator):
            for name in _ACTIONS:
                if hasattr(kind, name):
                    patch.setattr(kind, name, _once_ready(getattr(kind, name)))
        expect.set_options(timeout=_PATIENCE)
        yield
