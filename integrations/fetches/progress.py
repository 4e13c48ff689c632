"""How far a fetch is, as its progress bar shows it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.models import Fetch
from kpis.metrics.wording import number_text

# What a person sees of the steps; asking and finishing are short and belong to their neighbours.
_STAGE_OF_STEP = {
    Fetch.Step.START: "asked",
    Fetch.Step.QUESTIONS: "asked",
    Fetch.Step.EXPORT: "asked",
    Fetch.Step.POLL: "preparing",
    Fetch.Step.DOWNLOAD: "download",
    Fetch.Step.LOAD: "load",
    Fetch.Step.FINISH: "load",
}
_ORDER = ("asked", "preparing", "download", "load", "done")
# Where the bar stands when a stage begins. Only loading knows its share; the rest is told by stage.
_BEGINS_AT = {"asked": 2, "preparing": 10, "download": 30, "load": 40, "done": 100}


@dataclass(frozen=True, slots=True)
class Progress:
    """`current` counts the steps from 1; one more than there are means that all are done."""

    percent: int
    sentence: str
    labels: list[str]
    current: int
    is_open: bool


def progress_of(fetch: Fetch) -> Progress:
    """The bar, its sentence and its steps."""
    good_end = fetch.state in (Fetch.State.DONE, Fetch.State.PARTIAL)
    stage = "done" if good_end else _STAGE_OF_STEP[Fetch.Step(fetch.step)]
    labels = [_("Asked"), _("Prepared"), _("Downloaded"), _("Loaded"), _("Done")]
    current = len(labels) + 1 if good_end else _ORDER.index(stage) + 1
    return Progress(_percent(fetch, stage), _sentence(fetch, stage), labels, current, fetch.is_open)


def _percent(fetch: Fetch, stage: str) -> int:
    begin = _BEGINS_AT[stage]
    if stage == "load" and fetch.bytes_total:
        return min(begin + int((99 - begin) * fetch.bytes_done / fetch.bytes_total), 99)
    return begin


def _sentence(fetch: Fetch, stage: str) -> str:
    rows = ngettext("%(count)s record", "%(count)s records", fetch.received) % {"count": number_text(fetch.received)}
    if not fetch.is_open:
        return f"{fetch.get_state_display()} · {rows}"
    if fetch.state == Fetch.State.PENDING and not fetch.started_at:
        return _("Asked. A worker takes it in a moment.")
    if fetch.error_code:
        return _("An attempt failed. It is repeated by itself.")
    return {
        "asked": _("Qualtrics is asked for an export."),
        "preparing": _("Qualtrics is preparing the export."),
        "download": _("The export is being downloaded."),
        "load": _("Loading: %(rows)s so far.") % {"rows": rows},
        "done": "",
    }[stage]
