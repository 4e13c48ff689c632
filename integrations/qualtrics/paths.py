"""Paths that cannot leave the API: built from a fixed base and checked segments, never joined from text."""

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlencode

from integrations.qualtrics.hosts import Host, normalise_host
from integrations.troubles.errors import HostRefused, ListCutShort, RequestRefused

BASE = "/API/v3/"
Query = Mapping[str, str | int] | Sequence[tuple[str, str]]
_SEGMENT = re.compile(r"[A-Za-z0-9_.:~-]{1,128}", re.ASCII)
# An address that Qualtrics itself gave: of a host, inside the API, with a query and nothing else.
_NEXT_PAGE = re.compile(
    r"(https?://[A-Za-z0-9.:\[\]-]{1,260})(/API/v3(?:/[A-Za-z0-9_.:~-]{1,128})+/?)(\?[\x21\x24-\x5b\x5d-\x7e]{0,4000})?",
    re.ASCII,
)


def api_path(segments: Iterable[str], query: Query | None = None) -> str:
    """The path of a call, e.g. `/API/v3/surveys/SV_1?offset=100`."""
    parts = tuple(segments)
    if not parts:
        raise RequestRefused("A call needs a path.")
    for part in parts:
        if not isinstance(part, str) or not _SEGMENT.fullmatch(part) or not part.strip("."):
            raise RequestRefused(f"This is not a part of a path: {part!r:.60}")
    return BASE + "/".join(parts) + (f"?{urlencode(query)}" if query else "")


def next_page(url: str, current: Host, allowed_tests: Iterable[str] | None = None) -> tuple[Host, str]:
    """Host and path of a `nextPage`. The token goes along, so only to Qualtrics (or from test host to test host).

    Raises `ListCutShort`.
    """
    match = _NEXT_PAGE.fullmatch(url) if isinstance(url, str) else None
    if not match or any(not part.strip(".") for part in match[2].strip("/").split("/")):
        raise ListCutShort("The next page has an address that Qualtrics does not give.", code="next_page_refused")
    try:
        host = normalise_host(match[1], allowed_tests)
    except HostRefused:
        raise ListCutShort("The next page is elsewhere.", code="next_page_refused") from None
    if host.is_test != current.is_test or not match[1].lower().startswith(host.origin.split(":")[0]):
        raise ListCutShort("The next page is on a host of another kind.", code="next_page_refused")
    return host, match[2] + (match[3] or "")
