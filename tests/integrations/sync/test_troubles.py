"""Whatever Qualtrics or the network does wrong: nothing is lost or doubled, and the ledger says what happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from feedback.models import Response, Survey
from integrations.connections import editing
from integrations.models import Fetch, SurveyFeed
from integrations.qualtrics.hosts import normalise_host
from integrations.sync import closing, engine, loading, requests
from integrations.sync.lease import Lease, LeaseLost, claim
from integrations.troubles.table import explain
from integrations.vault.secret import Secret
from sandbox.demo import BANK_TOKEN
from tests.integrations.sync.conftest import mirrored, work

pytestmark = pytest.mark.django_db


def stored(survey: Survey) -> set[str]:
    return set(Response.objects.filter(survey=survey, deleted_at=None).values_list("external_id", flat=True))


def truth(sandbox) -> set[str]:
    return {row["id"] for row in sandbox.control.truth("post-journey")}


def latest(survey: Survey) -> Fetch:
    return Fetch.objects.filter(feed__survey=survey).latest("pk")


def books_add_up(survey: Survey) -> bool:
    fetches = Fetch.objects.filter(feed__survey=survey)
    return sum(fetch.new for fetch in fetches) == Response.objects.filter(survey=survey).count() and all(
        fetch.received == fetch.new + fetch.changed + fetch.unchanged + fetch.rejected for fetch in fetches
    )


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Waits within one call are not what is tested here."""
    monkeypatch.setattr(engine, "BACKGROUND", replace(engine.BACKGROUND, longest_sleep=0.0))


PASSING = {
    "429 with a time": {"kind": "429", "retry_after": "7"},
    "429 in HTML": {"kind": "429", "html": True},
    "500": {"kind": "500"},
    "503": {"kind": "503"},
    "504": {"kind": "504"},
    "HTML in place of JSON": {"kind": "html_200"},
    "empty body": {"kind": "empty_body"},
    "cut before the answer": {"kind": "cut", "size": 0},
    "cut inside the answer": {"kind": "cut", "size": 40},
}


@pytest.mark.parametrize("where", ["export-responses", "/file"])
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_passing_trouble_delays_and_loses_nothing(sandbox, survey, add_item, fault, where):
    add_item(survey)
    sandbox.control.switch_fault_on(path=f"*{where}*", count=2, **fault)
    fetch = work(survey)
    assert fetch.state == Fetch.State.DONE
    assert stored(survey) == truth(sandbox)
    assert books_add_up(survey)
    assert fetch.error_code == ""


BROKEN_FILES = ["corrupt_zip", "bad_checksum_zip", "truncated_zip", "empty_zip", "encrypted_zip", "not_a_zip"]


@pytest.mark.parametrize("kind", BROKEN_FILES)
def test_a_broken_file_is_fetched_again(sandbox, survey, add_item, kind):
    add_item(survey)
    sandbox.control.switch_fault_on(kind, path="*/file", count=1)
    fetch = work(survey)
    assert fetch.state == Fetch.State.DONE
    assert stored(survey) == truth(sandbox)
    assert fetch.received == fetch.new


@pytest.mark.parametrize("kind", BROKEN_FILES)
def test_a_file_that_stays_broken_fails_and_moves_nothing(sandbox, survey, add_item, kind):
    add_item(survey)
    sandbox.control.switch_fault_on(kind, path="*/file")
    fetch = work(survey)
    assert fetch.state == Fetch.State.FAILED
    assert stored(survey) == set()
    feed = SurveyFeed.objects.get(survey=survey)
    assert (feed.modified_until, feed.continuation_token, feed.covered_questions) == (None, "", {})
    survey.refresh_from_db()
    assert survey.failure_code == fetch.error_code != ""
    assert survey.failing_since is not None
    with translation.override("en"):
        title = str(explain(fetch.error_code).title)
    assert title != str(explain("something unknown").title)


def test_surveys_in_trouble_do_not_hold_up_those_that_are_well(sandbox, survey, add_item, connection):
    well = mirrored(connection, sandbox, "on-board")
    in_trouble = [survey, mirrored(connection, sandbox, "ticket-purchase")]
    for one in in_trouble:
        sandbox.control.switch_fault_on("corrupt_zip", path=f"*{one.external_id}*/file")
    add_item(in_trouble[0], "QID2")
    add_item(in_trouble[1], "QID2")
    add_item(well, "QID12")
    for one in in_trouble:
        engine.run(latest(one).uuid)
        fetch = latest(one)
        assert (fetch.state, fetch.step, fetch.failures) == (Fetch.State.WAITING, Fetch.Step.DOWNLOAD, 1)
    assert engine.run(latest(well).uuid) is None
    assert latest(well).state == Fetch.State.DONE


