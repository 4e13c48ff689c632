"""A running sandbox per test file, and a small helper that talks to it as a client would."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from sandbox.demo import BANK_TOKEN, RAILWAY_TOKEN, VIEWER_TOKEN
from sandbox.server import RunningSandbox, start


@dataclass
class Api:
    """The imitated API through one token."""

    session: requests.Session
    root: str
    token: str

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"X-API-TOKEN": self.token, **options.pop("headers", {})}
        return self.session.request(
            method, f"{self.root}/API/v3{path}", headers=headers, timeout=20, allow_redirects=False, **options
        )

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any) -> requests.Response:
        return self.call("POST", path, json=body)

    def result(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def start_export(self, survey_id: str, **spec: Any) -> str:
        answer = self.post(f"/surveys/{survey_id}/export-responses", {"format": "ndjson", **spec})
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]["progressId"]

    def finish_export(self, survey_id: str, progress_id: str) -> dict[str, Any]:
        for _ in range(30):
            progress = self.result(f"/surveys/{survey_id}/export-responses/{progress_id}")
            if progress["status"] != "inProgress":
                return progress
        raise AssertionError("The export never ends.")

    def export(self, survey_id: str, **spec: Any) -> "Exported":
        progress = self.finish_export(survey_id, self.start_export(survey_id, **spec))
        answer = self.get(f"/surveys/{survey_id}/export-responses/{progress['fileId']}/file")
        assert answer.status_code == 200
        return Exported(answer, progress.get("continuationToken"))


@dataclass
class Exported:
    """A downloaded export."""

    answer: requests.Response
    token: str | None

    def entry(self) -> tuple[str, bytes]:
        with zipfile.ZipFile(io.BytesIO(self.answer.content)) as archive:
            name = archive.namelist()[0]
            return name, archive.read(name)

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.entry()[1].splitlines()]

    def ids(self) -> list[str]:
        return [record["responseId"] for record in self.records()]


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with start(small=True) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox) -> Iterator[RunningSandbox]:
    """Quick exports, no lag; put back in order after the test."""
    running.control.change_settings(export_lag=0, export_polls=1, single_response_delay=0)
    yield running
    running.control.reset()
    running.world.clock.hold(False)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def railway(sandbox: RunningSandbox, session: requests.Session) -> Api:
    return Api(session, sandbox.url, RAILWAY_TOKEN)


@pytest.fixture
def viewer(sandbox: RunningSandbox, session: requests.Session) -> Api:
    return Api(session, sandbox.url, VIEWER_TOKEN)


@pytest.fixture
def bank(sandbox: RunningSandbox, session: requests.Session) -> Api:
    return Api(session, f"http://{sandbox.other_host}", BANK_TOKEN)


@pytest.fixture
def lost_bank(sandbox: RunningSandbox, session: requests.Session) -> Api:
    """The bank's token at the railway's data centre."""
    return Api(session, sandbox.url, BANK_TOKEN)


@pytest.fixture
def fresh(sandbox: RunningSandbox) -> str:
    """The id of an active survey without responses."""
    survey = sandbox.control.add_survey("Fresh", like="post-journey", active=True)
    yield survey["id"]
    sandbox.control.remove_survey(survey["id"])
