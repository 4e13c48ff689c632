"""Errors of the REST API as problem details (RFC 9457), in the client's language, without traces."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as InvalidValue
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.defaults import page_not_found, server_error
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.views import exception_handler

from config.storable import REFUSED, UNSTORABLE
from feedback.items import ASKED
from integrations.troubles.refusals import InvalidInput, Refusal
from versioning.api import Conflict, VersionedUpdates
from versioning.saving import Outdated

logger = logging.getLogger(__name__)


class _Refused(APIException):
    """A refusal of an action, with its code, sentence and facts as they are: numbers stay numbers."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__()
        self.status_code = refusal.http_status
        answer: Any = {"detail": refusal.sentence, "code": refusal.code, **refusal.facts}
        self.detail = answer
        self.wait = refusal.facts.get("retry_after")  # becomes the header Retry-After


class _TooLong(APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("The body is too long.")
    default_code = "too_long"


def _asked(codes: Any) -> list[str]:
    """What a refusal asks about the choices of a question; nothing where it is another refusal."""
    given = codes.get("mapping", []) if isinstance(codes, dict) else []
    return [str(code).removeprefix(ASKED) for code in given if str(code).startswith(ASKED)]


def handle(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's answer to the error, reworded as `{"title", "status", "detail"?, "errors"?, "code"?}`."""
    if isinstance(exc, Outdated):
        view = context.get("view")
        shown = {"id": exc.current.pk, "version": exc.current.version}
        exc = view.conflict(exc) if isinstance(view, VersionedUpdates) else Conflict(shown)
    elif isinstance(exc, Refusal):
        exc = _Refused(exc)
    elif isinstance(exc, RequestDataTooBig):
        exc = _TooLong()
    elif isinstance(exc, InvalidInput):
        exc = ValidationError({name: [told] for name, told in exc.errors.items()})
    elif isinstance(exc, InvalidValue):  # of a model's field, where a filter was given something else
        exc = ValidationError(as_serializer_error(exc))
    elif isinstance(exc, UNSTORABLE):
        logger.warning("Refused: what was sent cannot be stored", exc_info=exc)
        exc = ParseError(REFUSED)
    response = exception_handler(exc, context)
    if response is None:
        return None
    status = response.status_code
    problem: dict[str, Any] = {"title": HTTPStatus(status).phrase, "status": status}
    if isinstance(exc, ValidationError):
        problem |= {"detail": _("Some fields are not right."), "errors": response.data}
        if asked := _asked(exc.get_codes()):
            problem |= {"code": "mapping_asked", "asks": asked}
    else:
        data = response.data if isinstance(response.data, dict) else {"detail": response.data}
        problem["detail"] = str(data.pop("detail", ""))
        code = getattr(getattr(exc, "detail", None), "code", None)
        if code:
            problem["code"] = code
        problem |= data
    if isinstance(exc, Conflict):
        problem["current"] = exc.current
    response.data = problem
    response.content_type = "application/problem+json"
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The answer where no route leads: a problem below `/api/`, a page elsewhere."""
    if not request.path.startswith("/api/"):
        return page_not_found(request, exception)
    return _problem(HTTPStatus.NOT_FOUND, _("There is nothing at this address."))


def failed(request: HttpRequest) -> HttpResponse:
    """The answer to an error of ours."""
    if not request.path.startswith("/api/"):
        return server_error(request)
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, _("Something went wrong here; it is in the log."))


def _problem(status: HTTPStatus, detail: str) -> HttpResponse:
    told = {"title": status.phrase, "status": status.value, "detail": detail}
    return JsonResponse(told, status=status, content_type="application/problem+json")
