"""Finds secrets in whatever came out: as they are, and in every dress that software on the way puts on them."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus


def _base64(secret: bytes) -> Iterator[bytes]:
    """What of it stays the same in base64 wherever in a longer text it begins, in both alphabets."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret)
        start = -(-before * 4 // 3) if before else 0  # letters that hold bits of what stands before
        end = len(encoded.rstrip(b"=")) - (1 if (before + len(secret)) % 3 else 0)  # the last may hold what follows
        for alphabet in (encoded, encoded.replace(b"+", b"-").replace(b"/", b"_")):
            yield alphabet[start:end]


def _hex(secret: bytes) -> Iterator[bytes]:
    yield secret.hex().encode()
    yield secret.hex().upper().encode()


def _url(secret: bytes) -> Iterator[bytes]:
    text = secret.decode()
    yield from (quote(text).encode(), quote(text, safe="").encode(), quote_plus(text).encode())
    yield "".join(f"%{byte:02X}" for byte in secret).encode()
    yield "".join(f"%{byte:02x}" for byte in secret).encode()


def _json(secret: bytes) -> Iterator[bytes]:
    text = secret.decode()
    yield json.dumps(text)[1:-1].encode()
    yield json.dumps(json.dumps(text)[1:-1])[1:-1].encode()
    yield "".join(f"\\u{ord(letter):04x}" for letter in text).encode()
    for letter in "<>&'":  # as `json_script` and cautious libraries write them
        text = text.replace(letter, f"\\u{ord(letter):04X}")
    yield text.replace('"', '\\"').encode()


def _html(secret: bytes) -> Iterator[bytes]:
    text = secret.decode()
    yield html.escape(text).encode()
    yield html.escape(text, quote=False).encode()
    yield html.escape(html.escape(text)).encode()
    yield "".join(f"&#{ord(letter)};" for letter in text).encode()
    yield "".join(f"&#x{ord(letter):x};" for letter in text).encode()


def _plain(secret: bytes) -> Iterator[bytes]:
    yield secret
    yield secret.decode().encode("utf-16-le")
    yield repr(secret.decode())[1:-1].encode()


ENCODINGS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "plain": _plain, "base64": _base64, "hex": _hex, "url": _url, "json": _json, "html": _html,
}  # fmt: skip


def dresses(secret: str) -> dict[str, set[bytes]]:
    """{encoding: what to look for}"""
    return {name: set(encode(secret.encode())) for name, encode in ENCODINGS.items()}


@dataclass
class Scanner:
    """Looks for named secrets; what it finds are `(where, secret's name, encoding)`, never the secret."""

    secrets: Mapping[str, str]
    found: list[tuple[str, str, str]] = field(default_factory=list)
    looked_at: dict[str, int] = field(default_factory=dict)  # bytes by place

    def __post_init__(self) -> None:
        self._wanted = [
            (name, encoding, pattern)
            for name, secret in self.secrets.items()
            for encoding, patterns in dresses(secret).items()
            for pattern in patterns
        ]

    def look(self, where: str, what: str | bytes) -> None:
        """Note every secret in it."""
        data = what.encode("utf-8", "surrogatepass") if isinstance(what, str) else what
        place = where.partition(" ")[0]
        self.looked_at[place] = self.looked_at.get(place, 0) + len(data)
        for name, encoding, pattern in self._wanted:
            if pattern in data and (where, name, encoding) not in self.found:
                self.found.append((where, name, encoding))
