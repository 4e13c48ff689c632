"""The one place where a connection's token, or its OAuth client's secret, is written and read.

Each is stored bound to the row and its host. A connection has one of them: storing one forgets the other.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from integrations.models import Connection
from integrations.qualtrics.oauth import OAuthClient
from integrations.vault import encryption
from integrations.vault.secret import Secret

# What storing either of them writes.
FIELDS = ("token_envelope", "client_secret_envelope", "client_id", "token_set_at")


def store_token(connection: Connection, token: Secret) -> None:
    """Encrypt the token for this row and host, and put it on the instance; the caller saves."""
    connection.token_envelope = encryption.encrypt(token, **binding_of(connection, "token_envelope"))
    connection.client_secret_envelope = connection.client_id = ""
    connection.token_set_at = timezone.now()


def store_client(connection: Connection, client_id: str, secret: Secret) -> None:
    """The same for an OAuth client."""
    connection.client_id = client_id
    connection.client_secret_envelope = encryption.encrypt(secret, **binding_of(connection, "client_secret_envelope"))
    connection.token_envelope = ""
    connection.token_set_at = timezone.now()


def token_of(connection: Connection) -> Secret:
    """The token. Raises `encryption.EncryptionError` if it was moved here from another row or host, or its key is gone."""
    return encryption.decrypt(connection.token_envelope, **binding_of(connection, "token_envelope"))


def client_of(connection: Connection) -> OAuthClient:
    """The OAuth client. Raises the same."""
    column = "client_secret_envelope"
    secret = encryption.decrypt(connection.client_secret_envelope, **binding_of(connection, column))
    return OAuthClient(connection.client_id, secret, connection.scopes)


def credentials_of(connection: Connection) -> Secret | OAuthClient:
    """Whichever it has."""
    return client_of(connection) if connection.auth_method == Connection.AuthMethod.OAUTH else token_of(connection)


def binding_of(connection: Connection, column: str) -> dict[str, Any]:
    """Where this envelope belongs, and opens."""
    return {"table": Connection._meta.db_table, "column": column, "row": connection.uuid, "host": connection.host}
