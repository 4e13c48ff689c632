"""Connections: list, make, change, switch, test, delete."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Organisation
from accounts.page_request import PageRequest
from integrations.connections import editing
from integrations.connections.forms import ConnectionForm
from integrations.connections.testing import recognise, suggested_host, test_and_keep
from integrations.fetches.ledger import fetches
from integrations.fetches.progress import progress_of
from integrations.fetches.retrieval import retrieve_all
from integrations.health.badges import as_rows
from integrations.health.status import details_of, health_of, with_facts
from integrations.models import Connection, Fetch, ResponseWatch, SurveyFeed
from integrations.surveys.brands import same_brand
from integrations.sync.tasks import notify_on_commit
from integrations.troubles.table import explain
from integrations.vault.encryption import EncryptionError
from integrations.vendor.by_hand import TooManyByHand, admit
from integrations.webhooks.status import state_of
from integrations.webhooks.subscriptions import watches
from ui.htmx import go
from versioning.pages import see, seen_version
from versioning.saving import Outdated

FETCHES_A_PAGE = 20


def connection_list(request: PageRequest) -> HttpResponse:
    now = timezone.now()
    rows = [(connection, health_of(connection, now)) for connection in with_facts(Connection.objects.all())]
    return render(request, "integrations/connection_list.html", {"rows": rows})


def connection(request: PageRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(with_facts(Connection.objects.select_related("source")), pk=pk)
    feeds = list(found.feeds.select_related("survey").order_by("survey__name"))
    running = {fetch.feed_id: fetch for fetch in fetches().filter(feed__connection=found, state__in=Fetch.OPEN)}
    watched = {watch.survey_id: watch for watch in watches().filter(connection=found)}
    ledger = Paginator(fetches().filter(connection=found), FETCHES_A_PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    details = details_of(found, now)
    context = {
        "connection": found,
        "health": health_of(found, now),
        "details": details,
        "alerts": as_rows(details.alerts),
        "crumbs": _crumbs(),
        "zone": Organisation.current().time_zone,
        "feeds": [_feed_row(feed, running.get(feed.pk), watched.get(feed.survey_id)) for feed in feeds],
        "ledger": ledger,
        "items": editing.items_using(found),
        "suggested_host": suggested_host(found),
    }
    return render(request, "integrations/connection.html", context)


@require_http_methods(["GET", "POST"])
def connection_new(request: PageRequest) -> HttpResponse:
    form = ConnectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = editing.create_connection(
            host=form.cleaned_data["host"], by=request.user, **form.credentials(), **form.settings()
        )
        messages.success(request, _("The connection was added. Test it now: each check says what to do if it fails."))
        _recognise(request, made)
        return redirect("integrations:connection", made.pk)
    return render(request, "integrations/connection_form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def connection_edit(request: PageRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Connection, pk=pk)
    form = ConnectionForm(request.POST or None, instance=found)
    outdated = None
    if request.method == "POST" and form.is_valid():
        try:
            editing.change_connection(
                found,
                seen_version(request),
                host=form.cleaned_data["host"],
                **form.credentials(),
                **form.settings(),
            )
        except Outdated as conflict:
            outdated = conflict.current
            see(form, outdated.version)
        else:
            if form.may_see_more():
                _recognise(request, found)
                notify_on_commit(*retrieve_all(found, request.user))
            messages.success(request, _("The connection was saved."))
            return redirect("integrations:connection", found.pk)
    status = 409 if outdated else 422 if form.errors else 200
    context = {"form": form, "connection": Connection.objects.get(pk=pk), "outdated": outdated}
    return render(request, "integrations/connection_form.html", context, status=status)


@require_POST
def connection_switch(request: PageRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Connection, pk=pk)
    enabled = request.POST.get("enabled") == "1"
    try:
        editing.switch(found, seen_version(request), enabled=enabled)
    except Outdated:
        messages.error(request, _changed_meanwhile())
    else:
        if enabled:
            notify_on_commit(*retrieve_all(found, request.user))
        messages.success(request, _("The connection is enabled.") if enabled else _("The connection is switched off."))
    return redirect("integrations:connection", pk)


@require_POST
def connection_test(request: PageRequest, pk: int) -> HttpResponse:
    """Test the connector. Takes as long as Qualtrics takes to answer; each check reports for itself."""
    found = get_object_or_404(Connection, pk=pk)
    try:
        admit(request.user)
    except TooManyByHand as refused:
        messages.error(request, refused.sentence)
        return go(request, reverse("integrations:connection", args=[pk]))
    test_and_keep(found)
    if request.htmx:
        return connection(request, pk)  # every card of the page tells of it
    return redirect(reverse("integrations:connection", args=[pk]) + "#test")


@require_POST
def connection_correct_host(request: PageRequest, pk: int) -> HttpResponse:
    """Move to the data centre that the last test was told to use."""
    found = get_object_or_404(Connection, pk=pk)
    suggestion = suggested_host(found)
    if not suggestion or suggestion != request.POST.get("host"):
        messages.error(request, _changed_meanwhile())
        return redirect("integrations:connection", pk)
    try:
        editing.correct_host(found, seen_version(request), suggestion)
    except Outdated:
        messages.error(request, _changed_meanwhile())
    except editing.TokenNeeded:
        messages.error(request, _("This host must be entered by hand, together with the API token or client secret."))
    except EncryptionError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, _("The connection now uses %(host)s.") % {"host": found.host})
        test_and_keep(found)
    return redirect(reverse("integrations:connection", args=[pk]) + "#test")


@require_http_methods(["GET", "POST"])
def connection_delete(request: PageRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Connection.objects.select_related("source"), pk=pk)
    if request.method == "POST":
        try:
            editing.delete_connection(found, seen_version(request))
        except editing.InUse as in_use:
            messages.error(request, in_use.sentence)
        except Outdated:
            messages.error(request, _changed_meanwhile())
        else:
            messages.success(request, _("The connection “%(name)s” was deleted.") % {"name": found.name})
            return redirect("integrations:connection_list")
        found = get_object_or_404(Connection.objects.select_related("source"), pk=pk)
    items = list(editing.items_using(found))
    context = {
        "connection": found,
        "drafts": [item for item in items if item.chosen_state == item.Chosen.DRAFT],
        "users": [item for item in items if item.chosen_state != item.Chosen.DRAFT],
        "goes_with": editing.what_goes_with(found),
    }
    return render(request, "integrations/connection_delete.html", context)


def _recognise(request: PageRequest, saved: Connection) -> None:
    """Say it if the brand is connected already."""
    recognise(saved)
    if others := [other.name for other in same_brand(saved)]:
        text = _(
            "The brand %(brand)s is connected already: %(others)s. Each survey is fed by one of these connections, while the "
            "others stand by."
        )
        messages.warning(request, text % {"brand": saved.brand, "others": ", ".join(others)})


def _feed_row(feed: SurveyFeed, running: Fetch | None, watch: ResponseWatch | None) -> dict[str, Any]:
    code = feed.survey.attention_code or feed.survey.failure_code
    return {
        "feed": feed,
        "fetch": running,
        "progress": progress_of(running) if running else None,
        "trouble": (feed.connection.stopped if code == feed.connection.stopped_code else explain(code))
        if code
        else None,
        "watch": watch,
        "watch_state": state_of(watch) if watch else None,
    }


def _crumbs() -> list[dict[str, str]]:
    return [{"label": _("Connections"), "url": reverse("integrations:connection_list")}]


def _changed_meanwhile() -> str:
    return _("Somebody else changed this connection meanwhile. Look at it again, then repeat what you did.")
