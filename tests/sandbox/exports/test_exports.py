import csv
import io
import json
import zipfile

import pytest


@pytest.fixture
def journey(sandbox):
    return sandbox.control.survey_id("post-journey")


def test_an_export_goes_from_in_progress_to_complete(railway, sandbox, journey):
    sandbox.control.change_settings(export_polls=3)
    path = f"/surveys/{journey}/export-responses"
    started = railway.post(path, {"format": "ndjson"}).json()["result"]
    assert (started["status"], started["percentComplete"]) == ("inProgress", 0.0)
    progress = [railway.result(f"{path}/{started['progressId']}") for _ in range(5)]
    assert progress[:3] == [{"percentComplete": 0.0, "status": "inProgress"}] * 3
    assert progress[3] == progress[4]
    assert (progress[3]["status"], progress[3]["percentComplete"]) == ("complete", 100.0)
    assert progress[3]["fileId"].endswith("-def")


@pytest.mark.parametrize(
    ("mode", "polls", "status"), [("instant", 1, "complete"), ("slow", 9, "complete"), ("failed", 3, "failed")]
)
def test_modes_of_an_export(railway, sandbox, journey, mode, polls, status):
    sandbox.control.change_settings(export_mode=mode, export_polls=2)
    progress_id = railway.start_export(journey)
    path = f"/surveys/{journey}/export-responses/{progress_id}"
    seen = [railway.result(path) for _ in range(polls)]
    assert [each["status"] for each in seen] == ["inProgress"] * (polls - 1) + [status]
    assert "fileId" not in seen[0] or polls == 1
    if status == "failed":
        assert seen[-1]["fileId"] is None


def test_the_zip_holds_one_streamed_entry_named_after_the_survey(railway, sandbox):
    exported = railway.export(sandbox.control.survey_id("on-board"))
    assert exported.answer.headers["content-type"] == "application/zip"
    disposition = exported.answer.headers["content-disposition"]
    assert disposition == "attachment; filename=On-board+experience%3A+comfort+%26+service.zip"
    assert int(exported.answer.headers["content-length"]) == len(exported.answer.content)
    with zipfile.ZipFile(io.BytesIO(exported.answer.content)) as archive:
        (entry,) = archive.infolist()
        assert archive.testzip() is None
    assert entry.filename == "On-board experience: comfort & service.ndjson"
    assert (entry.flag_bits, entry.compress_type) == (0x808, zipfile.ZIP_DEFLATED)


def test_ndjson_and_json_hold_what_the_truth_says(railway, sandbox, journey):
    truth = {row["id"] for row in sandbox.control.truth(journey)}
    lines = railway.export(journey)
    whole = railway.export(journey, format="json")
    assert len(lines.ids()) == len(truth) and set(lines.ids()) == truth
    assert json.loads(whole.entry()[1])["responses"] == lines.records()
    recorded = [record["values"]["recordedDate"] for record in lines.records()]
    assert recorded == sorted(recorded)


