"""What higher apps add to the page of an item, such as its last fetches; registered from `AppConfig.ready()`."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.utils.safestring import SafeString

from feedback.models import FeedbackItem

# Draws one panel, a `<section class="card">`; "" where it has nothing to say about this item.
Panel = Callable[[HttpRequest, FeedbackItem], SafeString | str]

_panels: list[Panel] = []


def register_panel(panel: Panel) -> None:
    """Let the page of an item show this panel."""
    if panel not in _panels:
        _panels.append(panel)


def panels_for(request: HttpRequest, item: FeedbackItem) -> list[SafeString | str]:
    """The panels that have something to say about this item."""
    return [drawn for panel in _panels if (drawn := panel(request, item))]
