"""The addresses of e-mail and SMS distributions."""

from sandbox.addresses import Call, address
from sandbox.answers import Answer, Refusal, success
from sandbox.directory_addresses import token_page
from sandbox.state.distributions import Distributions


def _desk(call: Call) -> Distributions:
    if "distribute" not in call.user.may:
        raise Refusal(403, "SBX_403", "You do not have permission to distribute surveys.")
    return call.desk.distributions


def _wanted(call: Call) -> str | None:
    return call.request.query.get("surveyId")


@address("POST", "/distributions", "POST distributions")
def send_email(call: Call) -> Answer:
    with call.world.lock:
        return success({"id": _desk(call).send_email(call.user, call.json()).id}, notice=call.notice)


@address("GET", "/distributions", "GET distributions")
def list_emails(call: Call) -> Answer:
    with call.world.lock:
        desk = _desk(call)
        return token_page(call, desk.of_survey(call.user, "email", _wanted(call)), desk.shown)


@address("POST", "/distributions/sms", "SMS distributions")
def send_sms(call: Call) -> Answer:
    with call.world.lock:
        desk = _desk(call)
        return success(desk.shown(desk.send_sms(call.user, call.json())), notice=call.notice)


@address("GET", "/distributions/sms", "SMS distributions")
def list_sms(call: Call) -> Answer:
    with call.world.lock:
        desk = _desk(call)
        return token_page(call, desk.of_survey(call.user, "sms", _wanted(call)), desk.shown)


@address("GET", "/distributions/sms/{distribution_id}", "SMS distributions")
def show_sms(call: Call, distribution_id: str) -> Answer:
    return _show(call, "sms", distribution_id)


@address("DELETE", "/distributions/sms/{distribution_id}", "SMS distributions")
def delete_sms(call: Call, distribution_id: str) -> Answer:
    return _delete(call, "sms", distribution_id)


@address("GET", "/distributions/{distribution_id}", "GET distributions")
def show_email(call: Call, distribution_id: str) -> Answer:
    return _show(call, "email", distribution_id)


@address("DELETE", "/distributions/{distribution_id}", "DELETE distributions")
def delete_email(call: Call, distribution_id: str) -> Answer:
    return _delete(call, "email", distribution_id)


def _show(call: Call, kind: str, distribution_id: str) -> Answer:
    with call.world.lock:
        desk = _desk(call)
        return success(desk.shown(desk.find(call.user, kind, distribution_id, _wanted(call))), notice=call.notice)


def _delete(call: Call, kind: str, distribution_id: str) -> Answer:
    with call.world.lock:
        desk = _desk(call)
        desk.remove(desk.find(call.user, kind, distribution_id, _wanted(call)))
        return success(notice=call.notice)
