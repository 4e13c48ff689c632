"""The history of a map on a page, and undo and redo from there and from the map."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from journeys.drawing.redrawing import map_again
from journeys.history import undoing
from journeys.models import Journey, Operation
from ui.htmx import HtmxRequest, dialog
from ui.numbers import whole_number


def history(request: HtmxRequest, journey_pk: int) -> HttpResponse:
    """What was done to the map, the last first; what is not taken back yet can be."""
    journey = get_object_or_404(Journey, pk=journey_pk)
    rows = journey.operations.select_related("actor", "undoes")
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    can_change = request.user.has_perm("journeys.change_journey")
    return render(request, "journeys/history.html", {"journey": journey, "page": page, "can_change": can_change})


def undo(request: HtmxRequest, journey_pk: int) -> HttpResponse:
    """Take back the last operation of this tab, or the one with `number`; `anyway` also over what others changed since."""
    return _go(request, journey_pk, "undo")


def redo(request: HtmxRequest, journey_pk: int) -> HttpResponse:
    """Do again what this tab took back last."""
    return _go(request, journey_pk, "redo")


def _go(request: HtmxRequest, journey_pk: int, way: str) -> HttpResponse:
    journey = get_object_or_404(Journey, pk=journey_pk)
    number, anyway = whole_number(request.POST.get("number")), "anyway" in request.POST
    try:
        undo_it = way == "undo"
        target = (
            undoing.undo(journey, number=number, anyway=anyway) if undo_it else undoing.redo(journey, anyway=anyway)
        )
    except undoing.Conflicts as told:
        context = {"journey": journey, "told": told, "way_url": f"journeys:{way}", "number": number}
        return dialog(request, "journeys/changed_since.html", context)
    except ValidationError as refused:
        return map_again(request, journey, refused.messages[0], messages.WARNING)
    if target is None:
        nothing = _("There is nothing to undo.") if way == "undo" else _("There is nothing to redo.")
        return map_again(request, journey, nothing, messages.INFO)
    journey.refresh_from_db()
    return map_again(request, journey, _said(target, way))


def _said(target: Operation, way: str) -> str:
    told = {"what": target.get_kind_display(), "name": target.name}
    if way == "undo":
        return _("Undone: %(what)s “%(name)s”.") % told
    return _("Redone: %(what)s “%(name)s”.") % told
