"""Errors of the REST API as problem details (RFC 9457), in the client's language, without traces."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from feedback.items import ASKED
from integrations.troubles.refusals import InvalidInput, Refusal
from versioning.api import Conflict, VersionedUpdates
from versioning.saving import Outdated


class _Refused(APIException):
    """A refusal of an action, with its code, sentence and facts as they are: numbers stay numbers."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__()
        self.status_code = refusal.http_status
        answer: Any = {"detail": refusal.sentence, "code": refusal.code, **refusal.facts}
        self.detail = answer


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
    elif isinstance(exc, InvalidInput):
        exc = ValidationError({name: [told] for name, told in exc.errors.items()})
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
