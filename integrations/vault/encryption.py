"""Secrets at rest: AES-256-GCM, bound to the row and host they belong to, under a ring of keys that can be rotated.

A stored secret looks like `enc:v1:<key id>:<base64url(nonce + ciphertext)>`. It opens only in its own table, column,
row and for its own host: copied elsewhere, or with one bit changed, it is refused. Somebody who may write to the
database can thus not move a token to a connection whose host is theirs.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from integrations.troubles.refusals import Refusal
from integrations.vault.secret import Secret

_ENVELOPE = re.compile(r"enc:v1:([A-Za-z0-9_-]{1,32}):([A-Za-z0-9_-]+)", re.ASCII)
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_NONCE_BYTES = 12
_TAG_BYTES = 16


class EncryptionError(Refusal):
    """A stored secret cannot be used. `code` is stable and has its sentences in `troubles/table.py`."""

    code = "encryption_failed"

    def __init__(self, message: str) -> None:
        super().__init__()
        self.args = (message,)  # for logs, in English


class KeyMissing(EncryptionError):
    """The key that this secret needs is not in the ring, or there is no key at all."""

    code = "key_missing"


class EnvelopeBroken(EncryptionError):
    """The stored text was changed, cut, moved from another row or host, or was never an envelope."""

    code = "envelope_broken"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by id; the first one encrypts, all of them decrypt. It may be empty."""

    keys: dict[str, AESGCM] = field(default_factory=dict, repr=False)

    @classmethod
    def from_entries(cls, entries: Iterable[str]) -> "KeyRing":
        """The ring that `id:base64 of 32 bytes` entries describe."""
        keys: dict[str, AESGCM] = {}
        for position, entry in enumerate(entries, start=1):
            key_id, _, encoded = entry.strip().partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                key = b""
            # The entry itself is never named: it may be the key.
            if not _KEY_ID.fullmatch(key_id) or len(key) != 32:
                raise ImproperlyConfigured(
                    f"Entry {position} of ENCRYPTION_KEYS is not `id:base64 of 32 bytes`. "
                    "Make a key with: python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'"
                )
            if key_id in keys:
                raise ImproperlyConfigured(f"The id of entry {position} of ENCRYPTION_KEYS occurs twice.")
            keys[key_id] = AESGCM(key)
        return cls(keys)

    @property
    def first_id(self) -> str | None:
        """Id of the key that encrypts."""
        return next(iter(self.keys), None)


def key_ring() -> KeyRing:
    """The ring of this installation."""
    return KeyRing.from_entries(settings.ENCRYPTION_KEYS)


def encrypt(secret: Secret, *, table: str, column: str, row: UUID | str, host: str) -> str:
    """The envelope in which this secret may be stored, in this place only."""
    ring = key_ring()
    if ring.first_id is None:
        raise KeyMissing("There is no key to encrypt with: ENCRYPTION_KEYS is empty.")
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = ring.keys[ring.first_id].encrypt(nonce, secret.reveal().encode(), _binding(table, column, row, host))
    return f"enc:v1:{ring.first_id}:{_to_text(nonce + sealed)}"


def decrypt(envelope: str, *, table: str, column: str, row: UUID | str, host: str) -> Secret:
    """The secret of an envelope found in this place."""
    key_id, sealed = _open(envelope)
    key = key_ring().keys.get(key_id)
    if key is None:
        raise KeyMissing(f"The key {key_id!r} is not among ENCRYPTION_KEYS.")
    try:
        plain = key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _binding(table, column, row, host))
    except InvalidTag:
        broken = True
    else:
        broken = False
    if broken:
        raise EnvelopeBroken("The stored secret does not belong to this row and host, or it was changed.")
    return Secret(plain.decode())


def key_id_of(envelope: str) -> str:
    """Id of the key that this envelope was made with."""
    return _open(envelope)[0]


def needs_rewrap(envelope: str) -> bool:
    """Whether this envelope was made with another key than the one that encrypts now."""
    return key_id_of(envelope) != key_ring().first_id


def _binding(table: str, column: str, row: UUID | str, host: str) -> bytes:
    parts = (table, column, str(row), host)
    if any("\0" in part for part in parts):
        raise ValueError("No part of a secret's place may hold NUL: two places could then look the same.")
    return "\0".join(parts).encode()


def _open(envelope: str) -> tuple[str, bytes]:
    match = _ENVELOPE.fullmatch(envelope)
    if not match:
        raise EnvelopeBroken("The stored text is not an encrypted secret.")
    try:
        sealed = base64.urlsafe_b64decode(match[2] + "=" * (-len(match[2]) % 4))
    except binascii.Error:
        sealed = b""
    # Base64 leaves spare bits at the end: only the one spelling that we write ourselves is accepted.
    if len(sealed) < _NONCE_BYTES + _TAG_BYTES or _to_text(sealed) != match[2]:
        raise EnvelopeBroken("The stored secret was cut or changed.")
    return match[1], sealed


def _to_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
