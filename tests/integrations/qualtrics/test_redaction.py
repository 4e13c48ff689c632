"""An answer that repeats a secret is blotted out before anybody sees it, however it was dressed."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from integrations.outbound.redaction import blot_out

SECRETS = ["kQ3vTz81LmXb2WcR7sYpN5dHf0GjA9eU4oViBt6C", "odd&<\"'+/=%~secret\\0123456789"]
DRESSES = {
    "plain": str,
    "capitals": str.upper,
    "address": lambda secret: quote(secret, safe=""),
    "form": quote_plus,
    "JSON": lambda secret: json.dumps({"error": secret}),
    "HTML": html.escape,
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "Bearer in base64": lambda secret: base64.b64encode(f"Bearer {secret}".encode()).decode(),
    "Basic": lambda secret: base64.b64encode(f"a client:{secret}".encode()).decode(),
    "base64 for addresses": lambda secret: base64.urlsafe_b64encode(f"??>>{secret}".encode()).decode(),
}


@pytest.mark.parametrize("secret", SECRETS, ids=["token", "odd"])
@pytest.mark.parametrize("dress", DRESSES.values(), ids=DRESSES.keys())
def test_no_dress_hides_it(dress, secret):
    said = blot_out(f"Not understood: {dress(secret)}; sorry", [secret])
    assert "[redacted]" in said
    assert said.startswith("Not understood: ") and said.endswith("; sorry")
    assert dress(secret)[4:-4] not in said
    for start in range(0, len(secret) - 12, 4):
        assert secret[start : start + 12].lower() not in said.lower()


def test_other_words_stay():
    text = "The survey SV_1 was not found; see https://x.example/?a=b+c"
    assert blot_out(text, ["", "kQ3vTz81LmXb2WcR7sYpN5dHf0GjA9eU4oViBt6C"]) == text
