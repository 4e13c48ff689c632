"""Whether the vendor may have done what was asked although no good response came. Such a call is never repeated."""

from __future__ import annotations

from integrations.troubles.errors import QualtricsError
from integrations.troubles.table import trouble_of


def may_have_happened(error: QualtricsError) -> bool:
    """A refusal is certain; a lost response, a fault of the server or a response that makes no sense is not."""
    if error.nothing_sent:
        return False
    if error.status:
        return not 300 <= error.status < 500
    return trouble_of(error.code).arrived
