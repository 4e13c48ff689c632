"""The ledger of fetches, one fetch with its progress, and "Retrieve now"."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from accounts.page_request import PageRequest
from integrations.fetches.filters import FetchFilter
from integrations.fetches.ledger import fetches, reason_text, reasons_of, trouble_of
from integrations.fetches.map_progress import running_for
from integrations.fetches.progress import progress_of
from integrations.fetches.retrieval import retrieve_now
from integrations.models import Fetch, SurveyFeed
from integrations.sync.requests import CannotFetch
from integrations.sync.tasks import notify_on_commit
from journeys.models import Journey
from ui.filters import is_filtered

FETCHES_A_PAGE = 30
REJECTED_SHOWN = 100


def ledger(request: PageRequest) -> HttpResponse:
    chosen = FetchFilter(request.GET, queryset=fetches())
    page = Paginator(chosen.qs, FETCHES_A_PAGE).get_page(request.GET.get("page"))
    context = {"filter": chosen, "ledger": page, "is_filtered": is_filtered(request)}
    return render(request, "integrations/ledger.html", context)


def fetch(request: PageRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(fetches(), pk=pk)
    records = found.rejected_records.all()
    rejected = [(record, reason_text(record.reason)) for record in records[:REJECTED_SHOWN]]
    context = {
        "fetch": found,
        "progress": progress_of(found),
        "trouble": trouble_of(found),
        "reasons": reasons_of(found),
        "rejected": rejected,
        "rejected_more": max(0, found.rejected - len(rejected)),
        "crumbs": _crumbs(request, found),
    }
    return render(request, "integrations/fetch.html", context)


def fetch_progress(request: PageRequest, pk: int) -> HttpResponse:
    """The bar alone, asked for every other second while the fetch runs; the last answer no longer asks."""
    found = get_object_or_404(fetches(), pk=pk)
    response = render(request, "integrations/_progress.html", _bar(found, request.GET))
    # The page around it shows numbers that are final only now.
    return response if found.is_open else trigger_client_event(response, "fetch-ended", {})


def map_progress(request: PageRequest, journey_pk: int) -> HttpResponse:
    """The bars in a map's heading. When one of those that the page knows (`open`) has ended, the map is drawn anew."""
    journey = get_object_or_404(Journey, pk=journey_pk)
    running = running_for(journey)
    response = render(request, "integrations/_map_progress.html", {"journey": journey, "running": running})
    known = set(request.GET.get("open", "").split(","))
    ended = known - {str(found.pk) for found, _progress in running}
    return trigger_client_event(response, "map-changed", {}) if ended else response


@require_POST
def feed_retrieve(request: PageRequest, pk: int) -> HttpResponse:
    """Retrieve now."""
    feed = get_object_or_404(SurveyFeed.objects.select_related("connection", "survey"), pk=pk)
    try:
        asked = retrieve_now(feed, request.user)
    except CannotFetch as refused:
        text = refused.sentence
        if request.htmx:
            return trigger_client_event(HttpResponse(status=204), "toast", {"level": "error", "message": text})
        messages.error(request, text)
        return redirect(_back(request) or reverse("integrations:ledger"))
    notify_on_commit(asked)
    if request.htmx:
        return render(request, "integrations/_progress.html", _bar(asked, request.POST))
    messages.success(request, _("The fetch was asked for."))
    return redirect(_back(request) or reverse("integrations:fetch", args=[asked.pk]))


def _bar(shown: Fetch, arguments: QueryDict) -> dict[str, Any]:
    return {"fetch": shown, "progress": progress_of(shown), "short": bool(arguments.get("short"))}


def _crumbs(request: PageRequest, shown: Fetch) -> list[dict[str, str]]:
    connection = shown.connection
    if connection and request.user.has_perm("integrations.manage_connections"):
        return [
            {"label": _("Connections"), "url": reverse("integrations:connection_list")},
            {"label": connection.name, "url": reverse("integrations:connection", args=[connection.pk])},
        ]
    return [{"label": _("Fetches"), "url": reverse("integrations:ledger")}]


def _back(request: PageRequest) -> str:
    """Where the button stood, if that is a page of ours."""
    stated = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(stated, {request.get_host()}, require_https=request.is_secure())
    return stated if allowed and stated.startswith("/") else ""
