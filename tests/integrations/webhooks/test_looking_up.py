"""What becomes of kept messages: few are read one by one, many with one export, and nothing depends on them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from feedback.models import ChangedDay, Response
from integrations.models import Delivery, Fetch
from integrations.qualtrics.events import Completed
from integrations.timetable import tasks
from integrations.webhooks import inbox
from integrations.webhooks import tasks as webhook_tasks
from kpis.pages.item_view import ItemView, find
from kpis.scoring.scores import ALL_TIME
from tests.integrations.sync.conftest import add_item, mirrored, work  # noqa: F401 (add_item is a fixture)
from tests.integrations.webhooks.conftest import make_watch


@pytest.fixture
def sandbox(sandbox):
    sandbox.control.reset()
    sandbox.control.change_settings(export_mode="instant", export_lag=0, single_response_delay=0, text_iq_delay=0)
    return sandbox


@pytest.fixture
def survey(connection, sandbox):
    return mirrored(connection, sandbox, "post-journey")


@pytest.fixture
def watch(survey, add_item):  # noqa: F811
    """A watched survey whose history is here."""
    add_item(survey)
    work(survey)
    return make_watch(survey)


def tell(watch, *response_ids: str, due: bool = True) -> None:
    for response_id in response_ids:
        inbox.keep(watch, Completed(watch.survey.external_id, response_id))
    if due:
        Delivery.objects.filter(verdict="pending").update(due_at=timezone.now())


def single_reads(sandbox) -> int:
    return len([call for call in sandbox.control.calls(path="/responses/") if call["method"] == "GET"])


def exports(sandbox) -> int:
    return len([call for call in sandbox.control.calls(path="export-responses") if call["method"] == "POST"])


def verdicts() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("verdict", flat=True))


def test_an_edited_question_is_noticed_before_a_response_is_read(sandbox, connection, add_item):  # noqa: F811
    sandbox.control.add_survey("Edited", key="edited", like="post-journey", active=True)
    try:
        survey = mirrored(connection, sandbox, "edited")
        sandbox.control.add_responses("edited", 3)
        kept, edited = add_item(survey), add_item(survey, "QID4")
        work(survey)
        watch = make_watch(survey)
        recodes = {c.id: str(10 + n) for n, c in enumerate(sandbox.world.survey("edited").question("QID4").choices)}
        sandbox.control.edit_question("edited", "QID4", recodes=recodes)
        [made] = sandbox.control.add_responses("edited", 1)["ids"]
        tell(watch, made)
        inbox.process_due(watch.pk)
        stored = Response.objects.get(external_id=made)
        assert set(stored.answers) == {str(kept.question_id)}
        edited.refresh_from_db()
        assert edited.question.successor is not None
    finally:
        sandbox.control.remove_survey("edited")


def test_a_response_is_read_stored_and_counted(sandbox, watch):
    before, watermark = Response.objects.count(), watch.survey.feed.modified_until
    [made] = sandbox.control.add_responses("post-journey", 1)["ids"]
    tell(watch, made)
    outcome = inbox.process_due(watch.pk)
    assert outcome.changed == watch.survey
    assert outcome.wait is None
    assert verdicts() == ["stored"]
    assert Response.objects.count() == before + 1
    assert ChangedDay.objects.filter(survey=watch.survey).exists()
    line = Fetch.objects.latest("pk")
    assert (line.trigger, line.state, line.received, line.new, line.calls) == ("webhook", "done", 1, 1, 1)
    assert sum(Fetch.objects.values_list("new", flat=True)) == Response.objects.count()
    watch.survey.feed.refresh_from_db()
    assert watch.survey.feed.modified_until == watermark  # a hint says nothing of what lies between


def test_what_text_iq_says_later_is_not_taken_away_by_a_response_told_of_again(sandbox, watch, add_item):  # noqa: F811
    score = f"QID8_TEXT_{sandbox.world.survey('post-journey').question('QID8').text_iq}SenScore"
    [made] = sandbox.control.add_responses("post-journey", 1)["ids"]
    sandbox.control.edit_response("post-journey", made, embedded={"wave": "7"}, text_iq={score: "3"})
    wave, judged = add_item(watch.survey, "wave"), add_item(watch.survey, score)
    work(watch.survey)
    sandbox.control.edit_response("post-journey", made, embedded={"wave": "8"}, text_iq={score: None})
    tell(watch, made)
    inbox.process_due(watch.pk)
    answers = Response.objects.get(external_id=made).answers
    assert (answers[str(wave.question_id)], answers[str(judged.question_id)]) == (8, 3)


def test_the_next_export_finds_it_there_already(sandbox, watch):
    [made] = sandbox.control.add_responses("post-journey", 1)["ids"]
    tell(watch, made)
    inbox.process_due(watch.pk)
    singly = Response.objects.get(external_id=made)
    inbox.ask_for_fetch(watch.survey.feed, Fetch.Trigger.SCHEDULE)
    export = work(watch.survey)
    assert export.new == 0
    exported = Response.objects.get(external_id=made)
    assert (exported.answers, exported.recorded_at) == (singly.answers, singly.recorded_at)


def test_the_numbers_follow(sandbox, watch):
    [made] = sandbox.control.add_responses("post-journey", 1)["ids"]
    before = watch.survey.counting.version
    tell(watch, made)
    webhook_tasks.look_up(watch.pk)
    watch.survey.counting.refresh_from_db()
    assert watch.survey.counting.version == before + 1
    assert not ChangedDay.objects.filter(survey=watch.survey).exists()


@pytest.mark.soak
def test_c3_told_of_a_thousand_times_it_is_read_once(sandbox, watch):
    [made] = sandbox.control.add_responses("post-journey", 1)["ids"]
    sandbox.control.forget_calls()
    tell(watch, made)
    inbox.process_due(watch.pk)
    tell(watch, *[made] * 1000, due=False)
    kept = Delivery.objects.get()
    assert kept.times == 1001
    assert kept.due_at >= kept.worked_at + inbox.REST
    if timezone.now() < kept.due_at:  # on a very slow machine the minute is over already
        inbox.process_due(watch.pk)
        assert single_reads(sandbox) == 1


def test_two_workers_do_not_read_the_same(sandbox, watch):
    [made] = sandbox.control.add_responses("post-journey", 1)["ids"]
    tell(watch, made)
    due = Delivery.objects.filter(verdict="pending")
    first, second = list(due), list(due)
    assert len(inbox._take(first)) == 1
    assert inbox._take(second) == []


def test_c5_what_is_ignored_makes_no_call(sandbox, watch):
    sandbox.control.forget_calls()
    inbox.keep(watch, Completed("SV_unknown", "R_1"))
    inbox.keep(watch, Completed(watch.survey.external_id, ""))
    assert inbox.process_due(watch.pk).wait is None
    assert sandbox.control.calls() == []


@pytest.mark.parametrize("id_", ["a fresh one: 202", "R_doesnotexist"])
def test_c7_one_that_cannot_be_read_yet_is_tried_again_and_then_left(sandbox, watch, id_):
    if id_.startswith("a fresh"):
        sandbox.control.change_settings(single_response_delay=3600)
        [id_] = sandbox.control.add_responses("post-journey", 1)["ids"]
    tell(watch, id_)
    waits = []
    for _ in range(6):
        if (wait := inbox.process_due(watch.pk).wait) is None:
            break
        waits.append(round(wait))
        Delivery.objects.update(due_at=timezone.now())
    assert waits == [5, 30, 120, 600]
    assert verdicts() == ["left"]


def test_c7_it_comes_at_a_later_try(sandbox, watch):
    sandbox.control.change_settings(single_response_delay=3600)
    [made] = sandbox.control.add_responses("post-journey", 1)["ids"]
    tell(watch, made)
    inbox.process_due(watch.pk)
    sandbox.control.change_settings(single_response_delay=0)
    Delivery.objects.update(due_at=timezone.now())
    inbox.process_due(watch.pk)
    assert verdicts() == ["stored"]
    assert Response.objects.filter(external_id=made).exists()


def test_c7_what_an_older_look_found_never_replaces_newer(sandbox, watch):
    """A fetch that began after the look-up has the last word."""
    [made] = sandbox.control.add_responses("post-journey", 1)["ids"]
    tell(watch, made)
    inbox.process_due(watch.pk)
    later = Fetch.objects.latest("pk").pk + 10
    Response.objects.filter(external_id=made).update(fetch_number=later, language="XX")
    Delivery.objects.update(verdict="pending", due_at=timezone.now(), worked_at=None)
    inbox.process_due(watch.pk)
    assert Response.objects.get(external_id=made).language == "XX"


def test_c9_a_flood_becomes_one_export(sandbox, watch):
    made = sandbox.control.add_responses("post-journey", 120)["ids"]
    sandbox.control.forget_calls()
    tell(watch, *made)
    outcome = inbox.process_due(watch.pk)
    assert outcome.fetch is not None
    assert (outcome.fetch.trigger, outcome.fetch.full) == ("webhook", False)
    assert inbox.process_due(watch.pk).fetch is None
    assert work(watch.survey).new == 120
    Delivery.objects.update(due_at=timezone.now())
    assert inbox.process_due(watch.pk).wait is None
    assert set(verdicts()) == {"exported"}
    assert (exports(sandbox), single_reads(sandbox)) == (1, 0)


def test_c9_while_it_goes_on_exports_keep_their_distance(sandbox, watch):
    tell(watch, *sandbox.control.add_responses("post-journey", 40)["ids"])
    inbox.process_due(watch.pk)
    work(watch.survey)
    tell(watch, *sandbox.control.add_responses("post-journey", 40)["ids"])
    assert inbox.process_due(watch.pk).fetch is None
    Fetch.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    Delivery.objects.filter(verdict="pending").update(due_at=timezone.now())
    assert inbox.process_due(watch.pk).fetch is not None


def test_c9_single_reads_stay_below_the_vendors_limit(sandbox, watch):
    made = sandbox.control.add_responses("post-journey", 120)["ids"]
    sandbox.control.forget_calls()
    for start in range(0, 120, 20):  # never many at once, and all within a minute
        tell(watch, *made[start : start + 20])
        inbox.process_due(watch.pk)
    assert single_reads(sandbox) <= inbox.SINGLES_A_MINUTE


def test_what_an_export_did_not_bring_is_looked_up_again(sandbox, watch):
    made = sandbox.control.add_responses("post-journey", 40)["ids"]
    tell(watch, *made)
    inbox.process_due(watch.pk)
    work(watch.survey)
    Response.objects.filter(external_id=made[0]).delete()
    Delivery.objects.update(due_at=timezone.now())
    inbox.process_due(watch.pk)
    assert Response.objects.filter(external_id=made[0]).exists()
    assert sorted(set(verdicts())) == ["exported", "stored"]


def test_while_the_vendor_fails_they_wait(sandbox, watch):
    made = sandbox.control.add_responses("post-journey", 3)["ids"]
    tell(watch, *made)
    sandbox.control.revoke_token("SandboxRailwayAdminToken0000000000000001")
    assert inbox.process_due(watch.pk).wait is None
    assert verdicts() == ["left"] * 3
    assert set(Delivery.objects.values_list("error_code", flat=True)) == {"token_refused"}


@pytest.mark.parametrize("hindrance", ["switched off", "stopped", "not retrieved"])
def test_with_nothing_to_retrieve_they_are_left(sandbox, watch, hindrance):
    sandbox.control.forget_calls()
    tell(watch, "R_1")
    if hindrance == "switched off":
        type(watch.connection).objects.update(enabled=False)
    elif hindrance == "stopped":
        type(watch.connection).objects.update(stopped_code="token_refused")
    else:
        watch.survey.feed.delete()
    inbox.process_due(watch.pk)
    assert verdicts() == ["left"]
    assert sandbox.control.calls() == []


def test_before_the_first_fetch_they_are_left_to_it(sandbox, survey, add_item):  # noqa: F811
    add_item(survey)
    watch = make_watch(survey)
    sandbox.control.forget_calls()
    tell(watch, "R_1")
    inbox.process_due(watch.pk)
    assert verdicts() == ["left"]
    assert single_reads(sandbox) == 0


def test_what_is_no_longer_kept_does_not_come_back(sandbox, watch):
    [made] = sandbox.control.add_responses("post-journey", 1)["ids"]
    type(watch.survey).objects.update(purged_until=timezone.now() + timedelta(days=1))
    tell(watch, made)
    inbox.process_due(watch.pk)
    assert not Response.objects.filter(external_id=made).exists()


def test_a_lost_ring_is_made_up_for_by_the_tick(sandbox, watch, monkeypatch):
    rung: list = []
    monkeypatch.setattr(webhook_tasks.look_up, "apply_async", lambda arguments, **_options: rung.append(*arguments))
    monkeypatch.setattr("integrations.timetable.steps.notify_worker", lambda *_args, **_more: None)
    tell(watch, "R_1")
    tasks.tick()
    assert rung == [watch.pk]


@pytest.fixture
def sentiment(survey, add_item, watch):  # noqa: F811
    """The item of a comment's sentiment; its history is here."""
    item = add_item(survey, survey.questions.get(kind="sentiment").field)
    work(survey)
    return item


