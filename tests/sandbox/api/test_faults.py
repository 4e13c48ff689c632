import contextlib
import io
import itertools
import json
import time
import zipfile

import pytest
import requests
import urllib3

from sandbox.api.faults import AFTER, BEFORE, SPOIL_FILE, SPOIL_PAGE
from sandbox.demo import RAILWAY_TOKEN, build_world
from sandbox.exports.rendering import BAD_RECORDS
from sandbox.server import start

LOST = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, urllib3.exceptions.ProtocolError)


@pytest.fixture
def fault(sandbox):
    return sandbox.control.switch_fault_on


@pytest.fixture
def complaint(sandbox):
    return sandbox.control.survey_id("complaint")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500, 502, 503, 504])
def test_any_status_comes_in_the_envelope(railway, fault, status):
    fault(str(status), path="*/whoami")
    answer = railway.get("/whoami")
    assert answer.status_code == status
    assert answer.json()["meta"]["httpStatus"].startswith(str(status))
    assert ("instanceId" in answer.json()["meta"]["error"]) == (status == 500)
    assert railway.get("/surveys").status_code == 200


def test_too_many_requests_with_and_without_retry_after(railway, fault):
    fault("429", count=1, retry_after=7)
    fault("429", count=1)
    fault("429", count=1, html=True)
    first, second, third = (railway.get("/whoami") for _ in range(3))
    assert first.headers["Retry-After"] == "7"
    assert "Retry-After" not in second.headers
    assert third.headers["content-type"] == "text/html" and third.text.startswith("<!DOCTYPE")
    assert railway.get("/whoami").status_code == 200


def test_count_skip_method_brand_and_probability_choose_the_calls(railway, bank, fault, sandbox):
    fault("503", skip=2, count=1, brand="coastline", method="GET")
    assert bank.get("/whoami").status_code == 200
    assert [railway.get("/whoami").status_code for _ in range(4)] == [200, 200, 503, 200]
    fault("500", probability=0.5)
    seen = [railway.get("/whoami").status_code for _ in range(60)]
    assert 12 < seen.count(500) < 48
    sandbox.control.switch_faults_off()
    assert railway.get("/whoami").status_code == 200


@pytest.mark.parametrize(
    ("kind", "content_type", "start"),
    [
        ("html_200", "text/html", b"<!DOCTYPE"),
        ("json_error_200", "application/json", b'{"meta"'),
        ("empty_body", "application/json", b""),
    ],
)
def test_a_200_can_hold_something_else(railway, fault, kind, content_type, start):
    fault(kind)
    answer = railway.get("/whoami")
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
    assert answer.content.startswith(start) and (start or not answer.content)


def test_a_redirect_leads_elsewhere(railway, fault):
    fault("redirect", host="evil.example")
    answer = railway.get("/whoami")
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://evil.example/API/v3/whoami")


def test_an_error_can_repeat_the_token(railway, fault):
    fault("echo", count=1)
    message = railway.get("/whoami").json()["meta"]["error"]["errorMessage"]
    assert f"x-api-token: {RAILWAY_TOKEN} (" in message
    assert railway.get("/whoami").status_code == 200


def test_a_body_can_be_huge(railway, fault):
    fault("huge_body", size=5, count=1)
    assert len(railway.get("/whoami").content) == 5_000_000


def test_a_delayed_answer_outlasts_a_short_patience(railway, fault):
    fault("delay", seconds=5, count=1)
    with pytest.raises(requests.Timeout):
        railway.session.get(f"{railway.root}/API/v3/whoami", headers={"X-API-TOKEN": railway.token}, timeout=0.2)


def test_a_throttled_body_keeps_the_connection_alive_and_slow(railway, fault):
    fault("throttle", size=50, seconds=0.05, count=1)
    started = time.monotonic()
    assert railway.get("/whoami").json()["result"]["brandId"] == "coastline"
    assert time.monotonic() - started > 0.25


@pytest.mark.parametrize("kind", ["cut_before_answer", "lost_answer", "cut"])
def test_connections_are_cut(railway, fault, sandbox, complaint, kind):
    sandbox.control.forget_calls()
    fault(kind, size=40, count=1, method="POST")
    jobs = len(sandbox.site.services.exports.jobs)
    with pytest.raises(LOST):
        railway.post(f"/surveys/{complaint}/export-responses", {"format": "ndjson"})
    assert len(sandbox.site.services.exports.jobs) - jobs == (0 if kind == "cut_before_answer" else 1)
    assert railway.get("/whoami").status_code == 200


