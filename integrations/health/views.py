"""Health over all connections, alerts, and the webhooks that hear of them."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.page_request import PageRequest
from feedback.models import SurveyJoin
from integrations.health import endpoints
from integrations.health.alerts import alerts
from integrations.health.badges import as_rows
from integrations.health.forms import AlertTargetForm
from integrations.health.status import by_urgency, system_checks
from integrations.health.tasks import MESSAGES
from integrations.models import AlertEndpoint, AlertMessage, Connection
from integrations.troubles.table import explain
from integrations.vault.encryption import EncryptionError
from integrations.vendor.call_counts import usage_by_connection

ALERTS_SHOWN = 20
A_PAGE = 30
_MESSAGE_LOOKS = {
    AlertMessage.State.PENDING: ("info", "hourglass"),
    AlertMessage.State.DELIVERED: ("good", "circle-check"),
    AlertMessage.State.FAILED: ("bad", "circle-x"),
}


def health(request: PageRequest) -> HttpResponse:
    """The machinery, every connection worst first, and what is open."""
    now = timezone.now()
    usage = usage_by_connection(now)
    standing = alerts().filter(closed_at=None)
    rows = by_urgency(Connection.objects.all(), now)
    context = {
        "signs": system_checks(now),
        "rows": [(row, state, usage.get(row.pk)) for row, state in rows],
        "needs_somebody": any(state.needs_somebody for _row, state in rows),
        "joins": SurveyJoin.objects.filter(ended_at=None).count(),
        "alerts": as_rows(standing[:ALERTS_SHOWN]),
        "alert_count": standing.count(),
    }
    return render(request, "integrations/health.html", context)


def alert_list(request: PageRequest) -> HttpResponse:
    """Every alert, open ones first."""
    page = Paginator(alerts(), A_PAGE).get_page(request.GET.get("page"))
    return render(request, "integrations/alert_list.html", {"page": page, "alerts": as_rows(page), "crumbs": _crumbs()})


@require_http_methods(["GET", "POST"])
def alert_targets(request: PageRequest) -> HttpResponse:
    """Where alerts go. The secret of a new webhook is in the answer to its form, and nowhere else."""
    form = AlertTargetForm(request.POST or None)
    secret = ""
    if request.method == "POST" and form.is_valid():
        try:
            _made, made_secret = endpoints.add_target(form.cleaned_data["name"], form.cleaned_data["url"], request.user)
        except EncryptionError as error:
            form.add_error(None, error.sentence)
        else:
            secret, form = made_secret.reveal(), AlertTargetForm()
    context = {"form": form, "targets": endpoints.targets(), "secret": secret, "crumbs": _crumbs()}
    return render(request, "integrations/alert_targets.html", context, status=422 if form.errors else 200)


def alert_target(request: PageRequest, pk: int) -> HttpResponse:
    """One webhook with what was sent there."""
    found = get_object_or_404(endpoints.targets(), pk=pk)
    page = Paginator(found.messages.all(), A_PAGE).get_page(request.GET.get("page"))
    context = {
        "target": found,
        "page": page,
        "sent": [
            (row, *_MESSAGE_LOOKS[AlertMessage.State(row.state)], explain(row.error_code) if row.error_code else None)
            for row in page
        ],
        "crumbs": [*_crumbs(), {"label": _("Where alerts go"), "url": reverse("integrations:alert_targets")}],
    }
    return render(request, "integrations/alert_target.html", context)


@require_POST
def alert_target_test(request: PageRequest, pk: int) -> HttpResponse:
    endpoints.send_test(get_object_or_404(AlertEndpoint, pk=pk))
    MESSAGES.notify_from_web(pk)
    messages.success(request, _("A test message is on its way. Load this page again to see what became of it."))
    return redirect("integrations:alert_target", pk)


@require_POST
def alert_target_delete(request: PageRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(AlertEndpoint, pk=pk)
    endpoints.delete_target(found)
    messages.success(request, _("The webhook “%(name)s” was deleted.") % {"name": found.name})
    return redirect("integrations:alert_targets")


def _crumbs() -> list[dict[str, str]]:
    return [{"label": _("Health"), "url": reverse("integrations:health")}]