def test_a_single_read_that_brings_a_sentiment_moves_its_card(sandbox, survey, watch, sentiment):
    before = ItemView(find(sentiment.pk), ALL_TIME).figure.measure.n
    sheet = {"answers": {"QID8_TEXT": "Awful."}, "text_iq": {sentiment.question.field: "Very Negative"}}
    made = sandbox.control.add_response("post-journey", **sheet)["id"]
    tell(watch, made)
    webhook_tasks.look_up(watch.pk)
    assert Response.objects.get(external_id=made).answers[str(sentiment.question_id)] == -2
    assert not ChangedDay.objects.exists()
    assert ItemView(find(sentiment.pk), ALL_TIME).figure.measure.n == before + 1


def test_a_single_read_without_its_sentiment_takes_none_away(sandbox, survey, watch, sentiment):
    made = sandbox.control.add_response("post-journey", answers={"QID8_TEXT": "Awful."})["id"]
    tell(watch, made)
    inbox.process_due(watch.pk)
    stored = Response.objects.get(external_id=made)
    assert str(sentiment.question_id) not in stored.answers
    stored.answers[str(sentiment.question_id)] = -1
    stored.content_hash = b"another"
    stored.save()
    tell(watch, made)
    inbox.process_due(watch.pk)
    stored.refresh_from_db()
    assert stored.answers[str(sentiment.question_id)] == -1
    assert stored.content_hash != b"another"
