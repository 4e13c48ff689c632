"""The one place where a connection's token is written and read. It is stored bound to the row and its host."""

from __future__ import annotations

from django.utils import timezone

from integrations import encryption
from integrations.models import Connection
from integrations.secret import Secret

_PLACE = {"table": Connection._meta.db_table, "column": "token_envelope"}


def store_token(connection: Connection, token: Secret) -> None:
    """Encrypt the token for this row and host, and put it on the instance; the caller saves."""
    connection.token_envelope = encryption.encrypt(token, **_PLACE, row=connection.uuid, host=connection.host)
    connection.token_set_at = timezone.now()


def token_of(connection: Connection) -> Secret:
    """The token. Raises `encryption.EncryptionError` if it was moved here from another row or host, or its key is gone."""
    return encryption.decrypt(connection.token_envelope, **_PLACE, row=connection.uuid, host=connection.host)
