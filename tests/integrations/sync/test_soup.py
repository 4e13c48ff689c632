"""A soup of faults: each call fails with probability 0.2 in a random way. After one clean run the sets are equal."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from django.utils import timezone

from feedback.models import Response
from integrations.models import Connection, Fetch, SurveyFeed
from integrations.sync import engine, requests
from kpis.counting.recount import differences
from tests.integrations.sync.conftest import mirrored, work

pytestmark = pytest.mark.django_db

SOUP = [
    "429", "500", "502", "503", "504", "html_200", "json_error_200", "empty_body", "cut", "cut_before_answer", "lost_answer",
    "corrupt_zip", "bad_checksum_zip", "truncated_zip", "empty_zip", "encrypted_zip", "not_a_zip", "zip_bomb",
    "export_failed", "export_no_file_id", "export_slow", "progress_404", "file_404",
]  # fmt: skip


def many_small_fetches(sandbox, survey, number: int, seed: int) -> dict[str, int]:
    """Edits, additions and deletions at the source between fetches that meet faults; how the fetches ended."""
    control, source = sandbox.control, random.Random(seed)
    ended: dict[str, int] = {}
    for _ in range(number):
        rows = control.truth("soup")
        control.add_responses("soup", source.randrange(4))
        for row in source.sample(rows, min(2, len(rows))):
            control.edit_response("soup", row["id"], {"QID2": source.randrange(11)})
        if rows and source.random() < 0.2:
            control.delete_response("soup", source.choice(rows)["id"])
        trigger = source.choice([Fetch.Trigger.SCHEDULE] * 3 + [Fetch.Trigger.RECONCILE])
        feed = SurveyFeed.objects.select_related("connection", "survey").get(survey=survey)
        Connection.objects.update(open_until=None)  # as if its time had come
        requests.ask_for_fetch(feed, trigger, slot=timezone.now())
        fetch = work(survey, turns=400)
        ended[fetch.state] = ended.get(fetch.state, 0) + 1
        assert fetch.received == fetch.new + fetch.changed + fetch.unchanged + fetch.rejected
        # What people see meanwhile is what is stored, whatever became of the fetch.
        if fetch.state == Fetch.State.DONE:
            assert list(differences(survey)) == []
    return ended


@pytest.mark.parametrize(
    ("number", "seed"),
    [
        (25, 1),
        pytest.param(25, 2, marks=pytest.mark.soak),
        *(pytest.param(100, seed, marks=pytest.mark.nightly) for seed in range(10, 20)),
    ],
)
def test_after_a_soup_of_faults_one_clean_run_makes_all_equal(sandbox, connection, add_item, monkeypatch, number, seed):
    monkeypatch.setattr(engine, "BACKGROUND", replace(engine.BACKGROUND, longest_sleep=0.0))
    sandbox.control.add_survey(f"Soup {seed}", key="soup", like="post-journey", active=True)
    try:
        survey = mirrored(connection, sandbox, "soup")
        add_item(survey, "QID2")
        add_item(survey, "QID4")
        fault = sandbox.control.switch_fault_on("soup", probability=0.2, soup=SOUP, size=30)
        ended = many_small_fetches(sandbox, survey, number, seed)
        hits = next(each["hits"] for each in sandbox.control.state()["faults"] if each["id"] == fault["id"])
        assert hits >= number / 2  # the soup was served
        assert ended.get(Fetch.State.DONE, 0) > number / 3
        sandbox.control.switch_faults_off()
        sandbox.control.change_settings(export_mode="instant")
        Connection.objects.update(open_until=None)
        feed = SurveyFeed.objects.get(survey=survey)
        requests.ask_for_fetch(feed, Fetch.Trigger.RECONCILE, slot=timezone.now())
        assert work(survey, turns=400).state == Fetch.State.DONE
        truth = {row["id"] for row in sandbox.control.truth("soup")}
        live = Response.objects.filter(survey=survey, deleted_at=None)
        assert set(live.values_list("external_id", flat=True)) == truth
        for row in live:
            values = sandbox.control.response("soup", row.external_id)["values"]
            wanted = {q: values[q] for q in ("QID2", "QID4") if q in values}
            fields = {str(pk): field for pk, field in survey.questions.values_list("pk", "field")}
            assert {fields[pk]: value for pk, value in row.answers.items() if value is not None} == wanted
        assert list(differences(survey)) == []
        total = sum(Fetch.objects.filter(feed__survey=survey).values_list("new", flat=True))
        assert total == Response.objects.filter(survey=survey).count()
        assert not Connection.objects.get(pk=connection.pk).stopped_code
    finally:
        sandbox.control.switch_faults_off()
        sandbox.control.remove_survey("soup")
