"""Every column that holds an encrypted secret, told to the change of the key. A test holds this list against the models."""

from __future__ import annotations

from functools import partial

from integrations.health import endpoints
from integrations.models import AlertEndpoint, Connection, ResponseWatch
from integrations.vault.key_rotation import COLUMNS, Envelopes
from integrations.vendor import tokens
from integrations.webhooks import subscriptions


def register() -> None:
    """Name the columns whose names end in `_envelope`, with what each envelope is bound to."""
    COLUMNS[:] = [
        Envelopes(Connection, "token_envelope", partial(tokens.binding_of, column="token_envelope")),
        Envelopes(Connection, "client_secret_envelope", partial(tokens.binding_of, column="client_secret_envelope")),
        Envelopes(ResponseWatch, "key_envelope", subscriptions.binding_of),
        Envelopes(ResponseWatch, "former_key_envelope", subscriptions.binding_of),
        Envelopes(AlertEndpoint, "secret_envelope", endpoints.binding_of),
    ]
