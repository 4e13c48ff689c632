"""One of the connections that see a brand feeds each survey; another takes over when it cannot: nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from feedback.models import FeedbackItem, Response, Survey
from integrations.connections import editing
from integrations.connections.testing import test_and_keep as run_test
from integrations.models import Connection, Fetch, SurveyAccess, SurveyFeed
from integrations.qualtrics.hosts import normalise_host
from integrations.surveys import brands
from integrations.surveys.catalogue import surveys_of
from integrations.sync import dispatch, feeding, requests
from integrations.sync.closing import give_up
from integrations.sync.lease import Lease, claim
from integrations.vault.secret import Secret
from kpis.counting.recount import differences
from sandbox.demo import COLLEAGUE_TOKEN, RAILWAY_TOKEN
from tests.integrations.sync.conftest import mirrored, work

pytestmark = pytest.mark.django_db
KEY = "taken-over"


@pytest.fixture
def item(sandbox, connection, add_item) -> FeedbackItem:
    """Fed by the first connection."""
    sandbox.control.add_survey("Taken over", key=KEY, like="post-journey", active=True)
    sandbox.control.bulk_responses(KEY, 20)
    run_test(connection)
    made = add_item(mirrored(connection, sandbox, KEY))
    work(made.survey)
    yield made
    sandbox.control.remove_survey(KEY)
    for token in (RAILWAY_TOKEN, COLLEAGUE_TOKEN):
        sandbox.control.restore_token(token)


@pytest.fixture
def second(sandbox, item) -> Connection:
    """A colleague's token of the same brand: it stands by."""
    made = editing.create_connection(host=normalise_host(sandbox.host), token=Secret(COLLEAGUE_TOKEN), name="Colleague")
    run_test(made)
    made.refresh_from_db()
    return made


def feed_of(item: FeedbackItem) -> SurveyFeed:
    return SurveyFeed.objects.select_related("connection", "survey").get(survey=item.survey_id)


