"""From when to when responses are stored is kept with the survey, whatever adds or removes some."""

from datetime import UTC, date, datetime

import pytest

from feedback import erasure, retention, spans
from feedback.models import Survey
from tests.factories import at, make_response, make_survey


@pytest.fixture
def survey(db) -> Survey:
    survey = make_survey()
    for day in ("2026-11-01", "2026-11-02", "2026-11-03"):
        make_response(survey, f"{day} 09:00", {}, external_id=f"R_{day}")
    make_response(make_survey(), "2020-01-01 09:00", {})
    spans.update(survey)
    return survey


def kept(survey: Survey) -> tuple[datetime | None, datetime | None]:
    survey.refresh_from_db()
    return survey.first_response_at, survey.last_response_at


def test_both_ends_are_those_of_the_survey_s_own_rows(survey):
    assert kept(survey) == spans.of(survey) == (at("2026-11-01 09:00"), at("2026-11-03 09:00"))


def test_an_erasure_of_the_last_moves_the_end(survey):
    erasure.remove(["R_2026-11-03"], [survey])
    assert kept(survey) == (at("2026-11-01 09:00"), at("2026-11-02 09:00"))
    assert survey.erased == 1


def test_a_purge_moves_the_beginning(survey):
    retention.purge(survey, date(2026, 11, 2), datetime(2026, 11, 2, tzinfo=UTC))
    assert kept(survey) == (at("2026-11-02 09:00"), at("2026-11-03 09:00"))


def test_a_purge_of_everything_leaves_neither(survey):
    retention.purge(survey, date(2026, 12, 1), datetime(2026, 12, 1, tzinfo=UTC))
    assert kept(survey) == (None, None)
