"""The audit trail: who did what to accounts, rights, secrets and connections. A row in a table, and a line in the log.

Nothing in it is a secret. Who it was is read from the request at hand; where there is none, a command or a worker did it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import models, transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.client_address import client_address
from accounts.models import ApiToken, AuditEvent, User

logger = logging.getLogger("parcours.audit")

_at_hand: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


class Event(StrEnum):
    """What is noted. The words are stored: none is ever renamed."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    SESSIONS_ENDED = "sessions_ended"
    PASSWORD_SET = "password_set"  # noqa: S105 (a word)
    PASSWORD_LINK_MADE = "password_link_made"  # noqa: S105 (a word)
    PERSON_ADDED = "person_added"
    ROLE_CHANGED = "role_changed"
    PERSON_DEACTIVATED = "person_deactivated"
    PERSON_REACTIVATED = "person_reactivated"
    TOKEN_MADE = "token_made"  # noqa: S105 (a word)
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 (a word)
    ORGANISATION_CHANGED = "organisation_changed"
    CONNECTION_ADDED = "connection_added"
    CONNECTION_CHANGED = "connection_changed"
    CONNECTION_DELETED = "connection_deleted"
    VENDOR_CALLED = "vendor_called"
    ALERT_TARGET_ADDED = "alert_target_added"
    ALERT_TARGET_DELETED = "alert_target_deleted"


class AuditMiddleware:
    """Keeps the request at hand, so that what is done in it can be noted with who did it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = _at_hand.set(request)
        try:
            return self.get_response(request)
        finally:
            _at_hand.reset(before)


def note(event: Event, about: models.Model | None = None, *, by: User | None = None, **facts: Any) -> None:
    """Note that this was done to `about`. Part of the transaction at hand: what is rolled back was not done."""
    request = _at_hand.get()
    user = by or getattr(request, "user", None)
    token = getattr(request, "auth", None)
    if isinstance(token, ApiToken):
        facts["with_token"] = token.pk
    row = AuditEvent.objects.create(
        event=event,
        by=user if isinstance(user, User) else None,
        by_email=user.email if isinstance(user, User) else "",
        address=client_address(request) if request else "",
        about=_named(about) if about else "",
        facts=facts,
    )
    line = {"event": event, "by": row.by_email, "address": row.address, "about": row.about, **facts}
    transaction.on_commit(partial(logger.info, "%s", json.dumps(line, ensure_ascii=False)), robust=True)


def forget_old() -> int:
    """Lines older than KEEP_AUDIT_DAYS; how many went."""
    old = timezone.now() - timedelta(days=settings.KEEP_AUDIT_DAYS)
    return AuditEvent.objects.filter(at__lt=old).delete()[0]


def _named(thing: models.Model) -> str:
    """Its kind, number and name, as they were when it happened."""
    return f"{thing._meta.model_name} {thing.pk}: {thing.email if isinstance(thing, User) else thing}"[:300]


@receiver(user_logged_in)
def _note_sign_in(sender: object, user: User, **_kwargs: Any) -> None:
    note(Event.SIGNED_IN, by=user)


@receiver(user_logged_out)
def _note_sign_out(sender: object, user: User | None, **_kwargs: Any) -> None:
    if user:
        note(Event.SIGNED_OUT, by=user)


@receiver(user_login_failed)
def _note_failed_sign_in(sender: object, credentials: dict[str, Any], **_kwargs: Any) -> None:
    """About the account, if there is one: what else is typed into that field may be a password."""
    typed = str(credentials.get(User.USERNAME_FIELD) or credentials.get("username") or "")
    note(Event.SIGN_IN_FAILED, User.objects.filter(email=typed.strip().lower()).first())
