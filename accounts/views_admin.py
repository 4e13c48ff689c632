"""The admins' pages: people and the organisation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.messages.views import SuccessMessageMixin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import ListView, UpdateView

from accounts import people
from accounts.forms import NewPersonForm, OrganisationForm, PersonForm
from accounts.links import password_link
from accounts.models import Organisation, User
from accounts.roles import role_of
from accounts.sessions import end_sessions, sessions_of


class PeopleList(ListView):
    """Everybody, also those whose account is closed. `?q=` looks in names and addresses."""

    template_name = "accounts/people.html"
    context_object_name = "people"
    paginate_by = 50

    def get_queryset(self) -> Any:
        users = User.objects.prefetch_related("groups").order_by("-is_active", "last_name", "first_name", "email")
        for word in self.request.GET.get("q", "").split():
            users = users.filter(
                Q(email__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word)
            )
        return users

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        for person in context["people"]:
            role = role_of(person)
            person.role_label = role.label if role else ""
        return context


def person_add(request: HttpRequest) -> HttpResponse:
    """Add somebody; the one-time link, if that is the way, is shown in this answer only."""
    form = NewPersonForm(request.POST or None)
    if not form.is_valid():
        return render(request, "accounts/person_add.html", {"form": form, "crumbs": _crumbs()})
    values = form.cleaned_data
    person = people.add_person(
        values["email"],
        values["role"],
        password=values["password"],
        first_name=values["first_name"],
        last_name=values["last_name"],
        language=values["language"],
    )
    if values["way"] == form.Way.LINK:
        return _show_link(request, person)
    messages.success(request, _("%(person)s is added.") % {"person": person})
    return redirect("accounts:people")


def person_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A person's name and role."""
    person = get_object_or_404(User, pk=pk)
    form = PersonForm(request.POST or None, instance=get_object_or_404(User, pk=pk))
    if form.is_valid():
        try:
            with transaction.atomic():
                form.save()
                people.change_role(form.instance, form.cleaned_data["role"])
        except ValidationError as error:
            form.add_error("role", error)
        else:
            messages.success(request, _("%(person)s is saved.") % {"person": form.instance})
            # Whoever took the role Admin from themselves has no more business on the people page.
            return redirect("accounts:people" if person != request.user else "home")
    context = {"form": form, "person": person, "sessions": sessions_of(person), "crumbs": _crumbs()}
    return render(request, "accounts/person.html", context)


def person_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a one-time link with which the person sets a new password."""
    return _show_link(request, get_object_or_404(User, pk=pk, is_active=True))


def person_end_sessions(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign the person out everywhere; oneself, everywhere else."""
    person = get_object_or_404(User, pk=pk)
    end_sessions(person, but=request.session.session_key)
    messages.success(request, _("The sessions of %(person)s have ended.") % {"person": person})
    return redirect("accounts:person", pk)


def person_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the person's account."""
    person = get_object_or_404(User, pk=pk)
    try:
        people.deactivate(person)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, _("%(person)s can no longer sign in.") % {"person": person})
    return redirect("accounts:people")


def person_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Open the person's account again."""
    person = get_object_or_404(User, pk=pk)
    people.reactivate(person)
    messages.success(request, _("%(person)s can sign in again.") % {"person": person})
    return redirect("accounts:people")


class OrganisationSettings(SuccessMessageMixin, UpdateView):
    """The organisation's name, time zone, and rule for small samples."""

    form_class = OrganisationForm
    template_name = "accounts/organisation.html"
    success_url = reverse_lazy("accounts:organisation")
    success_message = gettext_lazy("The organisation's settings are saved.")

    def get_object(self, queryset: Any = None) -> Organisation:
        return Organisation.current()


def _show_link(request: HttpRequest, person: User) -> HttpResponse:
    link, ends_at = password_link(person, asked_by=request)
    context = {"person": person, "link": link, "ends_at": ends_at, "crumbs": _crumbs()}
    return render(request, "accounts/person_link.html", context)


def _crumbs() -> list[dict[str, str]]:
    return [{"label": _("People"), "url": reverse("accounts:people")}]
