"""Pages that start the actions on items. What an item shows is drawn by the app of the numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from feedback import items
from feedback.forms import ItemSettingsForm, ManualItemForm, ManualValueForm
from feedback.models import FeedbackItem
from journeys.drawing.redrawing import map_again
from journeys.models import Journey, Lane, Stage
from ui.htmx import HtmxRequest, dialog, go
from ui.numbers import whole_number
from versioning.pages import seen_version
from versioning.saving import Outdated

Deed = Callable[[FeedbackItem, int], FeedbackItem]

_ACTIONS: dict[str, tuple[Deed, Promise]] = {
    "retrieve": (items.retrieve, gettext_lazy("Data are retrieved from now on.")),
    "pause": (items.pause, gettext_lazy("The item is paused. Its numbers stay.")),
    "resume": (items.resume, gettext_lazy("Data are retrieved again.")),
    "archive": (items.archive, gettext_lazy("The item is archived. No KPI counts it any more.")),
    "restore": (items.restore, gettext_lazy("The item is back. Choose “Retrieve data” to get new responses.")),
}


@require_POST
def item_action(request: HtmxRequest, pk: int, action: str) -> HttpResponse:
    """Retrieve, pause, resume, archive or restore the item that was seen at `seen_version`."""
    item = _item(pk)
    do, done = _ACTIONS[action]
    try:
        do(item, seen_version(request))
    except Outdated:
        messages.warning(request, _outdated())
    except items.NotAllowed as refusal:
        messages.warning(request, str(refusal))
    except ValidationError as incomplete:
        messages.error(request, " ".join(incomplete.messages))
        if item.origin == FeedbackItem.Origin.SURVEY:
            return redirect("integrations:wizard_edit", pk)
    else:
        messages.success(request, str(done))
    return redirect("kpis:item", pk)


@require_http_methods(["GET", "POST"])
def item_settings(request: HtmxRequest, pk: int) -> HttpResponse:
    """Title, target, weight, frequency."""
    item = _item(pk)
    form = ItemSettingsForm(request.POST or None, instance=item)
    if request.method == "POST" and form.is_valid() and form.save_or_explain():
        messages.success(request, _("The item has been changed."))
        return go(request, reverse("kpis:item", args=[pk]))
    return _form(request, form, item.card.lane.journey, _("Settings of the item"), _("Save"))


@require_http_methods(["GET", "POST"])
def item_delete(request: HtmxRequest, pk: int) -> HttpResponse:
    """Delete the item and its card, after asking."""
    item = _item(pk)
    journey = item.card.lane.journey
    if request.method == "POST":
        try:
            items.delete(item, seen_version(request))
        except Outdated:
            messages.warning(request, _outdated())
            return go(request, reverse("kpis:item", args=[pk]))
        messages.success(request, _("The item has been deleted."))
        return go(request, reverse("journeys:detail", args=[journey.pk]))
    entered = item.manual_values.count()
    context = {
        "journey": journey,
        "heading": _("Delete this Feedback Data item?"),
        "question": _("“%(name)s” will be deleted. Undo, or the history of the map, brings it back.")
        % {"name": item.card.title},
        "goes": [ngettext("%(n)s value entered by hand", "%(n)s values entered by hand", entered) % {"n": entered}]
        if entered
        else [],
        "stays": "" if entered else _("Responses that were retrieved for it stay stored."),
        "version": item.version,
    }
    return dialog(request, "journeys/delete.html", context)


@require_http_methods(["GET", "POST"])
def manual_new(request: HtmxRequest) -> HttpResponse:
    """A new item whose values are entered by hand; `?lane=…&stage=…` say where it will stand."""
    lane = _found(Lane, request.GET.get("lane"), kind=Lane.Kind.FEEDBACK)
    stage = _found(Stage, request.GET.get("stage"), journey=lane.journey_id)
    user: Any = request.user
    form = ManualItemForm(request.POST or None, lane=lane, stage=stage, user=user)
    if request.method == "POST" and form.is_valid() and form.save_or_explain():
        return map_again(request, lane.journey, _("The item has been added."))
    return _form(request, form, lane.journey, _("Values entered by hand"), _("Add"))


@require_POST
def value_set(request: HtmxRequest, pk: int) -> HttpResponse:
    """Enter the value of a day."""
    item = _item(pk)
    user: Any = request.user
    form = ManualValueForm(request.POST, item=item, user=user)
    if form.is_valid() and form.save_or_explain():
        messages.success(request, _("The value has been entered."))
        return redirect("kpis:item", pk)
    return _form(request, form, item.card.lane.journey, _("Enter a value"), _("Enter"))


@require_POST
def value_delete(request: HtmxRequest, pk: int, day: str) -> HttpResponse:
    """Take the value of a day back."""
    try:
        parsed = parse_date(day)
    except ValueError as error:
        raise Http404 from error
    if parsed is None:
        raise Http404
    try:
        items.delete_manual_value(_item(pk), parsed)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("The value has been taken back."))
    return redirect("kpis:item", pk)


def _form(request: HtmxRequest, form: object, journey: Journey, heading: str, action: str) -> HttpResponse:
    context = {"form": form, "journey": journey, "heading": heading, "action": action}
    return dialog(request, "journeys/form.html", context)


def _item(pk: int) -> FeedbackItem:
    return get_object_or_404(
        FeedbackItem.objects.select_related("card__lane__journey", "card__stage", "question", "survey"), pk=pk
    )


def _found(model: type[Lane] | type[Stage], pk: str | None, **conditions: object):
    return get_object_or_404(model, pk=whole_number(pk), **conditions)


def _outdated() -> str:
    return _("Somebody else changed this item meanwhile. It is shown as it is now: try again.")
