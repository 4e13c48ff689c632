"""Who is at the door: API tokens and OAuth client credentials."""

import base64
import binascii
import hmac
import uuid
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from sandbox.answers import Answer, Refusal, Request, json_answer
from sandbox.world import User, World

LIFETIME = 3600


@dataclass(slots=True)
class Doorman:
    """Knows tokens and gives out bearer tokens."""

    world: World
    bearers: dict[str, tuple[User, int]] = field(default_factory=dict)  # token -> user, end of its life

    def identify(self, request: Request) -> tuple[User, bool]:
        """Whose call is this, and was it made with a bearer token?"""
        bearer = request.headers.get("authorization", "")
        if bearer.lower().startswith("bearer "):
            user, until = self.bearers.get(bearer[7:].strip(), (None, 0))
            if user is None or self.world.clock.now() >= until:
                raise Refusal(401, "SBX_401", "The access token is invalid or has expired.")
            return user, True
        token = request.headers.get("x-api-token", "")
        if not token:
            raise Refusal(400, "ATC_1", "An apiToken must be provided.")
        known = self.world.user_of(token)
        if known is None:
            raise Refusal(401, "DCD_7", "Unrecognized X-API-TOKEN.")
        return known, False

    def grant(self, request: Request) -> Answer:
        """`POST /oauth2/token`"""
        form = parse_qs(request.body.decode("utf-8", "replace"))
        if form.get("grant_type") != ["client_credentials"]:
            return json_answer(400, {"error": "unsupported_grant_type"})
        user = self._client(request.headers.get("authorization", ""))
        if user is None or self.world.brands[user.brand].data_centre != request.data_centre:
            return json_answer(401, {"error": "invalid_client"})
        token = str(uuid.uuid4())
        self.bearers[token] = (user, self.world.clock.now() + LIFETIME * 1000)
        scope = form.get("scope", [""])[0]
        return json_answer(
            200, {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME - 1, "scope": scope}
        )

    def _client(self, header: str) -> User | None:
        try:
            name, _, secret = base64.b64decode(header.removeprefix("Basic "), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        for user in self.world.users:
            if user.client[0] and user.client[0] == name and hmac.compare_digest(user.client[1], secret):
                return user
        return None
