"""How a connection is doing, in one sentence: derived from the facts, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.models import Connection
from integrations.qualtrics.messages import explain


class Condition(StrEnum):
    """Each has a badge of its own."""

    OFF = "off"
    STOPPED = "stopped"
    TROUBLE = "trouble"
    IDLE = "idle"
    WORKING = "working"


@dataclass(frozen=True, slots=True)
class Health:
    condition: Condition
    label: str
    sentence: str
    what_to_do: str = ""

    @property
    def tone(self) -> str:
        return _LOOKS[self.condition][0]

    @property
    def icon(self) -> str:
        return _LOOKS[self.condition][1]


_LOOKS = {
    Condition.OFF: ("neutral", "power-off"),
    Condition.STOPPED: ("bad", "circle-x"),
    Condition.TROUBLE: ("warn", "triangle-alert"),
    Condition.IDLE: ("info", "plug"),
    Condition.WORKING: ("good", "circle-check"),
}


def with_facts(connections: QuerySet[Connection]) -> QuerySet[Connection]:
    """The connections with what their lists show, in one query: feeds, failing feeds, last good and next fetch."""
    return connections.annotate(
        feed_count=Count("feeds", filter=Q(feeds__next_due_at__isnull=False), distinct=True),
        failing_count=Count("feeds", filter=Q(feeds__next_due_at__isnull=False) & ~_FINE, distinct=True),
        last_good_fetch_at=Max("feeds__survey__last_good_fetch_at"),
        next_fetch_at=Min("feeds__next_due_at"),
    )


_FINE = Q(feeds__survey__failure_code="", feeds__survey__attention_code="")


def health_of(connection: Any, now: datetime) -> Health:
    """The state of a `Connection` that was read through `with_facts`."""
    if not connection.enabled:
        return Health(Condition.OFF, _("Switched off"), _("Nothing is retrieved until it is enabled again."))
    if not connection.has_credentials:
        return Health(
            Condition.STOPPED, _("Token missing"), _("There is no API token."), _("Edit the connection and type one.")
        )
    if connection.stopped_code:
        title, what_to_do = explain(connection.stopped_code)
        return Health(Condition.STOPPED, _("Stopped"), title, what_to_do)
    if connection.open_until and connection.open_until > now:
        return Health(
            Condition.TROUBLE,
            _("Interrupted"),
            _("Qualtrics has failed to answer several times in a row. The next attempt is at %(time)s.")
            % {"time": date_format(localtime(connection.open_until), "SHORT_DATETIME_FORMAT")},
            _("There is nothing to do: what was missed is fetched then."),
        )
    if connection.failing_count:
        return Health(
            Condition.TROUBLE,
            _("Partly failing"),
            ngettext(
                "The last fetch of %(count)d survey failed.",
                "The last fetch of %(count)d surveys failed.",
                connection.failing_count,
            )
            % {"count": connection.failing_count},
            _("See the surveys below for the reason."),
        )
    if not connection.feed_count:
        return Health(Condition.IDLE, _("Ready"), _("No survey is retrieved through it yet."))
    return Health(
        Condition.WORKING,
        _("Working"),
        ngettext("%(count)d survey is retrieved.", "%(count)d surveys are retrieved.", connection.feed_count)
        % {"count": connection.feed_count},
    )
