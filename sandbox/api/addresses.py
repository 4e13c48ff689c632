"""What every address has in common: the services behind it, the call it is given, and the register of all."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from sandbox.api.envelope import HttpResponse, Request, success
from sandbox.api.limits import Buckets
from sandbox.api.oauth import Authenticator
from sandbox.exports.jobs import Exports
from sandbox.state.distributions import Distributions
from sandbox.state.refusal import Refusal
from sandbox.state.surveys import Survey
from sandbox.state.webhooks import Webhooks
from sandbox.state.world import User, World

ROOT = "/API/v3"
MAX_BODY = 5_000_000


@dataclass(slots=True)
class Services:
    """Everything a handler may need."""

    world: World
    exports: Exports
    webhooks: Webhooks
    authenticator: Authenticator
    buckets: Buckets
    distributions: Distributions


@dataclass(slots=True)
class Call:
    """One authenticated call."""

    request: Request
    services: Services
    user: User
    notice: str | None = None  # set when the call came to the wrong data centre and was proxied
    home_url: str = ""  # where nextPage points
    export_mode: str | None = None  # the life of an export that a fault prescribes

    @property
    def world(self) -> World:
        return self.services.world

    def json(self) -> dict:
        """The JSON body; 415 without its content type, 400 if it is no object."""
        if not self.request.headers.get("content-type", "").lower().startswith("application/json"):
            raise Refusal(415, "SBX_415", "The request body must be sent as application/json.")
        try:
            content = orjson.loads(self.request.body)
        except orjson.JSONDecodeError:
            raise Refusal(400, "SBX_400", "The request body is not valid JSON.") from None
        if not isinstance(content, dict):
            raise Refusal(400, "SBX_400", "The request body must be a JSON object.")
        return content

    def survey(self, survey_id: str) -> Survey:
        """A survey that this user sees; else 404 as the real one words it."""
        survey = self.world.surveys.get(survey_id)
        if survey is None or survey not in self.world.visible(self.user):
            raise Refusal(404, "GSI_2", "Survey not found.")
        return survey

    def page(self, elements: list, *, meta_first: bool = False) -> HttpResponse:
        """One offset page, with an absolute nextPage."""
        size = self.world.settings.page_size
        try:
            offset = int(self.request.query.get("offset", "0"))
        except ValueError:
            offset = -1
        if offset < 0:
            raise Refusal(400, "SBX_400", "Invalid offset.")
        following = None
        if offset + size < len(elements):
            proxied = "&proxyDepth=1&proxyInfo=%7B%22proxyDepth%22%3A1%7D" if self.notice else ""
            following = f"{self.home_url}{self.request.path}?offset={offset + size}{proxied}"
        result = {"elements": elements[offset : offset + size], "nextPage": following}
        return success(result, notice=self.notice, meta_first=meta_first)


Handler = Callable[..., HttpResponse]
ROUTES: list[tuple[str, re.Pattern[str], str, Handler]] = []


def address(method: str, pattern: str, endpoint: str = "") -> Callable[[Handler], Handler]:
    """Register a handler; `endpoint` names the limit that counts for it."""

    def register(handler: Handler) -> Handler:
        path = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        ROUTES.append((method, re.compile(ROOT + path), endpoint or f"{method} {pattern}", handler))
        return handler

    return register


def route(request: Request) -> tuple[str, Handler, dict[str, str]]:
    """The handler of an address, or the vendor's 404."""
    path = re.sub("/{2,}", "/", request.path).rstrip("/")  # as the real one: QualtricsAPI of PyPI doubles slashes
    for method, pattern, endpoint, handler in ROUTES:
        match = pattern.fullmatch(path)
        if match and method == request.method:
            return endpoint, handler, match.groupdict()
    raise Refusal(404, "UNF_9", "Resource not found")
