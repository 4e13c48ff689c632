import contextlib
import http.client

import pytest

from sandbox.api.site import digest
from sandbox.demo import RAILWAY_TOKEN


def test_whoami_names_user_brand_and_data_centre(railway, bank):
    mine, theirs = railway.result("/whoami"), bank.result("/whoami")
    assert set(mine) == {
        "brandId", "userId", "userName", "accountType", "firstName", "lastName", "email", "datacenter",
    }  # fmt: skip
    assert (mine["brandId"], mine["accountType"], mine["datacenter"]) == ("coastline", "UT_BRANDADMIN", "fra1")
    assert (theirs["brandId"], theirs["datacenter"]) == ("meridian", "iad1")
    assert mine["userId"].startswith("UR_") and len(mine["userId"]) == 18


@pytest.mark.parametrize(
    ("token", "path", "status", "code"),
    [
        ("", "/whoami", 400, "ATC_1"),
        ("nobody", "/whoami", 401, "DCD_7"),
        (RAILWAY_TOKEN, "/surveys/SV_unknownUnknown1", 404, "GSI_2"),
        (RAILWAY_TOKEN, "/survey-definitions/SV_unknownUnknown1", 403, "QMST_2.1"),
        (RAILWAY_TOKEN, "/survey-definitions/SV_unknownUnknown1/metadata", 403, "QMST_2.1"),
        (RAILWAY_TOKEN, "/eventsubscriptions/SUB_unknown", 404, "ESSG_2"),
        (RAILWAY_TOKEN, "/mailinglists", 404, "UNF_9"),
        (RAILWAY_TOKEN, "/nothing/here", 404, "UNF_9"),
    ],
)
def test_errors_come_in_the_vendors_envelope(railway, token, path, status, code):
    railway.token = token
    answer = railway.get(path)
    body = answer.json()
    assert answer.status_code == status
    assert set(body) == {"meta"}
    assert body["meta"]["error"]["errorCode"] == code
    assert body["meta"]["httpStatus"].startswith(f"{status} - ")
    assert (body["meta"]["requestId"] is None) == (code == "ESSG_2")


def test_success_has_result_and_meta_and_no_rate_headers(railway):
    answer = railway.get("/whoami")
    assert answer.json()["meta"]["httpStatus"] == "200 - OK"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["request-time"].isdecimal()
    assert not [name for name in answer.headers if "rate" in name.lower()]


def test_a_trailing_slash_is_accepted(railway):
    assert railway.get("/surveys/").status_code == 200


def test_a_viewer_sees_no_survey_and_may_neither_export_nor_subscribe(railway, viewer, sandbox):
    survey_id = sandbox.control.survey_id("post-journey")
    assert viewer.result("/whoami")["accountType"].startswith("UT_")
    assert viewer.result("/surveys") == {"elements": [], "nextPage": None}
    assert viewer.get(f"/surveys/{survey_id}").status_code == 404
    assert viewer.post(f"/surveys/{survey_id}/export-responses", {"format": "json"}).status_code == 403
    assert viewer.get("/eventsubscriptions").status_code == 403


def test_brands_do_not_see_each_other(bank, sandbox):
    assert bank.get(f"/surveys/{sandbox.control.survey_id('post-journey')}").status_code == 404


def test_the_wrong_data_centre_proxies_reads_and_says_so(lost_bank, sandbox):
    sandbox.control.change_settings(page_size=1)
    answer = lost_bank.get("/surveys").json()
    notice = f"Request proxied. For faster response times, use this host instead: {sandbox.other_host}"
    assert answer["meta"]["notice"] == notice
    following = answer["result"]["nextPage"]
    assert following.startswith(f"http://{sandbox.other_host}/API/v3/surveys?offset=1&proxyDepth=1&proxyInfo=")
    last = lost_bank.session.get(following, headers={"X-API-TOKEN": lost_bank.token}, timeout=30).json()
    assert (len(last["result"]["elements"]), last["result"]["nextPage"]) == (1, None)
    assert "notice" not in last["meta"]
    assert lost_bank.get("/surveys/SV_no").json()["meta"]["notice"] == notice


def test_the_wrong_data_centre_refuses_to_start_an_export(lost_bank, bank, sandbox):
    path = f"/surveys/{sandbox.control.survey_id('branch-visit')}/export-responses"
    assert lost_bank.post(path, {"format": "ndjson"}).status_code == 400
    assert bank.post(path, {"format": "ndjson"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "notice"),
    [
        ("fra1.qualtrics.com", None),
        ("coastline.fra1.qualtrics.com", None),
        ("iad1.qualtrics.com", "fra1.qualtrics.com"),
        ("coastline.qualtrics.com", "fra1.qualtrics.com"),
    ],
)
def test_a_vendor_like_host_header_decides_the_data_centre(railway, host, notice):
    meta = railway.get("/whoami", headers={"Host": host}).json()["meta"]
    assert meta.get("notice", "").rpartition(" ")[2] == (notice or "")


def test_a_brand_can_move(railway, sandbox):
    sandbox.control.scenario("wrong_data_centre")
    assert "notice" in railway.get("/whoami").json()["meta"]
    sandbox.control.scenario("back_to_normal")
    assert "notice" not in railway.get("/whoami").json()["meta"]


def test_a_revoked_token_is_unknown_until_it_is_restored(railway, sandbox):
    sandbox.control.scenario("expired_token")
    assert railway.get("/whoami").json()["meta"]["error"]["errorCode"] == "DCD_7"
    sandbox.control.restore_token(RAILWAY_TOKEN)
    assert railway.get("/whoami").status_code == 200


def test_tokens_are_kept_as_digests_only(railway, sandbox):
    railway.get("/whoami")
    entry = sandbox.control.calls(path="/whoami")[-1]
    assert entry["headers"]["x-api-token"] == digest(RAILWAY_TOKEN)
    assert RAILWAY_TOKEN not in str(sandbox.control.calls())


def test_connections_stay_open(sandbox):
    with contextlib.closing(http.client.HTTPConnection(sandbox.host, timeout=30)) as connection:
        sockets = set()
        for _ in range(3):
            connection.request("GET", "/API/v3/whoami", headers={"X-API-TOKEN": RAILWAY_TOKEN})
            assert connection.getresponse().read()
            sockets.add(connection.sock)
        assert len(sockets) == 1 and None not in sockets
