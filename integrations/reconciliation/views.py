"""The reconciliation of a survey: when it was last compared with the source, reconcile now, decide what is held."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.page_request import PageRequest
from integrations.fetches.progress import progress_of
from integrations.models import Fetch, SurveyFeed
from integrations.reconciliation.reconciling import (
    NothingToConfirm,
    confirm_deleted,
    held,
    last_reconciliation,
    reconcile_now,
)
from integrations.sync.requests import CannotFetch
from integrations.sync.tasks import notify_on_commit
from ui.numbers import whole_number


@require_http_methods(["GET", "POST"])
def reconciliation(request: PageRequest, pk: int) -> HttpResponse:
    feed = get_object_or_404(SurveyFeed.objects.select_related("connection", "survey"), pk=pk)
    if request.method == "POST":
        return _decide(request, feed)
    under_way = Fetch.objects.filter(feed=feed, state__in=Fetch.OPEN).first()
    context = {
        "feed": feed,
        "held": held(feed),
        "last": last_reconciliation(feed),
        "fetch": under_way,
        "progress": under_way and progress_of(under_way),
        "crumbs": [{"label": _("Fetches"), "url": reverse("integrations:ledger")}],
    }
    return render(request, "integrations/reconciliation.html", context)


def _decide(request: PageRequest, feed: SurveyFeed) -> HttpResponse:
    stated = request.POST.get("gone", "")
    try:
        if stated:
            gone = whole_number(stated)
            notify_on_commit(confirm_deleted(feed, request.user, -1 if gone is None else gone))
            messages.success(
                request, _("Confirmed. They are removed from the numbers once a last look has found the same.")
            )
        else:
            notify_on_commit(reconcile_now(feed, request.user))
            messages.success(request, _("The reconciliation was asked for."))
    except (NothingToConfirm, CannotFetch) as refused:
        messages.error(request, refused.sentence)
    return redirect("integrations:reconciliation", feed.pk)
