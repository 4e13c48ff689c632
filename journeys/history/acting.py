"""Who changes maps now, and in which tab of theirs: undo takes back what the same person did in the same tab."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

from accounts.models import User

HEADER = "X-Parcours-Tab"  # chosen by the client: any word of up to 40 letters, digits and hyphens
_request: ContextVar[HttpRequest | None] = ContextVar("request_of_operations", default=None)


class ActingMiddleware:
    """Lets operations know whose request they come from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _request.set(request)
        try:
            return self.get_response(request)
        finally:
            _request.reset(token)


def person() -> User | None:
    """Whose request this is; nobody's in a command. The REST API says it as soon as it has read the token."""
    request = _request.get()
    user = getattr(request, "user", None)
    return user if isinstance(user, User) else None


def tab() -> str:
    """The tab that the request comes from; empty for a client that names none."""
    request = _request.get()
    word = request.headers.get(HEADER, "") if request else ""
    return word if re.fullmatch(r"[\w-]{1,40}", word, re.ASCII) else ""
