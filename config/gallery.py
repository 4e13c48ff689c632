"""Every component of the design system on one page."""

from __future__ import annotations

import json

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from config import gallery_samples as samples
from kpis.pages.charts import sparkline, trend_chart

COLOURS = (
    *("sunken", "paper", "surface", "ink", "ink-soft", "brand", "brand-wash", "here"),
    *("good", "info", "warn", "bad", "calm"),
)


def gallery(request: HttpRequest) -> HttpResponse:
    """The page; with `?part=…` what htmx asks it for: a step of the sample wizard, a form in a dialog, or a toast."""
    part = request.GET.get("part", "")
    if part == "wizard":
        step = min(max(int(request.GET.get("step", "1")), 1), len(samples.steps()))
        return render(
            request,
            "gallery/wizard.html",
            {
                "steps": samples.steps(),
                "step": step,
                "next_step": step + 1,
                "previous_step": step - 1,
                "surveys": samples.surveys(),
            },
        )
    if part == "form":
        if request.method == "POST":
            return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({"dialog:close": True})})
        return render(request, "gallery/form.html", samples.forms_to_show())
    if part == "toast":
        toast = {
            "level": request.GET.get("level", "info"),
            "message": _("The survey was retrieved: 128 new responses."),
        }
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({"toast": toast})})
    series, nps = samples.trend()
    return render(
        request,
        "gallery.html",
        {
            **samples.forms_to_show(),
            "map": samples.sample_map(),
            "states": samples.STATES,
            "figures": samples.FIGURES,
            "as_of": samples.AS_OF,
            "steps": samples.steps(),
            "surveys": samples.surveys(),
            "sparkline": sparkline(samples.WEEKS, label=_("NPS of the last 12 weeks, from 31 to 45")),
            "trend": trend_chart(series, nps, label=_("NPS by week"), target=30),
            "page": Paginator(range(240), 25).get_page(request.GET.get("page", "2")),
            "order": request.GET.get("order", "name"),
            "crumbs": [{"label": _("Journey maps"), "url": "#"}, {"label": _("Rail travel"), "url": "#"}],
            "tabs": [
                {"label": _("Overview"), "url": "#tabs", "current": True, "count": None},
                {"label": _("Fetches"), "url": "#tabs", "count": 48},
                {"label": _("Comments"), "url": "#tabs", "count": 312},
            ],
            "periods": [
                {"label": _("30 days"), "url": "#segments"},
                {"label": _("90 days"), "url": "#segments", "current": True},
                {"label": _("All"), "url": "#segments"},
            ],
            "colours": COLOURS,
            "lines": range(1, 7),
        },
    )
