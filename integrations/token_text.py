"""What can be an API token at all: it travels in a header, so it must be a single printable word."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from integrations.secret import Secret

_TOKEN = re.compile(r"[\x21-\x7e]{8,200}", re.ASCII)


class TokenRefusedAsText(ValueError):
    """The text cannot be a token. Never names what was typed."""


def read_token(text: str) -> Secret:
    """The token that somebody typed or pasted, without the blanks around it."""
    word = text.strip()
    if not _TOKEN.fullmatch(word):
        raise TokenRefusedAsText(
            _("This is not an API token: it is 8 to 200 letters, digits and signs, without blanks. Copy it again.")
        )
    return Secret(word)
