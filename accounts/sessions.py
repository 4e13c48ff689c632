"""How long a session lasts, which sessions a person has, and how to end them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts.audit import Event, note
from accounts.client_address import client_address
from accounts.models import User

# However busy: after this time a person signs in again. The idle limit is SESSION_COOKIE_AGE.
LONGEST = timedelta(days=7)
# Begun anew at most this often: a page that changes nothing writes nothing, and a busy person a row every five minutes.
# An idle session therefore ends up to this much before SESSION_COOKIE_AGE, never after it.
RENEWED_EVERY = timedelta(minutes=5)
View = TypeVar("View", bound=Callable[..., Any])
_STARTED = "signed_in_at"
_RENEWED = "renewed_at"
_ADDRESS = "address"
_BROWSER = "browser"
# Looked for in this order: each also names those that it wants to be taken for.
_BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox|FxiOS": "Firefox", "Chrome|CriOS": "Chrome", "Safari": "Safari"}
_SYSTEMS = {"Windows": "Windows", "Android": "Android", "iPhone|iPad": "iOS", "Mac OS": "macOS", "Linux": "Linux"}


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its person sees it. `id` names it, and opens nothing."""

    id: str
    started_at: datetime
    seen_at: datetime  # to within five minutes
    address: str
    browser: str
    is_current: bool


@receiver(user_logged_in)
def _note_start(sender: object, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    request.session[_STARTED] = request.session[_RENEWED] = timezone.now().timestamp()
    request.session[_ADDRESS] = client_address(request)
    request.session[_BROWSER] = _browser(request.headers.get("User-Agent", ""))


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


def sessions_of(user: User, current: str | None = None) -> list[OpenSession]:
    """The person's sessions that are still good, the one with the key `current` first, then the newest."""
    found = [
        OpenSession(
            _name(key),
            datetime.fromtimestamp(data[_STARTED], UTC),
            datetime.fromtimestamp(data.get(_RENEWED, data[_STARTED]), UTC),
            data.get(_ADDRESS, ""),
            data.get(_BROWSER, ""),
            key == current,
        )
        for key, data in _stored(user)
        if data.get(_STARTED, 0) > (timezone.now() - LONGEST).timestamp()
        and data.get(HASH_SESSION_KEY) == user.get_session_auth_hash()
    ]
    return sorted(found, key=lambda session: (session.is_current, session.started_at), reverse=True)


def end_sessions(user: User, *, but: str | None = None, only: str | None = None) -> int:
    """Sign the person out everywhere, except in the session with the key `but`, or only in the one named `only`.

    How many sessions that were.
    """
    keys = [key for key, _data in _stored(user) if key != but and only in (None, _name(key))]
    ended = Session.objects.filter(session_key__in=keys).delete()[0]
    if ended:
        note(Event.SESSIONS_ENDED, user, sessions=ended)
    return ended


def _stored(user: User) -> Iterator[tuple[str, dict[str, Any]]]:
    """Key and content of each. Sessions are not indexed by person; there are few of them: an idle one lasts hours."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        data = session.get_decoded()
        if data.get(SESSION_KEY) == str(user.pk):
            yield session.session_key, data


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _browser(header: str) -> str:
    """Browser and system in two words, as far as the header tells; what it says is the sender's word."""
    told = [
        next((name for mark, name in names.items() if re.search(mark, header)), "") for names in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(filter(None, told))