def test_failed_exports_are_asked_for_again_three_times(sandbox, survey, add_item):
    add_item(survey)
    sandbox.control.change_settings(export_mode="failed")
    fetch = work(survey)
    assert (fetch.state, fetch.error_code, fetch.export_attempts) == (Fetch.State.FAILED, "export_failed", 3)
    sandbox.control.change_settings(export_mode="instant")
    requests.ask_for_fetch(fetch.feed, Fetch.Trigger.MANUAL)
    assert work(survey).state == Fetch.State.DONE
    assert stored(survey) == truth(sandbox)


def test_an_export_that_is_never_ready_is_given_up_after_an_hour(sandbox, survey, add_item):
    add_item(survey)
    sandbox.control.change_settings(export_mode="stuck")
    fetch = latest(survey)
    for _ in range(3):
        Fetch.objects.filter(pk=fetch.pk).update(due_at=timezone.now())
        engine.run(fetch.uuid)
    fetch.refresh_from_db()
    assert fetch.state == Fetch.State.WAITING  # no worker is held meanwhile
    assert fetch.due_at > timezone.now()
    Fetch.objects.filter(pk=fetch.pk).update(started_at=timezone.now() - timedelta(minutes=61))
    assert work(survey).error_code == "export_stuck"


def test_a_refused_token_stops_the_connection_and_is_not_hammered(sandbox, survey, add_item, connection):
    add_item(survey)
    sandbox.control.switch_fault_on("401", path="*")
    sandbox.control.forget_calls()
    fetch = work(survey)
    assert (fetch.state, fetch.error_code) == (Fetch.State.FAILED, "token_refused")
    assert len(sandbox.control.calls()) == 1
    connection.refresh_from_db()
    survey.refresh_from_db()
    assert connection.stopped_code == "token_refused"
    assert survey.attention_code == "token_refused"
    with pytest.raises(requests.CannotFetch):
        requests.ask_for_fetch(fetch.feed, Fetch.Trigger.MANUAL)
    assert len(sandbox.control.calls()) == 1


def test_a_fetch_that_began_with_the_former_token_does_not_stop_the_new_one(survey, add_item, connection):
    add_item(survey)
    late = Lease(claim(latest(survey).uuid))
    editing.change_connection(connection, connection.version, token=Secret(BANK_TOKEN))
    closing.give_up(late, Fetch.State.FAILED, "token_refused")
    connection.refresh_from_db()
    survey.refresh_from_db()
    assert (connection.stopped_code, survey.attention_code) == ("", "")


def test_a_survey_that_is_gone_is_looked_at_again_in_some_hours(sandbox, survey, add_item):
    add_item(survey)
    work(survey)
    sandbox.control.switch_fault_on("404", path=f"*/surveys/{survey.external_id}*")
    survey.feed.refresh_from_db()
    requests.ask_for_fetch(survey.feed, Fetch.Trigger.MANUAL)
    fetch = work(survey)
    assert fetch.state == Fetch.State.FAILED
    survey.refresh_from_db()
    assert survey.attention_code == fetch.error_code
    assert SurveyFeed.objects.get(survey=survey).next_due_at > timezone.now() + timedelta(hours=5)
    assert stored(survey) == truth(sandbox)  # the last good values stay
    sandbox.control.switch_faults_off()
    requests.ask_for_fetch(survey.feed, Fetch.Trigger.MANUAL)
    assert work(survey).state == Fetch.State.DONE
    survey.refresh_from_db()
    assert (survey.attention_code, survey.failure_code) == ("", "")


def test_a_refused_continuation_token_falls_back_to_dates(sandbox, survey, add_item):
    add_item(survey)
    work(survey)
    sandbox.control.add_responses("post-journey", 3)
    SurveyFeed.objects.filter(survey=survey).update(continuation_token="expired")
    survey.feed.refresh_from_db()
    requests.ask_for_fetch(survey.feed, Fetch.Trigger.SCHEDULE)
    fetch = work(survey)
    assert fetch.state == Fetch.State.DONE
    assert not fetch.used_token
    assert fetch.window_from is not None
    assert fetch.new == 3
    assert stored(survey) == truth(sandbox)


