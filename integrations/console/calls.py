"""The API console: any call to the API of a connection, made by hand, once.

Safe by construction: the path is built from checked segments, the token is added last, redirects are not followed. A
call that may change something is sent on a confirmation only and never repeated: if its answer is lost, nobody knows
whether Qualtrics did it, and that is said.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.audit import Event, note
from accounts.models import User
from integrations.console.paths import is_readable_by_analysts
from integrations.erasure.erasing import without_erased
from integrations.models import Connection, ConsoleCall
from integrations.qualtrics.gateway import RawAnswer
from integrations.qualtrics.headers import checked_headers
from integrations.qualtrics.hosts import normalise_host
from integrations.qualtrics.paths import api_path
from integrations.troubles.errors import QualtricsError, RequestRefused
from integrations.troubles.refusals import InvalidInput, Refusal
from integrations.troubles.table import Explanation, explain
from integrations.vendor.by_hand import admit
from integrations.vendor.certainty import may_have_happened
from integrations.vendor.clients import client_for

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MOST_BYTES = 5 * 2**20
MOST_SENT = 2 * 2**20
# They stand where a person puts theirs.
AUTHORISATION = {
    Connection.AuthMethod.TOKEN: "X-API-TOKEN: YOUR_API_TOKEN",
    Connection.AuthMethod.OAUTH: "Authorization: Bearer YOUR_ACCESS_TOKEN",
}
# `/v3/surveys`, `v3/surveys`, `/API/v3/surveys`, `/surveys`, `surveys`; all relative to the root of the API.
_FORMS = re.compile(r"(?:/?(?:(?:API|api)/)?v3/|/)?([^?]*?)/?(?:\?(.*))?", re.ASCII | re.DOTALL)


class NotSendable(InvalidInput):
    """This will not be sent; `field` is wrong."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__({field: sentence})
        self.field = field


class NotAllowed(Refusal):
    """The person's role does not let them make this call."""

    http_status = HTTPStatus.FORBIDDEN

    @property
    def field(self) -> str:
        """Where it is that was typed and is not allowed."""
        return "method" if self.code == "method_for_admins" else "path"


class AlreadySent(Exception):
    """This confirmation was used before."""


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call that may be sent: everything in it was checked."""

    method: str
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)

    @property
    def path(self) -> str:
        """As it is kept in the history: without the query, which may be about anybody."""
        return "/" + "/".join(self.segments)

    @property
    def may_change(self) -> bool:
        """Whether the vendor may hold something else afterwards."""
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call, ready to be shown; the token appears nowhere in it."""

    status: int | None
    milliseconds: int | None
    request_id: str
    content_type: str = ""
    text: str = ""
    size: int = 0
    cut: bool = False
    binary: bool = False
    trouble: Explanation | None = None
    error_code: str = ""
    unknown: bool = False  # it may have been done, and nobody can tell

    @property
    def phrase(self) -> str:
        """The words that belong to the status."""
        try:
            return HTTPStatus(self.status or 0).phrase
        except ValueError:
            return ""

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def refuse_unless_allowed(call: ApiCall, by: User) -> None:
    """Admins may call everything, others may read what tells of nobody. Raises `NotAllowed`."""
    if call.method not in methods_of(by):
        raise NotAllowed("method_for_admins")
    if not by.has_perm("integrations.call_api") and not is_readable_by_analysts(call.segments):
        raise NotAllowed("path_for_admins")


def methods_of(user: User) -> tuple[str, ...]:
    """Whoever may only read, reads."""
    return METHODS if user.has_perm("integrations.call_api") else ("GET",)


def read_call(method: str, path: str, *, query: str = "", headers: Mapping[str, str], body: str = "") -> ApiCall:
    """The call that somebody typed. Raises `NotSendable`."""
    match = _FORMS.fullmatch(path)
    if method not in METHODS or not match:
        raise NotSendable("path", _("This path is not one of the Qualtrics API."))
    segments = tuple(match[1].split("/"))
    pairs = _pairs(match[2] or "") + _pairs(query.removeprefix("?"))
    try:
        api_path(segments, pairs)
    except RequestRefused:
        raise NotSendable(
            "path",
            _("Type a path below the root of the API, for example /v3/surveys. It cannot lead to another host."),
        ) from None
    if method == "DELETE" and len(segments) < 2:
        raise NotSendable("path", _("This would delete everything of its kind. Name one thing to delete."))
    try:
        sent = checked_headers(headers)
    except RequestRefused:
        raise NotSendable(
            "headers",
            _(
                "Only the headers Accept, Content-Type, Idempotency-Key, X-COPY-SOURCE and X-COPY-DESTINATION-OWNER can "
                "be set. The token is added by itself."
            ),
        ) from None
    return ApiCall(method, segments, pairs, *_with_body(method, sent, body))


