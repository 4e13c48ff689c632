"""The ledger of fetches: what pages and API read of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from integrations.models import Fetch
from integrations.troubles.table import explain, vendor_words


def fetches() -> QuerySet[Fetch]:
    """Newest first, with all that a line shows."""
    rows = Fetch.objects.select_related("feed__survey", "connection", "asked_by")
    return rows.defer("feed__survey__questionnaire").order_by("-pk")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a fetch failed or must wait, in words, with what the vendor itself said."""

    title: str
    what_to_do: str
    vendor_said: str


def trouble_of(fetch: Fetch) -> Trouble | None:
    """The explanation of the fetch's error in the reader's language; None for a fetch without error."""
    if not fetch.error_code:
        return None
    detail = dict(fetch.error_detail or {})
    title, what_to_do = explain(fetch.error_code, **detail)
    said = {name: detail[name] for name in ("status", "error_code", "error_message", "request_id") if detail.get(name)}
    return Trouble(title, what_to_do, vendor_words(**said))


def time_taken(fetch: Fetch) -> timedelta | None:
    """From the start to the end; None while it runs."""
    if fetch.started_at and fetch.finished_at:
        return fetch.finished_at - fetch.started_at
    return None


def reasons_of(fetch: Fetch) -> list[tuple[str, int]]:
    """Why records were rejected, in words, most frequent first."""
    counts = sorted(fetch.rejected_by_reason.items(), key=lambda pair: -pair[1])
    return [(reason_text(reason), count) for reason, count in counts]


def reason_text(reason: str) -> str:
    """A reason of rejection in words."""
    return {
        "empty": _("The record is empty."),
        "broken_json": _("The record cannot be read."),
        "not_a_record": _("The line is not a response."),
        "too_deep": _("The record is nested too deeply."),
        "not_a_number": _("The record holds a number that is none."),
        "no_response_id": _("The record has no usable response id."),
        "no_recorded_date": _("The record has no usable recorded date."),
        "no_status": _("The record has no usable status."),
        "no_finished": _("The record does not say whether the response is finished."),
    }.get(reason, reason)
