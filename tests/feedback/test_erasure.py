"""What was erased is gone with its day's numbers, is known by a hash only, and is never stored again."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from feedback import erasure, intake
from feedback.models import ChangedDay, ErasedResponse, Erasure, ErasureKey, Response
from feedback.tombstones import erased_among
from tests import factories

pytestmark = pytest.mark.django_db
UTC = ZoneInfo("UTC")


@pytest.fixture
def question():
    return factories.make_question()


def erase(*ids: str) -> erasure.Removed:
    with transaction.atomic():
        surveys = erasure.hold_all()
        erasure.note(ids, Erasure.objects.create(way=Erasure.Way.IDS, asked=len(ids)))
        return erasure.remove(ids, surveys)


def incoming(external_id: str, question, value: int = 9, at: str = "2026-11-03 10:00") -> intake.NewResponse:
    moment = factories.at(at)
    return intake.NewResponse(
        external_id, moment, moment, 0, True, "EN", "email", {question.pk: value}, b"x" * 16, kind="counted"
    )


def store(question, *responses: intake.NewResponse, fetch_number: int = 7) -> intake.Stored:
    with transaction.atomic():
        return intake.store(question.survey, responses, asked=[question.pk], fetch_number=fetch_number, zone=UTC)


def test_its_rows_go_from_every_survey_and_their_days_are_noted(question):
    other = factories.make_question()
    for asked, day in ((question, "2026-11-03 10:00"), (other, "2026-11-05 10:00")):
        factories.make_response(asked.survey, day, {asked: 9}, external_id="R_gone")
    stays = factories.make_response(question.survey, "2026-11-04 10:00", {question: 2}, external_id="R_stays")
    removed = erase("R_gone", "R_nobody")
    assert (removed.responses, removed.surveys) == (2, [question.survey, other.survey])
    assert list(Response.objects.all()) == [stays]
    assert set(ChangedDay.objects.values_list("survey", "day")) == {
        (question.survey_id, date(2026, 11, 3)),
        (other.survey_id, date(2026, 11, 5)),
    }
    question.survey.refresh_from_db()
    assert question.survey.erased == 1
    assert question.survey.first_response_at == question.survey.last_response_at == stays.recorded_at


def test_a_deleted_response_is_erased_too(question):
    factories.make_response(
        question.survey, "2026-11-03 10:00", {question: 9}, external_id="R_gone", deleted_at=factories.at("2026-11-09")
    )
    assert erase("R_gone").responses == 1
    assert not Response.objects.exists()


def test_it_is_never_stored_again(question):
    erase("R_gone")
    stored = store(question, incoming("R_gone", question), incoming("R_other", question))
    assert (stored.new, stored.unchanged) == (1, 1)
    assert list(Response.objects.values_list("external_id", flat=True)) == ["R_other"]


def test_what_is_kept_of_it_is_a_hash_that_only_its_id_gives(question):
    erase("R_gone")
    kept = ErasedResponse.objects.get()
    key = bytes(ErasureKey.objects.get().key)
    assert "R_gone" not in kept.digest
    assert len(kept.digest) == 64
    assert len(key) == 32
    assert erased_among(["R_gone", "R_gon", "r_gone", "R_gone "]) == {"R_gone"}


def test_twice_is_once(question):
    erase("R_gone")
    erase("R_gone", "R_more")
    assert ErasedResponse.objects.count() == 2
    assert ErasureKey.objects.count() == 1


def test_tombstones_of_another_key_count_as_well(question):
    """A backup from before the first erasure was restored, and somebody was erased before the list was put back."""
    erase("R_first")
    kept = erasure.all_tombstones()
    ErasedResponse.objects.all().delete()
    ErasureKey.objects.all().delete()
    erase("R_second")
    erasure.note_again(kept, Erasure.objects.create(way=Erasure.Way.RESTORED, asked=len(kept)))
    assert erased_among(["R_first", "R_second", "R_third"]) == {"R_first", "R_second"}
    assert ErasureKey.objects.count() == 2


def test_where_nothing_was_erased_storing_asks_one_small_question(question, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert erased_among([f"R_{n}" for n in range(1000)]) == set()


def test_many_at_once(question, django_assert_max_num_queries):
    ids = [f"R_{n}" for n in range(2500)]
    store(question, *[incoming(each, question) for each in ids])
    removed = erase(*ids)
    assert removed.responses == 2500
    with django_assert_max_num_queries(4):
        assert erased_among(ids) == set(ids)
