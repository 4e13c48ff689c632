"""Ids in the vendor's form: a prefix and fifteen letters and digits, drawn from a seeded source."""

import random
import string
import uuid

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PAIRS = [a + b for a in ALPHABET for b in ALPHABET]


def make_id(prefix: str, source: random.Random) -> str:
    """Something like `SV_4rTq9LmX2bWc7Ks`."""
    number, letters = source.getrandbits(92), []
    for _ in range(7):
        number, pair = divmod(number, 3844)
        letters.append(_PAIRS[pair])
    return f"{prefix}_{''.join(letters)}{ALPHABET[number % 62]}"


def make_uuid(source: random.Random) -> str:
    """A version-4 UUID drawn from a seeded source."""
    return str(uuid.UUID(int=source.getrandbits(128), version=4))


def make_hex(digits: int, source: random.Random) -> str:
    """Lower-case hex digits."""
    return f"{source.getrandbits(4 * digits):0{digits}x}"


def make_token(source: random.Random) -> str:
    """A long URL-safe text, as continuation tokens are."""
    return "".join(source.choices(ALPHABET + "-_", k=72))
