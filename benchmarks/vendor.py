"""A vendor that costs next to nothing: surveys and exports of Qualtrics' API, ready-made, from a process of its own.

`python -m benchmarks.vendor BACKFILL.zip INCREMENT.zip [--wait SECONDS]` prints its port. The first export of a survey
is the backfill, each one after a continuation token the increment. `--wait` is how long every call takes.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.data import MAPPED, SENTIMENT

TOKEN = "benchmark-token-000000000000000000000000"  # noqa: S105 (opens nothing)
_EXPORTS = r"/API/v3/surveys/(\w+)/export-responses"


def _choices(values: range) -> dict[str, Any]:
    return {str(v): {"recode": str(v), "choiceText": str(v), "analyze": True} for v in values}


def survey(survey_id: str) -> dict[str, Any]:
    """The survey's detail, with the questions that the mapped fields come from."""

    def single(qid: str, selector: str, values: range) -> dict[str, Any]:
        kind = {"type": "MC", "selector": selector, "subSelector": "TX"}
        return {
            "questionType": kind,
            "questionText": f"Question {qid}",
            "questionName": qid,
            "choices": _choices(values),
        }

    def text(qid: str, validation: str = "None") -> dict[str, Any]:
        kind = {"type": "TE", "selector": "ML", "subSelector": None}
        return {
            "questionType": kind,
            "questionText": f"Question {qid}",
            "questionName": qid,
            "validation": {"type": validation},
        }

    return {
        "id": survey_id,
        "name": "Post journey",
        "ownerId": "UR_bench",
        "isActive": True,
        "creationDate": "2024-10-01T00:00:00Z",
        "lastModifiedDate": "2024-10-02T00:00:00Z",
        "responseCounts": {"auditable": 200000, "generated": 0, "deleted": 0},
        "questions": {
            "QID1": single("QID1", "NPS", range(11)),
            "QID2": single("QID2", "SAVR", range(1, 6)),
            "QID3": single("QID3", "SAVR", range(1, 8)),
            "QID4": text("QID4", "ValidNumber"),
            "QID5": text("QID5"),
        },
        "blocks": {},
    }


def schema() -> dict[str, Any]:
    """The response schema, as far as it is read."""
    fields = {name: {"type": "number", "dataType": "question"} for name in MAPPED}
    fields["QID5_TEXT"] = {"type": "string", "dataType": "question"}
    fields[SENTIMENT] = {"type": "string", "dataType": "embeddedData"}
    return {"properties": {"values": {"properties": fields}}}


class Answers(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body leave apart, and must not wait for each other
    backfill: Path
    increment: Path
    wait: float

    def do_GET(self) -> None:
        time.sleep(self.wait)
        path = self.path.partition("?")[0]
        if match := re.fullmatch(rf"{_EXPORTS}/(\w+)/file", path):
            self._file(self.backfill if match[2] == "backfill" else self.increment)
        elif match := re.fullmatch(rf"{_EXPORTS}/(\w+)", path):
            done = {"percentComplete": 100.0, "status": "complete", "fileId": match[2]}
            self._json(done | {"continuationToken": f"after-{match[2]}"})
        elif match := re.fullmatch(r"/API/v3/surveys/(\w+)/response-schema", path):
            self._json(schema())
        elif match := re.fullmatch(r"/API/v3/surveys/(\w+)", path):
            self._json(survey(match[1]))
        elif match := re.fullmatch(r"/API/v3/survey-definitions/(\w+)", path):
            self._json({"SurveyID": match[1], "SurveyStatus": "Active", "Questions": {}, "Blocks": {}})
        else:
            self._json({"userId": "UR_bench", "brandId": "bench", "datacenter": "bench"})

    def do_POST(self) -> None:
        time.sleep(self.wait)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        what = "increment" if body.get("continuationToken") else "backfill"
        self._json({"progressId": what, "percentComplete": 0.0, "status": "inProgress"})

    def _json(self, result: dict[str, Any]) -> None:
        body = json.dumps({"result": result, "meta": {"requestId": "bench", "httpStatus": "200 - OK"}}).encode()
        self._head("application/json", len(body))
        self.wfile.write(body)

    def _file(self, path: Path) -> None:
        self._head("application/zip", path.stat().st_size)
        self.wfile.flush()
        with path.open("rb") as file:
            self.connection.sendfile(file)

    def _head(self, kind: str, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("backfill", type=Path)
    parser.add_argument("increment", type=Path)
    parser.add_argument("--wait", type=float, default=0.0)
    chosen = parser.parse_args()
    Answers.backfill, Answers.increment, Answers.wait = chosen.backfill, chosen.increment, chosen.wait
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
