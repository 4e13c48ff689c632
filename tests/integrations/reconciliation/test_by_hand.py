"""Reconciling now, and what a person decides when unusually many responses are missing."""

from __future__ import annotations

import pytest
from django.urls import reverse

from integrations.models import Fetch
from integrations.reconciliation import reconciling
from integrations.reconciliation.reconciling import NothingToConfirm, confirm_deleted, held, reconcile_now
from integrations.sync.requests import CannotFetch, ask_for_fetch
from kpis.counting.recount import differences
from tests.integrations.reconciliation.conftest import KEY, feed_of, live
from tests.integrations.sync.conftest import work

pytestmark = pytest.mark.django_db


def test_it_asks_for_a_complete_export_and_wakes_a_worker(
    sandbox, feed, fetched, client_of, admin, rung, django_capture_on_commit_callbacks
):
    gone = sandbox.control.truth(KEY)[0]["id"]
    sandbox.control.delete_response(KEY, gone)
    with django_capture_on_commit_callbacks(execute=True):
        client_of(admin).post(reverse("integrations:reconciliation", args=[feed.pk]))
    fetch = Fetch.objects.get(state__in=Fetch.OPEN)
    assert rung == [fetch]
    assert (fetch.trigger, fetch.full, fetch.asked_by) == ("reconcile", True, admin)
    assert work(fetched).vanished == 1


def test_asking_twice_gives_the_same(feed, admin):
    assert reconcile_now(feed, admin) == reconcile_now(feed, admin)


def test_while_another_fetch_runs_it_is_refused(feed, admin):
    ask_for_fetch(feed, Fetch.Trigger.MANUAL)
    with pytest.raises(CannotFetch) as refused:
        reconcile_now(feed, admin)
    assert refused.value.code == "fetch_under_way"


def test_what_is_held_says_how_many(lost, fetched):
    waiting = held(feed_of(fetched))
    assert waiting is not None
    assert (waiting.gone, waiting.live) == (lost, live())


def test_confirmed_they_are_marked_and_the_numbers_follow(lost, fetched, admin):
    before = live()
    confirm_deleted(feed_of(fetched), admin, lost)
    fetch = work(fetched)
    assert (fetch.state, fetch.vanished, fetch.error_code) == (Fetch.State.DONE, lost, "")
    assert live() == before - lost
    assert held(feed_of(fetched)) is None
    assert list(differences(fetched)) == []


def test_more_than_was_confirmed_is_held_again(sandbox, lost, fetched, admin):
    """Meanwhile the token lost its rights altogether: that is not what the person said."""
    before = live()
    sandbox.control.clear_responses(KEY)
    confirm_deleted(feed_of(fetched), admin, lost)
    assert work(fetched).error_code == "mass_disappearance"
    assert live() == before
    assert held(feed_of(fetched)).gone == before


def test_looking_again_holds_what_is_missing_and_lifts_what_has_come_back(sandbox, lost, fetched, admin, every_row):
    before = live()
    reconcile_now(feed_of(fetched), admin)
    assert work(fetched).error_code == "mass_disappearance"
    assert live() == before
    sandbox.world.responses[fetched.external_id].update(every_row)
    reconcile_now(feed_of(fetched), admin)
    assert work(fetched).state == Fetch.State.DONE
    assert held(feed_of(fetched)) is None
    assert live() == before


@pytest.mark.parametrize("difference", [-1, 1])
def test_another_number_than_was_shown_is_not_confirmed(lost, fetched, admin, difference):
    with pytest.raises(NothingToConfirm):
        confirm_deleted(feed_of(fetched), admin, lost + difference)
    assert not Fetch.objects.filter(state__in=Fetch.OPEN).exists()


def test_where_nothing_is_held_nothing_is_confirmed(feed, admin):
    with pytest.raises(NothingToConfirm):
        confirm_deleted(feed, admin, 0)


def test_a_look_under_way_is_no_confirmation(lost, fetched, admin):
    reconcile_now(feed_of(fetched), admin)
    with pytest.raises(CannotFetch) as refused:
        reconciling.confirm_deleted(feed_of(fetched), admin, lost)
    assert refused.value.code == "fetch_under_way"
