"""API tokens: made once, kept as a hash, found by it."""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.audit import Event, note
from accounts.models import ApiToken, User

_ALPHABET = string.digits + string.ascii_letters
# A prefix of our own and a check sum at the end let scanners recognise a leaked key.
_PREFIX = "pcs_api_"
_LAST_USED_STEP = timedelta(minutes=5)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _check_sum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def make(
    user: User,
    name: str,
    *,
    read_only: bool = False,
    expires_at: datetime | None = None,
    maker: ApiToken | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its key; the key is in this answer and nowhere else.

    One that is made with another token (`maker`) ends no later than its maker, and with it: a lost key cannot prolong
    itself.
    """
    if maker and maker.expires_at:
        expires_at = min(expires_at or maker.expires_at, maker.expires_at)
    body = _PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(30))
    key = body + _check_sum(body)
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            name=name,
            prefix=key[:12],
            digest=_digest(key),
            read_only=read_only,
            expires_at=expires_at,
            made_with=maker,
        )
        note(Event.TOKEN_MADE, token, owner=user.email, read_only=read_only)
    return token, key


def find(key: str) -> ApiToken | None:
    """The usable token with this key: known, not revoked, not expired, of an active person."""
    if not key.startswith(_PREFIX) or _check_sum(key[:-8]) != key[-8:]:
        return None
    token = ApiToken.objects.select_related("user").filter(digest=_digest(key), revoked_at=None).first()
    now = timezone.now()
    if token is None or not token.user.is_active or (token.expires_at and token.expires_at <= now):
        return None
    if token.last_used_at is None or now - token.last_used_at > _LAST_USED_STEP:  # not a write per request
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


@transaction.atomic
def revoke(*tokens: ApiToken) -> None:
    """End them now, and those that were made with them; their rows stay, for whoever asks later what they were."""
    ending = [token for token in tokens if token.revoked_at is None]
    for token in ending:
        ending += ApiToken.objects.filter(made_with=token, revoked_at=None).exclude(pk__in=[each.pk for each in ending])
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        note(Event.TOKEN_REVOKED, token, owner=token.user.email)


def revoke_all(user: User) -> None:
    """End every token of this person."""
    revoke(*ApiToken.objects.filter(user=user, revoked_at=None))
