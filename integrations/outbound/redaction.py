"""Blots secrets out of what Qualtrics answered: an error may repeat what was sent, in one dress or another."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

import orjson

BLOT = "[redacted]"


def blot_out(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets, whatever their letter case: plain, as in addresses, JSON, HTML and base64."""
    for secret in filter(None, secrets):
        for form in sorted(set(_forms(secret)), key=len, reverse=True):
            text = re.sub(re.escape(form), BLOT, text, flags=re.IGNORECASE)
    return text


def _forms(secret: str) -> Iterator[str]:
    yield from (secret, quote(secret, safe=""), quote_plus(secret), html.escape(secret))
    yield orjson.dumps(secret).decode()[1:-1]
    data = secret.encode()
    for before in range(3):
        # Letters at the ends hold bits of what stands beside it; the others are the same wherever it stands.
        encoded = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
        core = encoded[-(-before * 4 // 3) : len(encoded) - bool((before + len(data)) % 3)]
        yield from (core, core.replace("+", "-").replace("/", "_"))
