"""The request as the pages of this room see it: somebody is signed in, and htmx may have sent it."""

from __future__ import annotations

from accounts.models import User
from journeys.answers import HtmxRequest


class PageRequest(HtmxRequest):
    """For type checks only."""

    user: User
