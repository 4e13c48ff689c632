"""The addresses of e-mail and SMS distributions."""

from sandbox.api.addresses import Call, address
from sandbox.api.directory import token_page
from sandbox.api.envelope import HttpResponse, success
from sandbox.state.distributions import Distributions
from sandbox.state.refusal import Refusal


def _distributions(call: Call) -> Distributions:
    if "distribute" not in call.user.may:
        raise Refusal(403, "SBX_403", "You do not have permission to distribute surveys.")
    return call.services.distributions


def _wanted(call: Call) -> str | None:
    return call.request.query.get("surveyId")


@address("POST", "/distributions", "POST distributions")
def send_email(call: Call) -> HttpResponse:
    with call.world.lock:
        return success({"id": _distributions(call).send_email(call.user, call.json()).id}, notice=call.notice)


@address("GET", "/distributions", "GET distributions")
def list_emails(call: Call) -> HttpResponse:
    with call.world.lock:
        found = _distributions(call)
        return token_page(call, found.of_survey(call.user, "email", _wanted(call)), found.shown)


@address("POST", "/distributions/sms", "SMS distributions")
def send_sms(call: Call) -> HttpResponse:
    with call.world.lock:
        found = _distributions(call)
        return success(found.shown(found.send_sms(call.user, call.json())), notice=call.notice)


@address("GET", "/distributions/sms", "SMS distributions")
def list_sms(call: Call) -> HttpResponse:
    with call.world.lock:
        found = _distributions(call)
        return token_page(call, found.of_survey(call.user, "sms", _wanted(call)), found.shown)


@address("GET", "/distributions/sms/{distribution_id}", "SMS distributions")
def show_sms(call: Call, distribution_id: str) -> HttpResponse:
    return _show(call, "sms", distribution_id)


@address("DELETE", "/distributions/sms/{distribution_id}", "SMS distributions")
def delete_sms(call: Call, distribution_id: str) -> HttpResponse:
    return _delete(call, "sms", distribution_id)


@address("GET", "/distributions/{distribution_id}", "GET distributions")
def show_email(call: Call, distribution_id: str) -> HttpResponse:
    return _show(call, "email", distribution_id)


@address("DELETE", "/distributions/{distribution_id}", "DELETE distributions")
def delete_email(call: Call, distribution_id: str) -> HttpResponse:
    return _delete(call, "email", distribution_id)


def _show(call: Call, kind: str, distribution_id: str) -> HttpResponse:
    with call.world.lock:
        found = _distributions(call)
        return success(found.shown(found.find(call.user, kind, distribution_id, _wanted(call))), notice=call.notice)


def _delete(call: Call, kind: str, distribution_id: str) -> HttpResponse:
    with call.world.lock:
        found = _distributions(call)
        found.remove(found.find(call.user, kind, distribution_id, _wanted(call)))
        return success(notice=call.notice)
