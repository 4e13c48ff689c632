"""Watch new survey responses: on and off, key, check, and what was delivered."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from accounts.page_request import PageRequest
from accounts.sessions import unattended
from feedback.models import Survey
from integrations.models import Connection, ResponseWatch
from integrations.troubles.table import explain
from integrations.webhooks import subscriptions
from integrations.webhooks.map_news import data_version
from integrations.webhooks.status import state_of
from ui.numbers import whole_number
from versioning.pages import seen_version
from versioning.saving import Outdated

DELIVERIES_A_PAGE = 30


@require_POST
def watch_new(request: PageRequest, connection_pk: int) -> HttpResponse:
    """Switch on. Takes as long as Qualtrics takes to answer."""
    connection = get_object_or_404(Connection, pk=connection_pk)
    survey = get_object_or_404(Survey, source=connection.source_id, pk=whole_number(request.POST.get("survey")))
    try:
        made = subscriptions.create_watch(survey, by=request.user)
    except subscriptions.CannotWatch as refused:
        messages.error(request, refused.sentence)
        return redirect(_surveys(connection.pk))
    if made.trouble_code:
        messages.warning(request, str(explain(made.trouble_code)))
    else:
        messages.success(request, _("New responses of “%(survey)s” are watched now.") % {"survey": survey.name})
    return redirect("integrations:watch", made.pk)


@require_http_methods(["GET", "POST"])
def watch(request: PageRequest, pk: int) -> HttpResponse:
    """One watch with its last deliveries; a POST renames it."""
    found = _found(pk)
    if request.method == "POST":
        name = request.POST.get("name", "").strip()[:120]
        if not name:
            messages.error(request, _("Type a name for the webhook."))
            return redirect("integrations:watch", pk)
        try:
            subscriptions.rename_watch(found, seen_version(request), name)
        except Outdated:
            messages.error(request, _changed_meanwhile())
        else:
            messages.success(request, _("The webhook was renamed."))
        return redirect("integrations:watch", pk)
    page = Paginator(found.deliveries.all(), DELIVERIES_A_PAGE).get_page(request.GET.get("page"))
    crumbs = [
        {"label": _("Connections"), "url": reverse("integrations:connection_list")},
        {"label": found.connection.name, "url": reverse("integrations:connection", args=[found.connection_id])},
    ]
    context = {
        "watch": found,
        "state": state_of(found),
        "page": page,
        "deliveries": [(row, str(explain(row.error_code)) if row.error_code else "") for row in page],
        "crumbs": crumbs,
    }
    return render(request, "integrations/watch.html", context)


@require_POST
def watch_end(request: PageRequest, pk: int) -> HttpResponse:
    found = _found(pk)
    connection_pk = found.connection_id
    try:
        subscriptions.end_watch(found, seen_version(request))
    except Outdated:
        messages.error(request, _changed_meanwhile())
        return redirect("integrations:watch", pk)
    messages.success(request, _("New responses are no longer watched. They come with the regular fetches."))
    return redirect(_surveys(connection_pk))


@require_POST
def watch_rotate(request: PageRequest, pk: int) -> HttpResponse:
    found = _found(pk)
    try:
        subscriptions.rotate_key(found, seen_version(request))
    except Outdated:
        messages.error(request, _changed_meanwhile())
    else:
        if found.trouble_code:
            messages.warning(request, str(explain(found.trouble_code)))
        else:
            messages.success(
                request, _("Messages are signed with a new key now. The old one is valid for another day.")
            )
    return redirect("integrations:watch", pk)


@require_POST
def watch_check(request: PageRequest, pk: int) -> HttpResponse:
    """Compare with Qualtrics now, as happens once a day by itself."""
    found = _found(pk)
    subscriptions.check_connection(found.connection)
    checked = ResponseWatch.objects.get(pk=pk)
    if checked.trouble_code:
        messages.warning(request, str(explain(checked.trouble_code)))
    else:
        messages.success(request, _("The subscription at Qualtrics is in order."))
    return redirect("integrations:watch", pk)


@unattended
def map_news(request: PageRequest, journey_pk: int) -> HttpResponse:
    """Asked every few seconds by an open map: when its numbers are others than those it shows, it is drawn anew."""
    answer = HttpResponse(status=204)
    if data_version(journey_pk) == request.GET.get("seen", ""):
        return answer
    return trigger_client_event(answer, "map-changed", {})


def _found(pk: int) -> ResponseWatch:
    return get_object_or_404(subscriptions.watches(), pk=pk)


def _surveys(connection_pk: int) -> str:
    return reverse("integrations:connection", args=[connection_pk])


def _changed_meanwhile() -> str:
    return _("Somebody else changed this watch meanwhile. Look at it again, then repeat what you did.")