def stopped(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(stopped_code="token_refused")
    Survey.objects.filter(feed__connection=connection).update(attention_code="token_refused")


def off(connection: Connection) -> None:
    connection.refresh_from_db()
    editing.switch(connection, connection.version, enabled=False)


def resting(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(open_until=timezone.now() + timedelta(minutes=5))


def blind(connection: Connection) -> None:
    SurveyAccess.objects.filter(connection=connection).update(lost_at=timezone.now())


@pytest.mark.parametrize("trouble", [stopped, off, resting, blind])
def test_another_takes_over_and_nothing_is_lost_or_doubled(
    sandbox, connection, second, item, trouble: Callable[[Connection], None]
):
    assert feed_of(item).connection == connection and feed_of(item).continuation_token
    before = Response.objects.count()
    trouble(connection)
    new = sandbox.control.add_responses(KEY, 3)["ids"]
    sandbox.control.forget_calls()
    assert feeding.hand_over_where_needed() == 1
    feed = feed_of(item)
    assert (feed.connection, feed.continuation_token) == (second, "")
    assert feed.next_due_at <= timezone.now() and feed.survey.attention_code == ""
    assert feeding.hand_over_where_needed() == 0  # it stays there
    dispatch.open_due_fetches()
    fetch = work(item.survey)
    assert (fetch.state, fetch.connection, fetch.full, fetch.new) == ("done", second, False, 3)
    assert set(Response.objects.values_list("external_id", flat=True)) >= set(new)
    assert Response.objects.count() == before + 3 == len({r.external_id for r in Response.objects.all()})
    assert list(differences(item.survey)) == []
    first = Fetch.objects.filter(feed=feed).earliest("pk")
    assert first.connection == connection  # the ledger says who fetched


def test_over_http_a_refused_token_costs_one_call_and_the_other_goes_on(sandbox, connection, second, item):
    sandbox.control.revoke_token(RAILWAY_TOKEN)
    sandbox.control.add_responses(KEY, 2)
    requests.ask_for_fetch(feed_of(item), "manual")
    assert work(item.survey).error_code == "token_refused"
    feeding.hand_over_where_needed()
    dispatch.open_due_fetches()
    assert work(item.survey).new == 2
    item.survey.refresh_from_db()
    assert (item.survey.attention_code, item.survey.failure_code) == ("", "")


def test_over_http_a_survey_that_is_no_longer_shared_with_one_is_fed_by_the_other(sandbox, connection, second, item):
    sandbox.control.unshare_survey(KEY, token=RAILWAY_TOKEN)
    sandbox.control.add_responses(KEY, 2)
    requests.ask_for_fetch(feed_of(item), "manual")
    assert work(item.survey).error_code in ("survey_gone", "not_found")
    assert feeding.hand_over_where_needed() == 1
    dispatch.open_due_fetches()
    assert (work(item.survey).new, feed_of(item).connection) == (2, second)
    sandbox.control.share_survey(KEY, token=RAILWAY_TOKEN)
    assert surveys_of(connection).error is None
    assert SurveyAccess.objects.get(connection=connection, survey=item.survey).lost_at is None
    assert feeding.hand_over_where_needed() == 0


def test_a_fetch_under_way_ends_with_its_own_connection(sandbox, connection, second, item):
    sandbox.control.change_settings(export_mode="slow")
    requests.ask_for_fetch(feed_of(item), "manual")
    lease = Lease(claim(Fetch.objects.latest("pk").uuid))
    resting(connection)
    assert feeding.hand_over_where_needed() == 0
    assert feed_of(item).connection == connection
    give_up(lease, Fetch.State.FAILED, "server_trouble")
    assert feeding.hand_over_where_needed() == 1


def test_a_continuation_token_stays_with_the_connection_that_got_it(sandbox, connection, second, item):
    """Should the feed change hands while a fetch is made, the fetch ends where it began, and leaves no token to the other."""
    fetch = requests.ask_for_fetch(feed_of(item), "manual")
    SurveyFeed.objects.filter(survey=item.survey).update(connection=second, continuation_token="")
    sandbox.control.forget_calls()
    assert work(item.survey).pk == fetch.pk
    assert Fetch.objects.get(pk=fetch.pk).connection == connection
    assert (feed_of(item).connection, feed_of(item).continuation_token) == (second, "")


def test_nobody_takes_over_who_cannot_or_does_not_see_it(connection, second, item):
    stopped(connection)
    SurveyAccess.objects.filter(connection=second).delete()
    assert feeding.hand_over_where_needed() == 0
    assert surveys_of(second).error is None
    stopped(second)
    assert feeding.hand_over_where_needed() == 0
    Connection.objects.filter(pk=second.pk).update(stopped_code="")
    assert feeding.hand_over_where_needed() == 1


def test_without_a_second_connection_to_a_brand_a_tick_asks_one_question(connection, item, django_assert_num_queries):
    stopped(connection)
    with django_assert_num_queries(1):
        assert feeding.hand_over_where_needed() == 0


def test_a_connection_that_is_deleted_leaves_its_surveys_to_the_other(connection, second, item):
    connection.refresh_from_db()
    editing.delete_connection(connection, connection.version)
    feed = feed_of(item)
    assert feed.connection == second and feed.next_due_at
    assert Response.objects.filter(survey=item.survey).exists()
    assert Fetch.objects.filter(feed=feed, connection=None).exists()
    with pytest.raises(editing.InUse):  # the last one
        second.refresh_from_db()
        editing.delete_connection(second, second.version)


def test_a_token_of_another_brand_is_never_used_for_what_the_former_brand_holds(sandbox, connection, item):
    before = connection.source_id
    Connection.objects.filter(pk=connection.pk).update(brand="meridian")
    connection.refresh_from_db()
    brands.settle(connection)
    connection.refresh_from_db()
    assert connection.source_id != before and connection.source.brand_key == "qualtrics:meridian"
    item.survey.refresh_from_db()
    assert (item.survey.source_id, item.survey.attention_code) == (before, "survey_gone")
    with pytest.raises(requests.CannotFetch, match="survey_gone"):
        requests.ask_for_fetch(feed_of(item), "manual")
