"""The control surface over HTTP: `POST /_sandbox/<action>` with a JSON object of arguments.

It is not for the imitated credentials: a call that carries one is refused, so that a product that
could be talked into calling it would fail loudly. Calls that a browser makes for another site are refused too.
"""

import inspect
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from sandbox.actions.base import ACTIONS, EARLIER_NAMES
from sandbox.api.envelope import HttpResponse, Request, json_response
from sandbox.control.surface import Control
from sandbox.scenarios.scenario import LANGUAGES

CONTROL_ROOT = "/_sandbox"


def respond_control(control: Control, request: Request) -> HttpResponse:
    """One call to the control surface."""
    if request.headers.get("x-api-token") or request.headers.get("authorization"):
        return _refused(403, "The control surface takes no credentials of the imitated API.")
    if not from_this_site(request):
        return _refused(403, "Calls from another site are refused.")
    name = request.path.removeprefix(CONTROL_ROOT).strip("/")
    name = EARLIER_NAMES.get(name, name)
    if request.method == "GET" and not name:
        return json_response(200, {each: inspect.getdoc(method) for each, method in ACTIONS.items()})
    if name in ("scenario", "end_scenario") and _is_form(request):
        return _from_button(getattr(control, name), request)
    if name not in ACTIONS:
        return _refused(404, f"There is no action {name!r}. GET {CONTROL_ROOT} lists them.")
    if request.method != "POST":
        return _refused(405, "Actions are called with POST.")
    return _called(control, name, request)


def from_this_site(request: Request) -> bool:
    """Was the call made by a program, or by a page of ours?"""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _called(control: Control, name: str, request: Request) -> HttpResponse:
    if request.headers.get("content-type", "").split(";")[0] != "application/json":
        return _refused(415, "Arguments are sent as application/json.")
    try:
        arguments: Any = orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError:
        return _refused(400, "The body is not valid JSON.")
    if not isinstance(arguments, dict):
        return _refused(400, "The body must be a JSON object.")
    method = getattr(control, name)
    try:
        inspect.signature(method).bind(**arguments)
        return json_response(200, {"result": method(**arguments)})
    except KeyError as error:
        return _refused(404, str(error.args[0]))
    except (TypeError, ValueError, AttributeError) as error:
        return _refused(400, str(error))


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def _from_button(action: Callable[[str], object], request: Request) -> HttpResponse:
    form = parse_qs(request.body.decode("utf-8", "replace"))
    name, language = (form.get(field, [""])[0] for field in ("name", "lang"))
    try:
        action(name)
    except KeyError as error:
        return _refused(404, str(error.args[0]))
    except ValueError as error:
        return _refused(400, str(error))
    back = f"/?lang={language}#{name}" if language in LANGUAGES else "/"
    return HttpResponse(303, b"", "text/plain", {"Location": back})


def _refused(status: int, message: str) -> HttpResponse:
    return json_response(status, {"error": message})
