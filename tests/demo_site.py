"""A site with something on every page: the demo's two maps over a sandbox, retrieved, and items and fetches in every state."""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from accounts import api_tokens
from accounts.models import User
from config import access
from config.demo.seed import Brand, seed
from config.routes import Route, all_routes
from feedback.models import FeedbackItem, Survey
from integrations.distributions import sending, statistics
from integrations.health import alerts, endpoints
from integrations.models import (
    Alert,
    AlertMessage,
    Connection,
    Distribution,
    FailingStep,
    Fetch,
    RejectedRecord,
    SurveyFeed,
)
from integrations.sync import engine
from journeys.models import Card, Journey, Lane
from sandbox.demo import BANK_TOKEN, RAILWAY_TOKEN
from sandbox.server import RunningSandbox
from tests import factories

# Readable, but no pages: a spreadsheet, parts of pages, and what machines ask.
NO_PAGES = frozenset({"kpis:journey_export", "integrations:map_news", "health:live", "health:ready", "hooks:qualtrics"})
# What the vendor holds: seen where a page links to it, but not made here.
LINKED_ONLY = ("integrations:contact", "integrations:distribution", "integrations:watch")
FRAGMENTS = frozenset({"integrations:fetch_progress", "integrations:map_progress"})


def furnish(sandbox: RunningSandbox, settings) -> None:
    """Fill the database. The sandbox answers at once."""
    sandbox.control.change_settings(export_mode="instant", export_lag=0, single_response_delay=0, text_iq_delay=0)
    settings.PUBLIC_URL = "http://127.0.0.1:9"  # nobody is there: what the sandbox announces is lost
    settings.QUALTRICS_TEST_HOSTS = [sandbox.host, sandbox.other_host]
    seed(Brand("Coastline Rail", sandbox.host, RAILWAY_TOKEN), Brand("Banque Méridian", sandbox.other_host, BANK_TOKEN))
    for fetch in Fetch.objects.all():
        _retrieve(fetch)
    _vary_items()
    _vary_fetches()
    _distribute(sandbox)
    Connection.objects.filter(name="Banque Méridian").update(stopped_code="token_refused", failures_in_a_row=3)
    _raise_alerts()
    api_tokens.make(User.objects.get(email="admin@parcours.example"), "Data warehouse", read_only=True)