def call_api(connection: Connection, call: ApiCall, by: User, *, confirmation: UUID | None = None) -> Outcome:
    """Send it, once, and keep method, path and status.

    Raises `NotAllowed`, `TooManyByHand`, and `AlreadySent` if its confirmation was used before.
    """
    refuse_unless_allowed(call, by)
    admit(by)
    try:
        # Written first: a call that is lost with its process stays in the history.
        with transaction.atomic():
            kept = ConsoleCall.objects.create(
                user=by,
                connection=connection,
                method=call.method,
                path=without_erased(call.path),
                confirmation=confirmation,
            )
            # Its path stays in the history alone: what is erased is looked for there.
            note(Event.VENDOR_CALLED, connection, by=by, method=call.method, call=kept.pk)
    except IntegrityError:
        raise AlreadySent from None
    outcome = _send(connection, call)
    kept.status, kept.milliseconds, kept.request_id = outcome.status, outcome.milliseconds, outcome.request_id
    kept.error_code = outcome.error_code
    kept.save(update_fields=["status", "milliseconds", "request_id", "error_code"])
    return outcome


def as_curl(connection: Connection, call: ApiCall) -> str:
    """The same call for a terminal. The token's place is held by a word."""
    address = normalise_host(connection.host).origin + api_path(call.segments, call.query)
    parts = ["curl", "--request", call.method, address, "--header", AUTHORISATION[connection.auth_method]]
    for name, value in call.headers.items():
        parts += ["--header", f"{name}: {value}"]
    if call.body is not None:
        parts += ["--data-raw", call.body.decode()]
    return shlex.join(parts)


def _send(connection: Connection, call: ApiCall) -> Outcome:
    try:
        with client_for(connection) as client:
            answer = client.gateway.raw(
                call.method, *call.segments, query=call.query, body=call.body, headers=call.headers,
                most_bytes=MOST_BYTES,
            )  # fmt: skip
            return _shown(answer, client.gateway.redact)
    except QualtricsError as error:
        unknown = call.may_change and may_have_happened(error)
        trouble = explain(error.code, by_hand=True, lost=unknown, **error.params)
        return Outcome(None, None, error.request_id, trouble=trouble, error_code=error.code, unknown=unknown)


def _shown(answer: RawAnswer, redact) -> Outcome:  # type: ignore[no-untyped-def]
    text, binary = _as_text(answer)
    return Outcome(
        answer.status, answer.milliseconds, answer.request_id, answer.content_type,
        text=redact(text), size=len(answer.body), cut=answer.cut, binary=binary,
    )  # fmt: skip


def _as_text(answer: RawAnswer) -> tuple[str, bool]:
    """The body as a person reads it: JSON indented, anything else as it is, and nothing of what is no text."""
    # What was cut may end in the middle of a character, or of a token that would then not be recognised.
    body = answer.body[:-256] if answer.cut else answer.body
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode(), False
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        text = body.decode("utf-8", "replace")
    if "\0" in text or text.count("\ufffd") > (len(text) // 100 if len(text) > 400 else 3):
        return "", True
    return text, False


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    if not text:
        return ()
    try:
        if len(text) > 4000:
            raise ValueError
        return tuple(parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=100))
    except ValueError:
        raise NotSendable("query", _("Type the query as name=value&name=value.")) from None


def _with_body(method: str, headers: dict[str, str], body: str) -> tuple[dict[str, str], bytes | None]:
    """Headers and body to send; without a type of its own, a body is JSON."""
    if not body.strip():
        return headers, None
    if method == "GET":
        raise NotSendable("body", _("A GET call has no body."))
    content = body.encode()
    if len(content) > MOST_SENT:
        raise NotSendable("body", _("The body is too long."))
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if not kind:
        headers, kind = {**headers, "Content-Type": "application/json"}, "application/json"
    if kind.split(";")[0].strip().lower() == "application/json":
        try:
            orjson.loads(content)
        except orjson.JSONDecodeError:
            raise NotSendable("body", _("The body is not valid JSON.")) from None
    return headers, content
