"""How many calls one person may cause by hand within a minute: fetches share the brand's limit with them."""

from __future__ import annotations

import time
from http import HTTPStatus

from django.conf import settings
from django.core.cache import cache

from accounts.models import User
from integrations.troubles.refusals import Refusal

_WINDOW = 60  # seconds


class TooManyByHand(Refusal):
    """This person has had enough calls for now. `retry_after`: seconds until they may go on."""

    code = "too_many_by_hand"
    http_status = HTTPStatus.TOO_MANY_REQUESTS


def admit(person: User) -> None:
    """Count a call of the console, a test of the connector, or a preview. Raises `TooManyByHand`."""
    window, elapsed = divmod(int(time.time()), _WINDOW)
    key = f"by_hand:{person.pk}:{window}"
    cache.add(key, 0, 2 * _WINDOW)
    if cache.incr(key) > settings.CALLS_BY_HAND:
        raise TooManyByHand(retry_after=_WINDOW - elapsed)
