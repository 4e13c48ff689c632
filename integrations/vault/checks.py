"""What is said of the keys when the database is brought up to date, before anything is saved under a wrong one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import DatabaseError

from integrations.vault.encryption import key_ring
from integrations.vault.key_rotation import scan


@register(Tags.database)
def keys_open_what_is_stored(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Warnings only: without keys the application starts, shows its numbers and makes no calls."""
    if "default" not in (databases or ()):
        return []
    try:
        report = scan()
    except DatabaseError:  # the tables are still to come
        return []
    known = key_ring().keys
    return [
        Warning(
            f"{count} stored secrets need the key {key_id}, which is not among ENCRYPTION_KEYS.",
            hint="Put it back, or save the tokens of these connections again.",
            id="integrations.W001",
        )
        if key_id not in known
        else Warning(
            f"None of the {count} secrets under the key {key_id} opens: this is probably another key of the same name.",
            hint="Put the right one back into ENCRYPTION_KEYS before anything is saved under this one.",
            id="integrations.W002",
        )
        for key_id, count in sorted(report.by_key.items())
        if not report.opened[key_id]
    ]
