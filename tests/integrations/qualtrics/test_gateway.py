"""The one way out: what is sent, what is tried again, what is waited for, what is never shown."""

import datetime as dt
import io
import logging
import traceback

import orjson
import pytest
import requests
import responses

from integrations.qualtrics.gateway import Gateway, Limits
from integrations.qualtrics.hosts import Host
from integrations.troubles import errors
from integrations.vault.secret import Secret
from tests.integrations.qualtrics.stage import API, NOW, TOKEN, envelope

SURVEYS = f"{API}/surveys"
HTML = {"body": "<html>Busy</html>", "content_type": "text/html"}


@pytest.fixture
def gateway(client):
    return client.gateway


def answers(vendor, *steps, url=SURVEYS, method="GET"):
    for step in steps:
        vendor.add(method, url, **({"json": envelope({"ok": True})} if step is None else step))


class TestSending:
    def test_headers_and_path(self, vendor, gateway):
        answers(vendor, None)
        answer = gateway.call("GET", "surveys", query={"offset": 100})
        sent = vendor.calls[0].request
        assert sent.url == f"{SURVEYS}?offset=100"
        assert sent.headers["X-API-TOKEN"] == TOKEN
        assert sent.headers["Accept"] == "application/json"
        assert "Cookie" not in sent.headers
        assert (answer.status, answer.result) == (200, {"ok": True})
        assert answer.request_id == "6b0d3f0e-2f43-4b2c-9c56-0f1c7a9be0d4"
        assert gateway.calls == 1

    def test_a_body_is_json(self, vendor, gateway):
        answers(vendor, None, url=f"{API}/eventsubscriptions", method="POST")
        gateway.call("POST", "eventsubscriptions", json={"topics": "é"})
        sent = vendor.calls[0].request
        assert sent.headers["Content-Type"] == "application/json"
        assert orjson.loads(sent.body) == {"topics": "é"}

    def test_every_try_is_counted_before_it_is_sent(self, vendor, make_client):
        seen = []
        gateway = make_client(on_call=lambda method, path: seen.append((method, path, len(vendor.calls)))).gateway
        answers(vendor, {"status": 503}, None)
        gateway.call("GET", "surveys")
        assert seen == [("GET", "/API/v3/surveys", 0), ("GET", "/API/v3/surveys", 1)]
        assert gateway.calls == 2

    def test_a_caller_that_stops_the_call_stops_it(self, vendor, make_client):
        class OverBudget(Exception):
            pass

        def refuse(method, path):
            raise OverBudget

        with pytest.raises(OverBudget):
            make_client(on_call=refuse).gateway.call("GET", "surveys")
        assert not vendor.calls

    @pytest.mark.parametrize(
        "name",
        [
            *(
                "X-API-TOKEN",
                "x-api-token",
                "X-Api-Token ",
                " X-API-TOKEN",
                "X-API-TOKEN\t",
                "X_API_TOKEN",
                "Authorization",
            ),
            *("authorization", "AUTHORIZATION", "Proxy-Authorization", "Host", "host", "HOST ", "Content-Length"),
            *(
                "content-length",
                "Transfer-Encoding",
                "transfer-encoding",
                "TE",
                "Trailer",
                "Connection",
                "Upgrade",
                "Cookie",
            ),
            *(
                "Cookie2",
                "X-HTTP-Method-Override",
                "X-HTTP-Method",
                "X-Method-Override",
                "X-Forwarded-For",
                "X-Forwarded-Host",
            ),
            *(
                "Forwarded",
                "Expect",
                "Accept\r\nX-Evil",
                "Accept:",
                "Accept\0",
                "",
                " ",
                "Àccept",
                "Referer",
                "Origin",
                "Via",
            ),
            *("User-Agent", "Range"),
        ],
    )
    def test_headers_that_a_caller_may_not_set(self, gateway, name):
        with pytest.raises(errors.RequestRefused) as refusal:
            gateway.call("GET", "surveys", headers={name: "x"})
        assert refusal.value.code == "header_refused"
        assert gateway.calls == 0

    @pytest.mark.parametrize(
        "value", ["", " ", "a\r\nX-API-TOKEN: b", "a\n", "a\0", "é", "x" * 2000, " a", "a ", 7, None]
    )
    def test_values_that_cannot_be_sent(self, gateway, value):
        with pytest.raises(errors.RequestRefused):
            gateway.call("GET", "surveys", headers={"Accept": value})

    def test_headers_that_a_caller_may_set(self, vendor, gateway):
        answers(vendor, None, method="POST")
        wanted = {"idempotency-key": "k 1", "X-COPY-SOURCE": "SV_1", "accept": "text/csv"}
        gateway.call("POST", "surveys", headers=wanted)
        assert vendor.calls[0].request.headers.items() >= wanted.items()

    @pytest.mark.parametrize(
        ("method", "segments"),
        [
            ("DELETE", ["eventsubscriptions"]),
            ("DELETE", []),
            ("TRACE", ["surveys"]),
            ("get", ["surveys"]),
            ("GET\r\nX: y", ["surveys"]),
            ("GET", [".."]),
            ("GET", []),
        ],
    )
    def test_calls_that_are_never_made(self, gateway, method, segments):
        with pytest.raises(errors.RequestRefused):
            gateway.call(method, *segments)
        assert gateway.calls == 0

    @pytest.mark.parametrize("token", ["", "with space", "tökén", "a\r\nX-Evil: 1", "a\n", "x" * 300, "\ud800"])
    def test_a_token_that_cannot_be_sent_is_named_without_sending(self, make_client, token):
        with pytest.raises(errors.TokenRefused) as refusal:
            make_client(token=token).whoami()
        assert refusal.value.code == "token_malformed"

    def test_a_test_host_must_still_be_in_the_settings(self, settings):
        settings.QUALTRICS_TEST_HOSTS = []
        gateway = Gateway(Host("127.0.0.1:1", is_test=True), Secret(TOKEN))
        with pytest.raises(errors.HostRefused):
            gateway.call("GET", "surveys")
        assert gateway.calls == 0
        gateway.close()

    def test_the_environment_of_a_handed_in_session_plays_no_part(self, make_client):
        session = requests.Session()
        session.verify = False
        make_client(session=session)
        assert session.trust_env is False
        assert session.verify is True
        assert list(session.adapters) == ["https://"]


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "error", "kind", "code", "permanent"),
        [
            (400, ("X_1", "Bad."), errors.BadRequest, "bad_request", True),
            (400, ("ATC_1", "An apiToken must be provided."), errors.TokenRefused, "token_refused", True),
            (401, ("DCD_7", "Unrecognized X-API-TOKEN."), errors.TokenRefused, "token_refused", True),
            (403, ("QMST_2.1", "The operation is forbidden."), errors.RightMissing, "right_missing", True),
            (404, ("GSI_2", "Survey not found."), errors.NotFound, "survey_gone", True),
            (404, ("UNF_9", "Resource not found"), errors.NotFound, "not_found", True),
            (409, ("C_1", "Conflict"), errors.BadRequest, "bad_request", True),
            (413, ("L_1", "Too large"), errors.BadRequest, "too_large", True),
            (429, ("R_1", "Slow down"), errors.TooManyRequests, "too_many_requests", False),
            (500, ("SURVEYS_1.2", "Oh no"), errors.ServerTrouble, "server_trouble", False),
            (502, ("G", "Gateway"), errors.ServerTrouble, "server_trouble", False),
            (503, ("B", "Busy"), errors.ServerTrouble, "server_trouble", False),
            (504, ("T", "Timeout"), errors.ServerTrouble, "server_trouble", False),
        ],
    )
    def test_each_status_is_its_own_error(self, vendor, make_client, status, error, kind, code, permanent):
        gateway = make_client(limits=Limits(tries=1)).gateway
        answers(vendor, {"status": status, "json": envelope(error=error)})
        with pytest.raises(kind) as failure:
            gateway.call("GET", "surveys")
        found = failure.value
        assert (found.code, found.permanent, found.status) == (code, permanent, status)
        assert (found.error_code, found.error_message) == error
        assert found.request_id == "6b0d3f0e-2f43-4b2c-9c56-0f1c7a9be0d4"

    def test_the_old_shape_of_errors_is_read(self, vendor, gateway):
        body = {
            "meta": {"status": "Error", "errorMessage": "Gone", "internalErrorCode": "GS_5", "errorId": "e-1"},
            "result": None,
        }
        answers(vendor, {"status": 404, "json": body})
        with pytest.raises(errors.NotFound) as failure:
            gateway.call("GET", "surveys")
        assert (failure.value.error_code, failure.value.error_message, failure.value.request_id) == (
            "GS_5",
            "Gone",
            "e-1",
        )

    @pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
    @pytest.mark.parametrize(
        "body", [b"", b"<html>", b"null", b"[]", b'"x"', b'{"meta":null}', b'{"meta":{"error":"x"}}', b"\xff"]
    )
    def test_any_body_may_come_with_an_error(self, vendor, make_client, status, body):
        gateway = make_client(limits=Limits(tries=1)).gateway
        answers(vendor, {"status": status, "body": body})
        with pytest.raises(errors.QualtricsError) as failure:
            gateway.call("GET", "surveys")
        assert failure.value.status == status

    @pytest.mark.parametrize(
        ("body", "kind", "shown"),
        [
            (b"<html>Maintenance</html>", "text/html; charset=utf-8", "text/html"),
            (b"", "text/plain", "text/plain"),
            (b"[1]", "application/json", "application/json"),
            (b'{"result":{}}', "application/json", "application/json"),
            (b'{"result":', "application/json", "application/json"),
            (b"NaN", "application/json\x07<b>", "application/json<b>"),
        ],
    )
    def test_a_good_status_with_something_else_names_the_content_type(self, vendor, gateway, body, kind, shown):
        length = {"Content-Length": str(len(body))}
        answers(vendor, {"body": body, "content_type": kind, "headers": length})
        with pytest.raises(errors.UnexpectedAnswer) as failure:
            gateway.call("GET", "surveys")
        assert failure.value.code == "not_json"
        assert failure.value.params == {"content_type": shown}

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize(
        "target", ["https://evil.example/", "https://sjc1.qualtrics.com/API/v3/surveys", "//evil.example"]
    )
    def test_redirects_are_never_followed(self, vendor, gateway, status, target):
        answers(vendor, {"status": status, "headers": {"Location": target}})
        with pytest.raises(errors.UnexpectedAnswer) as failure:
            gateway.call("GET", "surveys")
        assert failure.value.code == "redirected"
        assert len(vendor.calls) == 1

    def test_not_ready(self, vendor, gateway):
        answers(vendor, {"status": 202, "json": envelope({"message": "Not yet."}, status="202 - Accepted")})
        with pytest.raises(errors.NotReady) as failure:
            gateway.call("GET", "surveys")
        assert not failure.value.permanent

    def test_an_endless_answer_is_cut(self, vendor, make_client):
        gateway = make_client(limits=Limits(json_bytes=1000)).gateway
        answers(vendor, {"json": envelope("x" * 2000)})
        with pytest.raises(errors.UnexpectedAnswer) as failure:
            gateway.call("GET", "surveys")
        assert failure.value.code == "answer_too_big"


