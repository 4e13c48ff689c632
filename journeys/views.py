"""Pages of journeys as a whole: the list, the map, and making, changing and deleting one."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from journeys.drawing import drawn
from journeys.drawing.redrawing import can_change
from journeys.drawing.route import routes_of
from journeys.drawing.summaries import summaries_of
from journeys.editing.forms import JourneyForm
from journeys.editing.impact import goes_with
from journeys.models import Journey, JourneyPersona, Stage
from ui.htmx import HtmxRequest, dialog, go
from versioning.pages import seen_version
from versioning.saving import Outdated, delete_if_current


def _count_of(model: type[Stage] | type[JourneyPersona]) -> Coalesce:
    rows = model.objects.filter(journey=OuterRef("pk")).order_by().values("journey").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(rows), 0)


def journey_list(request: HtmxRequest) -> HttpResponse:
    """Every map, with its numbers in short."""
    journeys = Journey.objects.select_related("parent").annotate(
        stage_count=_count_of(Stage), persona_count=_count_of(JourneyPersona)
    )
    search = request.GET.get("q", "").strip()
    if search:
        journeys = journeys.filter(name__icontains=search)
    page = Paginator(journeys, 24).get_page(request.GET.get("page"))
    journeys_here = list(page.object_list)
    page.object_list = journeys_here
    summaries, routes = summaries_of(journeys_here), routes_of(journeys_here)
    for journey in journeys_here:
        journey.summary = summaries.get(journey.pk, "")  # type: ignore[attr-defined]
        journey.route = routes.get(journey.pk)  # type: ignore[attr-defined]
    return render(request, "journeys/list.html", {"page": page, "search": search})


def detail(request: HtmxRequest, journey_pk: int) -> HttpResponse:
    """The map; only its inner part when a dialog elsewhere says that it has changed."""
    journey = get_object_or_404(Journey.objects.select_related("parent"), pk=journey_pk)
    shown = drawn.show(journey, cast(User, request.user), can_change=can_change(request))
    only_map = request.htmx and request.htmx.target == "map"
    template = "journeys/detail.html#map" if only_map else "journeys/detail.html"
    return render(request, template, {"map": shown, "alone": only_map})


def journey_new(request: HtmxRequest) -> HttpResponse:
    form = JourneyForm(request.POST or None, user=cast(User, request.user))
    if request.method == "POST" and form.is_valid() and form.save_or_explain():
        messages.success(request, _("The journey map has been made."))
        return go(request, reverse("journeys:detail", args=[form.instance.pk]))
    heading = _("New journey map")
    return dialog(request, "journeys/form.html", {"form": form, "heading": heading, "action": _("Make the map")})


def journey_edit(request: HtmxRequest, journey_pk: int) -> HttpResponse:
    journey = get_object_or_404(Journey, pk=journey_pk)
    form = JourneyForm(request.POST or None, instance=journey)
    if request.method == "POST" and form.is_valid() and form.save_or_explain():
        messages.success(request, _("The journey map has been changed."))
        return go(request, reverse("journeys:detail", args=[journey.pk]))
    context = {"form": form, "journey": journey, "heading": _("Edit the journey map"), "action": _("Save")}
    return dialog(request, "journeys/form.html", context)


def journey_delete(request: HtmxRequest, journey_pk: int) -> HttpResponse:
    journey = get_object_or_404(Journey, pk=journey_pk)
    if request.method == "POST":
        try:
            delete_if_current(journey, seen_version(request))
        except Outdated:
            messages.warning(request, _("Somebody else changed this map meanwhile. Look at it before you delete it."))
            return go(request, reverse("journeys:detail", args=[journey.pk]))
        messages.success(request, _("The journey map has been deleted."))
        return go(request, reverse("journeys:list"))
    context = {
        "journey": journey,
        "heading": _("Delete the journey map"),
        "question": _("“%(name)s” will be deleted for good.") % {"name": journey},
        "goes": goes_with(journey),
        "stays": _("Journey maps below it stay, without a parent journey.") if journey.children.exists() else "",
        "version": journey.version,
    }
    return dialog(request, "journeys/delete.html", context)
