"""The access table of the whole site, and the policy of its pages; `api_access.py` is that of the REST API.

A request passes if its route has a row, the row names the method, and the person holds the permission there. Whatever has
no row is refused, so that a forgotten one is noticed at once.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

import accounts.access
import feedback.access
import integrations.access
import journeys.access
import kpis.access
from accounts.access import ANYONE, SIGNED_IN, Row, row

API_NAMESPACE = "api"

ROUTES: dict[str, Row] = {
    "home": row(GET=SIGNED_IN),
    "gallery": row(GET=SIGNED_IN),
    "set_language": row(POST=ANYONE),
    "health:live": row(GET=ANYONE),
    "health:ready": row(GET=ANYONE),
    "api:schema": row(GET=SIGNED_IN),
    "api:reference": row(GET=SIGNED_IN),
    **accounts.access.ROUTES,
    **journeys.access.ROUTES,
    **feedback.access.ROUTES,
    **kpis.access.ROUTES,
    **integrations.access.ROUTES,
}


def needed(route: str, method: str) -> str | None:
    """The permission that this method of this route asks for; None where the table does not allow it to anybody."""
    if method in ("HEAD", "OPTIONS"):
        method = "GET" if "GET" in ROUTES.get(route, {}) else next(iter(ROUTES.get(route, {})), "")
    return ROUTES.get(route, {}).get(method)


def may(user, permission: str) -> bool:
    """Whether this person passes where `permission` is asked for."""
    if permission == ANYONE:
        return True
    if permission == SIGNED_IN:
        return user.is_authenticated
    return user.is_authenticated and user.has_perm(permission)


def route_of(request: HttpRequest) -> str:
    """Name of the route that was asked for, with its namespaces."""
    return request.resolver_match.view_name if request.resolver_match else ""


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and from there back. A part of a page is asked for by the page around it: that one goes."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # set by its middleware
    if not htmx:
        return redirect_to_login(request.get_full_path())
    return HttpResponseClientRedirect(redirect_to_login(htmx.current_url_abs_path or "/").url)


class AccessMiddleware:
    """The access policy of pages. API requests go on to `api_access.AllowedByTable`, which knows the owner of their token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view, args, kwargs) -> HttpResponse | None:
        route = route_of(request)
        if route.startswith(f"{API_NAMESPACE}:") and hasattr(view, "cls"):  # a view of the REST API
            return None
        permission = needed(route, request.method or "")
        if permission is None:
            if allowed := list(ROUTES.get(route, {})):
                return HttpResponseNotAllowed(allowed)
            raise PermissionDenied(f"Route {route!r} has no row in the access table")
        if may(request.user, permission):
            return None
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        raise PermissionDenied
