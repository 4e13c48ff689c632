"""Reads the flags that were raised, for pages and the API: what was said then stands beside what is so now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Organisation
from kpis.counting.periods import Window, bucket_bounds
from kpis.flags.deciding import digest_of, last_period
from kpis.metrics.comparison import Change
from kpis.metrics.formulas import Formula
from kpis.metrics.wording import change_text, number_text, period_text, value_text
from kpis.models import Flag


@dataclass(frozen=True)
class Shown:
    """A flag in words."""

    text: str
    kind: str  # up, down
    tone: str
    then: str  # the period, when it was raised, and the two values of that moment


class Flags:
    """The flags of some subjects, read in one query."""

    def __init__(self, rows: Sequence[Flag]) -> None:
        self.rows = [row for row in rows if row.kind == Flag.Kind.CHANGE]
        self.looks = [row for row in rows if row.kind == Flag.Kind.LOOK]
        self._found = {(row.subject, row.formula): row for row in self.rows}

    @classmethod
    def of_window(cls, journey: int, window: Window) -> Flags:
        """Those of one journey for exactly this week, month or quarter."""
        if window.unit is None or window.start is None:
            return cls([])
        return cls(_told(Flag.objects.filter(journey=journey, level=window.unit, period=window.start)))

    @classmethod
    def of_last_month(cls, journeys: Collection[int], today: date) -> Flags:
        """Those of the latest month that is over."""
        period = last_period("month", today).start or today
        return cls(_told(Flag.objects.filter(journey__in=journeys, level="month", period=period)))

    def of(self, subject: str, formula: Formula) -> Flag | None:
        return self._found.get((subject, digest_of(formula)))

    def shown(self, subject: str, formula: Formula) -> Shown | None:
        """The flag of this KPI in words; None without one."""
        row = self.of(subject, formula)
        return shown(row, formula) if row else None

    @property
    def text(self) -> str:
        """How many KPIs were looked at together, and flagged; empty where that is still to come."""
        if not self.looks or not self.looks[0].figures["looked_at"]:
            return ""
        looked_at, flagged = self.looks[0].figures["looked_at"], self.looks[0].figures["flagged"]
        text = ngettext(
            "%(looked_at)s KPI was compared with the period before; %(flagged)s has changed.",
            "%(looked_at)s KPIs were compared with the period before; %(flagged)s of them changed.",
            looked_at,
        )
        return text % {"looked_at": number_text(looked_at), "flagged": number_text(flagged)}


def _told(rows: QuerySet[Flag]) -> list[Flag]:
    """Those made of blocks as large as the organisation wants them now: beside figures of today others tell of few answers."""
    found = list(rows)
    threshold = (Organisation.current().suppression_threshold or 0) if found else 0
    return [row for row in found if row.kind == Flag.Kind.LOOK or row.figures["threshold"] >= threshold]


def shown(row: Flag, formula: Formula) -> Shown:
    """A flag in words."""
    before, after = row.figures["before"]["value"], row.figures["after"]["value"]
    change = Change(row.direction, row.figures["difference"])
    then = _("%(period)s: %(before)s, then %(after)s, as seen on %(day)s") % {
        "period": period_text(*bucket_bounds(row.period, row.level)),
        "before": value_text(formula, before),
        "after": value_text(formula, after),
        "day": date_format(timezone.localtime(row.raised_at)),
    }
    tone = "good" if row.figures["good"] else "bad"
    return Shown(change_text(formula, change, before, after, flagged=True), row.direction, tone, then)


def flags_json(subjects: Collection[str], window: Window) -> dict[str, list[dict[str, Any]]]:
    """The flags of these subjects whose period lies in the window, for the API: by subject, newest first."""
    rows = Flag.objects.filter(subject__in=subjects, kind=Flag.Kind.CHANGE)
    told: dict[str, list[dict[str, Any]]] = {subject: [] for subject in subjects}
    for row in _told(rows.order_by("-period", "level", "formula")):
        first, last = bucket_bounds(row.period, row.level)
        if (window.start is None or window.start <= first) and (window.end is None or last <= window.end):
            told[row.subject].append(flag_json(row))
    return told


def flag_json(row: Flag) -> dict[str, Any]:
    """One flag, for the API and for messages."""
    first, last = bucket_bounds(row.period, row.level)
    return {
        "kind": row.direction,
        "period": {"level": row.level, "from": first.isoformat(), "to": last.isoformat()},
        "raised_at": row.raised_at,
        **{
            name: row.figures[name]
            for name in ("kpi", "formula", "before", "after", "difference", "ci95", "p", "looked_at")
        },
    }
