"""A respondent completes a watched survey; the card on the page that somebody has open changes, without reload."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser, expect

from accounts.roles import Role
from feedback import items
from feedback.models import Response
from integrations.connections import editing
from integrations.models import Connection, Delivery
from integrations.qualtrics.hosts import normalise_host
from integrations.surveys.mirror import mirror_questions, mirror_surveys
from integrations.sync.demand import follow
from integrations.vault.secret import Secret
from integrations.vendor.clients import client_for
from integrations.webhooks import subscriptions
from sandbox.demo import RAILWAY_TOKEN
from tests import factories
from tests.end_to_end.conftest import Deployment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
WITHIN = 60.0  # seconds; on a quiet machine it takes two or three


def draw(deployment: Deployment, item_title: str):
    """A map with one item: the recommendation after the journey. Retrieved daily only, so that it is not the timetable."""
    connection = editing.create_connection(
        host=normalise_host(deployment.sandbox.host),
        token=Secret(RAILWAY_TOKEN),
        name="Coastline Rail",
        frequency="daily",
    )
    with client_for(connection) as client:
        survey_id = deployment.sandbox.control.survey_id("post-journey")
        survey = next(s for s in mirror_surveys(connection, client) if s.external_id == survey_id)
        question = next(q for q in mirror_questions(survey, client) if q.field == "QID2")
    journey = factories.make_journey(name="A weekend by train")
    items.create_item(
        factories.make_lane(journey),
        journey.stages.first(),
        title=item_title,
        user=None,
        retrieve=True,
        source=survey.source,
        survey=survey,
        question=question,
        metric="nps",
        scale_min=0,
        scale_max=10,
        positive_values=[],
        reverse=False,
    )
    return journey, survey


def test_a_card_changes_on_the_open_page_within_seconds(
    deployment: Deployment, live_server, chromium: Browser, settings
):
    settings.PUBLIC_URL = live_server.url
    deployment.start_worker(PUBLIC_URL=live_server.url)
    journey, survey = draw(deployment, "Recommendation")
    deployment.wait_until(lambda: Response.objects.filter(survey=survey).exists(), what="the first fetch")
    deployment.wait_until(lambda: not survey.feed.fetches.filter(state__in=["pending", "running", "waiting"]).exists())
    watch = subscriptions.create_watch(survey)
    assert watch.trouble_code == ""

    viewer = factories.make_user(Role.VIEWER)
    context = chromium.new_context(base_url=live_server.url)
    try:
        page = context.new_page()
        page.goto("/accounts/login/")
        page.get_by_label("E-mail address").fill(viewer.email)
        page.get_by_label("Password", exact=True).fill(factories.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.goto(f"/journeys/{journey.pk}/")
        card = page.locator(".map-cell", has_text="Recommendation")
        expect(card).to_be_visible()
        page.evaluate("window.sameDocument = true")
        before = card.inner_text()

        # Nobody recommends it any more: the value must fall.
        told = time.monotonic()
        made = [deployment.sandbox.control.add_response("post-journey", {"QID2": 0})["id"] for _ in range(25)]
        while card.inner_text() == before:
            assert time.monotonic() - told < WITHIN, deployment.logs()
            page.wait_for_timeout(100)
        took = time.monotonic() - told
        assert page.evaluate("window.sameDocument") is True
    finally:
        context.close()
    assert took < WITHIN
    deployment.wait_until(lambda: Response.objects.filter(external_id__in=made).count() == 25, what="all of them")
    deployment.wait_until(lambda: not Delivery.objects.filter(verdict="pending").exists(), what="every verdict")
    assert set(Delivery.objects.values_list("verdict", flat=True)) <= {"stored", "exported"}
    assert Connection.objects.get().feeds.get().fetches.filter(trigger="schedule").count() == 0


@pytest.mark.soak
def test_c8_what_lost_messages_told_comes_with_the_next_fetch(deployment: Deployment, live_server, settings):
    settings.PUBLIC_URL = live_server.url
    deployment.start_worker(PUBLIC_URL=live_server.url)
    _journey, survey = draw(deployment, "Recommendation")
    deployment.wait_until(lambda: Response.objects.filter(survey=survey).exists(), what="the first fetch")
    deployment.wait_until(lambda: not survey.feed.fetches.filter(state__in=["pending", "running", "waiting"]).exists())
    subscriptions.create_watch(survey)
    deployment.sandbox.control.change_settings(webhook_lost=0.3, webhook_duplicates=1)
    deployment.sandbox.control.add_responses("post-journey", 60)
    Connection.objects.update(frequency="hourly")
    follow(survey)
    truth = {row["id"] for row in deployment.sandbox.control.truth("post-journey")}
    deployment.wait_until(
        lambda: set(Response.objects.filter(survey=survey).values_list("external_id", flat=True)) == truth,
        what="the sets are equal",
    )
    lost = [each for each in deployment.sandbox.control.deliveries() if each["state"] == "lost"]
    assert lost