def test_odd_lines_are_counted_and_the_rest_is_stored(sandbox, survey, add_item):
    add_item(survey)
    sandbox.control.change_settings(
        data={"empty_objects": 2, "blank_lines": 1, "bom": True, "crlf": True, "duplicates": 0.3, "shuffled": True,
              "bad_records": ["broken_json", "nan", "deep_nesting", "huge_integer"]}
    )  # fmt: skip
    fetch = work(survey)
    assert fetch.state == Fetch.State.PARTIAL
    assert stored(survey) == truth(sandbox)
    assert fetch.rejected_by_reason["empty"] == 3
    assert fetch.rejected == sum(fetch.rejected_by_reason.values()) == 7
    assert fetch.unchanged > 50  # the duplicates
    assert fetch.rejected_records.count() == 7
    assert books_add_up(survey)


def test_responses_that_stand_twice_in_a_first_export_are_stored_once(sandbox, survey, add_item, monkeypatch):
    """In batches of their own, so that the second one finds the first stored although nothing is looked up at first."""
    monkeypatch.setattr(loading, "BATCH", 25)
    add_item(survey)
    sandbox.control.change_settings(data={"duplicates": 0.3, "shuffled": True})
    fetch = work(survey)
    assert fetch.state == Fetch.State.DONE
    assert stored(survey) == truth(sandbox)
    assert fetch.new == len(truth(sandbox))
    assert fetch.unchanged > 50
    assert books_add_up(survey)


def test_a_second_worker_leaves_at_once(sandbox, survey, add_item):
    add_item(survey)
    fetch = latest(survey)
    assert claim(fetch.uuid) is not None
    sandbox.control.forget_calls()
    assert engine.run(fetch.uuid) is None
    assert sandbox.control.calls() == []


def test_a_worker_that_lost_its_lease_changes_nothing(sandbox, survey, add_item):
    add_item(survey)
    fetch = latest(survey)
    zombie = Lease(claim(fetch.uuid))
    Fetch.objects.filter(pk=fetch.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    done = work(survey)
    assert done.state == Fetch.State.DONE
    before = Fetch.objects.filter(pk=fetch.pk).values().get()
    with pytest.raises(LeaseLost):
        zombie.save(received=99)
    assert Fetch.objects.filter(pk=fetch.pk).values().get() == before


def test_a_job_that_kills_its_worker_each_time_is_set_aside(sandbox, survey, add_item):
    add_item(survey)
    fetch = latest(survey)
    for _ in range(5):
        claim(fetch.uuid)
        Fetch.objects.filter(pk=fetch.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    engine.run(fetch.uuid)
    fetch.refresh_from_db()
    assert (fetch.state, fetch.error_code) == (Fetch.State.QUARANTINED, "crashed_repeatedly")


def test_a_crash_between_batches_goes_on_where_it_stopped(sandbox, survey, add_item, monkeypatch):
    add_item(survey)
    fetch = latest(survey)
    monkeypatch.setattr(loading, "BATCH", 50)
    real, batches = loading.store_batch, []

    def dies_in_the_third(*arguments, **options):
        batches.append(1)
        if len(batches) == 3:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(loading, "store_batch", dies_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        work(survey)
    fetch.refresh_from_db()
    assert fetch.lines_done == 100
    assert len(stored(survey)) == 100
    Fetch.objects.filter(pk=fetch.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    fetch = work(survey)
    assert fetch.state == Fetch.State.DONE
    assert stored(survey) == truth(sandbox)
    assert fetch.received == fetch.new == len(truth(sandbox))


def test_one_failing_connection_leaves_the_other_alone(sandbox, survey, add_item, connection):
    other = editing.create_connection(
        host=normalise_host(sandbox.other_host), token=Secret(BANK_TOKEN), name="Bank", frequency="hourly"
    )
    branch = mirrored(other, sandbox, "branch-visit")
    add_item(survey)
    add_item(branch, "QID1")
    sandbox.control.switch_fault_on("500", path="*", brand="coastline")
    for _ in range(5):
        assert work(survey).state == Fetch.State.FAILED
        requests.ask_for_fetch(survey.feed, Fetch.Trigger.MANUAL)
    connection.refresh_from_db()
    assert connection.failures_in_a_row >= 5
    assert connection.open_until > timezone.now()
    assert work(branch).state == Fetch.State.DONE
    other.refresh_from_db()
    assert (other.failures_in_a_row, other.open_until) == (0, None)