def test_a_download_can_break_off_at_any_byte(railway, fault, complaint):
    whole = railway.export(complaint).answer
    url, size = whole.url, len(whole.content)
    for at in range(0, size, size // 5):
        fault("cut", path="*/file", size=at, count=1)
        received = b""
        with (
            pytest.raises(LOST),
            railway.session.get(url, headers={"X-API-TOKEN": railway.token}, stream=True, timeout=30) as answer,
        ):
            for piece in answer.iter_content(100):
                received += piece
        assert whole.content.startswith(received) and len(received) <= at
    assert railway.session.get(url, headers={"X-API-TOKEN": railway.token}, timeout=30).content == whole.content


def opened(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(entry.filename, archive.read(entry)) for entry in archive.infolist()]


@pytest.mark.parametrize("kind", ["corrupt_zip", "bad_checksum_zip", "truncated_zip", "lying_size_zip", "not_a_zip"])
def test_spoiled_zips_cannot_be_read(railway, fault, complaint, kind):
    fault(kind, count=1)
    content = railway.export(complaint).answer.content
    with pytest.raises((zipfile.BadZipFile, zipfile.zlib.error, EOFError)):
        opened(content)
    assert opened(railway.export(complaint).answer.content)


def test_encrypted_zips_want_a_password(railway, fault, complaint):
    fault("encrypted_zip", count=1)
    with pytest.raises(RuntimeError, match="password"):
        opened(railway.export(complaint).answer.content)


def test_odd_but_readable_zips(railway, fault, complaint):
    ((name, lines),) = opened(railway.export(complaint).answer.content)

    def spoiled(kind, **details):
        fault(kind, count=1, **details)
        return opened(railway.export(complaint).answer.content)

    assert spoiled("odd_name_zip") == [("../../étrange:… \\x.ndjson", lines)]
    assert spoiled("long_name_zip") == [("n" * 300, lines)]
    assert spoiled("empty_zip") == []
    assert spoiled("empty_entry_zip") == [("empty.ndjson", b"")]
    first, second = spoiled("two_entry_zip")
    assert first == (name, lines) and second[0] == "second.ndjson" and json.loads(second[1])
    fault("zip_bomb", count=1, size=30)
    bomb = railway.export(complaint).answer.content
    with zipfile.ZipFile(io.BytesIO(bomb)) as archive:
        assert archive.infolist()[0].file_size == 30_000_000 > 200 * len(bomb)


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("export_failed", lambda progress: progress == {"fileId": None, "percentComplete": 100.0, "status": "failed"}),
        ("export_no_file_id", lambda progress: progress["status"] == "complete" and "fileId" not in progress),
    ],
)
def test_an_export_can_end_badly_once(railway, fault, complaint, kind, check):
    fault(kind, count=1)
    assert check(railway.finish_export(complaint, railway.start_export(complaint)))
    assert railway.export(complaint).ids()


def test_an_export_can_be_complete_at_nought_percent(railway, fault, complaint):
    fault("export_percent_zero", count=1)
    progress = railway.finish_export(complaint, railway.start_export(complaint))
    assert (progress["status"], progress["percentComplete"]) == ("complete", 0.0)
    assert railway.get(f"/surveys/{complaint}/export-responses/{progress['fileId']}/file").status_code == 200


def test_an_export_can_hold_no_rows(railway, fault, complaint):
    fault("export_without_rows", count=1)
    assert railway.export(complaint).ids() == []
    assert railway.export(complaint).ids()


def test_continuation_tokens_can_be_refused(railway, fault, complaint):
    token = railway.export(complaint, allowContinuation=True).token
    fault("continuation_refused")
    refused = railway.post(f"/surveys/{complaint}/export-responses", {"format": "ndjson", "continuationToken": token})
    assert (refused.status_code, refused.json()["meta"]["error"]["errorMessage"]) == (400, "Invalid continuationToken.")
    assert railway.export(complaint, allowContinuation=True).ids()


def test_an_export_can_get_stuck(railway, fault, complaint):
    fault("export_stuck", count=1)
    path = f"/surveys/{complaint}/export-responses/{railway.start_export(complaint)}"
    assert {railway.result(path)["status"] for _ in range(20)} == {"inProgress"}


def test_progress_and_file_can_be_gone(railway, fault, complaint):
    progress_id = railway.start_export(complaint)
    fault("progress_404", count=1)
    assert railway.get(f"/surveys/{complaint}/export-responses/{progress_id}").status_code == 404
    file_id = railway.finish_export(complaint, progress_id)["fileId"]
    path = f"/surveys/{complaint}/export-responses/{file_id}/file"
    fault("file_404", count=1)
    assert [railway.get(path).status_code for _ in range(2)] == [404, 200]


