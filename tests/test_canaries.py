"""The scanner for secrets finds a planted one in every encoding; else its silence would prove nothing."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, urlencode

import pytest

from tests.canaries import Scanner

SECRETS = {"plain token": "CanaryTokenThatNobodyMaySee0123456789abc", "odd token": 'can<ary&"quo\'ted"/+=%;é~token'}


def found_in(text: str | bytes) -> set[tuple[str, str]]:
    scanner = Scanner(SECRETS)
    scanner.look("here", text)
    return {(name, encoding) for _where, name, encoding in scanner.found}


PLANTED = {
    "plain": lambda secret: f"GET /?a={secret}&b=1",
    "utf-16": lambda secret: f"xx{secret}xx".encode("utf-16-le"),
    "repr": lambda secret: repr({"token": secret}),
    "base64": lambda secret: base64.b64encode(secret.encode()),
    "base64 of a header": lambda secret: base64.b64encode(f"client-id:{secret}".encode()),
    "base64, second offset": lambda secret: base64.b64encode(b"x" + secret.encode() + b"tail"),
    "base64, third offset": lambda secret: base64.b64encode(b"xy" + secret.encode() + b"tail!"),
    "base64 for addresses": lambda secret: base64.urlsafe_b64encode(b"\xff\xfe\xfd" + secret.encode()),
    "hex": lambda secret: secret.encode().hex(),
    "hex in capitals": lambda secret: f"0x{secret.encode().hex().upper()}",
    "url": lambda secret: f"https://x.example/?{urlencode({'token': secret})}",
    "path": lambda secret: quote(secret),
    "every byte": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
    "json": lambda secret: json.dumps({"a": [secret]}),
    "json in json": lambda secret: json.dumps({"body": json.dumps({"a": secret})}),
    "json, escaped": lambda secret: "".join(f"\\u{ord(letter):04x}" for letter in secret),
    "html": lambda secret: f"<p>{html.escape(secret)}</p>",
    "html, twice": lambda secret: html.escape(f"<p>{html.escape(secret)}</p>"),
    "html, numbered": lambda secret: "".join(f"&#{ord(letter)};" for letter in secret),
    "html, numbered in hex": lambda secret: "".join(f"&#x{ord(letter):x};" for letter in secret),
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_secret_is_found(plant, name):
    assert {found for found, _encoding in found_in(plant(SECRETS[name]))} == {name}


@pytest.mark.parametrize("before", range(12))
@pytest.mark.parametrize("after", range(4))
def test_it_is_found_wherever_in_base64_it_stands(before, after):
    text = base64.b64encode(b"\xa7" * before + SECRETS["odd token"].encode() + b"\x5c" * after)
    assert ("odd token", "base64") in found_in(text)


def test_what_holds_no_secret_is_clean():
    assert found_in("enc:v1:k1:AAAA canary token " + "x" * 10_000) == set()


def test_it_counts_what_it_looked_at():
    scanner = Scanner(SECRETS)
    scanner.look("page /a/", "12345")
    scanner.look("page /b/", "é")
    assert scanner.looked_at == {"page": 7}
