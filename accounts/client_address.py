"""Where a request comes from, told by the proxies we know of and by nobody else."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The caller's IP address.

    Each of the `PROXY_COUNT` proxies in front of us appends the address it was called from to X-Forwarded-For; whatever
    stands further left was written by the caller and may be invented.
    """
    if settings.PROXY_COUNT:
        forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
        if len(forwarded) >= settings.PROXY_COUNT:
            return forwarded[-settings.PROXY_COUNT]
    return request.META.get("REMOTE_ADDR", "")