def test_next_pages_can_mislead(railway, fault, sandbox):
    def following(kind, **details):
        fault(kind, path="*/surveys", count=1, **details)
        return railway.result("/surveys")["nextPage"]

    assert following("next_page_elsewhere", host="evil.example").startswith("https://evil.example/API/v3/surveys")
    assert following("next_page_loop") == f"{sandbox.url}/API/v3/surveys"
    assert following("next_page_endless") == f"{sandbox.url}/API/v3/surveys?offset=0&again=1"


def test_soup_mixes_by_seed(railway, fault, sandbox):
    fault("soup", soup=["429", "503", "html_200"], probability=0.5)
    seen = set()
    for _ in range(60):
        answer = railway.get("/whoami")
        seen.add((answer.status_code, answer.headers["content-type"]))
    assert seen == {
        (429, "application/json"), (503, "application/json"), (200, "text/html"), (200, "application/json"),
    }  # fmt: skip


def test_every_kind_can_be_switched_on_and_unknown_ones_not(fault, sandbox):
    for kind in itertools.chain(BEFORE, AFTER, SPOIL_FILE, SPOIL_PAGE):
        fault(kind, path="*/never")
    assert {each["hits"] for each in sandbox.control.state()["faults"]} == {0}
    for kind in ("surprise", "299", "soup"):
        with pytest.raises(ValueError, match="There is no fault"):
            fault(kind, soup=["surprise"])
    for details in ({"surprise": 1}, {"count": "many"}):
        with pytest.raises(ValueError, match="unknown or has the wrong type"):
            fault("429", **details)


@pytest.mark.parametrize(
    ("switches", "check"),
    [
        ({"bom": True}, lambda raw, lines: raw.startswith(b"\xef\xbb\xbf{")),
        ({"crlf": True}, lambda raw, lines: raw.count(b"\r\n") == raw.count(b"\n") == 10),
        ({"no_final_newline": True}, lambda raw, lines: raw.endswith(b"}") and raw.count(b"\n") == 9),
        ({"empty_objects": 3}, lambda raw, lines: lines.count(b"{}") == 3 and len(lines) == 13),
        ({"blank_lines": 2}, lambda raw, lines: lines.count(b"") == 2 and len(lines) == 12),
        ({"duplicates": 0.3}, lambda raw, lines: len(lines) == 13 and len(set(lines)) == 10),
    ],
)
def test_files_can_have_oddities(railway, sandbox, fresh, switches, check):
    sandbox.control.add_responses(fresh, 10)
    plain = railway.export(fresh).entry()[1].splitlines()
    sandbox.control.change_settings(data=switches)
    raw = railway.export(fresh).entry()[1]
    lines = raw.removeprefix(b"\xef\xbb\xbf").splitlines()
    assert check(raw, lines)
    assert {line for line in lines if line not in (b"", b"{}")} == set(plain)


def test_rows_can_be_shuffled(railway, sandbox, fresh):
    sandbox.control.add_responses(fresh, 30)
    ordered = railway.export(fresh).ids()
    sandbox.control.change_settings(data={"shuffled": True})
    shuffled = railway.export(fresh).ids()
    assert shuffled != ordered and sorted(shuffled) == sorted(ordered)


@pytest.mark.parametrize("name", sorted(BAD_RECORDS))
def test_bad_records_stand_among_good_ones(railway, sandbox, fresh, name):
    ids = sandbox.control.add_responses(fresh, 8)["ids"]
    sandbox.control.change_settings(data={"bad_records": [name]})
    lines = railway.export(fresh).entry()[1].split(b"\n")[:-1]
    assert len(lines) == 9 and BAD_RECORDS[name] in lines
    good = [json.loads(line)["responseId"] for line in lines if line != BAD_RECORDS[name]]
    assert good == ids


def test_stopping_does_not_wait_for_slow_answers():
    sandbox = start(world=build_world(history=False))
    sandbox.control.switch_fault_on("throttle", size=1, seconds=60)
    with (
        requests.Session() as session,
        session.get(
            f"{sandbox.url}/API/v3/whoami", headers={"X-API-TOKEN": RAILWAY_TOKEN}, stream=True, timeout=30
        ) as answer,
    ):
        assert answer.status_code == 200
        started = time.monotonic()
        sandbox.stop()
        assert time.monotonic() - started < 30
        with contextlib.suppress(*LOST):
            answer.raw.read()  # closed, not left hanging


def test_a_mistake_of_the_sandbox_is_told_apart_from_a_fault(railway, sandbox, monkeypatch, capfd):
    monkeypatch.setattr("sandbox.exports.jobs.check", lambda wish: 1 / 0)
    complaint = sandbox.control.survey_id("complaint")
    answer = railway.post(f"/surveys/{complaint}/export-responses", {"format": "ndjson"})
    assert (answer.status_code, answer.json()["meta"]["error"]["errorCode"]) == (500, "SBX_BUG")
    assert "ZeroDivisionError" in capfd.readouterr().err