class TestTryingAgain:
    def test_429_waits_as_long_as_it_says(self, vendor, gateway, clock):
        answers(vendor, *[{"status": 429, "headers": {"Retry-After": "7"}}] * 3, None)
        assert gateway.call("GET", "surveys").result == {"ok": True}
        assert clock.sleeps == [7.5, 7.5, 7.5]

    def test_a_long_wait_is_the_callers(self, vendor, gateway, clock):
        answers(vendor, {"status": 429, "headers": {"Retry-After": "60"}})
        with pytest.raises(errors.TooManyRequests) as failure:
            gateway.call("GET", "surveys")
        assert clock.sleeps == []
        assert failure.value.retry_after == 60.5
        assert gateway.calls == 1

    def test_429_without_a_header_waits_longer_each_time(self, vendor, gateway, clock):
        answers(vendor, *[{"status": 429, **HTML}] * 9)
        with pytest.raises(errors.TooManyRequests) as failure:
            gateway.call("GET", "surveys")
        assert clock.sleeps == [5.5]
        assert failure.value.retry_after == 10.5

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_server_trouble_is_tried_four_times(self, vendor, gateway, clock, status):
        answers(vendor, *[{"status": status}] * 9)
        with pytest.raises(errors.ServerTrouble):
            gateway.call("GET", "surveys")
        assert clock.sleeps == [1.5, 2.5, 4.5]
        assert gateway.calls == 4

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 302])
    def test_what_cannot_help_is_not_tried_again(self, vendor, gateway, clock, status):
        answers(vendor, *[{"status": status}] * 2)
        with pytest.raises(errors.QualtricsError):
            gateway.call("GET", "surveys")
        assert (clock.sleeps, gateway.calls) == ([], 1)

    def test_starting_an_export_is_tried_again(self, vendor, gateway):
        url = f"{SURVEYS}/SV_1/export-responses"
        answers(vendor, {"status": 503}, None, url=url, method="POST")
        gateway.call("POST", "surveys", "SV_1", "export-responses", json={})
        assert gateway.calls == 2

    @pytest.mark.parametrize(
        ("method", "segments"),
        [("POST", ["distributions"]), ("POST", ["eventsubscriptions"]), ("DELETE", ["a", "b"]), ("PUT", ["a"])],
    )
    @pytest.mark.parametrize("trouble", [{"status": 503}, {"status": 429}, {"body": requests.ConnectionError("cut")}])
    def test_what_may_act_on_people_is_never_repeated(self, vendor, gateway, method, segments, trouble):
        answers(vendor, trouble, None, url=f"{API}/{'/'.join(segments)}", method=method)
        with pytest.raises(errors.QualtricsError):
            gateway.call(method, *segments)
        assert gateway.calls == 1

    def test_a_broken_connection_is_tried_again(self, vendor, gateway, clock):
        answers(vendor, {"body": requests.ConnectionError("cut")}, {"body": requests.ReadTimeout("slow")}, None)
        assert gateway.call("GET", "surveys").result == {"ok": True}
        assert clock.sleeps == [1.5, 2.5]

    def test_all_tries_together_have_an_end(self, vendor, make_client, clock):
        gateway = make_client(limits=Limits(tries=50, all_tries_seconds=20)).gateway
        answers(vendor, *[{"status": 429, "headers": {"Retry-After": "8"}}] * 50)
        with pytest.raises(errors.TooManyRequests):
            gateway.call("GET", "surveys")
        assert clock.sleeps == [8.5, 8.5]

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("7", 7.0),
            ("0", 0.0),
            ("-1", 0.0),
            ("1.5", 1.5),
            ("315360000", 900.0),
            ("9" * 18, 900.0),
            ((NOW + dt.timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT"), 90.0),
            ((NOW - dt.timedelta(days=90)).strftime("%a, %d %b %Y %H:%M:%S GMT"), 0.0),
            ("Wed, 21 Oct 2099 07:28:00 GMT", 900.0),
            ("soon", None),
            ("", None),
            ("nan", None),
            ("inf", None),
            ("1e9", None),
            ("٧", None),
        ],
    )
    def test_every_form_of_retry_after(self, vendor, make_client, header, seconds):
        gateway = make_client(limits=Limits(tries=1)).gateway
        answers(vendor, {"status": 429, "headers": {"Retry-After": header.encode().decode("latin-1")}})
        with pytest.raises(errors.TooManyRequests) as failure:
            gateway.call("GET", "surveys")
        assert failure.value.retry_after == (5.0 if seconds is None else seconds) + 0.5


