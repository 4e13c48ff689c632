"""Whether the vendor may have done what was asked although no good answer came. Such a call is never repeated."""

from __future__ import annotations

from integrations.troubles.errors import QualtricsError

# Nothing was heard at the other end: no connection stood, or nothing was sent.
_NEVER_ARRIVED = frozenset(
    {
        *("dns_failed", "connection_refused", "connect_timeout", "host_internal_address", "host_not_qualtrics"),
        *("tls_expired", "tls_name", "tls_untrusted", "tls_failed", "path_refused", "header_refused"),
        *("token_malformed", "key_missing", "envelope_broken", "encryption_failed", "host_malformed", "host_empty"),
    }
)


def may_have_happened(error: QualtricsError) -> bool:
    """A refusal is certain; a lost answer, a fault of the server or an answer that makes no sense is not."""
    if error.nothing_sent:
        return False
    if error.status:
        return not 300 <= error.status < 500
    return error.code not in _NEVER_ARRIVED
