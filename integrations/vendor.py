"""A client for a connection: its host, its token, and what is learnt about the connection from each call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integrations.encryption import EncryptionError
from integrations.models import Connection
from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.errors import QualtricsError
from integrations.qualtrics.gateway import Limits
from integrations.qualtrics.hosts import normalise_host
from integrations.tokens import token_of

# Background work waits in its row, not in a sleeping worker.
BACKGROUND = Limits(tries=3, longest_sleep=3.0, all_tries_seconds=15.0)
# Somebody looks at a page meanwhile.
INTERACTIVE = Limits(tries=2, longest_sleep=2.0, all_tries_seconds=8.0, json_seconds=15.0)


class TokenUnreadable(QualtricsError):
    """The stored token cannot be read: its key is missing, or it was moved here from elsewhere."""

    code = "key_missing"
    permanent = True


def client_for(
    connection: Connection,
    *,
    limits: Limits = INTERACTIVE,
    on_call: Callable[[str, str], None] | None = None,
    **options: Any,
) -> QualtricsClient:
    """A client for this connection; close it, or use it with `with`. Raises `QualtricsError`s only."""
    host = normalise_host(connection.host)
    try:
        token = token_of(connection)
    except EncryptionError as error:
        raise TokenUnreadable("The stored token cannot be read.", code=error.code) from error
    return QualtricsClient(host, token, limits=limits, on_call=on_call, **options)