class TestAnotherHost:
    NOTICE = "sjc1.qualtrics.com"

    def test_a_notice_reaches_the_listener(self, vendor, make_client):
        seen = []
        gateway = make_client(on_notice=seen.append).gateway
        answers(vendor, {"json": envelope({}, notice=self.NOTICE)})
        answer = gateway.call("GET", "surveys")
        assert seen == [Host(self.NOTICE)]
        assert answer.other_host == self.NOTICE

    def test_an_error_that_names_the_right_host_says_so(self, vendor, make_client):
        seen = []
        gateway = make_client(on_notice=seen.append).gateway
        url = f"{SURVEYS}/SV_1/export-responses"
        answers(
            vendor, {"status": 400, "json": envelope(error=("X", "Bad"), notice=self.NOTICE)}, url=url, method="POST"
        )
        with pytest.raises(errors.WrongDataCentre) as failure:
            gateway.call("POST", "surveys", "SV_1", "export-responses", json={})
        assert failure.value.code == "wrong_data_centre"
        assert failure.value.right_host == self.NOTICE == failure.value.params["right_host"]
        assert failure.value.error_code == "X"
        assert seen == [Host(self.NOTICE)]

    @pytest.mark.parametrize(
        "notice", ["evil.example", "fra1.qualtrics.com", "127.0.0.1:8900", "qualtrics.com.evil.example", "@", "x" * 500]
    )
    def test_other_names_are_ignored(self, vendor, make_client, settings, notice):
        settings.QUALTRICS_TEST_HOSTS = ["127.0.0.1:8900"]
        seen = []
        answers(vendor, {"json": envelope({}, notice=notice)})
        make_client(on_notice=seen.append).gateway.call("GET", "surveys")
        assert seen == []


