"""What can go wrong when Qualtrics is asked. Each error has a stable `code`; `table.py` has its row.

Codes are stored with fetches and shown much later, so a code is never renamed.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from integrations.troubles.refusals import Refusal
from integrations.troubles.table import Explanation, Retry, explain, trouble_of


class QualtricsError(Refusal):
    """Asking Qualtrics went wrong. Worth trying again later, unless `permanent`.

    `message` is English, for logs. `error_code`, `error_message` and `request_id` are what Qualtrics itself said.
    `retry_after` is the number of seconds to wait, when that is known.
    """

    code = "qualtrics_error"
    http_status = HTTPStatus.BAD_GATEWAY
    nothing_sent = False  # it is certain that the vendor never got the call

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        status: int | None = None,
        error_code: str = "",
        error_message: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        **params: str,
    ) -> None:
        super().__init__(code or self.code)
        self.message = message or self.code
        self.status = status
        self.error_code = error_code
        self.error_message = error_message
        self.request_id = request_id
        self.retry_after = retry_after
        self.params: dict[str, Any] = params  # what the sentences of `table.py` may name

    @property
    def explanation(self) -> Explanation:
        """Title and advice for the person who asked, in the active language, with what the error names."""
        return explain(self.code, by_hand=True, **self.params)

    @property
    def permanent(self) -> bool:
        """Whether asking the same again will not help."""
        return trouble_of(self.code).retry is Retry.NEVER

    def __str__(self) -> str:
        said = " ".join(filter(None, (self.error_code, self.error_message)))
        facts = (
            f"status {self.status}" if self.status else "",
            f"Qualtrics said: {said}" if said else "",
            f"request {self.request_id}" if self.request_id else "",
        )
        return "; ".join(filter(None, (f"{self.code}: {self.message}", *facts)))


class TokenRefused(QualtricsError):
    """401: this token is not (or no longer) valid here."""

    code = "token_refused"


class RightMissing(QualtricsError):
    """403: the token's user may not do this."""

    code = "right_missing"


class NotFound(QualtricsError):
    """404: the survey, export or subscription does not exist, or is not shared with the token's user."""

    code = "not_found"


class BadRequest(QualtricsError):
    """400 and the other 4xx: asking the same again will not help."""

    code = "bad_request"


class WrongDataCentre(BadRequest):
    """400 on a call that Qualtrics cannot pass on: the account lives at `right_host`."""

    code = "wrong_data_centre"

    def __init__(self, message: str = "", *, right_host: str = "", **rest) -> None:
        super().__init__(message, right_host=right_host, **rest)
        self.right_host = right_host


class TooManyRequests(QualtricsError):
    """429: the brand's limit is used up for the moment."""

    code = "too_many_requests"


class ServerTrouble(QualtricsError):
    """5xx: Qualtrics has a fault or is busy."""

    code = "server_trouble"


class NotReady(QualtricsError):
    """202: the response exists but cannot be read yet."""

    code = "response_not_ready"


class NoConnection(QualtricsError):
    """No whole answer came back: name, network, TLS or time."""

    code = "connection_failed"


class UnexpectedAnswer(QualtricsError):
    """An answer came, but not one that Qualtrics gives."""

    code = "not_json"


class ListCutShort(UnexpectedAnswer):
    """A list goes on in a way that is not followed: what came of it so far is right, but not all of it."""

    code = "pages_endless"


class FileBroken(QualtricsError):
    """The downloaded export cannot be read. Nothing of it may be trusted."""

    code = "zip_broken"


class SpoolTrouble(QualtricsError):
    """The export cannot be written to our own disk."""

    code = "spool_failed"


class HostRefused(QualtricsError):
    """Not a host that a connection may have; or its name leads to an address inside somebody's network."""

    code = "host_malformed"


class ChangesPaused(QualtricsError):
    """Nothing is changed at the vendor until somebody says that this database is no copy that stands beside another."""

    code = "changes_paused"
    nothing_sent = True


class RequestRefused(QualtricsError):
    """We refuse to send this: its path could leave the API, or its header could replace one of ours."""

    code = "path_refused"
