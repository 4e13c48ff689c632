"""Who is calling: API tokens, and OAuth 2 clients with what their scopes allow."""

import base64
import binascii
import hmac
import re
import uuid
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from sandbox.api.envelope import HttpResponse, Request, json_response
from sandbox.state.refusal import Refusal
from sandbox.state.world import User, World

_SCOPE = re.compile(r"(?:manage|read|write):[a-z_]+")
_READING_POSTS = re.compile(r".*/(?:export-responses|contacts/search)")
# What a call is about, by its path below the root; the first that fits counts. `whoami` asks for no scope.
_SUBJECTS = tuple(
    (re.compile(pattern), subject)
    for pattern, subject in (
        (r"/surveys/[^/]+/(?:export-responses|responses)(?:/.*)?", "survey_responses"),
        (r"/(?:surveys|survey-definitions)(?:/.*)?", "surveys"),
        (r"/eventsubscriptions(?:/.*)?", "subscriptions"),
        (r"/directories/[^/]+/mailinglists/[^/]+/contacts(?:/.*)?", "mailing_list_contacts"),
        (r"/directories/[^/]+/mailinglists(?:/.*)?", "mailing_lists"),
        (r"/directories/[^/]+/contacts(?:/.*)?", "directory_contacts"),
        (r"/directories/[^/]+/transactionbatches(?:/.*)?", "contact_transactions"),
        (r"/directories/[^/]+/samples(?:/.*)?", "samples"),
        (r"/directories(?:/.*)?", "directories"),
        (r"/distributions(?:/.*)?", "distributions"),
        (r"/libraries(?:/.*)?", "libraries"),
    )
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token stands for."""

    user: User
    scopes: frozenset[str]
    until: int


@dataclass(slots=True)
class Authenticator:
    """Knows tokens and clients, and gives out access tokens."""

    world: World
    grants: dict[str, Grant] = field(default_factory=dict)  # by access token

    def identify(self, request: Request) -> tuple[User, Grant | None]:
        """Whose call is this, and by which access token, if it was made with one?"""
        bearer = _bearer(request)
        if bearer is not None:
            grant = self.grants.get(bearer)
            if grant is None or self.world.clock.now() >= grant.until or grant.user.client[0] in self.world.revoked:
                raise Refusal(401, "SBX_401", "The access token is invalid or has expired.")
            return grant.user, grant
        token = request.headers.get("x-api-token", "")
        if not token:
            raise Refusal(400, "ATC_1", "An apiToken must be provided.")
        known = self.world.user_of(token)
        if known is None:
            raise Refusal(401, "DCD_7", "Unrecognized X-API-TOKEN.")
        return known, None

    def caller(self, request: Request) -> User | None:
        """Who seems to call, whether they may or not."""
        grant = self.grants.get(_bearer(request) or "")
        return grant.user if grant else self.world.user_of(request.headers.get("x-api-token", ""))

    def grant(self, request: Request) -> HttpResponse:
        """`POST /oauth2/token`"""
        form = parse_qs(request.body.decode("utf-8", "replace"))
        user = self._client(request.headers.get("authorization", ""))
        if user is None or self.world.brands[user.brand].data_centre != request.data_centre:
            return _error(401, "invalid_client", "Client authentication failed.")
        if form.get("grant_type") != ["client_credentials"]:
            return _error(400, "unsupported_grant_type", "Only client_credentials is granted here.")
        scopes = frozenset(form.get("scope", [""])[0].split())
        if not scopes or not all(_SCOPE.fullmatch(each) and allows(user.scopes, each) for each in scopes):
            return _error(400, "invalid_scope", "The requested scope is unknown, or exceeds the scopes of the client.")
        token, lifetime = str(uuid.uuid4()), self.world.settings.oauth_lifetime
        self.grants[token] = Grant(user, scopes, self.world.clock.now() + round(lifetime * 1000))
        granted = {"access_token": token, "token_type": "Bearer", "expires_in": max(0, round(lifetime) - 1)}
        return json_response(200, granted | {"scope": " ".join(sorted(scopes))})

    def _client(self, header: str) -> User | None:
        kind, _, encoded = header.partition(" ")
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        if kind.lower() != "basic" or not name or name in self.world.revoked:
            return None
        for user in self.world.users:
            if user.client[0] == name and hmac.compare_digest(user.client[1].encode(), secret.encode()):
                return user
        return None


def check_scope(grant: Grant, method: str, path: str) -> None:
    """Refuse a call (its path below the root) that the scopes of its access token do not allow."""
    subject = next((subject for pattern, subject in _SUBJECTS if pattern.fullmatch(path.rstrip("/"))), None)
    reads = method == "GET" or (method == "POST" and _READING_POSTS.fullmatch(path.rstrip("/")))
    if subject and not allows(grant.scopes, f"{'read' if reads else 'write'}:{subject}"):
        raise Refusal(403, "SBX_403", "The access token lacks the scope for this call.")


def allows(scopes: frozenset[str], wanted: str) -> bool:
    """`manage` holds `read` and `write`; `all` holds every subject."""
    verb, _, subject = wanted.partition(":")
    return any(f"{each}:{of}" in scopes for each in (verb, "manage") for of in (subject, "all"))


def _bearer(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _error(status: int, error: str, description: str) -> HttpResponse:
    return json_response(status, {"error": error, "error_description": description})
