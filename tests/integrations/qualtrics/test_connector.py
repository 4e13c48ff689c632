"""Test the connector: each check has its own result, and one that fails says what to do."""

import pytest
from requests import ConnectionError as Cut

from integrations.qualtrics.connector_test import test_connector as run_checks
from integrations.qualtrics.gateway import Limits
from tests.integrations.qualtrics.stage import API, envelope
from tests.integrations.qualtrics.test_client import WHOAMI, page, summary

ALL = ["host", "token", "data_centre", "surveys", "export", "webhooks"]
EXPORT = f"{API}/surveys/SV_1/export-responses"


@pytest.fixture
def check(vendor, make_client):
    def run(*, whoami=None, surveys=None, export=None):
        vendor.get(f"{API}/whoami", **(whoami or {"json": envelope(WHOAMI)}))
        vendor.get(f"{API}/surveys", **(surveys or {"json": page(summary(7, isActive=False), summary(1))}))
        vendor.post(EXPORT, **(export or {"json": envelope({"progressId": "ES_1", "status": "inProgress"})}))
        results = run_checks(make_client(limits=Limits(tries=1)))
        assert [result.key for result in results] == ALL
        for result in results:
            assert result.title
            assert result.message.endswith(".")
            assert bool(result.what_to_do) == bool(result.code) == (result.result == "failed")
        return {result.key: result for result in results}

    return run


def states(results):
    return {key: result.result for key, result in results.items()}


def test_all_is_well(check, vendor):
    results = check()
    assert set(states(results).values()) == {"ok"}
    assert (
        results["token"].message == "The token belongs to Ana Ruiz (ana@northwind.example#northwind), brand northwind."
    )
    assert results["surveys"].message == "2 surveys are visible, 1 of them live."
    assert b'"limit":1' in vendor.calls[-1].request.body


def test_the_owner_is_handed_over(vendor, make_client):
    owners = []
    vendor.get(f"{API}/whoami", json=envelope(WHOAMI))
    vendor.get(f"{API}/surveys", json=page())
    run_checks(make_client(), on_identity=owners.append)
    assert [owner.brand for owner in owners] == ["northwind"]


@pytest.mark.parametrize(
    ("whoami", "code"),
    [
        ({"body": Cut("no")}, "connection_cut"),
        ({"body": "<html>", "content_type": "text/html"}, "not_json"),
        ({"status": 302}, "redirected"),
        ({"status": 503}, "server_trouble"),
        ({"status": 429}, "too_many_requests"),
    ],
)
def test_no_qualtrics_there(check, whoami, code):
    results = check(whoami=whoami)
    assert results["host"].code == code
    assert states(results) == {"host": "failed"} | dict.fromkeys(ALL[1:], "skipped")


def test_the_token_is_refused(check):
    results = check(whoami={"status": 401, "json": envelope(error=("DCD_7", "Unrecognized X-API-TOKEN."))})
    assert states(results) == {"host": "ok", "token": "failed"} | dict.fromkeys(ALL[2:], "skipped")
    assert results["token"].code == "token_refused"
    assert "DCD_7" in results["token"].message


def test_the_wrong_data_centre(check):
    results = check(
        whoami={"json": envelope(WHOAMI, notice="sjc1.qualtrics.com")},
        export={"status": 400, "json": envelope(error=("B", "Bad"), notice="sjc1.qualtrics.com")},
    )
    assert results["data_centre"].result == "failed"
    assert results["data_centre"].suggested_host == "sjc1.qualtrics.com"
    assert "sjc1.qualtrics.com" in results["data_centre"].what_to_do
    assert (results["export"].code, results["export"].suggested_host) == ("wrong_data_centre", "sjc1.qualtrics.com")


def test_no_right_to_export(check):
    results = check(export={"status": 403, "json": envelope(error=("X", "No"))})
    assert states(results)["export"] == "failed"
    assert results["export"].code == "right_missing"


def test_no_survey(check):
    results = check(surveys={"json": page()})
    assert (states(results)["surveys"], states(results)["export"]) == ("failed", "skipped")


def test_no_live_survey(check, vendor):
    results = check(surveys={"json": page(summary(1, isActive=False))})
    assert (states(results)["surveys"], states(results)["export"]) == ("ok", "skipped")
    assert results["surveys"].message == "1 survey is visible, 0 of them live."
    assert all(call.request.method == "GET" for call in vendor.calls)


def test_the_list_fails(check):
    results = check(surveys={"status": 500, "json": envelope(error=("SURVEYS_1.2", "Oh"))})
    assert results["surveys"].code == "server_trouble"
    assert states(results)["export"] == "skipped"
    assert states(results)["webhooks"] == "ok"


def test_not_a_brand_administrator(check):
    results = check(whoami={"json": envelope(WHOAMI | {"accountType": "UT_1"})})
    assert states(results)["webhooks"] == "skipped"
    assert "brand administrator" in results["webhooks"].message
