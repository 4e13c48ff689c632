"""How templates show fetches and live states."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.utils.translation import gettext as _

from feedback.models import Survey
from integrations.connections.testing import results_of
from integrations.fetches.ledger import time_taken
from integrations.models import Connection, Fetch
from integrations.qualtrics.findings import CheckResult
from integrations.surveys.catalogue import LIVE_LOOKS
from integrations.vendor.instance_guard import is_confirmed
from kpis.metrics.wording import number_text

register = template.Library()

_FETCH_LOOKS = {
    Fetch.State.PENDING: ("info", "hourglass"),
    Fetch.State.RUNNING: ("info", "loader"),
    Fetch.State.WAITING: ("info", "hourglass"),
    Fetch.State.DONE: ("good", "circle-check"),
    Fetch.State.PARTIAL: ("warn", "triangle-alert"),
    Fetch.State.FAILED: ("bad", "circle-x"),
    Fetch.State.QUARANTINED: ("bad", "octagon-x"),
    Fetch.State.CANCELLED: ("neutral", "ban"),
}


@register.inclusion_tag("_components/badge.html")
def fetch_badge(fetch: Fetch) -> dict[str, str]:
    """The state of a fetch."""
    tone, icon = _FETCH_LOOKS[Fetch.State(fetch.state)]
    return {"label": fetch.get_state_display(), "tone": tone, "icon": icon}


@register.inclusion_tag("_components/badge.html")
def live_badge(survey: Survey) -> dict[str, str]:
    """Whether a survey collects responses now."""
    tone, icon = LIVE_LOOKS[Survey.Live(survey.live)]
    return {"label": survey.get_live_display(), "tone": tone, "icon": icon}


@register.simple_tag
def changes_are_paused() -> bool:
    """Whether nothing is changed at vendors, because this database may be a copy."""
    return not is_confirmed()


@register.filter
def checks(connection: Connection) -> list[CheckResult]:
    """What the last test of the connector found, in the reader's language."""
    return results_of(connection)


@register.filter
def took(fetch: Fetch) -> str:
    """How long a fetch took, start to end; an en dash while it runs."""
    taken = time_taken(fetch)
    return "–" if taken is None else duration(taken)


@register.filter
def duration(length: timedelta) -> str:
    """A length of time in its two largest units."""
    seconds = length.total_seconds()
    if seconds < 10:
        return _("%(seconds)s s") % {"seconds": number_text(seconds, 1)}
    if seconds < 60:
        return _("%(seconds)s s") % {"seconds": number_text(seconds)}
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": rest}
    return _("%(hours)d h %(minutes)d min") % {"hours": minutes // 60, "minutes": minutes % 60}
