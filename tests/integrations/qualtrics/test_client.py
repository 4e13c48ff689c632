"""The client: what it asks for, and what it makes of the answers."""

import datetime as dt
import io
import zipfile

import orjson
import pytest

from integrations.qualtrics import paging
from integrations.qualtrics.records import Definition, ExportProgress, Survey, moment
from integrations.troubles import errors
from integrations.vault.secret import Secret
from tests.integrations.qualtrics.stage import API, NOW, envelope

WHOAMI = {
    "brandId": "northwind",
    "userId": "UR_7hTq2LmX9bWc4Ks",
    "userName": "ana@northwind.example#northwind",
    "accountType": "UT_BRANDADMIN",
    "firstName": "Ana",
    "lastName": "Ruiz",
    "datacenter": "fra1",
}
EXPORTS = f"{API}/surveys/SV_1/export-responses"


def summary(number, **more):
    return {"id": f"SV_{number}", "name": f"Survey {number}", "ownerId": "UR_1", "isActive": True} | more


def page(*elements, following=None):
    return envelope({"elements": list(elements), "nextPage": following})


def body_of(vendor, call=0):
    return orjson.loads(vendor.calls[call].request.body)


def test_whoami(vendor, client):
    vendor.get(f"{API}/whoami", json=envelope(WHOAMI))
    identity = client.whoami()
    assert (identity.brand, identity.full_name, identity.data_centre) == ("northwind", "Ana Ruiz", "fra1")
    assert identity.is_brand_admin
    assert client.calls == 1


@pytest.mark.parametrize("result", [None, [], {}, {"userId": ""}, {"userId": 7}])
def test_an_answer_without_what_it_always_has(vendor, client, result):
    vendor.get(f"{API}/whoami", json=envelope(result))
    with pytest.raises(errors.UnexpectedAnswer) as failure:
        client.whoami()
    assert failure.value.code == "unexpected_shape"


def as_far_as_they_came(found):
    """What a list gave, and the code of the error that ended it."""
    rows = []
    with pytest.raises(errors.UnexpectedAnswer) as failure:
        for each in found:
            rows.append(each)
    return rows, failure.value.code


class TestSurveyList:
    def test_every_page_is_followed_as_given(self, vendor, client):
        vendor.get(f"{API}/surveys", json=page(summary(1), summary(2), following=f"{API}/surveys?offset=2&x=%7B1%7D"))
        vendor.get(f"{API}/surveys?offset=2&x=%7B1%7D", json=page(following=f"{API}/surveys?offset=4"))
        vendor.get(f"{API}/surveys?offset=4", json=page(summary(3)))
        assert [survey.id for survey in client.surveys()] == ["SV_1", "SV_2", "SV_3"]
        assert vendor.calls[1].request.url == f"{API}/surveys?offset=2&x=%7B1%7D"

    def test_the_right_data_centre_is_followed_with_the_token(self, vendor, make_client):
        seen = []
        other = "https://sjc1.qualtrics.com/API/v3/surveys?offset=1&proxyDepth=1"
        vendor.get(
            f"{API}/surveys",
            json=page(summary(1), following=other) | {"meta": envelope(notice="sjc1.qualtrics.com")["meta"]},
        )
        vendor.get(other, json=page(summary(2)))
        client = make_client(on_notice=seen.append)
        assert [survey.id for survey in client.surveys()] == ["SV_1", "SV_2"]
        assert [host.name for host in seen] == ["sjc1.qualtrics.com"]

    @pytest.mark.parametrize(
        "following",
        [
            "https://evil.example/API/v3/surveys",
            "http://fra1.qualtrics.com/API/v3/surveys",
            "//evil.example",
            "string",
            7,
            {"href": f"{API}/surveys?offset=1"},
        ],
    )
    def test_foreign_pages_are_not(self, vendor, client, following):
        vendor.get(f"{API}/surveys", json=page(summary(1), following=following))
        found, code = as_far_as_they_came(client.surveys())
        assert ([survey.id for survey in found], code) == (["SV_1"], "next_page_refused")
        assert len(vendor.calls) == 1

    def test_a_repeated_page_cuts_the_list_short(self, vendor, client):
        vendor.get(f"{API}/surveys", json=page(summary(1), following=f"{API}/surveys?offset=1"))
        vendor.get(f"{API}/surveys?offset=1", json=page(summary(2), following=f"{API}/surveys?offset=1"))
        found, code = as_far_as_they_came(client.surveys())
        assert ([survey.id for survey in found], code) == (["SV_1", "SV_2"], "pages_repeat")

    @pytest.mark.parametrize("element", [7, "SV_1", None, []])
    def test_what_is_no_record_is_no_list(self, vendor, client, element):
        vendor.get(f"{API}/surveys", json=page(element))
        assert as_far_as_they_came(client.surveys()) == ([], "unexpected_shape")

    def test_a_slow_list_is_given_up_after_its_time(self, vendor, client, clock):
        def slow(request):
            clock.seconds += 50
            number = int(request.params.get("offset", 0)) + 1
            return 200, {}, orjson.dumps(page(summary(number), following=f"{API}/surveys?offset={number}"))

        vendor.add_callback("GET", f"{API}/surveys", callback=slow)
        found, code = as_far_as_they_came(client.surveys())
        assert (len(found), code) == (3, "pages_endless")

    def test_a_list_without_end_is_given_up(self, vendor, client, monkeypatch):
        monkeypatch.setattr(paging, "MOST_PAGES", 5)

        def endless(request):
            number = int(request.params.get("offset", 0)) + 1
            return 200, {}, orjson.dumps(page(summary(number), following=f"{API}/surveys?offset={number}"))

        vendor.add_callback("GET", f"{API}/surveys", callback=endless)
        with pytest.raises(errors.UnexpectedAnswer) as failure:
            list(client.surveys())
        assert failure.value.code == "pages_endless"
        assert len(vendor.calls) == 5

    def test_the_recorded_form(self, vendor, client):
        dates = {"lastModified": "2026-10-02T08:11:09Z", "creationDate": "2026-09-28T14:00:00Z"}
        vendor.get(f"{API}/surveys", json=page(summary(1, **dates), summary(2, isActive=False)))
        first, second = client.surveys()
        assert first.modified_at == dt.datetime(2026, 10, 2, 8, 11, 9, tzinfo=dt.UTC)
        assert (first.is_active, second.is_active, second.modified_at) == (True, False, None)


