"""The one way out to Qualtrics. Every call passes here: host rule, checked addresses, limits, retries, redaction."""

import logging
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any, BinaryIO
from urllib.parse import urlencode, urlsplit

import orjson
import requests
import urllib3

from integrations.outbound.network import CONNECT_TIMEOUT, READ_TIMEOUT, Network, PinnedAdapter, TimeLimit, diagnose
from integrations.outbound.redaction import blot_out
from integrations.qualtrics import oauth, parsing, paths
from integrations.qualtrics.headers import BearerHeader, ClientHeader, TokenHeader, basic, checked_headers, is_sendable
from integrations.qualtrics.hosts import Host, normalise_host, test_hosts
from integrations.qualtrics.oauth import OAuthClient, access_tokens
from integrations.qualtrics.parsing import Answer
from integrations.troubles.errors import (
    BadRequest,
    HostRefused,
    NoConnection,
    NotReady,
    QualtricsError,
    RequestRefused,
    ServerTrouble,
    SpoolTrouble,
    TokenRefused,
    TooManyRequests,
    UnexpectedAnswer,
    WrongDataCentre,
)
from integrations.troubles.table import Retry, trouble_of
from integrations.vault.secret import Secret

logger = logging.getLogger(__name__)

# Ids of responses and contacts: the log does not say whose data were asked for.
_ONE_PERSON = re.compile(r"\b(R|CID|CGC|MLRP)_[0-9A-Za-z]+", re.ASCII)

