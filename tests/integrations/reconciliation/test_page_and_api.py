"""The page and the address of a survey's reconciliation."""

from __future__ import annotations

import pytest

from integrations.models import Fetch
from integrations.sync.requests import ask_for_fetch
from tests.integrations.reconciliation.conftest import live
from tests.integrations.sync.conftest import work

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(feed) -> str:
    return f"/settings/feeds/{feed.pk}/reconciliation/"


@pytest.fixture
def api(fetched) -> str:
    return f"/api/v1/surveys/{fetched.pk}/reconciliation/"


@pytest.fixture
def amir(client_of, analyst):
    return client_of(analyst)


def test_an_analyst_reconciles_now(amir, page, fetched, analyst):
    assert "has not been reconciled yet" in amir.get(page).content.decode()
    assert "was asked for" in amir.post(page, follow=True).content.decode()
    fetch = work(fetched)
    assert (fetch.trigger, fetch.state, fetch.asked_by) == ("reconcile", "done", analyst)
    assert "has not been reconciled yet" not in amir.get(page).content.decode()


def test_what_is_held_is_shown_and_confirmed(amir, page, lost, fetched):
    before = live()
    text = amir.get(page).content.decode()
    assert f"{lost} of {before} responses are missing in Qualtrics." in text
    assert "Yes, they were deleted" in text
    assert "Look again" in text
    amir.post(page, {"gone": str(lost)})
    assert live() == before  # until a last look has found the same
    work(fetched)
    assert live() == before - lost
    assert "are missing in Qualtrics" not in amir.get(page).content.decode()


def test_looking_again_changes_nothing_by_itself(amir, page, lost, fetched):
    before = live()
    amir.post(page)
    work(fetched)
    assert live() == before
    assert "are missing in Qualtrics" in amir.get(page).content.decode()


@pytest.mark.parametrize("gone", ["1", "-5", "many", "٣", "9" * 400])
def test_another_number_than_the_one_shown_is_not_taken(amir, page, lost, gone):
    assert "has changed since you looked" in amir.post(page, {"gone": gone}, follow=True).content.decode()
    assert not Fetch.objects.filter(state__in=Fetch.OPEN).exists()


def test_while_another_fetch_runs_the_page_says_so(amir, page, feed):
    ask_for_fetch(feed, Fetch.Trigger.MANUAL)
    assert "Another fetch of this survey is under way." in amir.post(page, follow=True).content.decode()


def test_the_connection_and_the_fetch_lead_there(client_of, admin, page, lost, fetched):
    fetch = Fetch.objects.filter(error_code="mass_disappearance").get()
    for address in (f"/settings/connections/{fetch.feed.connection_id}/", f"/settings/fetches/{fetch.pk}/"):
        assert page in client_of(admin).get(address).content.decode()


def test_the_api_shows_reconciles_and_confirms(api_of, analyst, api, lost, fetched):
    before, amir = live(), api_of(analyst)
    shown = amir.get(api).json()
    assert shown["held"] == {"gone": lost, "live": before}
    assert shown["last"]["error_code"] == "mass_disappearance"
    assert amir.post(api, {"confirmed_gone": lost + 1}, format="json").status_code == 409
    answer = amir.post(api, {"confirmed_gone": lost}, format="json")
    assert (answer.status_code, answer.json()["trigger"]) == (202, "reconcile")
    work(fetched)
    assert live() == before - lost
    assert amir.get(api).json()["held"] is None


def test_the_api_reconciles_now(api_of, analyst, api, fetched):
    assert api_of(analyst).get(api).json() == {"held": None, "last": None}
    assert api_of(analyst).post(api, {}, format="json").status_code == 202
    assert work(fetched).trigger == "reconcile"
    assert api_of(analyst).get(api).json()["last"]["state"] == "done"


@pytest.mark.parametrize("spec", [{"confirmed_gone": 0}, {"confirmed_gone": "many"}])
def test_the_api_refuses_what_is_no_number(api_of, analyst, api, spec):
    assert api_of(analyst).post(api, spec, format="json").status_code == 400


def test_a_survey_that_nothing_retrieves(api_of, analyst, survey):
    api = f"/api/v1/surveys/{survey.pk}/reconciliation/"
    assert api_of(analyst).get(api).json() == {"held": None, "last": None}
    answer = api_of(analyst).post(api, {}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_retrieve")


def test_viewers_decide_nothing(client_of, api_of, viewer, page, api):
    assert client_of(viewer).post(page).status_code == 403
    assert api_of(viewer).post(api, {}, format="json").status_code == 403
