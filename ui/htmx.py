"""How pages respond: the part of the page that changed to htmx, whole pages to everybody else."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget
from django_htmx.middleware import HtmxDetails


class HtmxRequest(HttpRequest):
    """A request that went through htmx's middleware."""

    htmx: HtmxDetails


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
