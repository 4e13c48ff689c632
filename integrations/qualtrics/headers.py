"""The headers of a call: the token's, which nobody else sets, and the few that a caller may set."""

import base64
import re
from collections.abc import Mapping

import requests

from integrations.qualtrics.oauth import OAuthClient
from integrations.troubles.errors import RequestRefused
from integrations.vault.secret import Secret

_ALLOWED = {"accept", "content-type", "idempotency-key", "x-copy-source", "x-copy-destination-owner"}
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?", re.ASCII)
_TOKEN = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)


def is_sendable(token: Secret) -> bool:
    """Whether a token has this form at all; anything else would fail in the middle of the library."""
    return bool(_TOKEN.fullmatch(token.reveal()))


class TokenHeader(requests.auth.AuthBase):
    """Adds the token at the last moment, so that it is in no other object."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["X-API-TOKEN"] = self._token.reveal()
        return request


class BearerHeader(requests.auth.AuthBase):
    """The same for an access token."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request


class ClientHeader(requests.auth.AuthBase):
    """The same for a client that asks for an access token."""

    def __init__(self, client: OAuthClient) -> None:
        self._client = client

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Basic {basic(self._client)}"
        return request


def basic(client: OAuthClient) -> str:
    """Id and secret as they travel."""
    return base64.b64encode(f"{client.id}:{client.secret.reveal()}".encode()).decode("ascii")


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The caller's headers, if they are among the few that a caller may set."""
    for name, value in headers.items():
        if not isinstance(name, str) or name.lower() not in _ALLOWED:
            raise RequestRefused("This header is not allowed.", code="header_refused")
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise RequestRefused("This header has a value that cannot be sent.", code="header_refused")
    return dict(headers)
