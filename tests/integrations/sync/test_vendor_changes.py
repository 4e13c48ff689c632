"""The vendor's side changes while we fetch: tokens, clocks, questions, whole outages."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from feedback.models import FeedbackItem, Response, Survey
from integrations.models import Connection, Fetch, SurveyFeed
from integrations.sync import closing, dispatch, engine, requests
from kpis.models import DayHistogram
from sandbox.demo import RAILWAY_TOKEN
from tests.integrations.sync.conftest import mirrored, work

pytestmark = pytest.mark.django_db
KEY = "post-journey"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Waits within one call are not what is tested here."""
    monkeypatch.setattr(engine, "BACKGROUND", replace(engine.BACKGROUND, longest_sleep=0.0))


def stored(survey: Survey) -> set[str]:
    return set(Response.objects.filter(survey=survey, deleted_at=None).values_list("external_id", flat=True))


def truth(sandbox) -> set[str]:
    return {row["id"] for row in sandbox.control.truth(KEY)}


def again(survey: Survey, *, full: bool = False) -> Fetch:
    feed = SurveyFeed.objects.select_related("connection", "survey").get(survey=survey)
    requests.ask_for_fetch(feed, Fetch.Trigger.MANUAL, full=full)
    return work(survey)


def test_a_token_revoked_in_mid_run_stops_at_once_and_a_new_one_goes_on(sandbox, survey, add_item, connection):
    add_item(survey)
    sandbox.control.change_settings(export_mode="normal", export_polls=2)
    fetch = Fetch.objects.get(feed__survey=survey)
    engine.run(fetch.uuid)  # the export is ordered
    sandbox.control.revoke_token(RAILWAY_TOKEN)
    sandbox.control.forget_calls()
    fetch = work(survey)
    assert (fetch.state, fetch.error_code) == (Fetch.State.FAILED, "token_refused")
    assert len(sandbox.control.calls()) == 1
    sandbox.control.restore_token(RAILWAY_TOKEN)
    connection.refresh_from_db()
    closing.restart(connection)
    assert again(survey).state == Fetch.State.DONE
    assert stored(survey) == truth(sandbox)


@pytest.mark.parametrize("hours", [-2, 2])
def test_clocks_that_differ_by_hours_lose_nothing(sandbox, survey, add_item, hours):
    add_item(survey)
    work(survey)
    sandbox.control.advance_clock(hours=hours)  # the vendor's clock; ours stays
    try:
        for _ in range(3):
            SurveyFeed.objects.update(continuation_token="")  # by date, which is where clocks could matter
            known = stored(survey)
            sandbox.control.add_responses(KEY, 2)
            fetch = again(survey)
            # An unfinished response of a week ago may be closed meanwhile, by the vendor's clock: it is new as well.
            new = [row for row in sandbox.control.truth(KEY) if row["id"] not in known]
            assert len(new) >= 2
            # A clock that went back may write before the overlap of two fetches, if somebody answered just before it did.
            seen = [row for row in new if datetime.fromisoformat(row["modified"]) >= fetch.window_from]
            assert hours < 0 or seen == new
            assert (fetch.state, fetch.new, fetch.used_token) == (Fetch.State.DONE, len(seen), False)
        if hours < 0:
            again(survey, full=True)  # brings what was written before the overlap
        rows = sandbox.control.truth(KEY)
        assert stored(survey) >= {row["id"] for row in rows}
        newest = max(datetime.fromisoformat(row["recorded"]) for row in rows)
        watermark = SurveyFeed.objects.get(survey=survey).modified_until
        # What the vendor wrote, not what our clock says; and it never goes back.
        assert watermark == newest if hours > 0 else watermark >= newest
    finally:
        sandbox.control.advance_clock(hours=-hours)


def test_a_token_kept_too_long_falls_back_to_dates(sandbox, survey, add_item):
    add_item(survey)
    work(survey)
    sandbox.control.add_responses(KEY, 3)
    SurveyFeed.objects.update(continuation_token_at=timezone.now() - timedelta(days=8))
    fetch = again(survey)
    assert (fetch.used_token, fetch.new) == (False, 3)
    assert stored(survey) == truth(sandbox)


def test_an_outage_opens_the_circuit_and_a_single_try_closes_it(sandbox, survey, add_item, connection):
    add_item(survey)
    work(survey)
    sandbox.control.switch_fault_on("503")
    for _ in range(5):
        assert again(survey).state == Fetch.State.FAILED
    connection.refresh_from_db()
    assert connection.open_until > timezone.now()
    rows = Response.objects.count()
    SurveyFeed.objects.update(next_due_at=timezone.now() - timedelta(seconds=1))
    sandbox.control.forget_calls()
    assert dispatch.open_due_fetches() == 0  # it is left alone
    assert sandbox.control.calls() == []
    sandbox.control.switch_faults_off()
    with time_machine.travel(connection.open_until + timedelta(seconds=1)):
        assert dispatch.open_due_fetches() == 1
        assert work(survey).state == Fetch.State.DONE
    connection = Connection.objects.get(pk=connection.pk)
    assert (connection.failures_in_a_row, connection.open_until) == (0, None)
    assert Response.objects.count() == rows


def test_a_question_whose_choices_changed_is_not_counted_by_the_old_rules(sandbox, connection, add_item):
    sandbox.control.add_survey("Drift", key="drift", like=KEY, active=True)
    try:
        survey = mirrored(connection, sandbox, "drift")
        sandbox.control.add_responses("drift", 5)
        kept, changed = add_item(survey), add_item(survey, "QID4")
        work(survey)
        counted = DayHistogram.objects.filter(question=changed.question).values_list("day", "counts")
        before = list(counted)
        recodes = {
            choice.id: str(10 + n) for n, choice in enumerate(sandbox.world.survey("drift").question("QID4").choices)
        }
        sandbox.control.advance_clock(seconds=2)  # the vendor's date of the edit differs
        sandbox.control.edit_question("drift", "QID4", recodes=recodes)
        sandbox.control.add_responses("drift", 4)
        fetch = again(survey)
        assert (fetch.state, fetch.new) == (Fetch.State.DONE, 4)
        assert set(fetch.mapping) == {kept.question.field}
        assert list(counted) == before  # the last good numbers stay
        mapped = FeedbackItem.objects.get(pk=changed.pk).question
        assert mapped.fingerprint == changed.mapped_fingerprint  # kept as it was mapped
        assert mapped.successor.fingerprint != changed.mapped_fingerprint
        assert [choice["value"] for choice in mapped.successor.choices] == list(recodes.values())
        assert mapped.choices != mapped.successor.choices
    finally:
        sandbox.control.remove_survey("drift")
