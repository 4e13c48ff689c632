"""How long a session lasts, and how to end the sessions of one person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User

# However busy: after this time a person signs in again. The idle limit is SESSION_COOKIE_AGE.
LONGEST = timedelta(days=7)
# Begun anew at most this often: a page that changes nothing writes nothing, and a busy person a row every five minutes.
# An idle session therefore ends up to this much before SESSION_COOKIE_AGE, never after it.
RENEWED_EVERY = timedelta(minutes=5)
View = TypeVar("View", bound=Callable[..., Any])
_STARTED = "signed_in_at"
_RENEWED = "renewed_at"


@receiver(user_logged_in)
def _note_start(sender: object, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    request.session[_STARTED] = request.session[_RENEWED] = timezone.now().timestamp()


def renew(session: SessionBase) -> None:
    """Let the idle limit begin anew, unless it did a short while ago."""
    now = timezone.now().timestamp()
    if now - session.get(_RENEWED, 0) >= RENEWED_EVERY.total_seconds():
        session[_RENEWED] = now


def unattended(view: View) -> View:
    """For what an open page asks for by itself: nobody need be there, so it does not prolong the session."""
    view.is_unattended = True  # type: ignore[attr-defined]
    return view


def is_unattended(view: Callable[..., Any]) -> bool:
    """Whether the view is marked as `unattended`."""
    return getattr(view, "is_unattended", False)


def is_too_old(session: SessionBase) -> bool:
    """Whether the person of this session signed in longer ago than allowed, or nobody knows when."""
    started = session.get(_STARTED)
    return started is None or timezone.now().timestamp() - started > LONGEST.total_seconds()


def end_sessions(user: User) -> int:
    """Sign the person out everywhere; how many sessions that were.

    Sessions are not indexed by person. There are few of them: an idle one lasts hours.
    """
    sessions = Session.objects.filter(expire_date__gt=timezone.now())
    keys = [s.session_key for s in sessions.iterator() if s.get_decoded().get(SESSION_KEY) == str(user.pk)]
    return Session.objects.filter(session_key__in=keys).delete()[0]
