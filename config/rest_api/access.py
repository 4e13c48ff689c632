"""The access policy of the REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission

from config.access import ROUTES, may, needed, route_of

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class AllowedByTable(BasePermission):
    """The access policy of the REST API. A read-only token may use the methods that do not change anything."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        method = request.method or ""
        permission = needed(route_of(request), method)
        if permission is None:
            if route_of(request) in ROUTES:
                raise MethodNotAllowed(method)
            return False
        if getattr(request.auth, "read_only", False) and method not in ("GET", "HEAD", "OPTIONS"):
            return False
        return may(request.user, permission)