_random = random.SystemRandom()
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
# They only ask, and leave nothing behind that acts on anybody.
_ASKING = {"export-responses", "search"}
# Not `Exception`: what the caller's own functions raise must pass, and so must a worker's time limit.
_LIBRARY_ERRORS = (
    QualtricsError,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    HTTPException,
    OSError,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may take. Sizes in bytes, times in seconds."""

    json_bytes: int = 32 * 2**20
    json_seconds: float = 60.0
    file_bytes: int = 2 * 2**30
    file_seconds: float = 600.0
    tries: int = 4
    # A longer wait is not slept here: the caller reschedules, so that no worker is held.
    longest_sleep: float = 10.0
    all_tries_seconds: float = 90.0


class Gateway:
    """Calls to one host with one API token, or with the access tokens of one OAuth client.

    `calls` counts requests sent. `on_call(method, path)` runs before each of them, `on_notice(host)` when
    Qualtrics names another host to use, `before_change()` before a call that may change something there: what it raises
    is raised, and nothing is sent. Not shared between threads.
    """

    def __init__(
        self,
        host: Host,
        token: Secret | OAuthClient,
        *,
        session: requests.Session | None = None,
        network: Network | None = None,
        ca_file: str | None = None,
        limits: Limits | None = None,
        on_call: Callable[[str, str], None] | None = None,
        on_notice: Callable[[Host], None] | None = None,
        before_change: Callable[[], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = _random.random,
    ) -> None:
        self.host = host
        self.calls = 0
        self.limits = limits or Limits()
        self._token = token
        self._access_token: Secret | None = None  # the one in use
        self._on_call = on_call
        self._before_change = before_change
        self._notice_hooks = [on_notice] if on_notice else []
        self._sleep, self._monotonic, self._now, self._jitter = sleep, monotonic, now, jitter
        self._tests = test_hosts()
        self._session = session or requests.Session()
        self._session.trust_env = False  # no proxy, no .netrc, no other certificates from the environment
        self._session.verify = ca_file or True
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = PinnedAdapter(network or Network(), self._is_test)
        self._session.adapters.clear()
        self._session.mount("https://", adapter)
        if self._tests:
            self._session.mount("http://", adapter)

    def _is_test(self, name: str, port: int) -> bool:
        return f"[{name}]:{port}" in self._tests if ":" in name else f"{name}:{port}" in self._tests

    @property
    def oauth_client(self) -> OAuthClient | None:
        """Which client asks for access tokens, if no API token is used."""
        return self._token if isinstance(self._token, OAuthClient) else None

    def on_notice(self, hook: Callable[[Host], None]) -> None:
        """Have one more listener told when Qualtrics names another host to use."""
        self._notice_hooks.append(hook)

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def call(
        self,
        method: str,
        *segments: str,
        query: Mapping[str, str | int] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One call below `/API/v3/`, answered in JSON. Only what may be repeated is tried again."""
        path = _checked_path(method, segments, query)
        repeatable = method == "GET" or (method == "POST" and segments[-1] == "export-responses")
        if self._before_change and method != "GET" and not (method == "POST" and segments[-1] in _ASKING):
            self._before_change()
        return self._try(lambda: self._json(method, self.host, path, json, headers), repeatable)

    def raw(
        self,
        method: str,
        *segments: str,
        query: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        most_bytes: int,
    ) -> "RawAnswer":
        """One call below `/API/v3/`, sent once whatever comes of it; the answer as it came, cut at `most_bytes`."""
        path = _checked_path(method, segments, query)
        sent = {"Accept": "application/json", **checked_headers(headers or {})}
        if self._before_change and method != "GET":  # of what a person types we do not know what it does
            self._before_change()
        chunks: list[bytes] = []
        limits = (most_bytes + 1, self.limits.json_seconds)  # one more byte tells whether there was more
        raw = self._exchange(method, self.host, path, body, sent, limits, chunks.append, cut=True)
        content = b"".join(chunks)
        request_id = self.redact(parsing.request_id(content))
        self._log(method, self.host, path, raw, request_id)
        kind = parsing.content_type(raw.headers)
        cut = len(content) > most_bytes
        return RawAnswer(raw.status, kind, content[:most_bytes], cut, raw.milliseconds, request_id)

    def follow(self, next_page: str, current: Host) -> tuple[Answer, Host]:
        """The page at an address that Qualtrics gave, and the host it is on."""
        host, path = paths.next_page(next_page, current, self._tests)
        return self._try(lambda: self._json("GET", host, path, None, None), repeatable=True), host

    def download(self, *segments: str, to: BinaryIO, progress: Callable[[int], None] | None = None) -> int:
        """Write a file into `to`, from its start at each try. Its size. `progress(bytes so far)` runs on the way."""
        path = paths.api_path(segments)
        return self._try(lambda: self._file(path, to, progress), repeatable=True)

    # --- one try --------------------------------------------------------------------------------------------------

    def _json(self, method: str, host: Host, path: str, json: Any, headers: Mapping[str, str] | None) -> Answer:
        chunks: list[bytes] = []
        sent = {"Accept": "application/json", **checked_headers(headers or {})}
        body = None
        if json is not None:
            body, sent["Content-Type"] = orjson.dumps(json), "application/json"
        limits = (self.limits.json_bytes, self.limits.json_seconds)
        raw = self._exchange(method, host, path, body, sent, limits, chunks.append)
        content = b"".join(chunks)
        request_id = parsing.request_id(content)
        self._log(method, host, path, raw, request_id)
        if raw.status == 202:
            raise NotReady("Not available yet.", status=202, request_id=request_id)
        if not 200 <= raw.status < 300:
            raise self._error(raw, content, method, host)
        read = parsing.read_answer(raw.status, raw.headers, content)
        self._notice(read.other_host, host)
        return read

    def _file(self, path: str, to: BinaryIO, progress: Callable[[int], None] | None) -> int:
        _write(to, None)
        head = bytearray()

        def keep(chunk: bytes) -> None:
            # Only a zip is data; of anything else the beginning is enough to name the error.
            if len(head) < 65536:
                head.extend(chunk[: 65536 - len(head)])
            _write(to, chunk)
            if progress:
                progress(to.tell())

        sent = {"Accept": "application/zip, application/octet-stream", "Accept-Encoding": "identity"}
        limits = (self.limits.file_bytes, self.limits.file_seconds)
        raw = self._exchange("GET", self.host, path, None, sent, limits, keep)
        self._log("GET", self.host, path, raw, "")
        if raw.status != 200:
            raise self._error(raw, bytes(head), "GET", self.host)
        if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            kind = parsing.content_type(raw.headers)
            raise UnexpectedAnswer(
                f"The export is not a zip file but {kind}.", code="not_a_file", status=200, content_type=kind
            )
        return to.tell()

    def _exchange(
        self,
        method: str,
        host: Host,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        limits: tuple[int, float],
        keep: Callable[[bytes], None],
        *,
        cut: bool = False,
    ) -> "_Raw":
        """Send one request and hand the body to `keep`, within the limits. With `cut`, a longer body just ends there."""
        self._check(host)
        if isinstance(self._token, Secret):
            return self._request(method, host, path, body, headers, TokenHeader(self._token), limits, keep, cut=cut)
        kept = self._access_token = access_tokens.find(self.host, self._token)
        if kept:
            header = BearerHeader(kept)
            raw = self._request(method, host, path, body, headers, header, limits, keep, cut=cut, unless_refused=True)
            if raw.status != 401:
                return raw
            # It ended before its time, and the call was not worked on: once more, with a new one.
            access_tokens.forget(self.host, self._token, kept)
        header = BearerHeader(self._new_access_token(self._token))
        return self._request(method, host, path, body, headers, header, limits, keep, cut=cut)

    def _new_access_token(self, client: OAuthClient) -> Secret:
        """Ask for one. Of what goes wrong it is certain that the call it was for has not been sent."""
        chunks: list[bytes] = []
        form = urlencode({"grant_type": "client_credentials", "scope": client.scopes}).encode()
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        limits = (oauth.MOST_BYTES, self.limits.json_seconds)
        try:
            raw = self._request(
                "POST", self.host, oauth.PATH, form, headers, ClientHeader(client), limits, chunks.append
            )
            self._log("POST", self.host, oauth.PATH, raw, "")
            token, lifetime = oauth.read_grant(raw.status, raw.headers, b"".join(chunks), self._now())
        except QualtricsError as error:
            error.nothing_sent = True
            self._redact_error(error)
            raise
        access_tokens.keep(self.host, client, token, lifetime)
        self._access_token = token
        return token

    def _request(
        self,
        method: str,
        host: Host,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        authorisation: requests.auth.AuthBase,
        limits: tuple[int, float],
        keep: Callable[[bytes], None],
        *,
        cut: bool = False,
        unless_refused: bool = False,
    ) -> "_Raw":
        """One request with this header. `unless_refused`: the body of a 401 is not wanted."""
        request = self._session.prepare_request(
            requests.Request(method, host.origin + path, headers=headers, data=body, auth=authorisation)
        )
        target = urlsplit(request.url or "")
        if f"{target.scheme}://{target.netloc}" != host.origin or not (
            target.path.startswith(paths.BASE) or target.path == oauth.PATH == path
        ):
            raise RequestRefused("The address changed while it was prepared.")
        if self._on_call:
            self._on_call(method, path)
        self.calls += 1
        started = self._monotonic()
        found = self._send(request, host, limits, keep, cut=cut, unless_refused=unless_refused)
        # An error leaves from here, where nothing leads back to the request any more, and so to the token.
        del request
        milliseconds = round((self._monotonic() - started) * 1000)
        if isinstance(found, QualtricsError):
            logger.warning("%s %s %s %s %d ms", method, host, path.partition("?")[0], found.code, milliseconds)
            raise found
        status, answered = found
        return _Raw(status, answered, milliseconds)

    def _send(
        self,
        request: requests.PreparedRequest,
        host: Host,
        limits: tuple[int, float],
        keep: Callable[[bytes], None],
        *,
        cut: bool,
        unless_refused: bool,
    ) -> tuple[int, dict[str, str]] | QualtricsError:
        """Status and headers, after the whole body went to `keep`; or what went wrong."""
        most_bytes, most_seconds = limits
        answer: requests.Response | None = None
        with TimeLimit(most_seconds) as limit:
            try:
                answer = self._session.send(
                    request, stream=True, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT), allow_redirects=False
                )
                if unless_refused and answer.status_code == 401:
                    return 401, {}
                size = 0
                for chunk in answer.iter_content(256 * 1024):
                    size += len(chunk)
                    if size > most_bytes and cut:
                        keep(chunk[: most_bytes - size])
                        break
                    if size > most_bytes:
                        raise UnexpectedAnswer(f"More than {most_bytes} bytes came.", code="answer_too_big")
                    keep(chunk)
                headers = dict(answer.headers.lower_items())
                # Cut inside the headers, an answer looks whole and empty.
                is_bare = not size and not headers.keys() & {"content-length", "transfer-encoding"}
                if limit.over or (is_bare and answer.status_code == 200):
                    raise NoConnection("The answer broke off.", code="connection_cut", host=host.name)
                return answer.status_code, headers
            except _LIBRARY_ERRORS as error:
                problem: QualtricsError = diagnose(error, host.name)
            except (AttributeError, ValueError):
                # The library does not expect that its socket goes away under it.
                if not limit.over:
                    raise
                problem = NoConnection()
            finally:
                if answer is not None:
                    answer.close()
        if limit.is_up and isinstance(problem, NoConnection):
            problem = NoConnection("The call took too long.", code="deadline", host=host.name)
        problem.__cause__ = problem.__context__ = None
        return problem.with_traceback(None)

    def _check(self, host: Host) -> None:
        """What would otherwise fail in the middle of a request, with the token in the library's error."""
        if host.is_test and host.name not in self._tests:
            raise HostRefused("This test host is not in QUALTRICS_TEST_HOSTS.", code="host_not_qualtrics")
        if isinstance(self._token, Secret) and not is_sendable(self._token):
            raise TokenRefused("The token holds characters that no token has.", code="token_malformed")

    def _log(self, method: str, host: Host, path: str, raw: "_Raw", request_id: str) -> None:
        named = _ONE_PERSON.sub(r"\1_…", path.partition("?")[0])
        logger.info(
            "%s %s %s %d %d ms request %s",
            *(method, host, named, raw.status, raw.milliseconds, request_id or "-"),
        )

    # --- what an answer means -------------------------------------------------------------------------------------

    def _error(self, raw: "_Raw", body: bytes, method: str, host: Host) -> QualtricsError:
        error = parsing.error_of(raw.status, raw.headers, body, self._now())
        self._redact_error(error)
        if isinstance(self._token, OAuthClient):
            error.code = trouble_of(error.code).of_oauth or error.code
        right = self._notice(parsing.other_host(parsing.read_meta(body)), host)
        if right and isinstance(error, BadRequest) and method != "GET":
            error = WrongDataCentre(
                "Qualtrics does not pass this call on to the right data centre.",
                right_host=right.name,
                status=error.status,
                error_code=error.error_code,
                error_message=error.error_message,
                request_id=error.request_id,
            )
        return error

    def _notice(self, name: str | None, host: Host) -> Host | None:
        """The other host that Qualtrics named, if it is one that a connection may have."""
        if not name:
            return None
        try:
            other = normalise_host(name, self._tests)
        except HostRefused:
            return None
        if other == host or other.is_test != host.is_test:
            return None
        for hook in self._notice_hooks:
            hook(other)
        return other

    def _redact_error(self, error: QualtricsError) -> None:
        for name in ("error_code", "error_message", "request_id"):
            setattr(error, name, self.redact(getattr(error, name)))

    def redact(self, text: str) -> str:
        """An answer may echo what was sent; no token and no secret must be kept or shown that way."""
        if isinstance(self._token, OAuthClient):
            access_token = self._access_token.reveal() if self._access_token else ""
            hidden = [self._token.secret.reveal(), access_token, basic(self._token)]
        else:
            hidden = [self._token.reveal()]
        return blot_out(text, hidden)

    # --- trying again ---------------------------------------------------------------------------------------------

    def _try(self, once: Callable[[], Any], repeatable: bool) -> Any:
        started = self._monotonic()
        tries = 0
        while True:
            tries += 1
            try:
                return once()
            except QualtricsError as error:
                wait = self._wait(error, tries)
                if wait is None:
                    raise
                if error.retry_after is None or isinstance(error, TooManyRequests):
                    error.retry_after = wait  # what the caller should wait, if we do not
                spent = self._monotonic() - started
                out_of_time = spent + wait > self.limits.all_tries_seconds
                once_only = not repeatable and not error.nothing_sent
                if once_only or tries >= self.limits.tries or wait > self.limits.longest_sleep or out_of_time:
                    raise
            self._sleep(wait)

    def _wait(self, error: QualtricsError, tries: int) -> float | None:
        """Seconds to wait before trying again, or None where that cannot help."""
        if isinstance(error, TooManyRequests):
            base = error.retry_after if error.retry_after is not None else 5.0 * 2 ** (tries - 1)
        elif isinstance(error, ServerTrouble):
            base = error.retry_after if error.retry_after is not None else 1.0 * 2 ** (tries - 1)
        elif isinstance(error, NoConnection) and trouble_of(error.code).retry is Retry.SOON:
            base = 1.0 * 2 ** (tries - 1)
        else:
            return None
        return base + self._jitter()


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """Whatever came back. `cut`: there was more of the body."""

    status: int
    content_type: str
    body: bytes
    cut: bool
    milliseconds: int
    request_id: str


@dataclass(frozen=True, slots=True)
class _Raw:
    """What is left of an answer whose body was read: nothing that leads back to the request."""

    status: int
    headers: dict[str, str]
    milliseconds: int


def _checked_path(method: str, segments: Sequence[str], query: paths.Query | None) -> str:
    """The path of a call that may be made."""
    if method not in _METHODS:
        raise RequestRefused("This method is not used.")
    if method == "DELETE" and len(segments) < 2:
        # `DELETE /eventsubscriptions` would end every subscription of the brand.
        raise RequestRefused("Only one thing at a time is deleted.")
    return paths.api_path(segments, query)


def _write(to: BinaryIO, chunk: bytes | None) -> None:
    """Append to our own file; None empties it. Trouble with our disk is not trouble with Qualtrics."""
    try:
        if chunk is None:
            to.seek(0)
            to.truncate()
        else:
            to.write(chunk)
    except OSError as error:
        reason = error.strerror or "the disk refused it"
    else:
        return
    raise SpoolTrouble(f"The export cannot be written: {reason}.")
