"""Watches and the vendor's subscriptions: made, changed, ended, made again, cleared up. Against the sandbox."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.connections import editing
from integrations.models import ResponseWatch
from integrations.qualtrics.events import Completed, open_message, read_form
from integrations.qualtrics.hosts import normalise_host
from integrations.troubles.isolation import Parts
from integrations.vault.encryption import EncryptionError
from integrations.vault.secret import Secret
from integrations.vendor.clients import client_for
from integrations.webhooks import subscriptions
from sandbox.demo import RAILWAY_TOKEN, VIEWER_TOKEN
from tests.factories import make_survey
from tests.integrations.webhooks.conftest import SITE
from versioning.saving import Outdated


@pytest.fixture(autouse=True)
def _no_leftovers(sandbox):
    sandbox.site.services.webhooks.subscriptions.clear()


@pytest.fixture
def survey(connection, sandbox):
    return make_survey(connection.source, external_id=sandbox.control.survey_id("post-journey"))


def at_vendor(sandbox) -> dict[str, str]:
    """{subscription: address} as the vendor has them."""
    return {each.id: each.url for each in sandbox.site.services.webhooks.subscriptions.values()}


def keys_at_vendor(sandbox) -> set[str]:
    return {each.shared_key for each in sandbox.site.services.webhooks.subscriptions.values()}


def test_a_watch_makes_a_subscription_with_a_key_of_its_own(sandbox, survey):
    watch = subscriptions.create_watch(survey)
    assert at_vendor(sandbox) == {watch.subscription_id: f"{SITE}/hooks/qualtrics/{watch.uuid}/"}
    [subscription] = sandbox.site.services.webhooks.subscriptions.values()
    assert subscription.topics == f"surveyengine.completedResponse.{survey.external_id}"
    assert subscription.shared_key == subscriptions.keys_of(watch)[0].reveal()
    assert subscription.shared_key not in ResponseWatch.objects.values_list("key_envelope", flat=True)[0]
    assert len(subscription.shared_key) >= 40
    assert watch.trouble_code == ""


def test_one_watch_a_survey(sandbox, survey):
    subscriptions.create_watch(survey)
    with pytest.raises(subscriptions.CannotWatch) as refused:
        subscriptions.create_watch(survey)
    assert refused.value.code == "already_watched"
    assert len(at_vendor(sandbox)) == 1


def test_without_a_public_address_nothing_is_made(sandbox, survey, settings):
    settings.PUBLIC_URL = ""
    with pytest.raises(subscriptions.CannotWatch) as refused:
        subscriptions.create_watch(survey)
    assert refused.value.code == "no_public_url"
    assert at_vendor(sandbox) == {}


def test_without_the_right_the_watch_says_so(sandbox, db):
    connection = editing.create_connection(host=normalise_host(sandbox.host), token=Secret(VIEWER_TOKEN), name="Ida")
    watch = subscriptions.create_watch(make_survey(connection.source))
    assert (watch.trouble_code, watch.subscription_id) == ("watch_right_missing", "")
    assert at_vendor(sandbox) == {}


def test_ending_a_watch_ends_its_subscription(sandbox, survey):
    watch = subscriptions.create_watch(survey)
    with pytest.raises(Outdated):
        subscriptions.end_watch(ResponseWatch.objects.get(), watch.version + 1)
    subscriptions.end_watch(watch, watch.version)
    assert at_vendor(sandbox) == {}
    assert not ResponseWatch.objects.exists()


def test_a_subscription_that_cannot_be_ended_now_is_ended_later(sandbox, survey, connection):
    watch = subscriptions.create_watch(survey)
    sandbox.control.revoke_token(RAILWAY_TOKEN)
    subscriptions.end_watch(watch, watch.version)
    assert ResponseWatch.objects.get().is_ending
    assert subscriptions.watches().count() == 0
    sandbox.control.restore_token(RAILWAY_TOKEN)
    subscriptions.check_connection(connection)
    assert at_vendor(sandbox) == {}
    assert not ResponseWatch.objects.exists()


def test_c12_a_new_key_comes_before_the_old_one_goes(sandbox, survey):
    watch = subscriptions.create_watch(survey)
    first, [old] = watch.subscription_id, subscriptions.keys_of(watch)
    sandbox.control.forget_calls()
    subscriptions.rotate_key(watch, watch.version)
    calls = [call["method"] for call in sandbox.control.calls(path="eventsubscriptions")]
    assert calls == ["POST", "DELETE"]
    assert list(at_vendor(sandbox)) == [watch.subscription_id] != [first]
    new, former = subscriptions.keys_of(ResponseWatch.objects.get())
    assert former == old != new
    assert keys_at_vendor(sandbox) == {new.reveal()}
    ResponseWatch.objects.update(key_set_at=timezone.now() - timedelta(days=2))
    assert subscriptions.keys_of(ResponseWatch.objects.get()) == [new]


def test_c12_half_a_rotation_is_completed_by_the_check(sandbox, survey, connection):
    watch = subscriptions.create_watch(survey)
    sandbox.control.revoke_token(RAILWAY_TOKEN)
    subscriptions.rotate_key(watch, watch.version)
    assert (watch.subscription_id, watch.trouble_code) == ("", "token_refused")
    sandbox.control.restore_token(RAILWAY_TOKEN)
    subscriptions.check_connection(connection)
    found = ResponseWatch.objects.get()
    assert list(at_vendor(sandbox)) == [found.subscription_id]
    assert (found.former_subscription_id, found.trouble_code) == ("", "")


def test_c8_a_subscription_that_vanished_is_made_again(sandbox, survey, connection):
    watch = subscriptions.create_watch(survey)
    sandbox.site.services.webhooks.subscriptions.clear()
    subscriptions.check_connection(connection)
    found = ResponseWatch.objects.get()
    assert list(at_vendor(sandbox)) == [found.subscription_id] != [watch.subscription_id]


def test_a_check_that_finds_all_in_order_changes_nothing(sandbox, survey, connection):
    watch = subscriptions.create_watch(survey)
    sandbox.site.services.webhooks.subscriptions[watch.subscription_id].successful_calls = 12
    sandbox.control.forget_calls()
    subscriptions.check_connection(connection)
    assert [call["method"] for call in sandbox.control.calls(path="eventsubscriptions")] == ["GET"]
    found = ResponseWatch.objects.get()
    assert found.successful_calls == 12
    assert found.next_check_at > timezone.now() + timedelta(hours=23)


def test_when_the_site_has_moved_the_subscription_follows(sandbox, survey, connection, settings):
    watch = subscriptions.create_watch(survey)
    settings.PUBLIC_URL = "https://new.example"
    subscriptions.check_connection(connection)
    assert list(at_vendor(sandbox).values()) == [f"https://new.example/hooks/qualtrics/{watch.uuid}/"]


def test_c12_orphans_are_removed_and_nothing_of_others(sandbox, survey, connection):
    watch = subscriptions.create_watch(survey)
    topic = f"surveyengine.completedResponse.{survey.external_id}"
    orphan, twin = f"{SITE}/hooks/qualtrics/00000000-0000-0000-0000-000000000007/", subscriptions.address_of(watch)
    others = ["https://other.example/hooks/qualtrics/00000000-0000-0000-0000-000000000007/", f"{SITE}/elsewhere/"]
    with client_for(connection) as client:
        for url in (orphan, twin, *others):
            client.subscribe(topic, url, Secret("k"))
    sandbox.control.forget_calls()
    subscriptions.check_connection(connection)
    assert sorted(at_vendor(sandbox).values()) == sorted([subscriptions.address_of(watch), *others])
    assert watch.subscription_id in at_vendor(sandbox)
    deleted = [call["path"] for call in sandbox.control.calls(path="eventsubscriptions") if call["method"] == "DELETE"]
    assert len(deleted) == 2
    assert all("/eventsubscriptions/SUB_" in path for path in deleted)


def test_a_watch_being_made_is_not_an_orphan(sandbox, survey, connection):
    """Its subscription exists, and its row does not name it yet."""
    watch = subscriptions.create_watch(survey)
    ResponseWatch.objects.update(subscription_id="")
    with client_for(connection) as client:
        assert subscriptions._orphans(client.subscriptions()) == []
    assert watch.subscription_id in at_vendor(sandbox)


def test_a_deleted_connection_takes_its_subscriptions_along(
    sandbox, survey, connection, django_capture_on_commit_callbacks
):
    subscriptions.create_watch(survey)
    with django_capture_on_commit_callbacks(execute=True):
        editing.delete_connection(connection, connection.version)
    assert at_vendor(sandbox) == {}


def test_checks_come_once_a_day_and_to_one_worker(sandbox, survey, connection):
    subscriptions.create_watch(survey)
    assert subscriptions.connections_to_check(Parts()) == []
    ResponseWatch.objects.update(next_check_at=timezone.now())
    assert subscriptions.connections_to_check(Parts()) == [connection.pk]
    assert subscriptions.connections_to_check(Parts()) == []


def test_a_connection_that_is_stopped_is_not_asked(sandbox, survey, connection):
    subscriptions.create_watch(survey)
    connection.stopped_code = "token_refused"
    connection.save()
    sandbox.control.forget_calls()
    subscriptions.check_connection(connection)
    assert sandbox.control.calls(path="eventsubscriptions") == []


def test_a_key_that_cannot_be_read_is_trouble_and_no_crash(sandbox, survey, connection, settings):
    watch = subscriptions.create_watch(survey)
    ResponseWatch.objects.update(subscription_id="", key_envelope="enc:v1:k9:" + "A" * 60)
    with pytest.raises(EncryptionError):
        subscriptions.keys_of(ResponseWatch.objects.get())
    subscriptions.bring_in_line(ResponseWatch.objects.get())
    assert ResponseWatch.objects.get().trouble_code == "key_missing"
    assert watch.pk


def test_what_the_sandbox_sends_opens(sandbox, survey, settings):
    """The two implementations of the signature agree."""
    settings.PUBLIC_URL = "https://127.0.0.1:9"  # where nobody listens: what counts here is what was sent
    watch = subscriptions.create_watch(survey)
    made = sandbox.control.add_response("post-journey")["id"]
    [delivery] = [each for each in sandbox.control.deliveries() if each["subscription_id"] == watch.subscription_id]
    told = open_message(read_form(delivery["body"].encode()), subscriptions.keys_of(watch))
    assert told == Completed(survey.external_id, made)
