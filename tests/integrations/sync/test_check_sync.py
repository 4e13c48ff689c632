"""`manage.py check_sync` finds what is wrong, says so, and repairs it."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from feedback.models import Response, Survey
from integrations.models import Fetch, SurveyFeed
from integrations.sync import requests
from kpis.counting.recount import differences
from kpis.models import DayHistogram
from tests.integrations.sync.conftest import work

pytestmark = pytest.mark.django_db
KEY = "post-journey"


@pytest.fixture
def fetched(sandbox, survey, add_item) -> Survey:
    add_item(survey)
    work(survey)
    survey.refresh_from_db()
    return survey


def check(*options: str) -> tuple[bool, str]:
    """Whether all is well, and what was said."""
    said = StringIO()
    try:
        call_command("check_sync", *options, stdout=said)
    except CommandError as error:
        assert error.returncode == 1
        return False, said.getvalue()
    return True, said.getvalue()


def test_all_is_well(fetched):
    well, said = check("--vendor")
    assert well, said
    assert "0 with differences" in said


def test_a_histogram_that_drifted_is_found_and_counted_anew(fetched):
    row = DayHistogram.objects.filter(question__survey=fetched).first()
    row.counts = {"counted": {"9": 1234}}
    row.save()
    well, said = check()
    assert not well
    assert f"on {row.day}" in said and "1234" in said
    assert check("--repair")[0]
    assert list(differences(fetched)) == []
    assert check()[0]


def test_a_histogram_without_rows_and_rows_without_a_histogram_are_found(fetched):
    row = DayHistogram.objects.filter(question__survey=fetched).first()
    row.delete()
    assert not check()[0]
    check("--repair")
    Response.objects.filter(survey=fetched, recorded_at__date=row.day).delete()
    well, said = check()
    assert not well
    assert "the ledger counts" in said and "histograms differ" in said


def test_one_survey_alone(fetched):
    assert check("--survey", fetched.external_id)[0]
    with pytest.raises(CommandError, match="There is no survey"):
        call_command("check_sync", "--survey", "SV_nowhere")


def test_what_is_missing_here_is_fetched(sandbox, fetched):
    lost = Response.objects.filter(survey=fetched).first()
    lost.delete()
    well, said = check("--vendor")
    assert not well
    assert "1 responses are missing here, 0 are gone" in said
    check("--vendor", "--repair")
    assert work(fetched).full
    assert Response.objects.filter(external_id=lost.external_id).exists()


def test_a_mass_disappearance_is_confirmed_by_a_person(sandbox, fetched):
    rows = sorted(row["id"] for row in sandbox.control.truth(KEY))
    for external_id in rows[: len(rows) // 3]:
        sandbox.control.delete_response(KEY, external_id)
    requests.ask_for_fetch(SurveyFeed.objects.get(survey=fetched), Fetch.Trigger.RECONCILE)
    assert work(fetched).error_code == "mass_disappearance"
    check("--vendor", "--repair")
    live = Response.objects.filter(survey=fetched, deleted_at=None)
    assert set(live.values_list("external_id", flat=True)) == set(rows[len(rows) // 3 :])
    fetched.refresh_from_db()
    assert fetched.attention_code == ""
    assert list(differences(fetched)) == []


def test_without_an_answer_of_the_vendor_nothing_is_changed(sandbox, fetched):
    sandbox.control.switch_fault_on("export_failed")
    before = Response.objects.filter(deleted_at=None).count()
    well, said = check("--vendor")
    assert not well
    assert "not compared with Qualtrics" in said
    check("--vendor", "--repair")
    assert Response.objects.filter(deleted_at=None).count() == before
