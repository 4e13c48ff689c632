"""Surveys: list, one with its questions, and reading them again."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.page_request import PageRequest
from integrations.models import Connection, SurveyFeed
from integrations.surveys.access import places_of, reader_of
from integrations.surveys.catalogue import Listing, read_again, stored_responses, surveys_of
from integrations.surveys.listing import SurveyFilter, rows_of, shown_of, surveys
from ui.filters import is_filtered

SURVEYS_A_PAGE = 30


@require_safe
def survey_list(request: PageRequest) -> HttpResponse:
    chosen = SurveyFilter(request.GET, queryset=surveys().defer("questionnaire").order_by("name", "pk"))
    page = Paginator(chosen.qs, SURVEYS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "filter": chosen,
        "page": page,
        "rows": rows_of(list(page)),
        "is_filtered": is_filtered(request),
        "connections": Connection.objects.filter(enabled=True),
    }
    return render(request, "integrations/survey_list.html", context)


@require_safe
def survey(request: PageRequest, pk: int) -> HttpResponse:
    """One survey: its questions as respondents see them, and the items that they feed."""
    found = get_object_or_404(surveys(), pk=pk)
    shown = shown_of(found)
    context = {
        "survey": found,
        "places": places_of([found])[found.pk],
        "reader": reader_of(found),
        "shown": shown.questions,
        "beside": shown.beside,
        "gone": shown.gone,
        "responses": stored_responses([found]).get(found.pk, 0),
        "feed": SurveyFeed.objects.filter(survey=found).first(),
        "crumbs": [{"label": _("Surveys"), "url": reverse("integrations:survey_list")}],
    }
    return render(request, "integrations/survey.html", context)


@require_POST
def survey_read(request: PageRequest, pk: int) -> HttpResponse:
    """Read the survey's questions and live state again."""
    found = get_object_or_404(surveys(), pk=pk)
    connection = reader_of(found)
    if connection is None or not connection.enabled:
        raise Http404
    _tell(request, read_again(found, connection), _("The survey was read again."))
    return redirect("integrations:survey", pk)


@require_POST
def survey_list_read(request: PageRequest, pk: int) -> HttpResponse:
    """Read the list of a connection's surveys again."""
    connection = get_object_or_404(Connection, pk=pk, enabled=True)
    listing = surveys_of(connection)
    n = len(listing.rows)
    done = ngettext("%(n)d survey of “%(name)s” was read.", "%(n)d surveys of “%(name)s” were read.", n)
    _tell(request, listing, done % {"n": n, "name": connection.name})
    return redirect(f"{reverse('integrations:survey_list')}?{urlencode({'connection': pk})}")


def _tell(request: PageRequest, listing: Listing, done: str) -> None:
    if listing.trouble:
        messages.error(request, str(listing.trouble))
    else:
        messages.success(request, done)
