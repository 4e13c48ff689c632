"""The three timings, with real workers over real HTTP: checked in the database, by the REST API and on the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from feedback import items
from feedback.models import FeedbackItem, Question, Response, Survey
from integrations.connections import editing
from integrations.qualtrics.hosts import normalise_host
from integrations.surveys.mirror import mirror_questions, mirror_surveys
from integrations.vault.secret import Secret
from integrations.vendor.clients import client_for
from journeys.models import Lane
from sandbox.demo import RAILWAY_TOKEN
from tests.end_to_end.conftest import Deployment
from tests.factories import make_journey, make_lane

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connected(deployment: Deployment) -> Callable[[str], Survey]:
    """A connection to the sandbox; gives a survey of it, with its questions read."""
    connection = editing.create_connection(
        host=normalise_host(deployment.sandbox.host), token=Secret(RAILWAY_TOKEN), name="Coastline", frequency="hourly"
    )

    def read(key: str) -> Survey:
        with client_for(connection) as client:
            wanted = deployment.sandbox.control.survey_id(key)
            survey = next(s for s in mirror_surveys(connection, client) if s.external_id == wanted)
            mirror_questions(survey, client)
        return survey

    return read


def add_nps(survey: Survey, field: str, *, retrieve: bool, user: User, lane: Lane | None = None) -> FeedbackItem:
    lane = lane or make_lane(make_journey(name="Weekend by train"))
    question = Question.objects.get(survey=survey, field=field)
    return items.create_item(
        lane,
        lane.journey.stages.first(),
        title="Recommendation",
        user=user,
        retrieve=retrieve,
        source=survey.source,
        survey=survey,
        question=question,
        metric="nps",
        scale_min=0,
        scale_max=10,
    )


def nps_of(days: dict[str, dict[str, dict[str, int]]]) -> tuple[float | None, int]:
    """Value and n, computed here in plain sight."""
    scores: dict[int, int] = {}
    for classes in days.values():
        for value, n in classes.get("counted", {}).items():
            if value:
                scores[int(value)] = scores.get(int(value), 0) + n
    n = sum(scores.values())
    if not n:
        return None, 0
    promoters = sum(k for score, k in scores.items() if score >= 9)
    detractors = sum(k for score, k in scores.items() if score <= 6)
    return 100 * (promoters - detractors) / n, n


def figure(api, item: FeedbackItem) -> dict:
    """The item's KPI as REST clients see it."""
    return api.get(f"/api/v1/kpis/items/{item.pk}/").json()["figure"]


def same_everywhere(deployment: Deployment, api, browser, item: FeedbackItem, key: str, field: str) -> None:
    """Database, API and page agree with what the sandbox holds."""
    truth = deployment.sandbox.control.truth(key)
    assert set(Response.objects.values_list("external_id", flat=True)) == {row["id"] for row in truth}
    value, n = nps_of(deployment.sandbox.control.count_answers(key, field))
    shown = figure(api, item)
    assert (shown["value"], shown["n"]) == (pytest.approx(value), n)
    assert shown["state"] == "live"
    page = browser.get(f"/journeys/{item.card.lane.journey_id}/").content.decode()
    assert f"{round(value):+d}".replace("-", "−") in page
    assert f"{n:,}" in page or str(n) in page


def test_case_1_a_survey_live_before_the_integration(deployment, connected, analyst, api_of, client_of):
    """Live on day 1, connected on day 10: the first fetch brings every response of days 1 to 10 by itself."""
    survey = connected("post-journey")
    deployment.start_worker()
    item = add_nps(survey, "QID2", retrieve=True, user=analyst)
    total = len(deployment.sandbox.control.truth("post-journey"))
    assert total > 300
    deployment.wait_until(lambda: Response.objects.count() == total, what="all responses are here")
    api = api_of(analyst)
    deployment.wait_until(lambda: figure(api, item)["state"] == "live", what="the item is live")
    deployment.wait_until(lambda: not survey.changed_days.exists(), what="every day is counted")
    same_everywhere(deployment, api, client_of(analyst), item, "post-journey", "QID2")


def test_case_2_the_integration_before_the_launch(deployment, connected, analyst, api_of, client_of):
    """From the launch on every response arrives by itself; before it there is no data, which is not zero."""
    survey = connected("delay-compensation")
    deployment.start_worker()
    item = add_nps(survey, "QID3", retrieve=True, user=analyst)
    api = api_of(analyst)

    def looked_in_vain() -> bool:
        survey.refresh_from_db()
        return survey.last_good_fetch_at is not None

    deployment.wait_until(looked_in_vain, what="a fetch before the launch")
    shown = figure(api, item)
    assert (shown["value"], shown["n"], shown["ci95"], shown["state"]) == (None, 0, None, "waiting")

    deployment.sandbox.control.launch_survey("delay-compensation")
    for total in (5, 12):
        deployment.sandbox.control.add_responses(
            "delay-compensation", total - Response.objects.filter(status=0).count()
        )
        wanted = len(deployment.sandbox.control.truth("delay-compensation"))
        deployment.wait_until(lambda wanted=wanted: Response.objects.count() == wanted, what=f"{wanted} responses")
    deployment.wait_until(lambda: figure(api, item)["state"] == "live", what="the item is live")
    deployment.wait_until(
        lambda: (
            figure(api, item)["n"] == nps_of(deployment.sandbox.control.count_answers("delay-compensation", "QID3"))[1]
        ),
        what="the KPI counts them",
    )
    same_everywhere(deployment, api, client_of(analyst), item, "delay-compensation", "QID3")


def test_case_3_save_and_complete_later(deployment, connected, analyst, api_of, client_of):
    """A draft fetches nothing and counts nowhere; switched on after the launch, responses arrive by themselves."""
    survey = connected("delay-compensation")
    deployment.start_worker()
    live = add_nps(connected("post-journey"), "QID2", retrieve=True, user=analyst)
    draft = add_nps(survey, "QID3", retrieve=False, user=analyst, lane=live.card.lane)
    api = api_of(analyst)
    deployment.wait_until(lambda: figure(api, live)["state"] == "live", what="the other item is live")
    deployment.wait_until(lambda: not live.survey.changed_days.exists())
    journey_kpi = f"/api/v1/kpis/journeys/{live.card.lane.journey_id}/"
    before = figure(api, live)

    assert deployment.sandbox.control.calls(path=f"{survey.external_id}/export-responses") == []
    shown = api.get(f"/api/v1/kpis/items/{draft.pk}/").json()
    assert (shown["state"], shown["figure"]) == ("draft", None)
    consolidated = str(api.get(journey_kpi).json())
    assert str(before["value"])[:8] in consolidated  # the draft pulls nothing towards zero

    deployment.sandbox.control.launch_survey("delay-compensation")
    deployment.sandbox.control.add_responses("delay-compensation", 8)
    items.retrieve(draft)
    wanted = len(deployment.sandbox.control.truth("delay-compensation"))
    deployment.wait_until(
        lambda: Response.objects.filter(survey=survey).count() == wanted, what="the draft's responses"
    )
    deployment.sandbox.control.add_responses("delay-compensation", 4)
    deployment.wait_until(
        lambda: Response.objects.filter(survey=survey).count() == wanted + 4, what="later ones follow"
    )
    deployment.wait_until(lambda: figure(api, draft)["state"] == "live", what="the item is live")
