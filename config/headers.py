"""Headers that keep what people see here between them and us."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# None of these does any good here, so no script may ask for them.
_PERMISSIONS_POLICY = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"


class PrivacyMiddleware:
    """No page or answer stays in a cache, unless its view says so. Static files are served before this."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response.headers["Cache-Control"] = "no-store, private"
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS_POLICY)
        return response
