"""Which days a page or an API call is about: a named window, or days of one's own."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kpis.counting.periods import WINDOWS, Window, window

LABELS: dict[str, Promise] = {
    "last_7_days": _("7 days"),
    "last_30_days": _("30 days"),
    "last_90_days": _("90 days"),
    "last_365_days": _("365 days"),
    "previous_month": _("Previous month"),
    "previous_quarter": _("Previous quarter"),
    "all": _("All"),
}


def _day(label: Any) -> forms.DateField:
    # The browser's own date field writes ISO, whatever the language of the page.
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    years = [MinValueValidator(date(1990, 1, 1))]
    return forms.DateField(label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"], validators=years)


class PeriodForm(forms.Form):
    """`?period=last_30_days`, or `?from=2026-01-01&to=2026-03-31`; without either, all time."""

    period = forms.ChoiceField(choices=[(name, name) for name in WINDOWS], required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from"] = _day(_("From"))  # a word of Python's own, so not an attribute
        self.fields["to"] = _day(_("To"))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first, last = values.get("from"), values.get("to")
        if first and last and last < first:
            self.add_error("to", _("The period ends before it begins."))
        return values

    def window(self, today: date) -> Window:
        """The window that the valid form chooses, as seen today."""
        first, last = self.cleaned_data["from"], self.cleaned_data["to"]
        if first or last:
            return window("custom", today, start=first, end=last)
        name = self.cleaned_data["period"] or "all"
        return window("all" if name == "custom" else name, today)


def chosen(params: QueryDict, today: date) -> tuple[Window, PeriodForm]:
    """The window that the arguments of a page choose; all time where they make none. The form shows what is wrong."""
    form = PeriodForm(params if {"period", "from", "to"} & set(params) else {})
    return (form.window(today) if form.is_valid() else window("all", today)), form


def options(form: PeriodForm, shown: Window) -> list[dict[str, Any]]:
    """The usual windows as links: `_components/segments.html`."""
    return [
        {"label": label, "url": f"?period={name}", "current": form.is_valid() and shown.name == name}
        for name, label in LABELS.items()
    ]
