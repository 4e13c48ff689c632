"""A connection whose test failed is not ready, wherever its state shows; after a good test every card knows it."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.connections.editing import create_connection
from integrations.connections.testing import test_and_keep as run_test
from integrations.models import Connection
from integrations.qualtrics.hosts import normalise_host
from integrations.vault.secret import Secret
from sandbox.demo import RAILWAY_TOKEN, VIEWER_TOKEN

pytestmark = pytest.mark.django_db
FAILED, WHY = "Test failed", "sees no survey"


@pytest.fixture
def blind(sandbox, db) -> Connection:
    """Its token is good, and sees nothing."""
    made = create_connection(host=normalise_host(sandbox.host), token=Secret(VIEWER_TOKEN), name="Blind")
    run_test(made)
    return made


def places(client, api, place) -> dict[str, str]:
    """Wherever the state of a connection shows."""
    lane, stage = place
    pk = Connection.objects.get().pk
    wizard = f"{reverse('integrations:wizard_start')}?lane={lane.pk}&stage={stage.pk}"
    pages = {
        "heading": reverse("integrations:connection", args=[pk]),
        "list": reverse("integrations:connection_list"),
        "health": reverse("integrations:health"),
        "wizard": wizard,
    }
    shown = {name: client.get(page).content.decode() for name, page in pages.items()}
    for name in ("connections/", f"connections/{pk}/", "connections/choices/", "health/", f"connections/{pk}/health/"):
        shown[name] = api.get(f"/api/v1/{name}").content.decode()
    return shown


def test_after_a_failed_test_nothing_says_ready(blind, client_of, api_of, admin, place):
    shown = places(client_of(admin), api_of(admin), place)
    assert {name for name, text in shown.items() if FAILED not in text or WHY not in text} == set()
    assert {name for name, text in shown.items() if "Ready" in text} == set()
    assert "All well" not in shown["health"]


def test_after_a_good_test_every_card_of_the_page_knows_it(sandbox, blind, client_of, api_of, admin, place):
    Connection.objects.all().delete()
    good = create_connection(host=normalise_host(sandbox.host), token=Secret(RAILWAY_TOKEN), name="Sees")
    client, address = client_of(admin), reverse("integrations:connection_test", args=[good.pk])
    before = client.get(reverse("integrations:connection", args=[good.pk])).content.decode()
    assert "not tested yet" in before and f'hx-post="{address}"' in before and 'hx-select="#main"' in before
    after = client.post(address, headers={"HX-Request": "true"}).content.decode()
    assert 'id="main"' in after and "not tested yet" not in after
    assert after.count("Ana Ruiz") == 3  # in the health card, in the test's facts, in the check
    shown = places(client, api_of(admin), place)
    assert {name for name, text in shown.items() if FAILED in text} == set()


def test_a_call_that_went_well_since_says_more_than_the_test(blind, client_of, admin):
    Connection.objects.update(last_good_call_at=timezone.now())
    assert FAILED not in client_of(admin).get(reverse("integrations:connection_list")).content.decode()
