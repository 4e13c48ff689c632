"""Distributions by e-mail and SMS: prepare, confirm, follow."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from integrations import distributions as deeds
from integrations.distribution_forms import DistributionForm, PlaceForm
from integrations.models import Connection, Distribution
from integrations.page_request import PageRequest
from integrations.qualtrics.errors import QualtricsError
from integrations.qualtrics.messages import explain

A_PAGE = 25
LOOKS = {
    Distribution.State.DRAFT: ("neutral", "pencil"),
    Distribution.State.SENDING: ("info", "send"),
    Distribution.State.SENT: ("good", "circle-check"),
    Distribution.State.FAILED: ("bad", "circle-x"),
    Distribution.State.UNKNOWN: ("warn", "circle-question-mark"),
}


def distributions(request: PageRequest) -> HttpResponse:
    deeds.own_up()
    rows = Distribution.objects.select_related("connection", "confirmed_by")
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(row, *LOOKS[Distribution.State(row.state)]) for row in page],
        "has_connections": Connection.objects.filter(enabled=True).exists(),
    }
    return render(request, "integrations/distributions.html", context)


@require_http_methods(["GET", "POST"])
def distribution_new(request: PageRequest) -> HttpResponse:
    """Choose where and which survey, then fill in the rest. Saving prepares; nothing is sent yet."""
    first = Connection.objects.filter(enabled=True).first()
    start = {"kind": Distribution.Kind.EMAIL, "connection": first and first.pk}
    place = PlaceForm({**start, **{name: request.GET[name] for name in PlaceForm.base_fields if name in request.GET}})
    context: dict[str, Any] = {"place": place, "crumbs": _crumbs()}
    if not place.is_valid():
        return render(request, "integrations/distribution_form.html", context, status=422 if first else 200)
    chosen = place.cleaned_data
    status = 200
    try:
        offered = deeds.choices(chosen["connection"], chosen["kind"], chosen["directory"], chosen["survey"])
        place.offer(offered)
        directory = offered.directories[0].id if offered.directories else ""
        where = {"directory": directory, "survey": chosen["survey"]}
        context["connection"] = chosen["connection"]
        if all(where.values()):
            data = request.POST if request.method == "POST" else None
            form = DistributionForm(data, kind=chosen["kind"], place=where, choices=offered)
            context["form"] = form
            if request.method == "POST" and form.is_valid():
                try:
                    made = deeds.prepare(chosen["connection"], chosen["kind"], form.wish, request.user)
                    return redirect("integrations:distribution", made.pk)
                except deeds.Broken as broken:
                    form.refuse(broken.rules)
            status = 422 if form.errors else 200
    except QualtricsError as error:
        context["trouble"], status = explain(error.code, **error.params), 502
    return render(request, "integrations/distribution_form.html", context, status=status)


def distribution(request: PageRequest, pk: int) -> HttpResponse:
    """What will be sent, to how many; afterwards, how far it is."""
    deeds.own_up()
    found = get_object_or_404(Distribution.objects.select_related("connection", "created_by", "confirmed_by"), pk=pk)
    tone, icon = LOOKS[Distribution.State(found.state)]
    context: dict[str, Any] = {"distribution": found, "tone": tone, "icon": icon, "crumbs": _crumbs()}
    if found.error_code:
        context["trouble"] = explain(found.error_code)
    if found.state == Distribution.State.SENT:
        try:
            progress = deeds.progress_of(found)
            context |= {"progress": progress, "counts": _counts(progress)}
        except QualtricsError as error:
            context["unread"] = explain(error.code, **error.params)
    return render(request, "integrations/distribution.html", context)


@require_POST
def distribution_send(request: PageRequest, pk: int) -> HttpResponse:
    """The confirmation. Pressed twice, it sends once."""
    try:
        sent = deeds.send(get_object_or_404(Distribution, pk=pk), request.user)
    except deeds.NotADraft:
        messages.warning(request, _("This distribution was confirmed before; it is not sent twice."))
    else:
        if sent.state == Distribution.State.SENT:
            messages.success(request, _("The distribution was handed to Qualtrics."))
    return redirect("integrations:distribution", pk)


@require_POST
def distribution_discard(request: PageRequest, pk: int) -> HttpResponse:
    try:
        deeds.discard(get_object_or_404(Distribution, pk=pk))
    except deeds.NotADraft:
        messages.error(request, _("Only a draft can be discarded."))
        return redirect("integrations:distribution", pk)
    messages.success(request, _("The draft was discarded. Nothing was sent."))
    return redirect("integrations:distributions")


def _counts(progress: deeds.Progress) -> list[tuple[str, int]]:
    labels = {
        "sent": _("Sent"), "opened": _("Opened"), "started": _("Started"), "finished": _("Finished"),
        "bounced": _("Bounced"), "failed": _("Failed"),
    }  # fmt: skip
    return [(label, progress.statistics[name]) for name, label in labels.items() if name in progress.statistics]


def _crumbs() -> list[dict[str, str]]:
    return [{"label": _("Distributions"), "url": reverse("integrations:distributions")}]