class TestOneSurvey:
    def test_details(self, vendor, client):
        detail = summary(1) | {
            "expiration": {"startDate": None, "endDate": "2026-12-01T00:00:00Z"},
            "responseCounts": {"auditable": 44, "generated": 1, "deleted": 2},
            "questions": {"QID1": {"questionText": "?"}},
            "embeddedData": [{"name": "segment", "defaultValue": "B2B"}, {"name": "line"}],
        }
        vendor.get(f"{API}/surveys/SV_1", json=envelope(detail))
        survey = client.survey("SV_1")
        assert (survey.auditable, survey.generated, survey.deleted) == (44, 1, 2)
        assert survey.ends_at == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
        assert survey.embedded_data == ("segment", "line")
        assert list(survey.questions) == ["QID1"]

    def test_the_schema(self, vendor, client):
        fields = {"QID1": {"dataType": "question"}, "odd": 7}
        schema = {"properties": {"values": {"properties": fields}}}
        vendor.get(f"{API}/surveys/SV_1/response-schema", json=envelope(schema))
        assert client.response_schema("SV_1") == {"QID1": {"dataType": "question"}}

    def test_a_definition_with_lists_for_maps(self):
        definition = Definition.from_json(
            {
                "SurveyID": "SV_1",
                "SurveyStatus": "Active",
                "LastActivated": "2026-10-01T00:00:00Z",
                "Questions": [],
                "Blocks": [{"Type": "Trash", "BlockElements": []}],
            }
        )
        assert definition.questions == {}
        assert definition.launched_at == dt.datetime(2026, 10, 1, tzinfo=dt.UTC)

    @pytest.mark.parametrize("survey_id", ["", "..", "SV_1/../x", "SV 1", "SV_1?x", "é"])
    def test_ids_that_are_none_are_never_sent(self, client, survey_id):
        with pytest.raises(errors.RequestRefused):
            client.survey(survey_id)
        assert client.calls == 0

    @pytest.mark.parametrize(
        ("facts", "launched_at", "state"),
        [
            ({"isActive": False}, None, "never_launched"),
            ({"isActive": False}, NOW, "closed"),
            ({"isActive": False, "responseCounts": {"auditable": 3}}, None, "closed"),
            ({"isActive": False, "responseCounts": {"generated": 3}}, None, "never_launched"),
            ({"isActive": True}, None, "live"),
            ({"isActive": True, "expiration": {"startDate": "2026-11-23T00:00:00Z"}}, NOW, "scheduled"),
            ({"isActive": False, "expiration": {"startDate": "2026-11-23T00:00:00Z"}}, None, "scheduled"),
            ({"isActive": True, "expiration": {"endDate": "2026-11-22T11:00:00Z"}}, NOW, "closed"),
            (
                {
                    "isActive": True,
                    "expiration": {"startDate": "2026-11-01T00:00:00Z", "endDate": "2026-12-01T00:00:00Z"},
                },
                NOW,
                "live",
            ),
            ({"isActive": True, "expiration": {"startDate": "0000-00-00 00:00:00"}}, NOW, "live"),
        ],
    )
    def test_live_states(self, facts, launched_at, state):
        assert Survey.from_json(summary(1) | facts).live_state(NOW, launched_at) == state


