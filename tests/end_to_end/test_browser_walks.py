"""The three timings walked as a person would, in Chromium, over real workers: connect, draw, add feedback data, watch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from accounts.roles import Role
from feedback.models import FeedbackItem, Response, Survey
from integrations.models import SurveyFeed
from sandbox.demo import RAILWAY_TOKEN
from tests import factories
from tests.end_to_end.conftest import Deployment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
PATIENCE = 40_000  # milliseconds


@pytest.fixture
def sign_in(deployment: Deployment, live_server, chromium: Browser) -> Iterator[Callable[[str], Page]]:
    """Sign in as a person of this role, through the form, in a browser of their own."""
    opened = []

    def sign_in(role: str, **context) -> Page:
        person = factories.make_user(Role(role))
        opened.append(
            chromium.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900}, **context)
        )
        page = opened[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.goto("/")
        page.get_by_label("E-mail address").fill(person.email)
        page.get_by_label("Password", exact=True).fill(factories.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Journey maps")).to_be_visible()
        return page

    yield sign_in
    for context in opened:
        context.close()


def connect(page: Page, deployment: Deployment) -> None:
    """As the admin: connect the sandbox and test the connector."""
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Add a connection").first.click()
    page.get_by_label("Name").fill("Coastline Rail")
    page.get_by_label("Host").fill(deployment.sandbox.host)
    page.get_by_role("textbox", name="API token").fill(RAILWAY_TOKEN)
    page.get_by_label("Hourly").check()
    page.get_by_role("button", name=re.compile("Save|Connect|Add")).click()
    expect(page.get_by_role("heading", name="Coastline Rail")).to_be_visible()
    assert RAILWAY_TOKEN not in page.content()
    page.get_by_role("button", name="Test the connector").click()
    expect(page.get_by_text("Ana Ruiz").first).to_be_visible()


def draw(page: Page) -> None:
    """As the analyst: a new map from the template."""
    page.goto("/journeys/")
    page.get_by_role("link", name=re.compile("New journey map")).first.click()
    page.get_by_label("Name").fill("A weekend by train")
    page.get_by_role("button", name="Make the map").click()
    expect(page.get_by_role("heading", name="A weekend by train")).to_be_visible()


def open_wizard(page: Page) -> None:
    page.locator("a[href*='feedback-data']").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def at_step(page: Page, name: str) -> None:
    """Wait until the wizard has come to this step; a click before would be dropped."""
    expect(page.get_by_role("dialog").locator("[aria-current=step]")).to_contain_text(name)


def choose(page: Page, label: str) -> None:
    page.get_by_role("dialog").get_by_text(label, exact=False).first.click()


def proceed(page: Page, to: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name="Next").click()
    at_step(page, to)


def finish(page: Page, name: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=name).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def until_preview(page: Page, survey: str, question: str) -> None:
    """The wizard from its first step to the preview."""
    choose(page, "Coastline Rail")
    proceed(page, "Survey")
    choose(page, survey)
    proceed(page, "Question")
    choose(page, question)
    proceed(page, "Metric")
    proceed(page, "Preview")


def test_case_1_live_before_the_integration(deployment, sign_in):
    connect(sign_in("Admin"), deployment)
    deployment.start_worker()
    page = sign_in("Analyst")
    draw(page)
    open_wizard(page)
    until_preview(page, "Post-journey NPS", "how likely are you to recommend")
    expect(
        page.get_by_role("dialog").get_by_text(re.compile("Counts as a (promoter|passive|detractor)")).first
    ).to_be_visible()
    finish(page, "Retrieve data")
    total = len(deployment.sandbox.control.truth("post-journey"))
    deployment.wait_until(lambda: Response.objects.count() == total, what="all responses are here")
    deployment.wait_until(lambda: is_shown(page, "Live"), what="the card is live")
    page.get_by_role("link", name=FeedbackItem.objects.get().card.title).first.click()
    expect(page.get_by_role("heading", name="Where this number comes from")).to_be_visible()
    expect(page.get_by_text("Post-journey NPS").first).to_be_visible()


@pytest.mark.soak
def test_case_2_the_integration_before_the_launch(deployment, sign_in):
    connect(sign_in("Admin"), deployment)
    deployment.start_worker()
    page = sign_in("Analyst")
    draw(page)
    open_wizard(page)
    choose(page, "Coastline Rail")
    proceed(page, "Survey")
    expect(page.get_by_role("dialog").get_by_text("Not live yet").first).to_be_visible()
    choose(page, "Delay compensation")
    proceed(page, "Question")
    choose(page, "recommend Coastline Rail")
    proceed(page, "Metric")
    proceed(page, "Preview")
    finish(page, "Retrieve data")
    survey = Survey.objects.get(name__startswith="Delay compensation")
    deployment.wait_until(lambda: Survey.objects.get(pk=survey.pk).last_good_fetch_at, what="a fetch before the launch")
    deployment.wait_until(lambda: is_shown(page, "Waiting for responses"), what="the card waits")
    expect(page.get_by_text("No data yet").first).to_be_visible()
    deployment.sandbox.control.launch_survey("delay-compensation")
    deployment.sandbox.control.add_responses("delay-compensation", 9)
    wanted = len(deployment.sandbox.control.truth("delay-compensation"))
    deployment.wait_until(lambda: Response.objects.count() == wanted, what="responses arrive by themselves")
    deployment.wait_until(lambda: is_shown(page, "Live"), what="the card is live")


@pytest.mark.soak
def test_case_3_save_and_complete_later(deployment, sign_in):
    connect(sign_in("Admin"), deployment)
    deployment.start_worker()
    page = sign_in("Analyst")
    draw(page)
    open_wizard(page)
    choose(page, "Coastline Rail")
    proceed(page, "Survey")
    choose(page, "Delay compensation")
    proceed(page, "Question")
    deployment.sandbox.control.forget_calls()
    finish(page, "Save and complete later")
    deployment.wait_until(lambda: is_shown(page, "Draft – to complete"), what="the draft is on the map")
    assert deployment.sandbox.control.calls(path="export-responses") == []
    assert SurveyFeed.objects.count() == 0

    deployment.sandbox.control.launch_survey("delay-compensation")
    deployment.sandbox.control.add_responses("delay-compensation", 6)
    item = FeedbackItem.objects.get()
    page.locator(f"a[href*='{reverse('integrations:wizard_edit', args=[item.pk])}']").first.click()
    at_step(page, "Question")
    choose(page, "recommend Coastline Rail")
    proceed(page, "Metric")
    proceed(page, "Preview")
    finish(page, "Retrieve data")
    wanted = len(deployment.sandbox.control.truth("delay-compensation"))
    deployment.wait_until(lambda: Response.objects.count() == wanted, what="the draft's responses")
    deployment.sandbox.control.add_responses("delay-compensation", 3)
    deployment.wait_until(lambda: Response.objects.count() == wanted + 3, what="later ones follow by themselves")


def is_shown(page: Page, text: str) -> bool:
    """Whether the page, loaded again, says this."""
    page.reload()
    return page.get_by_text(text, exact=True).count() > 0
