"""Adding, editing, moving and deleting the parts of a map: phases, stages, lanes and cards."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from journeys.drawing.redrawing import map_again
from journeys.editing import actions as editing
from journeys.editing.forms import CardForm, LaneForm, PartForm, PhaseForm, StageForm
from journeys.editing.impact import goes_with
from journeys.models import Card, Journey, Lane, Phase, Stage
from journeys.wording import WORDS
from ui.htmx import HtmxRequest, dialog
from ui.numbers import whole_number
from versioning.pages import seen_version
from versioning.saving import LARGEST, Outdated

FORMS: dict[str, type[PartForm]] = {"phase": PhaseForm, "stage": StageForm, "lane": LaneForm, "card": CardForm}
DIRECTIONS: dict[str, tuple[str, ...]] = {
    "phase": ("left", "right"),
    "stage": ("left", "right"),
    "lane": ("up", "down"),
}
DIRECTIONS["card"] = ("left", "right", "up", "down")


def _parts(journey: Journey, part: str) -> Any:
    if part == "card":
        return Card.objects.filter(lane__journey=journey).select_related("lane", "stage")
    model: Any = {"phase": Phase, "stage": Stage, "lane": Lane}[part]
    return model.objects.filter(journey=journey)


def _find(journey: Journey, part: str, pk: object) -> Any:
    """The part, or None: somebody else may have deleted it a moment ago."""
    return _parts(journey, part).filter(pk=pk).first()


def _pointed_at(request: HtmxRequest, journey: Journey, part: str) -> dict[str, Model]:
    """What of this map the address names: `?lane=3&stage=4`, `?after=5`, `?phase=6`."""
    found = {}
    for name, model in (("lane", "lane"), ("stage", "stage"), ("phase", "phase"), ("after", part)):
        if pk := request.GET.get(name):
            thing = _find(journey, model, whole_number(pk))
            if thing is None:
                raise Http404
            found[name] = thing
    return found


def part_new(request: HtmxRequest, journey_pk: int, part: str) -> HttpResponse:
    journey = get_object_or_404(Journey, pk=journey_pk)
    form = FORMS[part](request.POST or None, journey=journey, at=_pointed_at(request, journey, part))
    if request.method == "POST" and form.is_valid() and form.save_or_explain():
        return map_again(request, journey, WORDS[part].added)
    context = {"form": form, "journey": journey, "heading": WORDS[part].add, "action": _("Add")}
    return dialog(request, "journeys/form.html", context)


def part_edit(request: HtmxRequest, journey_pk: int, part: str, pk: int) -> HttpResponse:
    journey = get_object_or_404(Journey, pk=journey_pk)
    thing = _find(journey, part, pk)
    if thing is None:
        return map_again(request, journey, WORDS[part].gone, messages.WARNING)
    form = FORMS[part](request.POST or None, instance=thing, journey=journey, at={})
    if request.method == "POST" and form.is_valid() and form.save_or_explain():
        return map_again(request, journey, WORDS[part].changed)
    context = {
        "form": form,
        "journey": journey,
        "heading": WORDS[part].edit,
        "action": _("Save"),
        "delete_url": reverse(f"journeys:{part}_delete", args=[journey.pk, pk]),
        "move_url": f"{reverse(f'journeys:{part}_move', args=[journey.pk, pk])}?version={thing.version}",
        "directions": DIRECTIONS[part],
    }
    return dialog(request, "journeys/form.html", context)


def part_move(request: HtmxRequest, journey_pk: int, part: str, pk: int) -> HttpResponse:
    """`direction` (left, right, up, down) of the part that was seen at `version`."""
    journey = get_object_or_404(Journey, pk=journey_pk)
    direction, version = request.POST.get("direction"), whole_number(request.GET.get("version"), most=LARGEST)
    if direction not in DIRECTIONS[part] or version is None:
        return HttpResponseBadRequest()
    thing = _find(journey, part, pk)
    if thing is None:
        return map_again(request, journey, WORDS[part].gone, messages.WARNING)
    try:
        editing.step(thing, version, direction)
    except Outdated:
        return map_again(request, journey, _outdated(), messages.WARNING)
    return map_again(request, journey, WORDS[part].moved)


def part_delete(request: HtmxRequest, journey_pk: int, part: str, pk: int) -> HttpResponse:
    journey = get_object_or_404(Journey, pk=journey_pk)
    thing = _find(journey, part, pk)
    if thing is None:
        return map_again(request, journey, WORDS[part].gone, messages.WARNING)
    if request.method == "POST":
        try:
            editing.delete(thing, seen_version(request))
        except Outdated:
            return map_again(request, journey, _outdated(), messages.WARNING)
        return map_again(request, journey, WORDS[part].deleted)
    context = {
        "journey": journey,
        "heading": WORDS[part].delete,
        "question": _("“%(name)s” will be deleted. Undo, or the history of the map, brings it back.") % {"name": thing},
        "goes": goes_with(thing),
        "stays": WORDS[part].stays,
        "version": thing.version,
    }
    return dialog(request, "journeys/delete.html", context)


def _outdated() -> str:
    return _("Somebody else changed this meanwhile. The map is shown as it is now: try again.")
