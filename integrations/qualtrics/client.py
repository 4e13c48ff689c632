"""Qualtrics' REST API, as far as this product uses it. Answers are typed records; errors are those of `errors.py`."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from integrations.qualtrics.gateway import Gateway
from integrations.qualtrics.hosts import Host
from integrations.qualtrics.oauth import OAuthClient
from integrations.qualtrics.paging import Pages, rows_of
from integrations.qualtrics.paths import api_path
from integrations.qualtrics.records import (
    Definition,
    ExportProgress,
    Identity,
    Subscription,
    Survey,
    SurveySummary,
    mapping,
    required,
)
from integrations.troubles.errors import RequestRefused, SpoolTrouble, UnexpectedAnswer
from integrations.vault.secret import Secret

# What a response is stored with. No IP address, no location, no recipient.
METADATA = ("status", "finished", "recordedDate", "_recordId", "distributionChannel", "userLanguage")


class QualtricsClient:
    """One Qualtrics brand, seen through one API token or OAuth client. Further options are those of `Gateway`."""

    def __init__(
        self, host: Host, token: Secret | OAuthClient, session: requests.Session | None = None, **options: Any
    ) -> None:
        self.gateway = Gateway(host, token, session=session, **options)

    def __enter__(self) -> "QualtricsClient":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self.gateway.close()

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        return self.gateway.calls

    @property
    def host(self) -> Host:
        """Where the calls go."""
        return self.gateway.host

    @property
    def oauth_client(self) -> OAuthClient | None:
        """Which client asks for access tokens, if no API token is used."""
        return self.gateway.oauth_client

    def whoami(self) -> Identity:
        """The owner of the token. Needs no rights."""
        return Identity.from_json(self.get("whoami"))

    # --- surveys ------------------------------------------------------------------------------------------------------

    def surveys(self) -> Iterator[SurveySummary]:
        """Every survey that the token's owner owns or shares."""
        return (SurveySummary.from_json(element) for element in self.elements("surveys"))

    def survey(self, survey_id: str) -> Survey:
        """A survey with its questions and counts."""
        return Survey.from_json(self.get("surveys", survey_id))

    def definition(self, survey_id: str) -> Definition:
        """The editor's view: when it was launched, scales of sliders, questions thrown away."""
        return Definition.from_json(self.get("survey-definitions", survey_id))

    def response_schema(self, survey_id: str) -> dict[str, dict[str, Any]]:
        """The fields that a response of this survey can have: name → JSON Schema."""
        schema = self.get("surveys", survey_id, "response-schema")
        for name in ("properties", "values", "properties"):
            schema = mapping(schema.get(name))
        return {name: item for name, item in schema.items() if isinstance(item, dict)}

    # --- exports -----------------------------------------------------------------------------------------------------

    def start_export(
        self,
        survey_id: str,
        *,
        questions: Sequence[str],
        embedded: Sequence[str],
        metadata: Sequence[str] | None = METADATA,
        start: datetime | None = None,
        end: datetime | None = None,
        continuation: str | None = None,
        limit: int | None = None,
    ) -> ExportProgress:
        """Ask for an export of new and changed responses, oldest change first, one JSON record a line.

        `questions` are question ids (QID…), `embedded` names of embedded data and Text iQ fields; empty means none.
        With `metadata=None` every metadata field comes, the personal ones too.
        """
        body: dict[str, Any] = {
            "format": "ndjson",
            "compress": True,
            "sortByLastModifiedDate": True,
            "questionIds": list(questions),
            "embeddedDataIds": list(embedded),
        }
        if metadata is not None:
            body["surveyMetadataIds"] = list(metadata)
        if continuation:
            body["continuationToken"] = continuation  # sending allowContinuation as well is an error
        elif limit is None:
            body["allowContinuation"] = True
        if start:
            body["startDate"] = _as_text(start)
        if end:
            body["endDate"] = _as_text(end)
        if limit is not None:
            body["limit"] = limit
        answer = self.gateway.call("POST", "surveys", survey_id, "export-responses", json=body)
        return ExportProgress.from_json(mapping(answer.result))

    def export_progress(self, survey_id: str, progress_id: str) -> ExportProgress:
        """How far an export is."""
        return ExportProgress.from_json(self.get("surveys", survey_id, "export-responses", progress_id), progress_id)

    def download_export(
        self, survey_id: str, file_id: str, to: Path, *, progress: Callable[[int], None] | None = None
    ) -> int:
        """Download the export's zip to `to`; its size. `to` appears only once it is complete and on the disk."""
        draft = Path()
        try:
            handle, name = tempfile.mkstemp(prefix=f"{to.name}.", suffix=".part", dir=to.parent)
            draft = Path(name)
            with os.fdopen(handle, "wb") as file:
                size = self.gateway.download(
                    "surveys", survey_id, "export-responses", file_id, "file", to=file, progress=progress
                )
                file.flush()
                os.fsync(file.fileno())
            draft.replace(to)
        except OSError as error:
            raise SpoolTrouble(f"The export cannot be written: {error.strerror}.") from error
        finally:
            if draft.name:
                draft.unlink(missing_ok=True)
        return size

    def response(self, survey_id: str, response_id: str) -> dict[str, Any]:
        """One response, in the form of an export's line. Raises `NotReady` right after its completion."""
        record = mapping(self.get("surveys", survey_id, "responses", response_id))
        required(record, "responseId")
        return record

    def delete_response(self, survey_id: str, response_id: str) -> None:
        """Delete one response at Qualtrics, for good. Not repeated if the answer is lost."""
        self.gateway.call("DELETE", "surveys", survey_id, "responses", response_id)

    # --- event subscriptions ------------------------------------------------------------------------------------------

    def subscribe(self, topic: str, url: str, shared_key: Secret) -> str:
        """Have events posted to `url`, signed with the key. The subscription's id. Needs a brand administrator."""
        body = {"topics": topic, "publicationUrl": url, "encrypt": False, "sharedKey": shared_key.reveal()}
        answer = self.gateway.call("POST", "eventsubscriptions", json=body)
        return required(answer.result, "id")

    def subscriptions(self) -> Iterator[Subscription]:
        """Every subscription of the brand that the token's owner sees."""
        return (Subscription.from_json(element) for element in self.elements("eventsubscriptions"))

    def subscription(self, subscription_id: str) -> Subscription:
        """One subscription."""
        return Subscription.from_json(self.get("eventsubscriptions", subscription_id))

    def unsubscribe(self, subscription_id: str) -> None:
        """End one subscription. There is no way here to end all of them."""
        if not re.fullmatch(r"SUB_[0-9A-Za-z]{1,60}", subscription_id, re.ASCII):
            raise RequestRefused("This is not the id of a subscription.")
        self.gateway.call("DELETE", "eventsubscriptions", subscription_id)

    # --- reading ------------------------------------------------------------------------------------------------------

    def get(self, *segments: str, query: dict[str, str | int] | None = None) -> dict[str, Any]:
        """One object, as it came."""
        result = self.gateway.call("GET", *segments, query=query).result
        if not isinstance(result, dict):
            raise UnexpectedAnswer("The answer has no result.", code="unexpected_shape")
        return result

    def elements(self, *segments: str, query: dict[str, str | int] | None = None) -> Iterator[dict[str, Any]]:
        """The elements of a list, page after page, until Qualtrics names no next page.

        Raises `ListCutShort` after the last element where the list goes on in a way that is not followed.
        """
        host = self.gateway.host
        pages = Pages(host.origin + api_path(segments, query), self.gateway.monotonic)
        answer = self.gateway.call("GET", *segments, query=query)
        while True:
            yield from rows_of(answer.result)
            if not (following := answer.result.get("nextPage")):
                return
            answer, host = self.gateway.follow(pages.turn(str(following)), host)


def _as_text(at: datetime) -> str:
    """A date as Qualtrics wants it: with seconds, in UTC. Fractions are cut, so that no response falls in between."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
