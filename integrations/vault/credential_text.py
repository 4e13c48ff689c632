"""What can be a token, a client or a scope at all: they travel in headers, so they are single printable words."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from integrations.vault.secret import Secret

_TOKEN = re.compile(r"[\x21-\x7e]{8,200}", re.ASCII)
# A colon would end it in the header that carries id and secret.
_CLIENT_ID = re.compile(r"[\x21-\x39\x3b-\x7e]{1,200}", re.ASCII)
_SCOPE = re.compile(r"(?:(?:manage|read|write):[a-z_]{1,60}|openid|profile)", re.ASCII)


class TokenRefusedAsText(ValueError):
    """The text cannot be a token or a client's secret. Never names what was typed."""


def read_token(text: str) -> Secret:
    """The token that somebody typed or pasted, without the blanks around it."""
    return _read(
        text, _("This is not an API token: it is 8 to 200 letters, digits and signs, without blanks. Copy it again.")
    )


def read_client_secret(text: str) -> Secret:
    """The secret of an OAuth client, the same way."""
    return _read(
        text, _("This is not a client secret: it is 8 to 200 letters, digits and signs, without blanks. Copy it again.")
    )


def validate_client_id(text: str) -> None:
    """Refuse what cannot be the id of an OAuth client."""
    if not _CLIENT_ID.fullmatch(text):
        raise ValidationError(
            _("A client ID is made of letters, digits and signs, without blanks and colons."),
            code="client_id_malformed",
        )


def validate_scopes(text: str) -> None:
    """Refuse what is no list of scopes, with blanks between them."""
    for word in text.split():
        if not _SCOPE.fullmatch(word):
            raise ValidationError(
                _("“%(scope)s” is not a scope. Scopes look like read:surveys, with blanks between them."),
                code="scope_malformed",
                params={"scope": word[:60]},
            )


def _read(text: str, refusal: str) -> Secret:
    word = text.strip()
    if not _TOKEN.fullmatch(word):
        raise TokenRefusedAsText(refusal)
    return Secret(word)