def test_records_have_the_vendors_shape(railway, sandbox, fresh):
    new = sandbox.control.add_response(
        fresh,
        answers={"QID2": 9, "QID3": 5, "QID5": ["1", "5"], "QID8_TEXT": "Très bien 🙂"},
        embedded={"segment": "B2B"},
        language="FR",
        channel="email",
    )["id"]
    record = railway.export(fresh).records()[0]
    values = record["values"]
    assert record["responseId"] == values["_recordId"] == new
    assert list(values)[:4] == ["startDate", "endDate", "status", "ipAddress"]
    assert (values["status"], values["finished"], values["progress"]) == (0, 1, 100)
    assert (values["QID2_NPS_GROUP"], values["QID2"], values["QID5"]) == (3, 9, ["1", "5"])
    assert (values["QID8_TEXT"], values["segment"], values["userLanguage"]) == ("Très bien 🙂", "B2B", "FR")
    assert "QID4" not in values and "QID4" in record["displayedFields"]
    assert values["recordedDate"][-5:-4] == "." and values["endDate"].count(".") == 0
    assert record["labels"] == {
        "status": "IP Address", "finished": "True", "QID2_NPS_GROUP": "Promoter", "QID3": "Very satisfied",
        "QID5": ["Delay", "Something else"],
    }  # fmt: skip
    assert record["displayedValues"]["QID2_NPS_GROUP"] == [1] * 7 + [2] * 2 + [3] * 2
    assert record["displayedValues"]["QID5"] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"format": "pdf"},
        {"format": "spss"},
        {"format": "ndjson", "useLabels": True},
        {"format": "json", "timeZone": "UTC"},
        {"format": "json", "newlineReplacement": " "},
        {"format": "ndjson", "lastResponseId": "R_1"},
        {"format": "ndjson", "UseLabels": True},
        {"format": "ndjson", "allowContinuation": True, "continuationToken": "abc"},
        {"format": "ndjson", "allowContinuation": False, "continuationToken": "abc"},
        {"format": "ndjson", "continuationToken": "unknown"},
        {"format": "ndjson", "limit": 0},
        {"format": "ndjson", "limit": True},
        {"format": "ndjson", "startDate": "2026-01-01"},
        {"format": "ndjson", "endDate": "2026-13-01T00:00:00Z"},
        {"format": "ndjson", "questionIds": "QID1"},
        {"format": "ndjson", "surveyMetadataIds": ["shoeSize"]},
        {"format": "ndjson", "filterId": "x", "allowContinuation": True},
        {"format": "csv", "useLabels": True, "includeLabelColumns": True},
        {"format": "csv", "timeZone": "EST"},
        [],
    ],
)
def test_wrong_wishes_are_bad_requests(railway, journey, spec):
    assert railway.post(f"/surveys/{journey}/export-responses", spec).status_code == 400


def test_bodies_must_be_json_and_say_so(railway, journey):
    path = f"/surveys/{journey}/export-responses"
    assert railway.call("POST", path, data="{}").status_code == 415
    headers = {"Content-Type": "application/json"}
    assert railway.call("POST", path, data="{", headers=headers).status_code == 400
    assert railway.call("POST", path, data=b" " * 5_000_001, headers=headers).status_code == 413


def test_start_is_inclusive_and_end_exclusive(railway, sandbox, fresh):
    moments = [f"2026-03-0{day}T00:00:00Z" for day in (1, 2, 3)]
    ids = [sandbox.control.add_response(fresh, recorded_at=moment)["id"] for moment in moments]
    assert railway.export(fresh, startDate=moments[1]).ids() == ids[1:]
    assert railway.export(fresh, endDate=moments[1]).ids() == ids[:1]
    assert railway.export(fresh, startDate=moments[0], endDate=moments[2]).ids() == ids[:2]
    assert railway.export(fresh, startDate="2026-03-02T02:00:00+02:00").ids() == ids[1:]
    assert railway.export(fresh, limit=2).ids() == ids[:2]


def test_sorted_by_change_the_dates_mean_the_change(railway, sandbox, fresh):
    control = sandbox.control
    ids = [
        control.add_response(fresh, recorded_at=f"2026-03-0{day}T00:00:00Z", modified_at=f"2026-03-0{day}T00:00:00Z")[
            "id"
        ]
        for day in (1, 2)
    ]
    control.edit_response(fresh, ids[0], answers={"QID2": 0}, modified_at="2026-03-05T00:00:00Z")
    spec = {"startDate": "2026-03-04T00:00:00Z", "sortByLastModifiedDate": True}
    (record,) = railway.export(fresh, **spec).records()
    assert (record["responseId"], record["values"]["QID2"]) == (ids[0], 0)
    assert record["values"]["lastModifiedDate"] == "2026-03-05T00:00:00.000Z"
    assert railway.export(fresh, sortByLastModifiedDate=True).ids() == ids[::-1]
    assert railway.export(fresh).ids() == ids
    assert "lastModifiedDate" not in railway.export(fresh).records()[0]["values"]


