"""When another connection feeds a survey, its watch is made anew by that one, and then the former subscription is ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.connections import editing
from integrations.connections.testing import test_and_keep as run_test
from integrations.models import Connection, ResponseWatch, SurveyAccess, SurveyFeed
from integrations.qualtrics.hosts import normalise_host
from integrations.surveys.catalogue import surveys_of
from integrations.sync import feeding
from integrations.troubles.isolation import Parts
from integrations.vault.secret import Secret
from integrations.webhooks import subscriptions
from sandbox.demo import COLLEAGUE_TOKEN
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def watched(sandbox, connection) -> ResponseWatch:
    """Made through the first connection, which then rests: the second one feeds the survey."""
    run_test(connection)
    survey = next(s for s in surveys_of(connection).live_rows() if s.live == "live")
    factories.make_feed(connection, survey)
    watch = subscriptions.create_watch(survey)
    assert watch.subscription_id and not watch.trouble_code
    second = editing.create_connection(
        host=normalise_host(sandbox.host), token=Secret(COLLEAGUE_TOKEN), name="Colleague"
    )
    run_test(second)
    Connection.objects.filter(pk=connection.pk).update(open_until=timezone.now() + timedelta(minutes=5))
    assert feeding.hand_over_where_needed() == 1
    return watch


def move() -> list[int]:
    with Parts() as parts:
        found = subscriptions.watches_to_move(parts)
    for pk in found:
        subscriptions.move_watch(ResponseWatch.objects.select_related("survey").get(pk=pk))
    return found


def test_the_new_one_is_made_first_and_the_former_ended(sandbox, watched):
    sandbox.control.forget_calls()
    assert move() == [watched.pk]
    kept = ResponseWatch.objects.get()
    assert (kept.connection.name, kept.is_ending) == ("Colleague", False)
    assert kept.subscription_id and kept.uuid != watched.uuid
    called = [call["method"] for call in sandbox.control.calls() if "eventsubscriptions" in call["path"]]
    assert called == ["POST", "DELETE"]
    assert move() == []


def test_if_the_new_one_may_not_the_former_stays(sandbox, watched):
    fault = sandbox.control.switch_fault_on("403", path="*eventsubscriptions*")
    assert fault
    assert move() == [watched.pk]
    kept = ResponseWatch.objects.get()
    assert (kept.pk, kept.is_ending, kept.connection.name) == (watched.pk, False, "Coastline Rail")
    assert move() == []  # not at every tick
    sandbox.control.switch_faults_off()


def test_while_the_former_cannot_be_ended_it_waits_and_accepts_nothing(sandbox, watched):
    Connection.objects.filter(name="Coastline Rail").update(stopped_code="token_refused")
    sandbox.control.forget_calls()
    assert move() == [watched.pk]
    assert [call["method"] for call in sandbox.control.calls()] == ["POST"]  # a refused token is not tried once more
    kept, ending = ResponseWatch.objects.order_by("is_ending")
    assert (kept.connection.name, ending.connection.name, ending.pk) == ("Colleague", "Coastline Rail", watched.pk)


def test_one_whose_survey_is_fed_as_it_was_stays(watched):
    SurveyFeed.objects.update(connection=watched.connection)
    ResponseWatch.objects.update(next_check_at=timezone.now())
    assert move() == []
    assert SurveyAccess.objects.filter(survey=watched.survey, lost_at=None).count() == 2