class TestExports:
    STARTED = {"progressId": "ES_1", "percentComplete": 0.0, "status": "inProgress"}

    def start(self, vendor, client, **options):
        vendor.post(EXPORTS, json=envelope(self.STARTED))
        return client.start_export("SV_1", **({"questions": ["QID1"], "embedded": []} | options))

    def test_the_first_export_asks_for_everything_and_a_token(self, vendor, client):
        export = self.start(vendor, client)
        assert (export.progress_id, export.status, export.is_complete, export.has_failed) == (
            "ES_1",
            "inProgress",
            False,
            False,
        )
        assert body_of(vendor) == {
            "format": "ndjson",
            "compress": True,
            "sortByLastModifiedDate": True,
            "allowContinuation": True,
            "questionIds": ["QID1"],
            "embeddedDataIds": [],
            "surveyMetadataIds": [
                "status",
                "finished",
                "recordedDate",
                "_recordId",
                "distributionChannel",
                "userLanguage",
            ],
        }

    def test_nothing_personal_is_asked_for(self, vendor, client):
        self.start(vendor, client)
        for private in ("ipAddress", "locationLatitude", "recipientEmail", "recipientLastName", "externalReference"):
            assert private.encode() not in vendor.calls[0].request.body

    def test_a_continuation_and_permission_for_one_are_never_sent_together(self, vendor, client):
        self.start(vendor, client, continuation="UQhc")
        body = body_of(vendor)
        assert body["continuationToken"] == "UQhc"
        assert "allowContinuation" not in body

    def test_windows_are_in_utc_without_fractions(self, vendor, client):
        zone = dt.timezone(dt.timedelta(hours=2))
        self.start(
            vendor,
            client,
            start=dt.datetime(2026, 11, 1, 1, 30, 15, 999999, tzinfo=zone),
            end=NOW,
            limit=1,
            metadata=None,
        )
        body = body_of(vendor)
        assert (body["startDate"], body["endDate"]) == ("2026-10-31T23:30:15Z", "2026-11-22T12:00:00Z")
        assert body["limit"] == 1
        assert "surveyMetadataIds" not in body

    @pytest.mark.parametrize(
        ("answer", "complete", "failed"),
        [
            ({"percentComplete": 0.0, "status": "inProgress"}, False, False),
            ({"percentComplete": 100.0, "status": "inProgress"}, False, False),
            ({"fileId": "f-def", "percentComplete": 100.0, "status": "complete"}, True, False),
            ({"fileId": "f-def", "percentComplete": 0, "status": "complete"}, True, False),
            ({"fileId": None, "percentComplete": 100.0, "status": "failed"}, False, True),
            ({"percentComplete": 100.0, "status": "complete"}, False, True),
        ],
    )
    def test_the_status_decides(self, vendor, client, answer, complete, failed):
        vendor.get(f"{EXPORTS}/ES_1", json=envelope(answer))
        export = client.export_progress("SV_1", "ES_1")
        assert (export.is_complete, export.has_failed, export.progress_id) == (complete, failed, "ES_1")

    def test_the_token_comes_with_the_complete_answer(self):
        export = ExportProgress.from_json({"status": "complete", "fileId": "f", "continuationToken": "t"}, "ES_1")
        assert export.continuation_token == "t"

    def test_a_wrong_data_centre_is_said_in_words(self, vendor, client):
        vendor.post(EXPORTS, status=400, json=envelope(error=("B", "Bad"), notice="sjc1.qualtrics.com"))
        with pytest.raises(errors.WrongDataCentre) as failure:
            client.start_export("SV_1", questions=[], embedded=[])
        assert failure.value.right_host == "sjc1.qualtrics.com"

    def test_download(self, vendor, client, tmp_path):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr("a", "b")
        vendor.get(f"{EXPORTS}/f-def/file", body=buffer.getvalue(), content_type="application/zip")
        target = tmp_path / "export.zip"
        target.write_bytes(b"an older one")
        assert client.download_export("SV_1", "f-def", target) == len(buffer.getvalue())
        assert target.read_bytes() == buffer.getvalue()
        assert [path for path in tmp_path.iterdir() if path.is_file()] == [target]

    def test_what_is_no_zip_leaves_the_older_file(self, vendor, client, tmp_path):
        vendor.get(f"{EXPORTS}/f-def/file", body=b"<html>", content_type="text/html")
        target = tmp_path / "export.zip"
        target.write_bytes(b"an older one")
        with pytest.raises(errors.UnexpectedAnswer):
            client.download_export("SV_1", "f-def", target)
        assert target.read_bytes() == b"an older one"
        assert [path for path in tmp_path.iterdir() if path.is_file()] == [target]


