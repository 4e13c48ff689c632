"""The imitated addresses: who is asking, may they, and what is sent back."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote_plus

import orjson

from sandbox.api import survey_shapes
from sandbox.api.envelope import HttpResponse, Request, success
from sandbox.api.limits import Buckets
from sandbox.api.oauth import Authenticator
from sandbox.exports.jobs import Exports
from sandbox.exports.rendering import record
from sandbox.state.clock import parse_moment
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


# -- identity and surveys


@address("GET", "/whoami")
def whoami(call: Call) -> HttpResponse:
    user = call.user
    return success(
        {
            "brandId": user.brand,
            "userId": user.id,
            "userName": f"{user.email}#{user.brand}",
            "accountType": user.account_type,
            "firstName": user.first_name,
            "lastName": user.last_name,
            "email": user.email,
            "datacenter": call.world.brands[user.brand].data_centre,
        },
        notice=call.notice,
    )


@address("GET", "/surveys")
def list_surveys(call: Call) -> HttpResponse:
    with call.world.lock:
        return call.page([survey_shapes.list_element(each) for each in call.world.visible(call.user)], meta_first=True)


@address("GET", "/surveys/{survey_id}")
def show_survey(call: Call, survey_id: str) -> HttpResponse:
    with call.world.lock:
        survey = call.survey(survey_id)
        return success(survey_shapes.detail(survey, call.world.counts(survey)), notice=call.notice)


@address("PUT", "/surveys/{survey_id}")
def change_survey(call: Call, survey_id: str) -> HttpResponse:
    with call.world.lock:
        survey, changes = call.survey(survey_id), call.json()
        unknown = set(changes) - {"name", "isActive", "ownerId", "expiration"}
        if unknown:
            raise Refusal(400, "RP_9", f"Unexpected json key provided: {min(unknown)}")
        expiration = changes.get("expiration") or {}
        fits = (
            isinstance(changes.get("isActive", True), bool)
            and all(isinstance(changes.get(name, ""), str) for name in ("name", "ownerId"))
            and isinstance(expiration, dict)
            and all(value is None or parse_moment(value) is not None for value in expiration.values())
        )
        if not fits:
            raise Refusal(400, "SBX_400", "A value has the wrong type.")
        survey.name = changes.get("name", survey.name)
        survey.owner = changes.get("ownerId", survey.owner)
        if "startDate" in expiration:
            survey.starts = parse_moment(expiration["startDate"])
        if "endDate" in expiration:
            survey.expires = parse_moment(expiration["endDate"])
        survey.modified = call.world.clock.now()
        if "isActive" in changes:
            call.world.set_active(survey, changes["isActive"])
        return success(notice=call.notice)


def _definition_of(call: Call, survey_id: str) -> Survey:
    try:
        return call.survey(survey_id)
    except Refusal:  # the real one forbids here what it does not find elsewhere
        raise Refusal(403, "QMST_2.1", "The operation is forbidden.") from None


@address("GET", "/survey-definitions/{survey_id}")
def show_definition(call: Call, survey_id: str) -> HttpResponse:
    with call.world.lock:
        survey = _definition_of(call, survey_id)
        return success(survey_shapes.definition(survey, call.home_url), notice=call.notice)


@address("GET", "/survey-definitions/{survey_id}/metadata")
def show_metadata(call: Call, survey_id: str) -> HttpResponse:
    with call.world.lock:
        return success(survey_shapes.metadata(_definition_of(call, survey_id)), notice=call.notice)


@address("GET", "/survey-definitions/{survey_id}/questions")
def list_questions(call: Call, survey_id: str) -> HttpResponse:
    with call.world.lock:
        survey = _definition_of(call, survey_id)
        questions = survey_shapes.definition(survey, call.home_url)["Questions"]
        return success({"elements": list(questions.values()), "nextPage": None}, notice=call.notice)


@address("GET", "/surveys/{survey_id}/response-schema", "GET response-schema")
def show_response_schema(call: Call, survey_id: str) -> HttpResponse:
    with call.world.lock:
        return success(survey_shapes.response_schema(call.survey(survey_id)), notice=call.notice)


@address("GET", "/surveys/{survey_id}/filters", "GET filters")
def list_filters(call: Call, survey_id: str) -> HttpResponse:
    call.survey(survey_id)
    return call.page([])


# -- exports


@address("POST", "/surveys/{survey_id}/export-responses", "POST export-responses")
def start_export(call: Call, survey_id: str) -> HttpResponse:
    if call.notice:  # the best known trap: a proxied start is refused without a reason
        raise Refusal(400, "SBX_400", "Bad Request")
    if "export" not in call.user.may:
        raise Refusal(403, "SBX_403", "You do not have permission to export responses.")
    survey = call.survey(survey_id)
    job = call.services.exports.start(call.user, survey, call.json(), call.export_mode)
    result = {"progressId": job.id, "percentComplete": 0.0, "status": "inProgress"}
    return success(result, meta_first=True)


@address("GET", "/surveys/{survey_id}/export-responses/{progress_id}", "GET export progress")
def show_export(call: Call, survey_id: str, progress_id: str) -> HttpResponse:
    survey = call.survey(survey_id)
    return success(call.services.exports.poll(survey, progress_id), notice=call.notice)


@address("GET", "/surveys/{survey_id}/export-responses/{file_id}/file", "GET export file")
def download_export(call: Call, survey_id: str, file_id: str) -> HttpResponse:
    survey = call.survey(survey_id)
    job, path = call.services.exports.file(survey, file_id)
    kind = "application/zip"
    suffix = "zip"
    if not job.wish.get("compress", True):
        suffix = str(job.wish["format"])
        kind = "application/json" if suffix.endswith("json") else f"application/{suffix}"
    name = quote_plus(f"{survey.name}.{suffix}")
    return HttpResponse(200, path, kind, {"content-disposition": f"attachment; filename={name}"})


@address("DELETE", "/surveys/{survey_id}/responses/{response_id}", "DELETE response")
def delete_response(call: Call, survey_id: str, response_id: str) -> HttpResponse:
    with call.world.lock:
        survey = call.survey(survey_id)
        if response_id not in call.world.responses[survey.id]:
            raise Refusal(404, "SBX_404", "Response not found.")
        call.world.delete_response(survey, response_id)
        return success(None, notice=call.notice)


@address("GET", "/surveys/{survey_id}/responses/{response_id}", "GET response")
def show_response(call: Call, survey_id: str, response_id: str) -> HttpResponse:
    survey = call.survey(survey_id)
    world = call.world
    with world.lock:
        response = world.responses[survey.id].get(response_id)
        now = world.clock.now()
        if response is None or response.recorded > now:
            raise Refusal(404, "SBX_404", "Response not found.")
        if now < response.recorded + world.settings.single_response_delay * 1000:
            text = "The Survey Response is not yet available. Please try again later."
            return success({"message": text}, status=202, notice=call.notice)
        return success(orjson.Fragment(record(survey, response)), notice=call.notice)


# -- event subscriptions


def _needs_webhook_right(call: Call) -> None:
    if "webhooks" not in call.user.may:
        raise Refusal(403, "SBX_403", "Only brand administrators may manage event subscriptions.")


@address("POST", "/eventsubscriptions", "POST eventsubscriptions")
def subscribe(call: Call) -> HttpResponse:
    _needs_webhook_right(call)
    return success({"id": call.services.webhooks.subscribe(call.user.brand, call.json()).id}, notice=call.notice)


@address("GET", "/eventsubscriptions", "GET eventsubscriptions")
def list_subscriptions(call: Call) -> HttpResponse:
    _needs_webhook_right(call)
    return call.page([each.shown() for each in call.services.webhooks.of_brand(call.user.brand)])


@address("GET", "/eventsubscriptions/{subscription_id}", "GET eventsubscriptions")
def show_subscription(call: Call, subscription_id: str) -> HttpResponse:
    _needs_webhook_right(call)
    return success(call.services.webhooks.find(call.user.brand, subscription_id).shown(), notice=call.notice)


@address("DELETE", "/eventsubscriptions/{subscription_id}", "DELETE eventsubscriptions")
def unsubscribe(call: Call, subscription_id: str) -> HttpResponse:
    _needs_webhook_right(call)
    call.services.webhooks.remove(call.user.brand, subscription_id)
    return success(notice=call.notice)


@address("DELETE", "/eventsubscriptions", "DELETE eventsubscriptions")
def unsubscribe_all(call: Call) -> HttpResponse:
    """Dangerous in the real one too: it takes every subscription of the brand."""
    _needs_webhook_right(call)
    for subscription in call.services.webhooks.of_brand(call.user.brand):
        call.services.webhooks.remove(call.user.brand, subscription.id)
    return success(notice=call.notice)
