"""Lists that can be filtered by what stands in their address."""

from __future__ import annotations

from django.http import HttpRequest


def is_filtered(request: HttpRequest) -> bool:
    """Whether the address chooses among the rows; which page of them is no choice."""
    return any(name != "page" for name in request.GET)
