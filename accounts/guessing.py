"""A limit for password guessing over many accounts; django-axes counts the guesses at each single one.

The lock of a single account holds for the guesser's address only: nobody can lock somebody else out.
"""

from __future__ import annotations

from datetime import timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from accounts.models import User


def username_typed(request: object, credentials: dict[str, str] | None) -> str:
    """The name that guesses are counted under, whatever its letter case."""
    given = credentials or {}
    name = given.get("username") or given.get(User.USERNAME_FIELD) or getattr(request, "POST", {}).get("username", "")
    return name.strip().lower()


def too_many_failures_from(address: str) -> bool:
    """Whether so many sign-ins failed from this address lately that it must wait."""
    since = timezone.now() - timedelta(hours=settings.AXES_COOLOFF_TIME)
    attempts = AccessAttempt.objects.filter(ip_address=address or None, attempt_time__gte=since)
    failures = attempts.aggregate(total=Sum("failures_since_start"))["total"] or 0
    return failures >= settings.LOGIN_FAILURES_PER_ADDRESS
