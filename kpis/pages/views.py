"""Pages of the numbers: an item, its comments, a journey's KPIs and their export."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback import items
from feedback.forms import ManualValueForm
from feedback.models import FeedbackItem, Survey
from journeys.models import Journey
from kpis.mapping.accept_form import AcceptForm
from kpis.mapping.acceptance import accept, offer_for
from kpis.mapping.confirmation import Holds, assumed_items, confirm_many, is_assumed
from kpis.mapping.mappings import former_of
from kpis.metrics.wording import how_counted
from kpis.models import Consolidation
from kpis.pages import period_form
from kpis.pages.charts import trend_chart
from kpis.pages.comments import comment_question, comments_of
from kpis.pages.item_view import ROLLING, ItemView, find, named_values
from kpis.pages.journey_view import JourneyView
from kpis.pages.panels import panels_for
from kpis.pages.spreadsheet import as_csv
from kpis.scoring.restating import restate_survey
from kpis.scoring.scores import Rules
from kpis.scoring.threshold_cost import cost_of
from kpis.scoring.weighting import choose_weighting
from ui.htmx import HtmxRequest, dialog, go
from ui.number_fields import WholeNumberField
from ui.numbers import whole_number
from ui.typed_numbers import THRESHOLD
from versioning.pages import see, seen_version
from versioning.saving import Outdated


@require_safe
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """One item: figure, trend, answers, where the number comes from, and what can be done."""
    found = _item(pk)
    window, form = period_form.chosen(request.GET, Rules.current().today)
    view = ItemView(found, window)
    by = view.bucket_for(request.GET.get("by"))
    series = view.trend(by)
    context = {
        "view": view,
        "item": found,
        "journey": found.card.lane.journey,
        "form": form,
        "periods": period_form.options(form, window),
        "by": by,
        "series": view.rows(series),
        "chart": trend_chart(
            series,
            view.formula,
            label=_trend_label(view),
            by="day" if by == ROLLING else by,
            target=found.target,
            empty=view.figure.value_text if view.figure and view.figure.is_suppressed else "",
        )
        if view.formula
        else "",
        "comments_on": comment_question(found),
        "panels": panels_for(request, found),
        "offer": offer_for(found),
        "assumed": next(iter(assumed_items([found.pk])), None) if is_assumed(found) else None,
        "former": former_of(found),
        "can": {action: items.may_become(found, state) for action, state in _EDGES.items()},
        "value_form": ManualValueForm(item=found) if _by_hand(found) else None,
    }
    return render(request, "kpis/item.html", context)


_EDGES = {
    "retrieve": FeedbackItem.Chosen.RETRIEVING,
    "pause": FeedbackItem.Chosen.PAUSED,
    "archive": FeedbackItem.Chosen.ARCHIVED,
}


@require_http_methods(["GET", "POST"])
def item_accept(request: HtmxRequest, pk: int) -> HttpResponse:
    """Accept the item's question as it stands now, after showing what that means."""
    found = _item(pk)
    offer = offer_for(found)
    if offer is None:
        messages.info(request, _("The question of this item has not changed, or is gone."))
        return go(request, reverse("kpis:item", args=[pk]))
    form = AcceptForm(request.POST or None, offer=offer, version=found.version)
    if request.method == "POST" and form.is_valid():
        user: Any = request.user
        try:
            accept(
                found,
                seen_version(request),
                seen_question=form.cleaned_data["question"],
                counting=form.cleaned_data["answers"],
                user=user,
            )
        except Outdated as outdated:
            form.add_error(None, _("Somebody else changed this item meanwhile. It is shown as it is now: try again."))
            see(form, outdated.current.version)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("The new mapping counts from now on. What it counts is being retrieved."))
            return go(request, reverse("kpis:item", args=[pk]))
    context = {
        "form": form,
        "offer": offer,
        "item": found,
        "journey": found.card.lane.journey,
        "how_counted": how_counted(offer.formula) if offer.formula else "",
        "positive": named_values(offer.formula.positive_values, offer.mapping) if offer.formula else "",
    }
    return dialog(request, "kpis/accept.html", context)


