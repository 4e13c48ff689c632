"""Which responses were erased, told by the keyed hash of their id. Asked before anything about a response is stored."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from feedback.models import ErasedResponse, ErasureKey

_AT_ONCE = 5000


def digest_of(key: bytes, external_id: str) -> str:
    """The hash by which an erased response is known: hexadecimal, 64 characters."""
    return hmac.digest(key, external_id.encode(), "sha256").hex()


def erased_among(external_ids: Iterable[str]) -> set[str]:
    """Those of these ids that were erased. Where nothing ever was, this is one small query."""
    keys = [bytes(key) for key in ErasureKey.objects.values_list("key", flat=True)]
    if not keys:
        return set()
    by_digest = {digest_of(key, each): each for each in external_ids for key in keys}
    digests = list(by_digest)
    found: set[str] = set()
    for start in range(0, len(digests), _AT_ONCE):
        some = ErasedResponse.objects.filter(digest__in=digests[start : start + _AT_ONCE])
        found.update(by_digest[digest] for digest in some.values_list("digest", flat=True))
    return found
