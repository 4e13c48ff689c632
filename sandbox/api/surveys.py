"""The addresses of surveys and their definitions."""

from sandbox.api import survey_shapes
from sandbox.api.addresses import Call, address
from sandbox.api.envelope import HttpResponse, success
from sandbox.state.clock import parse_moment
from sandbox.state.refusal import Refusal
from sandbox.state.surveys import Survey


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
