"""What holds for the length of a request: the session's limit, the person's language and time zone."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from accounts import sessions
from accounts.models import Organisation


class SessionLimitMiddleware:
    """Ends a session that began longer ago than allowed, however busy it was since; keeps a used one from ending."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and sessions.is_too_old(request.session):
            logout(request)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], *_arguments: object) -> None:
        """Keep the session of somebody who is there from ending."""
        if request.user.is_authenticated and not sessions.is_unattended(view):
            sessions.renew(request.session)


class PreferencesMiddleware:
    """Language: the person's, else the cookie's, else the browser's.

    Time zone: the person's, else the organisation's.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        signed_in = user.is_authenticated
        language = (signed_in and user.language) or translation.get_language_from_request(request)
        zone = (signed_in and user.time_zone) or (Organisation.current().time_zone if signed_in else settings.TIME_ZONE)
        with translation.override(language), timezone.override(zoneinfo.ZoneInfo(zone)):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
            return response
