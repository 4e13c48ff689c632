"""What the page of an item shows of its survey's fetches: how they went, the one that runs, the next one."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from feedback.models import FeedbackItem
from feedback.states import register_reasons
from integrations.fetches.ledger import fetches, trouble_of
from integrations.fetches.progress import progress_of
from integrations.models import SurveyFeed
from integrations.troubles.table import explain
from kpis.pages.panels import register_panel

FETCHES_SHOWN = 5


def fetches_panel(request: HttpRequest, item: FeedbackItem) -> SafeString | str:
    """Nothing for items entered by hand, for drafts without survey, and for people who may not retrieve."""
    if item.survey_id is None or not request.user.has_perm("integrations.retrieve_data"):
        return ""
    feed = SurveyFeed.objects.select_related("survey", "connection").filter(survey=item.survey_id).first()
    if feed is None:
        return ""
    last = list(fetches().filter(feed=feed)[:FETCHES_SHOWN])
    running = next((fetch for fetch in last if fetch.is_open), None)
    failed = last[0] if last and not last[0].is_open else None
    context = {
        "feed": feed,
        "page": last,
        "fetch": running,
        "progress": progress_of(running) if running else None,
        "trouble": trouble_of(failed) if failed else None,
        "stopped": feed.connection.stopped if feed.connection.stopped_code else None,
    }
    return render_to_string("integrations/_item_panel.html", context, request)


def reasons(code: str) -> str:
    """What an error that needs a person means, and what to do, in sentences."""
    return str(explain(code)) if code else ""


def register() -> None:
    register_panel(fetches_panel)
    register_reasons(reasons)
