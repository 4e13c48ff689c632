"""Distributions by e-mail and SMS: prepare, change, confirm, follow."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.page_request import PageRequest
from integrations.distributions import sending, statistics
from integrations.distributions.forms import WORDS, DistributionForm, PlaceForm, initial_of
from integrations.fetches.filters import DistributionFilter
from integrations.models import Connection, Distribution
from integrations.troubles.errors import QualtricsError
from integrations.troubles.table import explain
from ui.filters import is_filtered
from versioning.pages import see, seen_version
from versioning.saving import Outdated

A_PAGE = 25
LOOKS = {
    Distribution.State.DRAFT: ("neutral", "pencil"),
    Distribution.State.SENDING: ("info", "send"),
    Distribution.State.SENT: ("good", "circle-check"),
    Distribution.State.FAILED: ("bad", "circle-x"),
    Distribution.State.UNKNOWN: ("warn", "circle-question-mark"),
}


def distributions(request: PageRequest) -> HttpResponse:
    sending.mark_lost_sends()
    rows = Distribution.objects.select_related("connection", "confirmed_by")
    chosen = DistributionFilter(request.GET, queryset=rows)
    page = Paginator(chosen.qs, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "filter": chosen,
        "is_filtered": is_filtered(request),
        "page": page,
        "rows": [(row, *LOOKS[Distribution.State(row.state)]) for row in page],
        "has_connections": Connection.objects.filter(enabled=True).exists(),
    }
    return render(request, "integrations/distributions.html", context)


@require_http_methods(["GET", "POST"])
def distribution_new(request: PageRequest) -> HttpResponse:
    """Choose where and which survey, then fill in the rest. Saving prepares; nothing is sent yet."""
    first = Connection.objects.filter(enabled=True).first()
    if first is None:
        return render(request, "integrations/distribution_form.html", {"crumbs": _crumbs()})
    start = {"kind": Distribution.Kind.EMAIL, "connection": first.pk}
    return _form_page(request, PlaceForm({**start, **_chosen(request, *PlaceForm.base_fields)}))


@require_http_methods(["GET", "POST"])
def distribution_edit(request: PageRequest, pk: int) -> HttpResponse:
    """Change a draft. Its kind and its connection stay."""
    draft = get_object_or_404(Distribution.objects.select_related("connection"), pk=pk)
    if draft.state != Distribution.State.DRAFT:
        return _not_a_draft(request, pk)
    start = {
        "kind": draft.kind,
        "connection": draft.connection_id,
        "directory": draft.directory_external_id,
        "survey": draft.survey_external_id,
    }
    return _form_page(request, PlaceForm({**start, **_chosen(request, "directory", "survey")}), draft)


def distribution(request: PageRequest, pk: int) -> HttpResponse:
    """What will be sent, to how many; afterwards, how far it is."""
    sending.mark_lost_sends()
    found = get_object_or_404(Distribution.objects.select_related("connection", "created_by", "confirmed_by"), pk=pk)
    tone, icon = LOOKS[Distribution.State(found.state)]
    context: dict[str, Any] = {"distribution": found, "tone": tone, "icon": icon, "crumbs": _crumbs()}
    context["trouble"] = sending.trouble_of(found)
    context |= {"counts": _counts(found), **_in_words(found)}
    return render(request, "integrations/distribution.html", context)


@require_POST
def distribution_send(request: PageRequest, pk: int) -> HttpResponse:
    """The confirmation of what was seen. Pressed twice, it sends once."""
    found = get_object_or_404(Distribution, pk=pk)
    try:
        sending.send(found, seen_version(request), request.user)
    except sending.SentBefore as refused:
        messages.warning(request, refused.sentence)
    except Outdated:
        messages.warning(request, _changed_meanwhile())
    else:
        if found.state == Distribution.State.SENT:
            messages.success(request, _("The distribution was handed to Qualtrics."))
    return redirect("integrations:distribution", pk)


@require_POST
def distribution_discard(request: PageRequest, pk: int) -> HttpResponse:
    try:
        sending.discard(get_object_or_404(Distribution, pk=pk), seen_version(request))
    except sending.NotADraft:
        return _not_a_draft(request, pk)
    except Outdated:
        messages.warning(request, _changed_meanwhile())
        return redirect("integrations:distribution", pk)
    messages.success(request, _("The draft was discarded. Nothing was sent."))
    return redirect("integrations:distributions")


@require_POST
def distribution_refresh(request: PageRequest, pk: int) -> HttpResponse:
    """Ask Qualtrics for the statistics now, as happens now and then by itself."""
    found = get_object_or_404(Distribution, pk=pk, state=Distribution.State.SENT)
    try:
        statistics.refresh(found)
    except QualtricsError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, _("The statistics are those of now."))
    return redirect("integrations:distribution", pk)


def _form_page(request: PageRequest, place: PlaceForm, draft: Distribution | None = None) -> HttpResponse:
    """The form of a new distribution or of a draft; a POST that keeps the rules leads to its page."""
    context: dict[str, Any] = {"place": place, "draft": draft, "crumbs": _crumbs(draft)}
    if not place.is_valid():
        if "connection" in place.errors:
            context["trouble"] = explain("connection_disabled")
        return render(request, "integrations/distribution_form.html", context, status=422)
    chosen = place.cleaned_data
    context["connection"] = chosen["connection"]
    status = 200
    try:
        offered = sending.choices(chosen["connection"], chosen["kind"], chosen["directory"], chosen["survey"])
        place.offer(offered)
        context["trouble"] = offered.cut_short and offered.cut_short.explanation
        directory = offered.directories[0].id if offered.directories else ""
        where = {"directory": directory, "survey": chosen["survey"]}
        if all(where.values()):
            data = request.POST if request.method == "POST" else None
            initial = initial_of(sending.spec_of(draft), draft.version) if draft and data is None else None
            form = DistributionForm(data, kind=chosen["kind"], place=where, choices=offered, initial=initial)
            context["form"] = form
            if data is not None and form.is_valid():
                try:
                    return redirect("integrations:distribution", _saved(request, form, chosen, draft))
                except sending.RuleViolations as broken:
                    form.refuse(broken.errors)
                except sending.NotADraft:
                    return _not_a_draft(request, draft.pk if draft else 0)
                except Outdated as outdated:
                    see(form, outdated.current.version)
                    context["outdated"], status = outdated.current, 409
            status = 422 if form.errors else status
    except QualtricsError as error:
        context["trouble"], status = error.explanation, 502
    return render(request, "integrations/distribution_form.html", context, status=status)


def _saved(request: PageRequest, form: DistributionForm, chosen: dict[str, Any], draft: Distribution | None) -> int:
    if draft is None:
        return sending.prepare(chosen["connection"], chosen["kind"], form.spec, request.user).pk
    sending.change(draft, seen_version(request), form.spec)
    messages.success(request, _("The draft was changed."))
    return draft.pk


def _chosen(request: PageRequest, *names: str) -> dict[str, str]:
    return {name: request.GET[name] for name in names if name in request.GET}


def _not_a_draft(request: PageRequest, pk: int) -> HttpResponse:
    messages.error(request, sending.NotADraft().sentence)
    return redirect("integrations:distribution", pk)


def _changed_meanwhile() -> str:
    return _("Somebody else changed this draft meanwhile. Look at it again, then repeat what you did.")


def _counts(found: Distribution) -> list[tuple[str, int]]:
    labels = {
        "sent": _("Sent"), "opened": _("Opened"), "started": _("Started"), "finished": _("Finished"),
        "bounced": _("Bounced"), "failed": pgettext("messages to people", "Failed"),
    }  # fmt: skip
    return [(label, found.statistics[name]) for name, label in labels.items() if name in found.statistics]


def _in_words(found: Distribution) -> dict[str, Any]:
    """What stands in the body of the call in the vendor's words."""
    link = found.request.get("surveyLink", {})
    expires_at = link.get("expirationDate") or found.request.get("surveyLinkExpirationDate")
    return {
        "method": WORDS.get(found.request.get("method", "")),
        "link_type": WORDS.get(link.get("type", "")),
        "expires_at": datetime.fromisoformat(expires_at) if expires_at else None,
        "at_once": found.state == Distribution.State.DRAFT and found.send_at <= timezone.now(),
    }


def _crumbs(draft: Distribution | None = None) -> list[dict[str, str]]:
    crumbs = [{"label": _("Distributions"), "url": reverse("integrations:distributions")}]
    if draft:
        crumbs.append({"label": draft.survey_name, "url": reverse("integrations:distribution", args=[draft.pk])})
    return crumbs
