"""What was deleted at the source goes from the numbers too: after a complete export, all at once, and not in masses."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from feedback.models import Response, Survey
from integrations.models import Fetch, SurveyFeed
from integrations.sync import dispatch, failpoints, requests
from kpis.counting.recount import differences
from kpis.models import DayHistogram
from tests.integrations.sync.conftest import work

pytestmark = pytest.mark.django_db
KEY = "post-journey"


def live(survey: Survey) -> set[str]:
    return set(Response.objects.filter(survey=survey, deleted_at=None).values_list("external_id", flat=True))


def truth(sandbox) -> set[str]:
    return {row["id"] for row in sandbox.control.truth(KEY)}


def reconcile(survey: Survey) -> Fetch:
    requests.ask_for_fetch(SurveyFeed.objects.get(survey=survey), Fetch.Trigger.RECONCILE)
    return work(survey)


@pytest.fixture
def fetched(sandbox, survey, add_item) -> Survey:
    add_item(survey)
    work(survey)
    return survey


@pytest.fixture
def lonely(sandbox, connection, add_item):
    """A survey of this test alone, so that clearing it hurts nobody else."""


def delete(sandbox, number: int) -> set[str]:
    gone = sorted(truth(sandbox))[:number]
    for external_id in gone:
        sandbox.control.delete_response(KEY, external_id)
    return set(gone)


def test_deleted_responses_go_from_rows_and_numbers(sandbox, fetched):
    gone = delete(sandbox, 3)
    fetch = reconcile(fetched)
    assert (fetch.state, fetch.vanished, fetch.full) == (Fetch.State.DONE, 3, True)
    assert live(fetched) == truth(sandbox)
    assert set(Response.objects.exclude(deleted_at=None).values_list("external_id", flat=True)) == gone
    rows = DayHistogram.objects.filter(question__field="QID2")
    assert {row.day.isoformat(): row.counts for row in rows} == sandbox.control.count_answers(KEY, "QID2")
    assert list(differences(fetched)) == []


def test_an_ordinary_fetch_marks_nothing(sandbox, fetched):
    delete(sandbox, 3)
    sandbox.control.add_responses(KEY, 2)
    requests.ask_for_fetch(SurveyFeed.objects.get(survey=fetched), Fetch.Trigger.MANUAL)
    assert work(fetched).vanished == 0
    assert len(live(fetched) - truth(sandbox)) == 3


def test_a_full_fetch_for_another_reason_marks_nothing(sandbox, fetched):
    delete(sandbox, 3)
    requests.ask_for_fetch(SurveyFeed.objects.get(survey=fetched), Fetch.Trigger.MAPPING, full=True)
    assert work(fetched).vanished == 0


def test_a_response_that_comes_back_lives_again(sandbox, fetched):
    external_id = sorted(truth(sandbox))[0]
    row = sandbox.world.responses[fetched.external_id][external_id]
    sandbox.control.delete_response(KEY, external_id)
    reconcile(fetched)
    assert external_id not in live(fetched)
    sandbox.world.add_response(sandbox.world.survey(KEY), row)
    fetch = reconcile(fetched)
    assert fetch.changed == 1
    assert live(fetched) == truth(sandbox)
    assert list(differences(fetched)) == []


def test_a_mass_disappearance_is_held_for_a_person(sandbox, fetched):
    before = live(fetched)
    delete(sandbox, len(before) // 4)
    fetch = reconcile(fetched)
    assert (fetch.state, fetch.error_code, fetch.vanished) == (Fetch.State.PARTIAL, "mass_disappearance", 0)
    assert fetch.error_detail == {"gone": len(before) // 4, "live": len(before)}
    assert (fetch.rejected, fetch.get_state_display()) == (0, "Done in part")
    assert live(fetched) == before
    fetched.refresh_from_db()
    assert fetched.attention_code == "mass_disappearance"
    # An ordinary fetch that works does not hide it.
    requests.ask_for_fetch(SurveyFeed.objects.get(survey=fetched), Fetch.Trigger.MANUAL)
    assert work(fetched).state == Fetch.State.DONE
    fetched.refresh_from_db()
    assert fetched.attention_code == "mass_disappearance"


def test_it_is_lifted_once_everything_is_there_again(sandbox, fetched):
    rows = dict(sandbox.world.responses[fetched.external_id])
    sandbox.control.clear_responses(KEY)
    assert reconcile(fetched).error_code == "mass_disappearance"
    for row in rows.values():
        sandbox.world.add_response(sandbox.world.survey(KEY), row)
    assert reconcile(fetched).state == Fetch.State.DONE
    fetched.refresh_from_db()
    assert fetched.attention_code == ""
    assert live(fetched) == truth(sandbox)


def test_a_record_that_cannot_be_named_might_be_any_so_nothing_is_marked(sandbox, fetched):
    delete(sandbox, 2)
    before = live(fetched)
    sandbox.control.change_settings(data={"bad_records": ["deep_nesting"]})
    fetch = reconcile(fetched)
    unnamed = fetch.rejected_records.filter(external_id="").exists()
    assert fetch.vanished == (0 if unnamed else 2)
    assert len(live(fetched)) == len(before) - fetch.vanished


def test_a_crash_in_the_middle_marks_nothing(sandbox, fetched, monkeypatch):
    delete(sandbox, 4)
    before = live(fetched)

    def die(name: str) -> None:
        if name == "vanished":
            raise KeyboardInterrupt

    monkeypatch.setattr(failpoints, "on_reach", die)
    with pytest.raises(KeyboardInterrupt):
        reconcile(fetched)
    assert live(fetched) == before
    monkeypatch.setattr(failpoints, "on_reach", None)
    Fetch.objects.filter(state=Fetch.State.RUNNING).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert work(fetched).vanished == 4
    assert live(fetched) == truth(sandbox)


def test_what_the_export_did_not_cover_is_left_alone(sandbox, survey, add_item):
    add_item(survey)
    work(survey)
    old = sorted(sandbox.control.truth(KEY), key=lambda row: row["recorded"])[0]["id"]
    sandbox.control.delete_response(KEY, old)
    first_day = (timezone.now() - timedelta(days=30)).date()
    survey.items.update(backfill="date", count_from=first_day)
    fetch = reconcile(survey)
    assert fetch.window_from is not None
    assert fetch.vanished == 0
    assert old in live(survey)


def test_a_month_after_the_first_fetch_the_timetable_asks_for_it(sandbox, fetched):
    feed = SurveyFeed.objects.get(survey=fetched)
    assert not requests.is_to_reconcile(feed)
    gone = delete(sandbox, 1)
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert dispatch.open_due_fetches() == 1
        fetch = work(fetched)
        assert (fetch.trigger, fetch.vanished) == (Fetch.Trigger.RECONCILE, 1)
        assert not requests.is_to_reconcile(feed)
    assert not gone & live(fetched)


def test_late_sentiments_arrive_although_the_vendor_moved_no_date(sandbox, survey, add_item):
    sentiment = survey.questions.get(kind="sentiment")
    sandbox.control.change_settings(text_iq_delay=100_000, text_iq_moves_modified=False, export_lag=0)
    external_id = sandbox.control.add_response(KEY, answers={"QID2": 3, "QID8_TEXT": "Late again."})["id"]
    item = add_item(survey, sentiment.field)
    work(survey)

    def answer() -> object:
        return Response.objects.get(external_id=external_id).answers.get(str(item.question_id))

    assert answer() is None
    sandbox.control.add_text_iq(KEY, external_id, "Negative")
    requests.ask_for_fetch(SurveyFeed.objects.get(survey=survey), Fetch.Trigger.MANUAL)
    work(survey)
    reconcile(survey)
    assert answer() == -1
    assert list(differences(survey)) == []


def test_a_sentiment_that_was_missing_once_is_fetched_again(sandbox, survey, add_item):
    """Although the vendor dates it as no change, has no token for it, and other responses came and moved the watermark."""
    sandbox.control.switch_fault_on("continuation_refused")
    sentiment = survey.questions.get(kind="sentiment")
    sandbox.control.change_settings(text_iq_delay=100_000, text_iq_moves_modified=False, export_lag=0)
    external_id = sandbox.control.add_response(KEY, answers={"QID2": 3, "QID8_TEXT": "Late again."})["id"]
    item = add_item(survey, sentiment.field)
    feed = SurveyFeed.objects.get(survey=survey)
    for _more in range(2):
        work(survey)
        sandbox.control.advance_clock(hours=5)
        sandbox.control.add_response(KEY, answers={"QID2": 4})
        requests.ask_for_fetch(feed, Fetch.Trigger.MANUAL)
    work(survey)
    sandbox.control.add_text_iq(KEY, external_id, "Negative")
    requests.ask_for_fetch(feed, Fetch.Trigger.MANUAL)
    fetch = work(survey)
    assert (fetch.full, fetch.changed) == (False, 1)
    assert Response.objects.get(external_id=external_id).answers[str(item.question_id)] == -1


def test_late_sentiments_arrive_by_their_date(sandbox, survey, add_item):
    sentiment = survey.questions.get(kind="sentiment")
    sandbox.control.change_settings(text_iq_delay=100_000, export_lag=0)
    external_id = sandbox.control.add_response(KEY, answers={"QID2": 3, "QID8_TEXT": "Late again."})["id"]
    item = add_item(survey, sentiment.field)
    work(survey)
    sandbox.control.add_text_iq(KEY, external_id, "Very Positive")
    requests.ask_for_fetch(SurveyFeed.objects.get(survey=survey), Fetch.Trigger.MANUAL)
    assert work(survey).changed == 1
    assert Response.objects.get(external_id=external_id).answers[str(item.question_id)] == 2
