"""The addresses of responses: exports, and single ones."""

from urllib.parse import quote_plus

import orjson

from sandbox.api.addresses import Call, address
from sandbox.api.envelope import HttpResponse, success
from sandbox.exports.rendering import record
from sandbox.state.refusal import Refusal


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
