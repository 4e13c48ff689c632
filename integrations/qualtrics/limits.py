"""How many calls Qualtrics allows in a minute, by family of calls, and to which family a call belongs.

All calls of a brand share one limit, over all its users and tools; some families have a lower one of their own.
"""

import re
from dataclasses import dataclass

ALL = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Calls that share a limit, in calls a minute."""

    key: str
    a_minute: int
    method: str = ""
    path: str = ""  # below /API/v3/, as a regular expression


_ID = "[^/]+"
FAMILIES = (
    Family(ALL, 3000),
    Family("exports", 100, "POST", f"surveys/{_ID}/export-responses"),
    Family("progress", 1000, "GET", f"surveys/{_ID}/export-responses/{_ID}"),
    Family("files", 100, "GET", f"surveys/{_ID}/export-responses/{_ID}/file"),
    Family("responses", 240, "GET", f"surveys/{_ID}/responses/{_ID}"),
    Family("schemas", 60, "GET", f"surveys/{_ID}/response-schema"),
    Family("subscriptions", 120, "(GET|POST|DELETE)", f"eventsubscriptions(/{_ID})?"),
    Family("contacts", 500, "(POST|PUT|DELETE)", f"directories/{_ID}/(contacts|mailinglists)(/.*)?"),
)
_OWN = [(family.key, re.compile(f"{family.method} /API/v3/{family.path}/?")) for family in FAMILIES if family.key]


def family_of(method: str, path: str) -> str:
    """The key of the family with a limit of its own that this call belongs to; empty if only the common one holds."""
    call = f"{method} {path.partition('?')[0]}"
    return next((key for key, pattern in _OWN if pattern.fullmatch(call)), ALL)
