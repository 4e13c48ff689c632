"""Which hosts a connection may have: `*.qualtrics.com` over TLS, and test hosts that an admin named in the settings."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from integrations.troubles.errors import HostRefused

DOMAIN = "qualtrics.com"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,29}[a-z0-9])?"
_BARE_ID = re.compile(_LABEL, re.ASCII)
_FULL_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})?\.qualtrics\.com", re.ASCII)
_TEST_HOST = re.compile(r"(?:[a-z0-9][a-z0-9.-]{0,252}|\[[0-9a-f:]{2,39}\]):[0-9]{1,5}", re.ASCII)
# A path after the host is thrown away: people paste what their browser shows. No backslash: browsers read it as "/".
_TYPED = re.compile(r"(?:(https?)://)?([^/\\]+?)(/[\x21-\x5b\x5d-\x7e]*)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Host:
    """An allowed host, written in one way only. `name` is what is stored: `fra1.qualtrics.com`, `127.0.0.1:8900`."""

    name: str
    is_test: bool = False

    @property
    def origin(self) -> str:
        """Scheme and host, as a URL begins. Plain http exists for test hosts only."""
        return f"{'http' if self.is_test else 'https'}://{self.name}"

    def __str__(self) -> str:
        return self.name


def test_hosts() -> frozenset[str]:
    """The `host:port` entries of QUALTRICS_TEST_HOSTS; entries of any other form allow nothing."""
    entries = (entry.strip().lower() for entry in settings.QUALTRICS_TEST_HOSTS)
    return frozenset(entry for entry in entries if _TEST_HOST.fullmatch(entry))


test_hosts.__test__ = False  # type: ignore[attr-defined]  # the name is no test's


def normalise_host(text: str, allowed_tests: Iterable[str] | None = None) -> Host:
    """The host that somebody typed: a data-centre id, a host, or an address copied from a browser.

    Raises `HostRefused`, whose code says why.
    """
    if not text:
        raise HostRefused("No host was given.", code="host_empty")
    if len(text) > 2048 or not text.isascii() or not text.isprintable() or " " in text:
        raise HostRefused("The host holds characters that no host has.", code="host_malformed")
    match = _TYPED.fullmatch(text)
    if not match:
        raise HostRefused("The host cannot be read.", code="host_malformed")
    scheme, name, path = (match[1] or "").lower(), match[2].lower(), match[3]

    if name in (test_hosts() if allowed_tests is None else allowed_tests):
        if scheme == "https":
            raise HostRefused("Test hosts are reached over plain http.", code="host_malformed")
        return Host(name, is_test=True)
    if "@" in name or ":" in name:
        raise HostRefused("A host has no user name and no port.", code="host_malformed")
    if scheme == "http":
        raise HostRefused("Qualtrics is reached over https only.", code="host_not_https")
    if not scheme and not path and _BARE_ID.fullmatch(name):
        name = f"{name}.{DOMAIN}"
    if not _FULL_HOST.fullmatch(name):
        raise HostRefused("Only hosts of qualtrics.com are allowed.", code="host_not_qualtrics")
    labels = name.removesuffix(f".{DOMAIN}").split(".")
    # No data centre or brand looks like these; a person who types them means some other machine.
    if any(label.startswith("xn--") or label == "localhost" or not re.search("[a-z]", label) for label in labels) or (
        re.fullmatch("0x[0-9a-f]+", labels[0])
    ):
        raise HostRefused("This is an address or a disguised name, not a host of Qualtrics.", code="host_not_qualtrics")
    return Host(name)
