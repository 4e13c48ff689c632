"""Pages that follow a fetch, in a real browser: when it ends they show its final numbers, and nothing else goes."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from feedback.models import Survey
from integrations.models import Fetch
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def running(transactional_db) -> Fetch:
    connection = factories.make_connection()
    survey: Survey = factories.make_survey(connection.source)
    factories.make_item(factories.make_question(survey))
    feed = factories.make_feed(connection, survey)
    return Fetch.objects.create(
        feed=feed, trigger="reconcile", state="running", step="load", due_at=timezone.now(), started_at=timezone.now()
    )


@pytest.mark.parametrize("route", ["fetch", "reconciliation", "item"])
def test_the_page_stays_whole_when_the_fetch_ends(chromium, live_server, client_of, analyst, running, route):
    addresses = {
        "fetch": reverse("integrations:fetch", args=[running.pk]),
        "reconciliation": reverse("integrations:reconciliation", args=[running.feed_id]),
        "item": reverse("kpis:item", args=[running.feed.survey.items.get().pk]),
    }
    context = chromium.new_context(viewport={"width": 1000, "height": 800})
    session = client_of(analyst).cookies["parcours_session"].value
    context.add_cookies([{"name": "parcours_session", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + addresses[route])
    page.wait_for_selector(".fetch-progress[hx-get]")
    with page.expect_response(lambda answer: answer.url.endswith("/progress/")):  # one look while it runs
        pass
    assert page.locator("main h1").count() == 1
    Fetch.objects.filter(pk=running.pk).update(state="done", step="finish", finished_at=timezone.now())
    with page.expect_response(lambda answer: answer.url.endswith(addresses[route])):
        pass
    page.wait_for_selector(".fetch-progress[hx-get]", state="detached")
    page.wait_for_selector("main h1")
    context.close()
