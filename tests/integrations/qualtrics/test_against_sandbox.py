"""The client against the pretend Qualtrics, over real HTTP: what one says, the other understands."""

import re
import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from feedback.intake import NewResponse
from integrations.qualtrics import archive, paging
from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.connector_test import test_connector as run_checks
from integrations.qualtrics.gateway import Limits
from integrations.qualtrics.hosts import normalise_host
from integrations.qualtrics.questions import question_records
from integrations.qualtrics.records import moment
from integrations.qualtrics.translate import Rejected, Translator
from integrations.troubles import errors
from integrations.vault.secret import Secret
from sandbox.demo import BANK_TOKEN, RAILWAY_TOKEN, VIEWER_TOKEN
from sandbox.server import start

QUICK = Limits(tries=3, json_seconds=5, file_seconds=20)
TEXT = "QID8_TEXT"


@pytest.fixture(scope="module")
def running():
    with start(seed=7) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running, settings):
    settings.QUALTRICS_TEST_HOSTS = [running.host, running.other_host]
    running.control.reset()
    running.control.change_settings(export_mode="instant", export_lag=0.0, limits=False)
    yield running
    running.control.switch_faults_off()


@pytest.fixture
def connect(sandbox):
    made = []

    def make(token=RAILWAY_TOKEN, host=None, **options):
        options = {"limits": QUICK, "sleep": lambda seconds: None} | options
        made.append(QualtricsClient(normalise_host(host or sandbox.host), Secret(token), **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(connect):
    return connect()


@pytest.fixture
def nps(sandbox):
    return sandbox.control.survey_id("post-journey")


def exported(client, survey_id, folder, translator=None, **options):
    """Start, poll, download, read: lines, responses, and the last answer about the job."""
    options = {"questions": ["QID2", "QID8"], "embedded": []} | options
    export = client.start_export(survey_id, **options)
    for _ in range(2000):
        if export.status != "inProgress":
            break
        time.sleep(0.01)
        export = client.export_progress(survey_id, export.progress_id)
    assert export.is_complete
    path = folder / "export.zip"
    client.download_export(survey_id, export.file_id, path)
    size = archive.inspect(path)
    lines = list(archive.read_lines(path))
    assert sum(map(len, lines)) <= size
    translator = translator or Translator({"QID2": (1, "nps"), TEXT: (2, "text")})
    return [translator.translate(line) for line in lines], export


def truth_of(sandbox, survey="post-journey"):
    return {
        row["id"]: (moment(row["recorded"]), row["status"], bool(row["finished"]))
        for row in sandbox.control.truth(survey)
    }


def facts(responses):
    return {r.external_id: (r.recorded_at, r.status, r.finished) for r in responses}


class TestReading:
    def test_who_it_is(self, client):
        identity = client.whoami()
        assert (identity.brand, identity.is_brand_admin) == ("coastline", True)

    def test_the_list_over_several_pages(self, sandbox, client):
        sandbox.control.change_settings(page_size=2)
        surveys = list(client.surveys())
        assert len(surveys) == len({survey.id for survey in surveys}) == 5
        assert client.calls == 3

    def test_every_survey_can_be_described(self, client):
        states = {}
        for summary in client.surveys():
            survey, definition = client.survey(summary.id), client.definition(summary.id)
            states[summary.name] = survey.live_state(datetime.now(UTC), definition.launched_at)
            records = question_records(survey, client.response_schema(summary.id), definition)
            assert {record.kind for record in records} >= {"choice", "text", "sentiment"}
            by_field = {record.field: record for record in records}
            for record in records:
                if record.kind == "sentiment":
                    assert by_field[record.about_field].kind == "text"
                if record.kind in ("choice", "nps"):
                    assert record.scale_max > record.scale_min
                assert "<" not in record.wording
        assert Counter(states.values()) == {"live": 4, "never_launched": 1}

    def test_a_survey_becomes_live(self, sandbox, client):
        sandbox.control.launch_survey()
        survey = client.survey(sandbox.control.survey_id("delay-compensation"))
        assert survey.live_state(datetime.now(UTC)) == "live"

    def test_an_edited_survey_has_another_fingerprint(self, sandbox, client, nps):
        def fingerprints():
            return {
                record.field: record.fingerprint
                for record in question_records(client.survey(nps), client.response_schema(nps))
            }

        before = fingerprints()
        sandbox.control.remove_question("post-journey", "QID4")
        after = fingerprints()
        assert before.keys() - after.keys() == {"QID4"}
        assert {field: before[field] for field in after} == after


class TestExports:
    def test_every_response_arrives_with_the_right_facts(self, sandbox, client, nps, tmp_path):
        responses, export = exported(client, nps, tmp_path)
        assert facts(responses) == truth_of(sandbox)
        assert export.continuation_token

    def test_answers_are_those_that_were_given(self, sandbox, client, nps, tmp_path):
        survey = client.survey(nps)
        records = [r for r in question_records(survey, client.response_schema(nps)) if r.mappable]
        translator = Translator({record.field: (number, record.kind) for number, record in enumerate(records)})
        responses, _ = exported(
            client,
            nps,
            tmp_path,
            translator,
            questions=sorted({record.qid for record in records}),
            embedded=[record.field for record in records if record.kind == "sentiment"],
        )
        assert not any(response.flags for response in responses)
        for number, record in enumerate(records):
            if record.kind not in ("nps", "choice"):
                continue
            counted = Counter()
            for days in sandbox.control.count_answers("post-journey", record.field).values():
                for answers in days.values():
                    counted.update(answers)
            found = Counter(
                "" if (v := r.answers[number]) is None else str(v) for r in responses if number in r.answers
            )
            assert found == counted, record.field
            assert sum(found.values()) > 100
        languages = {response.language for response in responses}
        assert languages >= {"EN", "FR"}
        assert {response.channel for response in responses} >= {"email"}

    def test_single_responses_read_the_same(self, sandbox, client, nps, tmp_path):
        translator = Translator({"QID2": (1, "nps")})
        responses, _ = exported(client, nps, tmp_path, translator, questions=["QID2"])
        last = responses[-1]
        alone = translator.translate_record(client.response(nps, last.external_id))
        assert (alone.external_id, alone.recorded_at, alone.answers) == (
            last.external_id,
            last.recorded_at,
            last.answers,
        )
        assert alone.content_hash == last.content_hash

    def test_a_continuation_brings_what_is_new_and_changed(self, sandbox, client, nps, tmp_path):
        _, first = exported(client, nps, tmp_path)
        known = {row["id"] for row in sandbox.control.truth("post-journey")}
        sandbox.control.advance_clock(hours=1)
        added = sandbox.control.add_response("post-journey", answers={"QID2": 9})
        sandbox.control.advance_clock(hours=1)
        responses, second = exported(client, nps, tmp_path, continuation=first.continuation_token)
        # An unfinished response of a week ago may be closed within these hours, and is new as well.
        new = {row["id"] for row in sandbox.control.truth("post-journey")} - known
        assert {response.external_id for response in responses} == new
        assert {response.external_id: response.answers.get(1) for response in responses}[added["id"]] == 9
        again, _ = exported(client, nps, tmp_path, continuation=second.continuation_token)
        assert again == []

    def test_an_old_continuation_is_refused(self, sandbox, client, nps, tmp_path):
        _, first = exported(client, nps, tmp_path)
        sandbox.control.advance_clock(days=8)
        with pytest.raises((errors.BadRequest, errors.NotFound)):
            client.start_export(nps, questions=[], embedded=[], continuation=first.continuation_token)

    def test_a_window_starts_where_it_was_asked_to(self, sandbox, client, nps, tmp_path):
        dates = sorted(moment(row["modified"]) for row in sandbox.control.truth("post-journey"))
        start = dates[len(dates) // 2].replace(microsecond=0)
        responses, _ = exported(client, nps, tmp_path, start=start)
        assert len(responses) == sum(date >= start for date in dates)

    def test_oddities_of_the_file_are_counted_not_stored(self, sandbox, client, nps, tmp_path):
        bad = [
            "broken_json",
            "nan",
            "infinity",
            "huge_integer",
            "deep_nesting",
            "no_recorded_date",
            "bad_recorded_date",
        ]
        bad += ["list_not_object", "invalid_utf8", "no_id"]
        sandbox.control.change_settings(
            data={
                "empty_objects": 3,
                "blank_lines": 2,
                "bom": True,
                "crlf": True,
                "no_final_newline": True,
                "bad_records": bad,
            }
        )
        found, _ = exported(client, nps, tmp_path)
        good = [record for record in found if isinstance(record, NewResponse)]
        reasons = Counter(record.reason for record in found if isinstance(record, Rejected))
        assert facts(good).items() >= truth_of(sandbox).items()
        assert reasons["empty"] == 5
        assert reasons["broken_json"] == 2
        assert reasons["not_a_number"] == 3
        assert reasons["too_deep"] == 1
        assert reasons["no_recorded_date"] == 2
        assert reasons["not_a_record"] == 1

    @pytest.mark.parametrize("oddity", ["two_entry_zip", "odd_name_zip", "long_name_zip"])
    def test_odd_archives_are_read(self, sandbox, client, nps, tmp_path, oddity):
        sandbox.control.switch_fault_on(oddity)
        responses, _ = exported(client, nps, tmp_path)
        assert facts(responses) == truth_of(sandbox)

    @pytest.mark.parametrize(
        ("fault", "code"),
        [
            ("corrupt_zip", "zip_broken"),
            ("bad_checksum_zip", "zip_broken"),
            ("truncated_zip", "zip_broken"),
            ("lying_size_zip", "zip_broken"),
            ("empty_zip", "zip_empty"),
            ("encrypted_zip", "zip_encrypted"),
            ("not_a_zip", "not_a_file"),
        ],
    )
    def test_broken_archives_are_refused(self, sandbox, client, nps, tmp_path, fault, code):
        sandbox.control.switch_fault_on(fault)
        with pytest.raises(errors.QualtricsError) as failure:
            exported(client, nps, tmp_path)
        assert failure.value.code == code

    @pytest.mark.parametrize(("mode", "failed"), [("failed", True), ("no_file_id", True), ("stuck", False)])
    def test_jobs_that_come_to_nothing(self, sandbox, client, nps, mode, failed):
        sandbox.control.change_settings(export_mode=mode)
        export = client.start_export(nps, questions=[], embedded=[])
        for _ in range(4):
            export = client.export_progress(nps, export.progress_id)
        assert (export.is_complete, export.has_failed) == (False, failed)


class TestTrouble:
    @pytest.mark.parametrize(
        ("fault", "details", "code"),
        [
            ("401", {}, "token_refused"),
            ("403", {}, "right_missing"),
            ("404", {}, "survey_gone"),
            ("429", {"retry_after": "120"}, "too_many_requests"),
            ("429", {"html": True}, "too_many_requests"),
            ("500", {}, "server_trouble"),
            ("503", {"html": True}, "server_trouble"),
            ("504", {}, "server_trouble"),
            ("html_200", {}, "not_json"),
            ("empty_body", {}, "not_json"),
            ("redirect", {}, "redirected"),
            ("huge_body", {"size": 40}, "answer_too_big"),
            ("cut_before_answer", {}, "connection_cut"),
            ("cut", {"size": 30}, "connection_cut"),
            ("throttle", {"size": 1, "seconds": 0.2}, "deadline"),
        ],
    )
    def test_each_fault_has_its_code(self, sandbox, connect, fault, details, code):
        client = connect(limits=Limits(tries=2, json_seconds=1.5))
        sandbox.control.switch_fault_on(fault, **details)
        with pytest.raises(errors.QualtricsError) as failure:
            client.whoami()
        assert failure.value.code == code

    @pytest.mark.parametrize("fault", ["429", "500", "503", "cut_before_answer"])
    def test_a_passing_fault_is_not_noticed(self, sandbox, connect, fault):
        slept = []
        client = connect(sleep=slept.append)
        sandbox.control.switch_fault_on(fault, count=1, retry_after="3")
        assert client.whoami().brand == "coastline"
        assert len(slept) == 1
        assert client.calls == 2

    @pytest.mark.parametrize(
        ("fault", "code"), [("next_page_elsewhere", "next_page_refused"), ("next_page_loop", "pages_repeat")]
    )
    def test_pages_that_lead_astray(self, sandbox, client, fault, code):
        sandbox.control.switch_fault_on(fault)
        with pytest.raises(errors.ListCutShort) as failure:
            list(client.surveys())
        assert (failure.value.code, client.calls) == (code, 1)
        surveys = next(check for check in run_checks(client) if check.key == "surveys")
        assert surveys.result == "ok"
        assert re.fullmatch(r"5 surveys are visible, \d of them live. Not all of the list .*", surveys.message)

    def test_pages_without_end(self, sandbox, client, monkeypatch):
        monkeypatch.setattr(paging, "MOST_PAGES", 20)
        sandbox.control.switch_fault_on("next_page_endless")
        with pytest.raises(errors.ListCutShort) as failure:
            list(client.surveys())
        assert failure.value.code == "pages_endless"

    def test_unknown_things(self, client):
        with pytest.raises(errors.NotFound) as failure:
            client.survey("SV_000000000000000")
        assert (failure.value.code, failure.value.error_code) == ("survey_gone", "GSI_2")
        with pytest.raises(errors.RightMissing):
            client.definition("SV_000000000000000")

    def test_a_revoked_token(self, sandbox, client):
        sandbox.control.revoke_token(RAILWAY_TOKEN)
        with pytest.raises(errors.TokenRefused):
            client.whoami()


class TestDataCentres:
    def test_reading_works_and_names_the_right_host(self, sandbox, connect):
        seen = []
        client = connect(BANK_TOKEN, on_notice=seen.append)
        assert client.whoami().brand == "meridian"
        assert [host.name for host in seen] == [sandbox.other_host]
        assert len(list(client.surveys())) == 2

    def test_exporting_does_not(self, sandbox, connect):
        client = connect(BANK_TOKEN)
        with pytest.raises(errors.WrongDataCentre) as failure:
            client.start_export(sandbox.control.survey_id("onboarding"), questions=[], embedded=[])
        assert failure.value.right_host == sandbox.other_host


class TestSubscriptions:
    def test_make_list_read_and_end(self, client):
        made = client.subscribe("surveyengine.completedResponse.*", "https://app.example/hooks/1", Secret("k3y"))
        assert client.subscription(made).url == "https://app.example/hooks/1"
        assert [each.id for each in client.subscriptions()] == [made]
        client.unsubscribe(made)
        with pytest.raises(errors.NotFound):
            client.subscription(made)


class TestConnectorTest:
    def results(self, client):
        return {result.key: result for result in run_checks(client)}

    def test_an_administrator(self, client):
        assert {result.result for result in self.results(client).values()} == {"ok"}

    def test_somebody_without_surveys(self, connect):
        results = self.results(connect(VIEWER_TOKEN))
        assert {key: result.result for key, result in results.items()} == {
            "host": "ok",
            "token": "ok",
            "data_centre": "ok",
            "surveys": "failed",
            "export": "skipped",
            "webhooks": "skipped",
        }

    def test_the_wrong_data_centre(self, sandbox, connect):
        results = self.results(connect(BANK_TOKEN))
        assert results["data_centre"].suggested_host == sandbox.other_host
        assert results["export"].code == "wrong_data_centre"

    def test_an_unknown_token(self, connect):
        results = self.results(connect("x" * 40))
        assert (results["host"].result, results["token"].code) == ("ok", "token_refused")
