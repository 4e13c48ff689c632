"""A fetch from the sandbox over real HTTP, turn by turn: everything once, and the books add up."""

from __future__ import annotations

from itertools import islice

import orjson
import pytest
from django.db import connection as database

from feedback.models import FeedbackItem, Response, Survey
from integrations.models import Fetch
from integrations.qualtrics import archive
from integrations.sync import engine, failpoints, loading, requests
from integrations.troubles.errors import FileBroken
from kpis.models import DayHistogram
from tests.integrations.sync.conftest import mirrored, work

pytestmark = pytest.mark.django_db


def stored(survey: Survey) -> set[str]:
    return set(Response.objects.filter(survey=survey, deleted_at=None).values_list("external_id", flat=True))


def truth(sandbox, key="post-journey") -> set[str]:
    return {row["id"] for row in sandbox.control.truth(key)}


def histograms(item: FeedbackItem) -> dict:
    return {row.day.isoformat(): row.counts for row in DayHistogram.objects.filter(question=item.question)}


def again(survey: Survey) -> Fetch:
    survey.feed.refresh_from_db()
    requests.ask_for_fetch(survey.feed, Fetch.Trigger.MANUAL)
    return work(survey)


def test_the_first_fetch_brings_all_the_survey_ever_recorded(sandbox, survey, add_item):
    item = add_item(survey)
    fetch = work(survey)
    assert fetch.state == Fetch.State.DONE
    assert fetch.trigger == Fetch.Trigger.FIRST
    assert fetch.full
    assert stored(survey) == truth(sandbox)
    assert fetch.received == fetch.new == len(truth(sandbox))
    assert (fetch.changed, fetch.unchanged, fetch.rejected) == (0, 0, 0)
    assert histograms(item) == sandbox.control.count_answers("post-journey", "QID2")
    survey.refresh_from_db()
    assert survey.last_good_fetch_at is not None
    assert survey.failure_code == ""


def test_only_what_is_needed_is_asked_for_and_stored(sandbox, survey, add_item):
    item = add_item(survey)
    work(survey)
    start = next(call for call in sandbox.control.calls(path="/export-responses", method="POST"))
    start = orjson.loads(start["body"])
    assert start["questionIds"] == ["QID2"]
    assert start["embeddedDataIds"] == []
    assert not {"ipAddress", "locationLatitude", "recipientEmail"} & set(start["surveyMetadataIds"])
    keys = {key for answers in Response.objects.values_list("answers", flat=True) for key in answers}
    assert keys == {str(item.question_id)}


def test_a_second_fetch_brings_only_what_is_new(sandbox, survey, add_item):
    add_item(survey)
    work(survey)
    sandbox.control.add_responses("post-journey", 7)
    fetch = again(survey)
    assert not fetch.full
    assert fetch.used_token
    assert fetch.new == 7
    assert stored(survey) == truth(sandbox)


def test_a_fetch_that_brings_nothing_new_writes_no_response(sandbox, survey, add_item):
    add_item(survey)
    work(survey)
    before = list(Response.objects.order_by("pk").values_list("pk", "fetch_number", "content_hash"))
    fetch = again(survey)
    assert fetch.state == Fetch.State.DONE
    assert (fetch.new, fetch.changed) == (0, 0)
    assert list(Response.objects.order_by("pk").values_list("pk", "fetch_number", "content_hash")) == before


def test_an_edited_response_replaces_the_old_one(sandbox, survey, add_item):
    item = add_item(survey)
    work(survey)
    response = Response.objects.filter(status=0, finished=True).first()
    score = 0 if response.answers.get(str(item.question_id)) else 10
    sandbox.control.edit_response("post-journey", response.external_id, {"QID2": score})
    fetch = again(survey)
    assert fetch.changed == 1
    response.refresh_from_db()
    assert response.answers[str(item.question_id)] == score


def test_a_question_mapped_later_brings_its_own_history(sandbox, survey, add_item):
    add_item(survey)
    work(survey)
    later = add_item(survey, "QID4")
    fetch = work(survey)
    assert fetch.trigger == Fetch.Trigger.MAPPING
    assert fetch.full
    assert fetch.new == 0
    answered = sum("".join(row.answers.keys()).count(str(later.question_id)) > 0 for row in Response.objects.all())
    assert answered > 100
    survey.feed.refresh_from_db()
    assert set(survey.feed.covered_questions) >= {str(later.question_id)}


def test_a_survey_not_launched_is_waiting_and_fills_after_its_launch(sandbox, connection, add_item):
    survey = mirrored(connection, sandbox, "delay-compensation")
    assert survey.live == Survey.Live.NEVER_LAUNCHED
    add_item(survey, "QID1")
    first = work(survey)
    assert first.state == Fetch.State.DONE
    sandbox.control.launch_survey("delay-compensation")
    sandbox.control.add_responses("delay-compensation", 25)
    fetch = again(survey)
    assert fetch.state == Fetch.State.DONE
    assert stored(survey) == truth(sandbox, "delay-compensation")
    assert len(stored(survey)) >= 25


def test_a_draft_causes_no_call(sandbox, survey, add_item):
    sandbox.control.forget_calls()
    add_item(survey, retrieve=False)
    assert sandbox.control.calls() == []
    assert not Fetch.objects.exists()


def test_a_paused_item_causes_no_call(sandbox, survey, add_item):
    item = add_item(survey)
    work(survey)
    sandbox.control.forget_calls()
    item.chosen_state = FeedbackItem.Chosen.PAUSED
    item.save()
    with pytest.raises(requests.CannotFetch) as refusal:
        requests.ask_for_fetch(survey.feed, Fetch.Trigger.MANUAL)
    assert refusal.value.code == "nothing_to_retrieve"
    assert sandbox.control.calls() == []


@pytest.mark.django_db(transaction=True)
def test_batches_do_not_wait_for_the_disk_but_the_closing_of_the_books_does(survey, add_item, monkeypatch):
    if database.vendor != "postgresql":
        pytest.skip("SQLite has one setting for all transactions")
    add_item(survey)
    waits: dict[str, str] = {}

    def note(name: str) -> None:
        with database.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            waits[name] = cursor.fetchone()[0]

    monkeypatch.setattr(failpoints, "on_reach", note)
    with database.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO on")
    work(survey)
    assert waits["checkpoint"] == waits["refreshing"] == "off"
    assert waits["ledger_closed"] == waits["watermark"] == "on"


def test_trouble_with_the_next_batch_comes_out_after_those_before_it(sandbox, survey, add_item, monkeypatch):
    monkeypatch.setattr(loading, "BATCH", 25)
    add_item(survey)
    read_lines = archive.read_lines

    def breaks_off(path, skip=0):
        yield from islice(read_lines(path, skip=skip), 60)
        raise FileBroken("The zip cannot be read.", code="zip_broken")

    monkeypatch.setattr(archive, "read_lines", breaks_off)
    fetch = Fetch.objects.filter(feed__survey=survey).latest("pk")
    engine.run(fetch.uuid)
    fetch.refresh_from_db()
    assert fetch.is_open and fetch.error_code == "zip_broken"
    assert fetch.lines_done == Response.objects.filter(survey=survey).count() == 50
    monkeypatch.setattr(archive, "read_lines", read_lines)
    work(survey)
    assert set(Response.objects.values_list("external_id", flat=True)) == {
        row["id"] for row in sandbox.control.truth("post-journey")
    }
