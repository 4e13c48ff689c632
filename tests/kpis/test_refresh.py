"""Histograms follow the stored responses: the days that changed, and only those."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Organisation
from feedback import intake
from feedback.intake import NewResponse
from feedback.models import ChangedDay, Response
from kpis.counting.refresh import rebuild, refresh_changed_days, surveys_to_refresh
from kpis.models import DayHistogram
from tests.factories import make_question, make_response, make_survey


@pytest.fixture
def organisation(db):
    organisation = Organisation.current()
    organisation.time_zone = "Europe/Paris"
    organisation.save()
    return organisation


@pytest.fixture
def survey(organisation):
    return make_survey()


@pytest.fixture
def nps(survey):
    return make_question(survey)


def answered(survey, *rows, zone="Europe/Paris"):
    """Store rows (id, recorded at in UTC, answers, kind)."""
    batch = [
        NewResponse(
            external_id=external_id,
            recorded_at=datetime.fromisoformat(moment).replace(tzinfo=UTC),
            modified_at=None,
            kind=rest[0] if rest else "counted",
            status=0,
            finished=True,
            language="",
            channel="",
            answers=answers,
            content_hash=repr((moment, answers, rest)).encode(),
        )
        for external_id, moment, answers, *rest in rows
    ]
    asked = {pk for response in batch for pk in response.answers}
    with transaction.atomic():
        intake.store(survey, batch, asked=asked, fetch_number=1, zone=ZoneInfo(zone))


def histograms(question):
    return {row.day: row.counts for row in DayHistogram.objects.filter(question=question)}


def test_answers_are_counted_by_local_day_class_and_value(survey, nps):
    answered(
        survey,
        ("R_1", "2026-11-01 09:00", {nps.pk: 9}),
        ("R_2", "2026-11-01 10:00", {nps.pk: 9}),
        ("R_3", "2026-11-01 11:00", {nps.pk: None}),
        ("R_4", "2026-11-01 12:00", {nps.pk: 3}, "unfinished"),
        ("R_5", "2026-11-01 12:00", {nps.pk: 10}, "preview"),
        ("R_6", "2026-11-01 23:30", {nps.pk: 0}),
        ("R_7", "2026-11-05 09:00", {}),
    )
    assert refresh_changed_days(survey) == 3
    assert histograms(nps) == {
        date(2026, 11, 1): {"counted": {"9": 2, "": 1}, "unfinished": {"3": 1}, "preview": {"10": 1}},
        date(2026, 11, 2): {"counted": {"0": 1}},
    }
    assert not ChangedDay.objects.exists()


def test_only_changed_days_are_recounted(survey, nps):
    answered(survey, ("R_1", "2026-11-01 09:00", {nps.pk: 9}), ("R_2", "2026-11-02 09:00", {nps.pk: 9}))
    refresh_changed_days(survey)
    untouched = DayHistogram.objects.get(day=date(2026, 11, 1)).pk
    answered(survey, ("R_3", "2026-11-02 10:00", {nps.pk: 1}))
    assert refresh_changed_days(survey) == 1
    assert DayHistogram.objects.get(day=date(2026, 11, 1)).pk == untouched
    assert histograms(nps)[date(2026, 11, 2)] == {"counted": {"9": 1, "1": 1}}


def test_a_day_that_lost_its_last_answer_has_no_histogram(survey, nps):
    answered(survey, ("R_1", "2026-11-01 09:00", {nps.pk: 9}))
    refresh_changed_days(survey)
    Response.objects.update(deleted_at=datetime.now(UTC))
    intake.note_days(survey, [date(2026, 11, 1)])
    refresh_changed_days(survey)
    assert histograms(nps) == {}


def test_comments_and_multiple_choices(survey):
    text, multi = make_question(survey, kind="text"), make_question(survey, kind="multi")
    answered(
        survey,
        ("R_1", "2026-11-01 09:00", {text.pk: "Très bien", multi.pk: ["1", "4"]}),
        ("R_2", "2026-11-01 09:00", {text.pk: None, multi.pk: ["4"]}),
    )
    refresh_changed_days(survey)
    assert histograms(text)[date(2026, 11, 1)] == {"counted": {"comment": 1, "": 1}}
    assert histograms(multi)[date(2026, 11, 1)] == {"counted": {"1": 1, "4": 2}}


def test_many_days_at_once_with_gaps(survey, nps):
    first = datetime(2026, 1, 1, 12, tzinfo=UTC)
    moments = [first + timedelta(days=3 * n) for n in range(130)]
    answered(
        survey, *((f"R_{n}", moment.strftime("%Y-%m-%d %H:%M"), {nps.pk: n % 11}) for n, moment in enumerate(moments))
    )
    assert refresh_changed_days(survey) == 130
    found = histograms(nps)
    assert {day: counts["counted"] for day, counts in found.items()} == {
        moment.date(): {str(n % 11): 1} for n, moment in enumerate(moments)
    }


def test_another_time_zone_moves_answers_to_their_new_days(survey, nps, organisation):
    answered(survey, ("R_1", "2026-11-01 23:30", {nps.pk: 9}))
    refresh_changed_days(survey)
    assert list(histograms(nps)) == [date(2026, 11, 2)]
    assert list(surveys_to_refresh(10)) == []
    organisation.time_zone = "America/New_York"
    organisation.save()
    assert list(surveys_to_refresh(10)) == [survey]
    refresh_changed_days(survey)
    assert list(histograms(nps)) == [date(2026, 11, 1)]
    assert list(surveys_to_refresh(10)) == []


def test_a_rebuild_repairs_what_was_tampered_with(survey, nps):
    answered(survey, ("R_1", "2026-11-01 12:00", {nps.pk: 9}))
    refresh_changed_days(survey)
    DayHistogram.objects.update(counts={"counted": {"0": 1000}})
    rebuild(survey)
    assert histograms(nps) == {date(2026, 11, 1): {"counted": {"9": 1}}}


@pytest.mark.parametrize(
    "zone", ["Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]
)
def test_every_answer_falls_on_one_day_whatever_the_clocks_do(survey, nps, organisation, zone):
    organisation.time_zone = zone
    organisation.save()
    start = datetime(2026, 10, 20, tzinfo=UTC)
    rows = [
        (f"R_{n}", (start + timedelta(minutes=37 * n)).strftime("%Y-%m-%d %H:%M"), {nps.pk: 9}) for n in range(1000)
    ]
    answered(survey, *rows, zone=zone)
    refresh_changed_days(survey)
    assert sum(counts["counted"]["9"] for counts in histograms(nps).values()) == 1000


def test_a_day_is_read_along_the_index_by_day_even_of_a_survey_that_the_database_does_not_know_yet(survey, nps):
    other = make_survey()
    for n in range(3000):
        make_response(other, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n), {}, external_id=f"R_{n}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    answered(survey, ("R_1", "2026-11-01 09:00", {nps.pk: 9}))
    with CaptureQueriesContext(connection) as queries:
        refresh_changed_days(survey)
    (reading,) = [query["sql"] for query in queries if query["sql"].startswith("SELECT kind, ")]
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {reading.replace('%', '%%')}")
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    assert "response_by_day" in plan


def test_values_by_answer_survive_whatever_they_hold(survey):
    odd = make_question(survey, kind="multi")
    values = ["tab\there", 'quote"', "back\\slash", "line\nend", "é🙂", "{}"]
    answered(survey, ("R_1", "2026-11-01 09:00", {odd.pk: values}))
    refresh_changed_days(survey)
    assert histograms(odd)[date(2026, 11, 1)] == {"counted": dict.fromkeys(values, 1)}
