"""What no database can hold is a mistake of whoever sent it, and answered as one: numbers beyond a column, characters that
are none. Forms, serializers and filters say so beside the field where they know; this is for everything that they let pass.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

logger = logging.getLogger(__name__)

# Raised where such a value meets a column: by SQLite's driver, by PostgreSQL, by dates, by the encoding of texts.
UNSTORABLE = (OverflowError, DataError, UnicodeEncodeError)
REFUSED = _("A number or a text that was sent is beyond what can be stored.")
TOO_DEEP = _("The body is nested too deeply.")
_LARGEST = 2**63
_DEEPEST = 50


def problem_of(value: Any) -> str:
    """Why a JSON value is not accepted, whatever it is for; empty if it is."""
    level = [value]
    for _depth in range(_DEEPEST):
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                below += [*each, *each.values()]
            elif isinstance(each, list):
                below += each
            elif not _is_storable(each):
                return str(REFUSED)
        if not below:
            return ""
        level = below
    return str(TOO_DEEP)


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -_LARGEST <= value < _LARGEST


class StorableJSONParser(JSONParser):
    """JSON whose values can be stored. What cannot is answered with 400."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError(str(TOO_DEEP)) from None
        if problem := problem_of(data):
            raise ParseError(problem)
        return data


class StorableMiddleware:
    """The same for pages. The REST API answers with problem details: see `rest_api/problems.py`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], *_arguments: object
    ) -> HttpResponse | None:
        """Refuse an address with NUL, which PostgreSQL takes nowhere."""
        parts = [request.path_info, *(part for name, values in request.GET.lists() for part in (name, *values))]
        if any("\0" in part for part in parts) and not hasattr(view, "cls"):
            return _refuse(request)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer what a view let pass."""
        if not isinstance(exception, UNSTORABLE):
            return None
        logger.warning("Refused at %s: what was sent cannot be stored", request.path, exc_info=exception)
        return _refuse(request)


def _refuse(request: HttpRequest) -> HttpResponse:
    return render(request, "400.html", {"why": REFUSED}, status=400)
