"""Names and wordings of the vendor, as people can read them: piped text as a placeholder, nothing invisible or turned round."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_PIPED = re.compile(r"\$\{\s*(?P<from>[a-z]{1,10})://(?P<path>[^{}]{1,300})\}", re.ASCII)
# What is left open of these turns round whatever stands behind the text on a page.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ISOLATES = re.compile("[\u2066-\u2069]")
# Letters and symbols by their category, drawn as nothing by every font.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Cs", "Mn", "Zl", "Zp", "Zs"})


def readable(text: str, names: Mapping[str, str] | None = None) -> str:
    """The same words for people; "" if there is nothing to see, for somebody to put an id in its place.

    `names` tell what the ids in piped text stand for: {"QID9": "Purpose"} makes "[Purpose]" of "${q://QID9/…}".
    """
    text = _PIPED.sub(lambda match: _placeholder(match["from"], match["path"], names or {}), text)
    if all(character in _BLANK or unicodedata.category(character) in _INVISIBLE for character in text):
        return ""
    # An isolate ends whatever was opened within.
    return f"\u2068{_ISOLATES.sub('', text)}\u2069" if _TURNING.search(text) else text


def looped(text: str, values: Mapping[str, str]) -> str:
    """The same words in one loop: `values` are those of its fields, e.g. {"1": "Riviera"}."""

    def value(match: re.Match[str]) -> str:
        known = values.get(match["path"].removeprefix("Field/")) if match["from"] == "lm" else None
        return match[0] if known is None else known

    return _PIPED.sub(value, text)


def _placeholder(source: str, path: str, names: Mapping[str, str]) -> str:
    if source == "lm":
        return "[…]"
    parts = [part.strip() for part in path.partition("?")[0].split("/")]
    name = parts[1] if parts[0] == "Field" and len(parts) > 1 else parts[0]
    return f"[{names.get(name) or name or '…'}]"