def _retrieve(fetch: Fetch) -> None:
    for _ in range(50):
        engine.run(fetch.uuid)
        fetch.refresh_from_db()
        if not fetch.is_open:
            return
        Fetch.objects.filter(pk=fetch.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    raise AssertionError(f"Still {fetch.state}: {fetch.error_code}")


def _vary_items() -> None:
    """One item of each state, and one whose values are entered by hand."""
    items = {item.card.title: item for item in FeedbackItem.objects.select_related("card", "survey", "question")}

    def change(title: str, **fields) -> None:
        FeedbackItem.objects.filter(pk=items[title].pk).update(**fields)

    change("Staff on board", chosen_state="paused")
    change("Satisfaction with the purchase", chosen_state="archived")
    punctuality = items["Punctuality"].question
    renamed = [{**choice, "label": f"{choice['label']} (new)"} for choice in punctuality.choices[:1]]
    added = [{"value": "7", "label": "Delighted", "analyze": True}]
    factories.change_question(punctuality, choices=renamed + punctuality.choices[2:] + added, scale_max=7)
    change("Satisfaction with our answer", count_from=timezone.localdate() + timedelta(days=30))
    Survey.objects.filter(pk=items["Cleanliness"].survey_id).update(
        failure_code="server_trouble", failing_since=timezone.now() - timedelta(hours=3)
    )
    Survey.objects.filter(pk=items["Facilité d’ouverture"].survey_id).update(
        last_good_fetch_at=timezone.now() - timedelta(days=30)
    )
    today = timezone.localdate()
    factories.make_manual_item(
        items["Punctuality"].card.stage,
        {str(today - timedelta(days=30)): (40, 120), str(today - timedelta(days=2)): 42},
        target=50,
    )


def _vary_fetches() -> None:
    feed, other = SurveyFeed.objects.filter(connection__name="Coastline Rail").order_by("pk")[:2]
    now = timezone.now()
    partial = Fetch.objects.create(
        feed=feed, trigger="webhook", state="partial", due_at=now, started_at=now - timedelta(seconds=75),
        finished_at=now, window_from=now - timedelta(days=1), received=1240, new=1200, changed=10, unchanged=27,
        rejected=3, calls=6, rejected_by_reason={"broken_json": 2, "no_response_id": 1},
    )  # fmt: skip
    RejectedRecord.objects.create(fetch=partial, line=17, external_id="R_17", reason="broken_json")
    Fetch.objects.create(
        feed=feed, trigger="manual", state="failed", due_at=now, started_at=now, finished_at=now,
        error_code="token_refused", error_detail={"status": 401, "error_code": "DCD_7", "request_id": "r-1"},
    )  # fmt: skip
    for state in ("quarantined", "cancelled"):
        Fetch.objects.create(feed=feed, trigger="reconcile", state=state, due_at=now, error_code="crashed_repeatedly")
    held = SurveyFeed.objects.filter(connection__name="Banque Méridian").latest("pk")
    Fetch.objects.create(
        feed=held, trigger="reconcile", state="partial", due_at=now, started_at=now, finished_at=now, full=True,
        error_code="mass_disappearance", error_detail={"gone": 1280, "live": 3410},
    )  # fmt: skip
    Survey.objects.filter(pk=held.survey_id).update(attention_code="mass_disappearance")
    Fetch.objects.create(
        feed=other, trigger="manual", state="running", step="load", due_at=now + timedelta(days=1),
        started_at=now, received=1200, new=1200,
    )  # fmt: skip


def _distribute(sandbox: RunningSandbox) -> None:
    """A draft of an e-mail, and an SMS that was sent and counted."""
    connection = Connection.objects.get(name="Coastline Rail")
    admin = User.objects.get(email="admin@parcours.example")
    survey = sandbox.control.survey_id("complaint")
    offered = sending.choices(connection, "sms", "", survey)
    spec = {
        "survey": survey, "directory": offered.directories[0].id, "mailing_list": offered.mailing_lists[0].id,
        "message_text": "Tell us: ${l://SurveyURL}",
    }  # fmt: skip
    email = {"from_email": "noreply@qemailserver.com", "subject": "How was it?"}
    sending.prepare(connection, "email", spec | email, admin)
    sent = sending.prepare(connection, "sms", spec | {"name": "Wave 7", "method": "Invite"}, admin)
    sending.send(sent, sent.version, admin)
    statistics.refresh(sent)


def _raise_alerts() -> None:
    """Of the stopped connection, of what drifted and of a step, one that is over, and a webhook with a message of each state."""
    target, _secret = endpoints.add_target("Team chat", "https://hooks.example.org/services/T0/B1")
    alerts.evaluate()
    now = timezone.now()
    FailingStep.objects.create(
        name="recounts", failing_since=now - timedelta(minutes=5), last_failed_at=now, times=9, error_class="ValueError",
        parts=1, part="survey 12",
    )  # fmt: skip
    alerts.evaluate_steps()
    Alert.objects.create(
        about="retrieval", kind="fetches_failing", code="server_trouble", opened_at=now - timedelta(days=2),
        connection=Connection.objects.get(name="Coastline Rail"), survey=Survey.objects.first(),
        closed_at=now - timedelta(days=1),
    )  # fmt: skip
    endpoints.send_test(target)
    first, second = target.messages.order_by("pk")[:2]
    AlertMessage.objects.filter(pk=first.pk).update(state="delivered", tries=1, status=204, tried_at=now, due_at=None)
    AlertMessage.objects.filter(pk=second.pk).update(tries=3, status=500, tried_at=now, error_code="receiver_refused")


def pages() -> dict[str, list[str]]:
    """Where to look, by route: every page without a parameter, and what is worth seeing of those that show one thing."""
    journey = Journey.objects.get(name="A weekend by train")
    part = {"journey_pk": journey.pk}
    parts = {
        "phase": journey.phases.first(),
        "stage": journey.stages.first(),
        "lane": journey.lanes.first(),
        "card": Card.objects.filter(lane__journey=journey, lane__kind=Lane.Kind.INTERACTIONS).first(),
    }
    persona = journey.journey_personas.first()
    items = list(FeedbackItem.objects.select_related("card", "question").order_by("pk"))
    by_hand = next(item for item in items if item.origin == FeedbackItem.Origin.MANUAL)
    draft = next(item for item in items if item.chosen_state == FeedbackItem.Chosen.DRAFT)
    sentiment = next(item for item in items if item.metric == FeedbackItem.Metric.SENTIMENT)
    archived = next(item for item in items if item.chosen_state == FeedbackItem.Chosen.ARCHIVED)
    differs = next(item for item in items if item.question and item.question.successor_id)
    draft_email, sms = Distribution.objects.get(state="draft"), Distribution.objects.get(state="sent")
    lane, stage = journey.lanes.get(kind=Lane.Kind.FEEDBACK), journey.stages.first()
    place = f"?lane={lane.pk}&stage={stage.pk}"
    found = {
        "accounts:set_password": [reverse("accounts:set_password", args=["MQ", "no-token"])],
        "accounts:person": [reverse("accounts:person", args=[user.pk]) for user in User.objects.all()[1:2]],
        **{
            f"journeys:{action}": [reverse(f"journeys:{action}", kwargs=part)]
            for action in ("detail", "edit", "delete", "personas", "phase_new", "stage_new", "lane_new")
        },
        "journeys:card_new": [
            f"{reverse('journeys:card_new', kwargs=part)}?lane={parts['lane'].pk}&stage={stage.pk}",
        ],
        "journeys:persona_edit": [reverse("journeys:persona_edit", kwargs=part | {"pk": persona.persona_id})],
        "journeys:sentiment": [
            f"{reverse('journeys:sentiment', kwargs=part)}?stage={stage.pk}",
        ],
        **{
            f"journeys:{name}_{action}": [reverse(f"journeys:{name}_{action}", kwargs=part | {"pk": row.pk})]
            for name, row in parts.items()
            for action in ("edit", "delete")
        },
        "feedback:manual_new": [reverse("feedback:manual_new") + place],
        "feedback:item_settings": [reverse("feedback:item_settings", args=[items[0].pk])],
        "feedback:item_delete": [reverse("feedback:item_delete", args=[by_hand.pk])],
        "kpis:item": [
            reverse("kpis:item", args=[item.pk]) for item in (items[0], by_hand, draft, sentiment, archived, differs)
        ],
        "kpis:item_accept": [reverse("kpis:item_accept", args=[differs.pk])],
        "kpis:item_comments": [reverse("kpis:item_comments", args=[sentiment.pk])],
        "kpis:journey": [reverse("kpis:journey", args=[journey.pk])],
        **{
            f"integrations:connection{action}": [
                reverse(f"integrations:connection{action}", args=[row.pk]) for row in Connection.objects.all()
            ]
            for action in ("", "_edit", "_delete")
        },
        "integrations:survey": [
            reverse("integrations:survey", args=[survey.pk])
            for survey in (differs.survey, Survey.objects.exclude(questionnaire=[]).last(), Survey.objects.first())
        ],
        "integrations:fetch": [
            reverse("integrations:fetch", args=[fetch.pk])
            for state in ("running", "partial", "failed")
            for fetch in Fetch.objects.filter(state=state)[:1]
        ],
        "integrations:distribution": [
            reverse("integrations:distribution", args=[row.pk]) for row in (draft_email, sms)
        ],
        "integrations:distribution_edit": [reverse("integrations:distribution_edit", args=[draft_email.pk])],
        "integrations:distribution_new": [
            f"{reverse('integrations:distribution_new')}?connection={sms.connection_id}&kind=sms"
            f"&survey={sms.survey_external_id}",
        ],
        "integrations:reconciliation": [
            reverse("integrations:reconciliation", args=[feed.pk])
            for code in ("", "mass_disappearance")
            for feed in SurveyFeed.objects.filter(survey__attention_code=code)[:1]
        ],
        "integrations:wizard_start": [reverse("integrations:wizard_start") + place],
        "integrations:wizard_edit": [reverse("integrations:wizard_edit", args=[item.pk]) for item in (draft, items[0])],
    }
    for name, route in readable().items():
        if name not in found and not route.converters:
            found[name] = [reverse(name)]
    return found


def readable() -> dict[str, Route]:
    """The routes of all pages."""
    return {
        route.name: route
        for route in all_routes()
        if not route.is_api
        and "GET" in access.ROUTES.get(route.name, {})
        and route.name not in NO_PAGES
        and route.name not in FRAGMENTS
    }


@dataclass
class Tour:
    """Goes to all addresses of `pages`, then wherever links of these lead: one address of each route not seen so far."""

    ahead: deque[tuple[str, str]] = field(default_factory=deque)
    seen: set[str] = field(default_factory=set)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        self.ahead.extend((name, address) for name, addresses in pages().items() for address in addresses)
        self.seen.update(name for name, _ in self.ahead)
        while self.ahead:
            yield self.ahead.popleft()
        missed = sorted(name for name in set(readable()) - self.seen if not name.startswith(LINKED_ONLY))
        assert not missed, f"no page links to {missed}; say in tests/demo_site.py where they are"

    def note_links(self, page: str) -> None:
        """To be told what each page holds."""
        for address in dict.fromkeys(html.unescape(found) for found in re.findall(r'<a [^>]*?href="(/[^"#]*)', page)):
            try:
                name = resolve(urlsplit(address).path).view_name
            except Resolver404:
                continue
            if name in readable() and name not in self.seen:
                self.seen.add(name)
                self.ahead.append((name, address))