class TestSecrecy:
    def test_the_log_has_the_facts_and_nothing_else(self, vendor, gateway, caplog):
        caplog.set_level(logging.DEBUG)
        answers(vendor, {"json": envelope({"comment": "private words"})})
        gateway.call("GET", "surveys", query={"q": "private query"})
        assert [record.getMessage() for record in caplog.records if record.name.startswith("integrations")] == [
            "GET fra1.qualtrics.com /API/v3/surveys 200 0 ms request 6b0d3f0e-2f43-4b2c-9c56-0f1c7a9be0d4"
        ]
        assert "private" not in caplog.text
        assert TOKEN not in caplog.text

    @pytest.mark.parametrize("person", ["R_3kQ9LmX2bWc7KsT", "CID_9LmX2bWc7KsTq3k", "CGC_9LmX2bWc7KsTq3k"])
    def test_the_log_does_not_say_whose_data_were_asked_for(self, vendor, gateway, caplog, person):
        caplog.set_level(logging.DEBUG)
        answers(vendor, None, url=f"{SURVEYS}/SV_3kQ9LmX2bWc7KsT/responses/{person}")
        gateway.call("GET", "surveys", "SV_3kQ9LmX2bWc7KsT", "responses", person)
        kind = person.partition("_")[0]
        told = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("integrations"))
        assert f"/API/v3/surveys/SV_3kQ9LmX2bWc7KsT/responses/{kind}_… 200" in told
        assert person not in told

    @pytest.mark.parametrize(
        "echo",
        [TOKEN, TOKEN.lower(), f"X-API-TOKEN: {TOKEN}", "a1EzdlR6ODFMbVhiMldjUjdzWXBONWRIZjBHakE5ZVU0b1ZpQnQ2Qw"],
    )
    def test_an_echoed_token_is_taken_out(self, vendor, gateway, echo):
        answers(vendor, {"status": 400, "json": envelope(error=(echo, f"You sent {echo}!"), request_id=echo)})
        with pytest.raises(errors.BadRequest) as failure:
            gateway.call("GET", "surveys")
        shown = repr(vars(failure.value)) + str(failure.value)
        assert echo not in shown
        assert "[redacted]" in failure.value.error_message

    @pytest.mark.parametrize(
        "trouble",
        [
            requests.ConnectionError(TOKEN),
            OSError(TOKEN),
            requests.exceptions.InvalidHeader(TOKEN),
            requests.ReadTimeout("x"),
        ],
    )
    def test_no_error_holds_on_to_the_request(self, vendor, make_client, trouble):
        gateway = make_client(limits=Limits(tries=1)).gateway
        answers(vendor, {"body": trouble})
        with pytest.raises(errors.NoConnection) as failure:
            gateway.call("GET", "surveys")
        error = failure.value
        assert error.__cause__ is None
        assert error.__context__ is None
        assert TOKEN not in str(error)
        for frame, _line in traceback.walk_tb(error.__traceback__):
            if "integrations" in frame.f_code.co_filename and "tests" not in frame.f_code.co_filename:
                assert TOKEN not in repr(frame.f_locals)

    def test_lines_of_an_error_stay_one_line_in_the_log(self, vendor, gateway, caplog):
        answers(vendor, {"status": 400, "json": envelope(error=("A\nB", "C\r\nforged"), request_id="x\ny")})
        with pytest.raises(errors.BadRequest) as failure:
            gateway.call("GET", "surveys")
        assert "\n" not in str(failure.value)
        assert all("\n" not in record.getMessage() for record in caplog.records)


