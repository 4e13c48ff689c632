"""Directory contacts: choose a directory; list, search, create, show, change, delete. All of it live at Qualtrics."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.page_request import PageRequest
from integrations.directory import contacts as actions
from integrations.directory.forms import LIMITS, ContactFilter, ContactForm, PlaceForm
from integrations.models import Connection
from integrations.qualtrics.directory import Contact

GONE = 404


def contacts(request: PageRequest) -> HttpResponse:
    """Choose a connection and a directory."""
    place = PlaceForm(request.GET)
    chosen = place.cleaned_data["connection"] if place.is_valid() else None
    chosen = chosen or Connection.objects.filter(enabled=True).first()
    context: dict[str, Any] = {"place": PlaceForm({"connection": chosen and chosen.pk}), "connection": chosen}
    if chosen:
        context["listing"] = actions.directories_of(chosen)
    return render(request, "integrations/directories.html", context)


def contact_list(request: PageRequest, pk: int, directory: str) -> HttpResponse:
    """The contacts of a directory, page after page; or those found."""
    found = get_object_or_404(Connection, pk=pk, enabled=True)
    chosen = ContactFilter(request.GET)
    context: dict[str, Any] = {**_place(found, directory), "filter": chosen}
    if chosen.is_valid():
        values = chosen.cleaned_data
        try:
            page = actions.contacts_of(
                found, directory, limit=values["limit"] or LIMITS[0], begin=values["begin"],
                by=values["by"] or "email", value=values["value"],
            )  # fmt: skip
            context["page"] = page
        except actions.VendorCallFailed as undone:
            context["undone"] = undone
    return render(request, "integrations/contact_list.html", context)


@require_http_methods(["GET", "POST"])
def contact_new(request: PageRequest, pk: int, directory: str) -> HttpResponse:
    found = get_object_or_404(Connection, pk=pk, enabled=True)
    form = ContactForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {**_place(found, directory), "form": form}
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_contact(found, directory, form.values())
        except actions.VendorCallFailed as undone:
            context["undone"] = undone
        else:
            messages.success(request, _("The contact was added in Qualtrics."))
            return redirect("integrations:contact", pk, directory, made)
    return render(request, "integrations/contact_form.html", context, status=_status(form, context))


@require_http_methods(["GET", "POST"])
def contact(request: PageRequest, pk: int, directory: str, contact_id: str) -> HttpResponse:
    """Show and change one contact. Only what was changed is sent, so that others' changes stay."""
    found = get_object_or_404(Connection, pk=pk, enabled=True)
    context: dict[str, Any] = _place(found, directory)
    try:
        person = _person(found, directory, contact_id)
    except actions.VendorCallFailed as undone:
        return render(request, "integrations/contact_form.html", context | {"undone": undone})
    form = ContactForm.of(person, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_contact(found, directory, contact_id, form.changes())
        except actions.VendorCallFailed as undone:
            context["undone"] = undone
        else:
            messages.success(request, _("The contact was saved in Qualtrics."))
            return redirect("integrations:contact", pk, directory, contact_id)
    context |= {"form": form, "person": person}
    return render(request, "integrations/contact_form.html", context, status=_status(form, context))


@require_http_methods(["GET", "POST"])
def contact_delete(request: PageRequest, pk: int, directory: str, contact_id: str) -> HttpResponse:
    """Asks, then deletes."""
    found = get_object_or_404(Connection, pk=pk, enabled=True)
    context: dict[str, Any] = _place(found, directory)
    try:
        if request.method == "POST":
            actions.delete_contact(found, directory, contact_id)
            messages.success(request, _("The contact was deleted in Qualtrics."))
            return redirect("integrations:contact_list", pk, directory)
        context["person"] = _person(found, directory, contact_id)
    except actions.VendorCallFailed as undone:
        context["undone"] = undone
    return render(request, "integrations/contact_delete.html", context)


def _person(found: Connection, directory: str, contact_id: str) -> Contact:
    try:
        return actions.contact_of(found, directory, contact_id)
    except actions.VendorCallFailed as undone:
        if undone.status == GONE:
            raise Http404 from None
        raise


def _place(found: Connection, directory: str) -> dict[str, Any]:
    url = reverse("integrations:contact_list", args=[found.pk, directory])
    start = {"label": _("Directories"), "url": f"{reverse('integrations:contacts')}?connection={found.pk}"}
    return {"connection": found, "directory": directory, "crumbs": [start, {"label": _("Contacts"), "url": url}]}


def _status(form: ContactForm, context: dict[str, Any]) -> int:
    return 422 if form.errors else 502 if "undone" in context else 200
