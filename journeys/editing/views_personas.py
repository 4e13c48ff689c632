"""The personas of a map, and what we assume they feel."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from journeys.drawing.redrawing import map_again
from journeys.editing import actions as editing
from journeys.editing.forms import ExistingPersonaForm, PersonaForm, SentimentForm
from journeys.models import AssumedSentiment, Journey, JourneyPersona
from ui.htmx import HtmxRequest, dialog, go
from ui.numbers import whole_number


def _travelling(journey: Journey) -> list[JourneyPersona]:
    rows = JourneyPersona.objects.filter(journey=journey).select_related("persona")
    return list(rows.order_by("persona__name", "pk"))


def personas(request: HtmxRequest, journey_pk: int) -> HttpResponse:
    """Who travels this map; a persona of another map may be added, or a new one."""
    journey = get_object_or_404(Journey, pk=journey_pk)
    adding = "persona" in request.POST
    existing = ExistingPersonaForm(request.POST if adding else None, journey=journey)
    new = PersonaForm(request.POST if request.POST and not adding else None)
    if request.method == "POST":
        form = existing if adding else new
        if form.is_valid():
            persona = existing.cleaned_data["persona"] if adding else new.save()
            editing.add_persona(journey, persona)
            messages.success(request, _("“%(name)s” travels this journey now.") % {"name": persona})
            return redirect("journeys:personas", journey.pk)
    context = {"journey": journey, "travelling": _travelling(journey), "existing": existing, "new": new}
    return render(request, "journeys/personas.html", context)


def persona_remove(request: HtmxRequest, journey_pk: int, pk: int) -> HttpResponse:
    """Off this map; the persona stays for others."""
    travels = get_object_or_404(JourneyPersona.objects.select_related("persona"), journey=journey_pk, persona=pk)
    editing.remove_persona(travels)
    messages.success(request, _("“%(name)s” has left this map.") % {"name": travels.persona})
    return redirect("journeys:personas", journey_pk)


def persona_edit(request: HtmxRequest, journey_pk: int, pk: int) -> HttpResponse:
    travels = get_object_or_404(
        JourneyPersona.objects.select_related("persona", "journey"), journey=journey_pk, persona=pk
    )
    form = PersonaForm(request.POST or None, instance=travels.persona)
    if request.method == "POST" and form.is_valid() and form.save_or_explain():
        messages.success(request, _("The persona has been changed."))
        return go(request, reverse("journeys:personas", args=[journey_pk]))
    context = {"form": form, "journey": travels.journey, "heading": _("Edit the persona"), "action": _("Save")}
    return dialog(request, "journeys/form.html", context)


def sentiment(request: HtmxRequest, journey_pk: int) -> HttpResponse:
    """`?stage=`: what each persona of the map is assumed to feel there."""
    journey = get_object_or_404(Journey, pk=journey_pk)
    stage = get_object_or_404(journey.stages, pk=whole_number(request.GET.get("stage")))
    travelling = _travelling(journey)
    now = dict(AssumedSentiment.objects.filter(stage=stage).values_list("journey_persona_id", "value"))
    form = SentimentForm(request.POST or None, travelling=travelling, now=now)
    if request.method == "POST" and form.is_valid():
        editing.set_sentiments(stage, form.values)
        return map_again(request, journey, _("The assumed sentiment has been changed."))
    context = {
        "form": form,
        "journey": journey,
        "stage": stage,
        "heading": _("Assumed sentiment: %(stage)s") % {"stage": stage},
        "action": _("Save"),
    }
    return dialog(request, "journeys/sentiment.html", context)