class TestFiles:
    URL = f"{SURVEYS}/SV_1/export-responses/f/file"
    PATH = ("surveys", "SV_1", "export-responses", "f", "file")

    def test_a_zip_is_written(self, vendor, gateway):
        sizes = []
        answers(vendor, {"body": b"PK\x03\x04" + b"x" * 600_000, "content_type": "application/zip"}, url=self.URL)
        to = io.BytesIO()
        assert gateway.download(*self.PATH, to=to, progress=sizes.append) == 600_004
        assert to.getvalue() == b"PK\x03\x04" + b"x" * 600_000
        assert sizes == [262_144, 524_288, 600_004]
        assert vendor.calls[0].request.headers["Accept-Encoding"] == "identity"

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b"<html>", "text/html"),
            (b'{"meta":{}}', "application/json"),
            (b"", "application/zip"),
            (b"a,b\r\n", "text/csv"),
            (b"PK", "x/y"),
        ],
    )
    def test_anything_else_is_not_taken_for_data(self, vendor, gateway, body, kind):
        length = {"Content-Length": str(len(body))}
        answers(vendor, {"body": body, "content_type": kind, "headers": length}, url=self.URL)
        with pytest.raises(errors.UnexpectedAnswer) as failure:
            gateway.download(*self.PATH, to=io.BytesIO())
        assert (failure.value.code, failure.value.params) == ("not_a_file", {"content_type": kind})

    def test_a_second_try_starts_anew(self, vendor, gateway):
        answers(vendor, {"status": 503, "body": b"x" * 100_000}, {"body": b"PK\x05\x06rest"}, url=self.URL)
        to = io.BytesIO()
        assert gateway.download(*self.PATH, to=to) == 8
        assert to.getvalue() == b"PK\x05\x06rest"

    def test_a_file_that_is_gone(self, vendor, gateway):
        answers(vendor, {"status": 404, "json": envelope(error=("F_1", "File expired"))}, url=self.URL)
        with pytest.raises(errors.NotFound) as failure:
            gateway.download(*self.PATH, to=io.BytesIO())
        assert failure.value.error_message == "File expired"

    def test_too_large(self, vendor, make_client):
        answers(vendor, {"body": b"PK\x03\x04" + b"x" * 600_000}, url=self.URL)
        with pytest.raises(errors.UnexpectedAnswer) as failure:
            make_client(limits=Limits(file_bytes=300_000)).gateway.download(*self.PATH, to=io.BytesIO())
        assert failure.value.code == "answer_too_big"

    def test_trouble_with_our_disk_is_named_as_such(self, vendor, gateway):
        class Full(io.BytesIO):
            def write(self, data):
                raise OSError(28, "No space left on device")

        answers(vendor, {"body": b"PK\x03\x04"}, url=self.URL)
        with pytest.raises(errors.SpoolTrouble, match="No space left"):
            gateway.download(*self.PATH, to=Full())
        assert gateway.calls == 1

    @pytest.mark.parametrize("lost", [RuntimeError, AttributeError, ValueError])
    def test_what_the_callers_function_raises_reaches_the_caller(self, vendor, gateway, lost):
        def progress(size):
            raise lost

        answers(vendor, {"body": b"PK\x03\x04"}, url=self.URL)
        with pytest.raises(lost):
            gateway.download(*self.PATH, to=io.BytesIO(), progress=progress)


def test_responses_are_what_they_seem():
    """The mock stands in for the library's adapter, and ours builds on that: this would fail if it were bypassed."""
    assert "requests.adapters.HTTPAdapter.send" in responses.RequestsMock().target