class TestSingleResponses:
    URL = f"{API}/surveys/SV_1/responses/R_1"

    def test_it_has_the_form_of_a_line(self, vendor, client):
        record = {"responseId": "R_1", "values": {"QID1": 2}}
        vendor.get(self.URL, json=envelope(record))
        assert client.response("SV_1", "R_1") == record

    def test_right_after_completion_it_is_not_ready(self, vendor, client):
        vendor.get(self.URL, status=202, json=envelope({"message": "The Survey Response is not yet available."}))
        with pytest.raises(errors.NotReady):
            client.response("SV_1", "R_1")


class TestSubscriptions:
    URL = f"{API}/eventsubscriptions"

    def test_the_shared_key_is_sent_and_encryption_is_off(self, vendor, client):
        vendor.post(self.URL, json=envelope({"id": "SUB_1"}))
        topic = "surveyengine.completedResponse.SV_1"
        assert client.subscribe(topic, "https://app.example/hooks/abc", Secret("k3y")) == "SUB_1"
        assert body_of(vendor) == {
            "topics": topic,
            "publicationUrl": "https://app.example/hooks/abc",
            "encrypt": False,
            "sharedKey": "k3y",
        }

    def test_making_one_is_never_repeated(self, vendor, client):
        vendor.post(self.URL, status=503)
        with pytest.raises(errors.ServerTrouble):
            client.subscribe("t", "https://app.example/", Secret("k"))
        assert len(vendor.calls) == 1

    def test_reading(self, vendor, client):
        element = {
            "id": "SUB_1",
            "scope": "northwind",
            "topics": "t",
            "publicationUrl": "https://app.example/",
            "encrypted": False,
            "successfulCalls": 7,
        }
        vendor.get(self.URL, json=page(element))
        vendor.get(f"{self.URL}/SUB_1", json=envelope(element))
        assert list(client.subscriptions()) == [client.subscription("SUB_1")]
        assert client.subscription("SUB_1").successful_calls == 7

    def test_ending_one(self, vendor, client):
        vendor.delete(f"{self.URL}/SUB_1", json={"meta": envelope()["meta"]})
        client.unsubscribe("SUB_1")
        assert vendor.calls[0].request.url == f"{self.URL}/SUB_1"

    @pytest.mark.parametrize(
        "subscription_id", ["", ".", "..", "/", "*", "SUB_", "SUB_/", "SUB_1/..", "?x", "SV_1", " "]
    )
    def test_ending_all_of_them_is_impossible(self, vendor, client, subscription_id):
        with pytest.raises(errors.RequestRefused):
            client.unsubscribe(subscription_id)
        assert not vendor.calls


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-01T00:00:00Z", dt.datetime(2026, 11, 1, tzinfo=dt.UTC)),
        ("2015-01-01T00:00:00-07:00", dt.datetime(2015, 1, 1, 7, tzinfo=dt.UTC)),
        ("2026-01-21 00:00:00", dt.datetime(2026, 1, 21, tzinfo=dt.UTC)),
        ("0000-00-00 00:00:00", None),
        ("soon", None),
        ("", None),
        (None, None),
        (1767258000000, None),
    ],
)
def test_dates(text, at):
    assert moment(text) == at