def test_columns_can_be_chosen(railway, sandbox, fresh):
    iq = "QID8_TEXT_5f0c2a7be41d9038c6ab1e27Sentiment"
    sandbox.control.add_response(
        fresh, answers={"QID2": 9, "QID3": 4, "QID8_TEXT": "ok"}, embedded={"segment": "B2B"}, text_iq={iq: "Neutral"}
    )

    def answers(**spec):
        values = railway.export(fresh, surveyMetadataIds=[], **spec).records()[0]["values"]
        return set(values)

    assert answers() == {"QID2_NPS_GROUP", "QID2", "QID3", "QID8_TEXT", "segment", iq}
    assert answers(questionIds=["QID3"]) == {"QID3", "segment", iq}
    assert answers(questionIds=["QID2"], embeddedDataIds=[]) == {"QID2_NPS_GROUP", "QID2"}
    assert answers(questionIds=[], embeddedDataIds=[iq]) == {iq}
    values = railway.export(fresh, surveyMetadataIds=["status", "externalReference"]).records()[0]["values"]
    assert "status" in values and "userLanguage" not in values and "ipAddress" not in values
    displayed = railway.export(fresh, questionIds=["QID3"]).records()[0]["displayedFields"]
    assert displayed == ["QID3"]


def test_uncompressed_files_come_plain(railway, journey):
    exported = railway.export(journey, compress=False, limit=3, format="json")
    assert exported.answer.headers["content-type"] == "application/json"
    assert len(exported.answer.json()["responses"]) == 3


def test_new_responses_can_be_exported_after_the_lag_only(railway, sandbox, fresh):
    sandbox.control.change_settings(export_lag=30)
    new = sandbox.control.add_response(fresh)["id"]
    assert railway.export(fresh).ids() == []
    sandbox.control.advance_clock(seconds=31)
    assert railway.export(fresh).ids() == [new]
    sandbox.control.edit_response(fresh, new, answers={"QID2": 1})
    assert railway.export(fresh, sortByLastModifiedDate=True).ids() == [new]  # an edit hides nothing


def test_files_and_jobs_expire_after_a_week(railway, sandbox, journey):
    progress_id = railway.start_export(journey)
    file_id = railway.finish_export(journey, progress_id)["fileId"]
    paths = [f"/surveys/{journey}/export-responses/{end}" for end in (progress_id, f"{file_id}/file")]
    sandbox.control.advance_clock(days=6.99)
    assert [railway.get(path).status_code for path in paths] == [200, 200]
    sandbox.control.advance_clock(days=0.02)
    assert [railway.get(path).status_code for path in paths] == [404, 404]


def test_a_job_belongs_to_its_survey(railway, sandbox, journey):
    progress_id = railway.start_export(journey)
    other = sandbox.control.survey_id("complaint")
    assert railway.get(f"/surveys/{other}/export-responses/{progress_id}").status_code == 404
    assert railway.get(f"/surveys/{journey}/export-responses/ES_unknown").status_code == 404


def test_a_file_shows_the_moment_of_its_start(railway, sandbox, fresh):
    first = sandbox.control.add_response(fresh, answers={"QID2": 3})["id"]
    progress_id = railway.start_export(fresh)
    sandbox.control.edit_response(fresh, first, answers={"QID2": 10})
    sandbox.control.add_response(fresh)
    file_id = railway.finish_export(fresh, progress_id)["fileId"]
    answer = railway.get(f"/surveys/{fresh}/export-responses/{file_id}/file")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        (record,) = [json.loads(line) for line in archive.read(archive.namelist()[0]).splitlines()]
    assert record["values"]["QID2"] == 3


def _table(exported):
    text = exported.entry()[1]
    assert not text.startswith(b"\xef\xbb\xbf") and text.endswith(b"\r\n")
    return list(csv.reader(io.StringIO(text.decode(), newline="")))


