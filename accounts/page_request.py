"""The request as the pages of the apps see it: somebody is signed in, and htmx may have sent it."""

from __future__ import annotations

from accounts.models import User
from ui.htmx import HtmxRequest


class PageRequest(HtmxRequest):
    """For type checks only."""

    user: User
