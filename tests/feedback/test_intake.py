"""The one way in: nothing twice, nothing lost, older never over newer, and a note for each changed day."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from feedback import intake
from feedback.intake import Action, Known, NewResponse, Stored
from feedback.models import ChangedDay, Response
from tests.factories import make_question, make_survey

PARIS = ZoneInfo("Europe/Paris")
RECORDED = datetime(2026, 11, 1, 9, 30, 15, 204000, tzinfo=UTC)


def response(external_id="R_1", score=9, *, question=7, recorded=RECORDED, **fields) -> NewResponse:
    defaults = {
        "modified_at": recorded,
        "kind": "counted",
        "status": 0,
        "finished": True,
        "language": "FR",
        "channel": "email",
        "content_hash": f"{external_id}{score}{recorded}".encode(),
        "answers": {question: score},
    }
    return NewResponse(external_id, recorded, **(defaults | fields))


def store(survey, *batch, asked=(7,), number=1):
    with transaction.atomic():
        return intake.store(survey, batch, asked=asked, fetch_number=number, zone=PARIS)


@pytest.fixture
def survey(db):
    return make_survey()


def test_a_new_response_is_stored_as_it_came(survey):
    assert store(survey, response(score=9)) == Stored(new=1)
    row = Response.objects.get()
    assert (row.external_id, row.recorded_at, row.kind, row.status, row.finished) == (
        "R_1",
        RECORDED,
        "counted",
        0,
        True,
    )
    assert (row.language, row.channel, row.answers, row.fetch_number) == ("FR", "email", {"7": 9}, 1)


def test_the_same_again_writes_nothing(survey):
    store(survey, response())
    ChangedDay.objects.all().delete()
    assert store(survey, response(), number=2) == Stored(unchanged=1)
    assert Response.objects.get().fetch_number == 1
    assert not ChangedDay.objects.exists()


def test_an_edit_replaces_the_answer_and_notes_both_days(survey):
    store(survey, response(score=9))
    ChangedDay.objects.all().delete()
    later = RECORDED + timedelta(days=2)
    assert store(survey, response(score=3, recorded=later), number=2) == Stored(changed=1)
    assert Response.objects.get().answers == {"7": 3}
    assert set(ChangedDay.objects.values_list("day", flat=True)) == {date(2026, 11, 1), date(2026, 11, 3)}


def test_an_edit_may_make_it_another_kind(survey):
    store(survey, response())
    spam = response(kind="spam", status=8, content_hash=b"now marked as spam")
    assert store(survey, spam, number=2) == Stored(changed=1)
    assert Response.objects.values_list("kind", "status").get() == ("spam", 8)


def test_an_edit_keeps_answers_that_this_fetch_did_not_ask_for(survey):
    store(survey, response(answers={7: 9, 8: "Merci"}), asked=(7, 8))
    store(survey, response(score=2), asked=(7,), number=2)
    assert Response.objects.get().answers == {"7": 2, "8": "Merci"}


def test_an_answer_taken_back_goes(survey):
    store(survey, response(answers={7: 9, 8: 4}), asked=(7, 8))
    store(survey, response(answers={8: 4}, content_hash=b"other"), asked=(7, 8), number=2)
    assert Response.objects.get().answers == {"8": 4}


def test_an_older_fetch_never_overwrites_a_newer_one(survey):
    store(survey, response(score=3), number=5)
    assert store(survey, response(score=9), number=4) == Stored(unchanged=1)
    assert Response.objects.get().answers == {"7": 3}


def test_a_response_that_comes_back_lives_again(survey):
    store(survey, response())
    Response.objects.update(deleted_at=RECORDED)
    assert store(survey, response(), number=2) == Stored(changed=1)
    assert Response.objects.get().deleted_at is None


def test_twice_in_one_batch_is_one_row(survey):
    assert store(survey, response(score=3), response(score=9)) == Stored(new=1, unchanged=1)
    assert Response.objects.get().answers == {"7": 9}


def test_what_is_said_to_be_new_and_is_not_is_refused_as_a_whole(survey):
    store(survey, response("R_1", score=3))
    with pytest.raises(IntegrityError), transaction.atomic():
        intake.store(
            survey, [response("R_2"), response("R_1")], asked=(7,), fetch_number=2, zone=PARIS, all_new=True
        )  # fmt: skip
    assert Response.objects.get().answers == {"7": 3}


def test_days_are_local_days_of_the_organisation(survey):
    store(survey, response(recorded=datetime(2026, 6, 30, 22, 30, tzinfo=UTC)))
    assert [note.day for note in ChangedDay.objects.all()] == [date(2026, 7, 1)]


def test_two_surveys_may_share_a_response_id(survey):
    other = make_survey()
    store(survey, response())
    assert store(other, response()) == Stored(new=1)


def test_storing_outside_a_transaction_is_refused(transactional_db):
    survey = make_survey()
    with pytest.raises(transaction.TransactionManagementError):
        intake.store(survey, [response()], asked=(7,), fetch_number=1, zone=PARIS)


@pytest.mark.parametrize("text", ["é🙂", "\u202eabc", "e\u0301", "\ufffd", 'tab\tquote"back\\slash', "line\nbreak\r"])
def test_words_come_back_exactly(survey, text):
    question = make_question(survey, kind="text")
    store(survey, response(answers={question.pk: text}), asked=(question.pk,))
    assert Response.objects.get().answers == {str(question.pk): text}


@given(st.sampled_from([None, 1, 2, 3]), st.integers(1, 3), st.booleans(), st.booleans())
def test_what_is_decided_never_goes_back_in_time(stored_number, number, same, deleted):
    incoming = response(content_hash=b"a")
    known = None
    if stored_number is not None:
        known = Known(1, b"a" if same else b"b", stored_number, RECORDED, deleted)
    action = intake.decide(incoming, known, number)
    if known is None:
        assert action is Action.CREATE
    elif known.fetch_number > number:
        assert action is Action.SKIP
    else:
        assert action is (Action.SKIP if same and not deleted else Action.UPDATE)