def test_csv_has_three_header_rows_and_vendor_names(railway, sandbox, fresh):
    empty = _table(railway.export(fresh, format="csv"))
    assert len(empty) == 3
    sandbox.control.add_response(
        fresh, answers={"QID2": 9, "QID4": 2, "QID5": ["1", "5"], "QID8_TEXT": "one\ntwo, three"}, channel="email",
        recorded_at="2026-07-01T12:00:00Z",
    )  # fmt: skip
    tags, names, ids, row = _table(railway.export(fresh, format="csv", sortByLastModifiedDate=True))
    cells = dict(zip(tags, row, strict=True))
    assert tags[:9] == [
        "StartDate", "EndDate", "Status", "IPAddress", "Progress", "Duration (in seconds)", "Finished", "RecordedDate",
        "ResponseId",
    ]  # fmt: skip
    assert "LastModifiedDate" in tags and tags[-7:] == [
        "Comment - Parent Topics", "Comment - Sentiment Polarity", "Comment - Sentiment Score", "Comment - Sentiment",
        "Comment - Topic Sentiment Label", "Comment - Topic Sentiment Score", "Comment - Topics",
    ]  # fmt: skip
    assert (cells["NPS_NPS_GROUP"], cells["NPS"], cells["CSAT_punctuality"]) == ("3", "9", "2")
    assert (cells["Reasons_1"], cells["Reasons_2"], cells["Reasons_5"]) == ("1", "", "1")
    assert (cells["Comment"], cells["Status"], cells["Finished"]) == ("one\ntwo, three", "0", "1")
    assert cells["RecordedDate"] == "2026-07-01 12:00:00"
    assert json.loads(ids[tags.index("RecordedDate")]) == {"ImportId": "recordedDate", "timeZone": "Z"}
    assert json.loads(ids[tags.index("Reasons_5")]) == {"ImportId": "QID5", "choiceId": "5"}
    assert names[tags.index("NPS_NPS_GROUP")].endswith("colleague? - Group") and "<" not in "".join(names)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"useLabels": True}, {"Status": "IP Address", "Finished": "True", "CSAT_staff": "Satisfied", "NPS": "9"}),
        ({"useLabels": True}, {"NPS_NPS_GROUP": "Promoter", "Reasons_1": "Delay"}),
        ({"breakoutSets": False}, {"Reasons": "1,5"}),
        ({"seenUnansweredRecode": -99}, {"CSAT_punctuality": "-99", "Reasons_2": "-99"}),
        ({"multiselectSeenUnansweredRecode": 0}, {"CSAT_punctuality": "", "Reasons_2": "0"}),
        ({"newlineReplacement": " / "}, {"Comment": "one / two"}),
        ({"timeZone": "Europe/Paris"}, {"RecordedDate": "2026-07-01 14:00:00"}),
    ],
)
def test_looks_of_a_csv_file(railway, sandbox, fresh, spec, expected):
    sandbox.control.add_response(
        fresh,
        answers={"QID2": 9, "QID3": 4, "QID5": ["1", "5"], "QID8_TEXT": "one\ntwo"},
        recorded_at="2026-07-01T12:00:00Z",
    )
    tags, _, _, row = _table(railway.export(fresh, format="csv", **spec))
    cells = dict(zip(tags, row, strict=True))
    assert {tag: cells[tag] for tag in expected} == expected


def test_label_columns_stand_beside_the_codes(railway, sandbox, fresh):
    sandbox.control.add_response(fresh, answers={"QID3": 4})
    tags, _, ids, row = _table(railway.export(fresh, format="csv", includeLabelColumns=True))
    first = tags.index("CSAT_staff")
    assert (row[first], row[first + 1]) == ("4", "Satisfied")
    assert json.loads(ids[first + 1]) == {"ImportId": "QID3", "IsLabelsColumn": True}


def test_tsv_is_separated_by_tabs(railway, sandbox, fresh):
    name, content = railway.export(fresh, format="tsv").entry()
    assert name == "Fresh.tsv" and content.startswith(b"StartDate\tEndDate\t")


def test_in_progress_answers_come_alone(railway, sandbox, fresh):
    done = sandbox.control.add_response(fresh)["id"]
    opened = sandbox.control.add_response(fresh, finished=False)["id"]
    assert railway.export(fresh).ids() == [done]
    assert railway.export(fresh, exportResponsesInProgress=True).ids() == [opened]


def test_a_large_export_is_complete(railway, sandbox, fresh):
    sandbox.control.bulk_responses(fresh, 10_000, since="2026-01-01T00:00:00Z", until="2026-02-01T00:00:00Z")
    ids = railway.export(fresh, questionIds=["QID2"], embeddedDataIds=[]).ids()
    assert len(ids) == len(set(ids)) == 10_000
    assert set(ids) == set(sandbox.world.responses[fresh])
