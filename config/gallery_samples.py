"""Made-up content for the gallery page: a form with every kind of field, figures in every state, a small map."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kpis.metrics.formulas import Formula
from kpis.metrics.trends import buckets

AS_OF = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
STATES = ("draft", "waiting", "live", "stale", "error", "paused", "needs_attention", "archived", "suppressed")

# Arguments of the component "kpi" for each of the cards shown
FIGURES: dict[str, dict[str, object]] = {
    "trip": {
        **{"metric": "NPS", "value": 31.9047, "n": 840, "low": 26.5, "high": 37.1, "minimum": -100, "state": "live"},
        **{"items_used": 2, "items_total": 3},
    },
    "staff": {
        **{"metric": "CSAT", "value": 83.333, "unit": "%", "n": 18, "low": 60.8, "high": 94.2, "state": "live"},
        "low_base": True,
    },
    "app": {"metric": "NPS", "value": -12.4, "n": 2310, "low": -16.0, "high": -8.8, "minimum": -100, "state": "error"},
}


class SampleForm(forms.Form):
    """Every kind of field that Parcours uses."""

    name = forms.CharField(
        label=gettext_lazy("Name"), help_text=gettext_lazy("As it should appear on the map."), max_length=80
    )
    survey = forms.ChoiceField(
        label=gettext_lazy("Survey"),
        choices=[("a", gettext_lazy("After the trip")), ("b", gettext_lazy("Ticket office"))],
    )
    since = forms.DateField(
        label=gettext_lazy("Count from"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    notes = forms.CharField(label=gettext_lazy("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    frequency = forms.ChoiceField(
        label=gettext_lazy("Retrieve data frequency"),
        choices=[("h", gettext_lazy("Hourly")), ("d", gettext_lazy("Daily")), ("w", gettext_lazy("Weekly"))],
        widget=forms.RadioSelect,
        initial="h",
    )
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages"),
        required=False,
        choices=[("en", gettext_lazy("English")), ("fr", gettext_lazy("French"))],
        widget=forms.CheckboxSelectMultiple,
        initial=["en"],
    )
    enabled = forms.BooleanField(
        label=gettext_lazy("Enabled"), required=False, help_text=gettext_lazy("Switched off, nothing is fetched.")
    )


def forms_to_show() -> dict[str, forms.Form]:
    """One not yet filled in, and one sent with mistakes."""
    return {
        "sample_form": SampleForm(auto_id="sample_%s"),
        "wrong_form": SampleForm({"name": "", "survey": "c", "since": "32/13", "frequency": "x"}, auto_id="wrong_%s"),
    }


# Weekly values with a gap, as a sparkline takes them
WEEKS: list[float | None] = [31, 34, 33, 38, 36, None, None, 41, 39, 42, 46, 45]


def trend():
    """Half a year of NPS answers, as buckets: a slow rise, a silent fortnight, a running last week."""
    nps = Formula("nps")
    counts = {}
    for week in range(26):
        if week in (11, 12):
            continue
        rise = week // 2
        day = date(2026, 5, 25) + timedelta(weeks=week)
        counts[day] = {"counted": {"10": 24 + rise + week % 3 * 4, "8": 18, "4": 20 - rise // 2 + week % 4 * 3}}
    return buckets(counts, nps, by="week", today=date(2026, 11, 19)), nps


def steps() -> list[str]:
    return [_("Connection"), _("Survey"), _("Question"), _("Metric"), _("Preview")]


def surveys() -> list[dict[str, object]]:
    """Rows of a list that can be filtered."""
    live = {"badge_label": _("Live"), "badge_tone": "good", "badge_icon": "activity"}
    ahead = {"badge_label": _("Not live yet"), "badge_tone": "neutral", "badge_icon": "circle-dashed"}
    return [
        {"label": _("After the trip"), "note": _("12,480 responses · last one today"), "checked": True, **live},
        {"label": _("Ticket office"), "note": _("3,216 responses · last one yesterday"), **live},
        {"label": _("Night train"), "note": _("No responses yet"), **ahead},
        {"label": _("Délais et correspondances"), "note": _("894 responses · last one on 12 November"), **live},
    ]


@dataclass
class SampleStage:
    name: str
    line: int  # of its phase; 0 for none
    first_of_phase: bool = False
    note: str = ""


@dataclass
class SampleLane:
    name: str
    icon: str
    kind: str = ""
    tone: str = ""
    cells: list[dict] = field(default_factory=list)


def sample_map() -> dict[str, object]:
    """A railway journey: three phases, six stages, lanes of several kinds, one card that spans two stages."""
    stages = [
        SampleStage(_("Plan"), 1, True, _("Compare times and prices")),
        SampleStage(_("Book"), 1),
        SampleStage(_("Go to the station"), 2, True),
        SampleStage(_("Travel"), 2, note=_("From boarding to arrival, connections included")),
        SampleStage(_("Arrive"), 2),
        SampleStage(_("Claim a refund"), 3, True),
    ]

    def cards(*titles: str, span: int = 1, text: str = "") -> dict:
        return {"span": span, "cards": [{"title": title, "text": text} for title in titles]}

    def kpi(name: str, metric: str, value: float | None, n: int, low=None, high=None, state="live", **more) -> dict:
        figures = {"name": name, "metric": metric, "value": value, "n": n, "low": low, "high": high, "state": state}
        return {"span": 1, "kpi": {"minimum": -100 if metric == "NPS" else 0, **figures, **more}}

    nothing: dict = {"span": 1}
    lanes = [
        SampleLane(
            _("What the customer does"),
            "footprints",
            cells=[
                cards(_("Looks for a connection on the phone")),
                cards(_("Chooses a fare"), _("Pays"), text=_("Seat choice comes after the payment.")),
                cards(_("Finds the platform")),
                cards(_("Sits down, works, sleeps"), span=2, text=_("Wi-Fi and sockets matter most beyond two hours.")),
                cards(_("Fills in a form")),
            ],
        ),
        SampleLane(
            _("Pains"),
            "frown",
            tone="bad",
            cells=[
                nothing,
                cards(_("The price changes while one is paying")),
                cards(_("The platform is announced late")),
                nothing,
                cards(_("No word about the missed connection")),
                cards(_("Nobody answers for weeks")),
            ],
        ),
        SampleLane(
            _("Feedback Data"),
            "activity",
            kind="feedback",
            cells=[
                kpi(_("Planning was easy"), "CES", 71.2, 1204, 68.6, 73.7, unit="%", decimals=1, chart=True),
                kpi(_("Recommend our app"), "NPS", 31.9, 840, 26.5, 37.1, chart=True),
                kpi(_("Station staff"), "CSAT", 83.3, 18, 60.8, 94.2, unit="%", low_base=True, chart=True),
                kpi(_("Recommend the trip"), "NPS", -12.4, 2310, -16.0, -8.8, state="stale", chart=True),
                kpi(_("Connections"), "CSAT", None, 0, state="waiting"),
                kpi(_("Refund was fair"), "CSAT", None, 0, state="draft"),
            ],
        ),
        SampleLane(
            _("Consolidated CX KPIs"),
            "sigma",
            kind="kpi",
            cells=[
                kpi("CES", "", 71.2, 1204, 68.6, 73.7, unit="%", state="", items_used=1, items_total=1),
                kpi("NPS", "", 31.9, 840, 26.5, 37.1, state="", minimum=-100, items_used=1, items_total=1),
                kpi("CSAT", "", 83.3, 18, 60.8, 94.2, unit="%", state="", low_base=True, items_used=1, items_total=1),
                kpi("NPS", "", -12.4, 2310, -16.0, -8.8, state="", minimum=-100, items_used=1, items_total=1),
                nothing,
                nothing,
            ],
        ),
    ]
    phases = [
        {"name": _("Before the trip"), "line": 1, "span": 2},
        {"name": _("On the way"), "line": 2, "span": 3},
        {"name": _("Afterwards"), "line": 3, "span": 1},
    ]
    return {"phases": phases, "stages": stages, "lanes": lanes}
