"""One-time links with which a person sets a password: handed over by an admin, or sent by mail.

A link ends with PASSWORD_RESET_TIMEOUT, at its first use, and when the person signs in.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import User


def password_link(user: User, origin: str) -> tuple[str, datetime]:
    """The address for this person below `origin` (`https://host`), and when it ends."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("accounts:set_password", args=[uid, default_token_generator.make_token(user)])
    return origin.rstrip("/") + path, timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)


def mail_is_sent() -> bool:
    """Whether this deployment can send mail; without EMAIL_URL letters only appear on the console."""
    return not settings.EMAIL_BACKEND.endswith(("console.EmailBackend", "dummy.EmailBackend"))