@require_http_methods(["GET", "POST"])
def mappings(request: HtmxRequest) -> HttpResponse:
    """Items that count as they did before mappings were kept, where that would now be asked; confirmed one by one or together."""
    if request.method == "POST":
        user: Any = request.user
        wanted = [pair for text in request.POST.getlist("item") if (pair := _with_version(text))]
        said = confirm_many(wanted, request.POST.get("holds", ""), user) if _holds(request) else []
        if done := sum(not each.refused for each in said):
            text = ngettext("%(n)d item is confirmed.", "%(n)d items are confirmed.", done)
            messages.success(request, text % {"n": done})
        for sentence in dict.fromkeys(each.refused for each in said if each.refused):
            messages.warning(request, sentence)
        if not said:
            messages.info(request, _("Choose at least one item."))
        return go(request, reverse("kpis:mappings"))
    return render(request, "kpis/mappings.html", {"rows": assumed_items(), "holds": Holds})


def _holds(request: HttpRequest) -> bool:
    return request.POST.get("holds") in Holds.values


def _with_version(text: str) -> tuple[int, int] | None:
    """`7:3`: an item and the version that was seen."""
    pk, _colon, version = text.partition(":")
    seen = whole_number(pk), whole_number(version)
    return (seen[0], seen[1]) if seen[0] is not None and seen[1] is not None else None


@require_safe
def item_comments(request: HttpRequest, pk: int) -> HttpResponse:
    """What customers wrote, newest first."""
    found = _item(pk)
    rules = Rules.current()
    window, _form = period_form.chosen(request.GET, rules.today)
    page = whole_number(request.GET.get("page"), most=9_999) or 1
    context = {
        "item": found,
        "journey": found.card.lane.journey,
        "comments": comments_of(found, window, rules, page),
        "formula_label": found.get_metric_display(),
    }
    return render(
        request, "kpis/comments.html#comments" if getattr(request, "htmx", False) else "kpis/comments.html", context
    )


@require_safe
def journey(request: HttpRequest, pk: int) -> HttpResponse:
    """All KPIs of a journey, level by level."""
    found = get_object_or_404(Journey.objects.select_related("parent"), pk=pk)
    window, form = period_form.chosen(request.GET, Rules.current().today)
    context = {
        "view": JourneyView(found, window),
        "journey": found,
        "form": form,
        "periods": period_form.options(form, window),
        "weightings": Consolidation.Weighting.choices,
    }
    return render(request, "kpis/journey.html", context)


@require_POST
def journey_weighting(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose how the journey's KPIs are put together."""
    found = get_object_or_404(Journey, pk=pk)
    try:
        choose_weighting(found, request.POST.get("weighting", ""))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("The KPIs are now consolidated so."))
    return redirect("kpis:journey", pk)


@require_safe
def threshold_cost(request: HttpRequest) -> HttpResponse:
    """What a threshold would hide, in a sentence for the page on which it is set; empty for what is no threshold."""
    try:
        asked = WholeNumberField(bounds=THRESHOLD).clean(request.GET.get("suppression_threshold", ""))
    except ValidationError:
        asked = None
    template = "kpis/threshold_cost.html#cost" if getattr(request, "htmx", False) else "kpis/threshold_cost.html"
    return render(request, template, {"cost": cost_of(asked) if asked else None})


@require_POST
def blocks_restate(request: HttpRequest, pk: int) -> HttpResponse:
    """Make all blocks of a survey anew."""
    survey = get_object_or_404(Survey, pk=pk)
    if restate_survey(survey, request.user):
        messages.success(request, _("The blocks of this survey were made anew."))
    else:
        messages.info(request, _("No blocks are kept of this survey."))
    item = whole_number(request.POST.get("item"))
    return redirect("kpis:item", item) if item else redirect("journeys:list")


@require_safe
def journey_export(request: HttpRequest, pk: int) -> HttpResponse:
    """The same KPIs as CSV."""
    found = get_object_or_404(Journey, pk=pk)
    today = Rules.current().today
    window, _form = period_form.chosen(request.GET, today)
    response = HttpResponse(as_csv(JourneyView(found, window).lines()), content_type="text/csv; charset=utf-8")
    name = f"{slugify(found.name) or 'journey'}-{today.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _item(pk: int) -> FeedbackItem:
    found = find(pk)
    if found is None:
        raise Http404
    return found


def _by_hand(found: FeedbackItem) -> bool:
    return found.origin == FeedbackItem.Origin.MANUAL


def _trend_label(view: ItemView) -> str:
    return _("%(title)s over time") % {"title": view.item.card.title}
