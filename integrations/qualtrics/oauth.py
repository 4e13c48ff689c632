"""OAuth 2 client credentials: what a connection may have in place of an API token, and the access tokens it gets for them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from integrations.qualtrics import parsing
from integrations.qualtrics.hosts import Host
from integrations.troubles.errors import TokenRefused, UnexpectedAnswer
from integrations.vault.secret import Secret

# Outside `/API/v3/`. Answers a client with an access token, or with an error object of RFC 6749.
PATH = "/oauth2/token"
MOST_BYTES = 64 * 2**10
# What retrieving needs; contacts, distributions and watches need more.
RETRIEVING = "read:surveys read:survey_responses"
# RFC 6749, 5.2; anything else is said of the client.
_REFUSALS = {"invalid_scope": "oauth_scope_refused"}
_ACCESS_TOKEN = re.compile(r"[\x21-\x7e]{1,4000}", re.ASCII)
# So many seconds before its end a token is not used any more: the call itself takes time, and clocks differ.
_EARLY = 60.0
_LONGEST = 86_400.0


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A client that was made in Qualtrics, and the scopes to ask for, with blanks between them."""

    id: str
    secret: Secret
    scopes: str

    def asks_for(self, scope: str) -> bool:
        """Whether one of its scopes holds this one: `manage` holds `read` and `write`, `all` every subject."""
        verb, _, subject = scope.partition(":")
        asked = self.scopes.split()
        return any(f"{each}:{of}" in asked for each in (verb, "manage") for of in (subject, "all"))


class AccessTokens:
    """Access tokens in the memory of this process and nowhere else, until shortly before they end."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._kept: dict[tuple[str, str, str], tuple[Secret, Secret, float]] = {}
        self._lock = threading.Lock()

    def find(self, host: Host, client: OAuthClient) -> Secret | None:
        """A token that this very client got and that is still good. Under another secret it is not handed out."""
        with self._lock:
            secret, token, until = self._kept.get(_key(host, client), (None, None, 0.0))
        return token if secret == client.secret and self._monotonic() < until else None

    def keep(self, host: Host, client: OAuthClient, token: Secret, lifetime: float) -> None:
        """`lifetime` in seconds, as it was said."""
        now = self._monotonic()
        until = now + lifetime - min(_EARLY, lifetime / 2)
        with self._lock:
            self._kept = {key: row for key, row in self._kept.items() if row[2] > now}
            self._kept[_key(host, client)] = (client.secret, token, until)

    def forget(self, host: Host, client: OAuthClient, token: Secret) -> None:
        """It was refused; one that somebody else got meanwhile stays."""
        with self._lock:
            if (row := self._kept.get(_key(host, client))) and row[1] == token:
                del self._kept[_key(host, client)]


access_tokens = AccessTokens()


def read_grant(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Secret, float]:
    """The access token in an answer of the token endpoint, and its lifetime in seconds. Raises what else it means."""
    document = _document(body)
    if status == 200:
        token, kind = document.get("access_token"), document.get("token_type", "Bearer")
        if not isinstance(token, str) or not _ACCESS_TOKEN.fullmatch(token) or str(kind).lower() != "bearer":
            raise UnexpectedAnswer("The answer has no access token.", code="unexpected_shape", status=status)
        return Secret(token), _lifetime(document.get("expires_in"))
    if 400 <= status < 500 and status not in (408, 425, 429):
        error = parsing.one_line(document.get("error"))[:60]
        raise TokenRefused(
            "No access token is given.",
            code=_REFUSALS.get(error, "oauth_client_refused"),
            status=status,
            error_code=error,
            error_message=parsing.one_line(document.get("error_description"))[:500],
        )
    raise parsing.error_of(status, headers, body, now)


def _key(host: Host, client: OAuthClient) -> tuple[str, str, str]:
    return host.name, client.id, client.scopes


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _lifetime(said: object) -> float:
    """Without a number a token is used at once and then asked for anew."""
    if isinstance(said, str) and re.fullmatch(r"\d{1,9}", said, re.ASCII):
        said = int(said)
    if isinstance(said, bool) or not isinstance(said, int | float):
        return 0.0
    return min(max(float(said), 0.0), _LONGEST)
