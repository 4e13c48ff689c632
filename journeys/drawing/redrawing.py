"""The response to a change of the map: the map as it is now."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django_htmx.http import reswap, retarget, trigger_client_event

from accounts.models import User
from journeys.drawing import drawn
from journeys.models import Journey
from ui.htmx import HtmxRequest

_LEVELS = {
    messages.INFO: "info",
    messages.SUCCESS: "success",
    messages.WARNING: "warning",
    messages.ERROR: "error",
}


def can_change(request: HttpRequest) -> bool:
    """Whether to draw the controls; whether they work is for the access table to say."""
    return request.user.has_perm("journeys.change_journey")


def map_again(request: HtmxRequest, journey: Journey, message: object, level: int = messages.SUCCESS) -> HttpResponse:
    """The map as it is now, with a message; an open dialog closes."""
    if not request.htmx:
        messages.add_message(request, level, str(message))
        return redirect("journeys:detail", journey.pk)
    shown = drawn.show(journey, cast(User, request.user), can_change=can_change(request))
    response = render(request, "journeys/detail.html#map", {"map": shown, "alone": True})
    trigger_client_event(response, "toast", {"level": _LEVELS[level], "message": str(message)})
    trigger_client_event(response, "dialog:close", {})
    return reswap(retarget(response, "#map"), "innerHTML")
