"""One-time links with which a person sets a password: handed over by an admin, or sent by mail.

A link ends with PASSWORD_RESET_TIMEOUT, at its first use, and when the person signs in. Its host is that of PUBLIC_URL: what
a request says of its own host and port may be anybody's invention, and the letter would carry the link there.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.audit import Event, note
from accounts.models import User


def password_link(user: User, asked_by: HttpRequest | None = None) -> tuple[str, datetime]:
    """The address for this person, and when it ends.

    Without PUBLIC_URL, the link is for the admin alone who asked for it, and leads where they are.
    """
    origin = settings.PUBLIC_URL or (f"{asked_by.scheme}://{asked_by.get_host()}" if asked_by else "")
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("accounts:set_password", args=[uid, default_token_generator.make_token(user)])
    note(Event.PASSWORD_LINK_MADE, user)
    return origin + path, timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)


def mail_is_sent() -> bool:
    """Whether this deployment can send mail; without EMAIL_URL letters only appear on the console."""
    return not settings.EMAIL_BACKEND.endswith(("console.EmailBackend", "dummy.EmailBackend"))


def letters_are_sent() -> bool:
    """Whether somebody can have a link sent: mail works, and it is known where the link leads."""
    return mail_is_sent() and bool(settings.PUBLIC_URL)
