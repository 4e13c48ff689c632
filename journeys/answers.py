"""How the map's pages answer: the part of the page that changed to htmx, whole pages to everybody else."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget, trigger_client_event
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from journeys import drawn
from journeys.models import Journey

_LEVELS = {messages.SUCCESS: "success", messages.WARNING: "warning", messages.ERROR: "error"}


class HtmxRequest(HttpRequest):
    """A request that went through htmx's middleware."""

    htmx: HtmxDetails


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


def dialog(request: HtmxRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A dialog over the map, or a page of its own."""
    status = 422 if context.get("form") is not None and context["form"].errors else 200
    if not request.htmx:
        return render(request, template, context, status=status)
    response = render(request, f"{template}#dialog", context, status=status)
    return reswap(retarget(response, "#dialog"), "innerHTML")


def go(request: HtmxRequest, address: str) -> HttpResponse:
    """To another page."""
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
