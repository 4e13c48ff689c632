"""A client for a connection: its host, its token, and what is learnt about the connection from each call."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from django.db import transaction

from feedback.models import Survey
from integrations.models import Connection
from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.gateway import Limits
from integrations.qualtrics.hosts import normalise_host
from integrations.troubles.errors import QualtricsError, TokenRefused
from integrations.vault.encryption import EncryptionError
from integrations.vendor.call_counts import CallMeter
from integrations.vendor.instance_guard import refuse_changes_of_a_copy
from integrations.vendor.tokens import credentials_of

# Background work waits in its row, not in a sleeping worker.
BACKGROUND = Limits(tries=3, longest_sleep=3.0, all_tries_seconds=15.0)
# Somebody looks at a page meanwhile.
INTERACTIVE = Limits(tries=2, longest_sleep=2.0, all_tries_seconds=8.0, json_seconds=15.0)


class TokenUnreadable(QualtricsError):
    """The stored token cannot be read: its key is missing, or it was moved here from elsewhere."""

    code = "key_missing"
    nothing_sent = True


class ConnectedClient(QualtricsClient):
    """A client that counts its calls, and stops its connection when the token is refused."""

    def __init__(self, connection: Connection, *args: Any, **options: Any) -> None:
        self._connection = connection
        self._meter = CallMeter(connection.pk)
        told = options.pop("on_call", None)

        def on_call(method: str, path: str) -> None:
            if told:
                told(method, path)
            self._meter.count(method, path)

        super().__init__(*args, on_call=on_call, **options)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        super().__exit__(kind, error, trace)
        if isinstance(error, TokenRefused):
            stop(self._connection, error.code)

    def close(self) -> None:
        super().close()
        self._meter.write()


@transaction.atomic
def stop(connection: Connection, code: str, detail: dict[str, Any] | None = None) -> None:
    """Every further call would be refused as well, and may lock the account: all of it waits for a person.

    `detail`: what the sentences of the code name.
    """
    same_token = Connection.objects.filter(pk=connection.pk, token_set_at=connection.token_set_at)
    if same_token.filter(stopped_code="").update(stopped_code=code, stopped_detail=detail or {}):
        Survey.objects.filter(feed__connection=connection.pk).update(attention_code=code)


def client_for(
    connection: Connection,
    *,
    limits: Limits = INTERACTIVE,
    on_call: Callable[[str, str], None] | None = None,
    **options: Any,
) -> ConnectedClient:
    """A client for this connection; close it, or use it with `with`. Raises `QualtricsError`s only."""
    host = normalise_host(connection.host)
    try:
        credentials = credentials_of(connection)
    except EncryptionError as error:
        raise TokenUnreadable("The stored token cannot be read.", code=error.code) from error
    options = {"before_change": refuse_changes_of_a_copy, **options}
    return ConnectedClient(connection, host, credentials, limits=limits, on_call=on_call, **options)
