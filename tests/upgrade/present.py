"""The only place where the upgrade tests import modules of the product that may move; change it when they do."""

from __future__ import annotations

from integrations import encryption
from integrations.qualtrics.messages import _MESSAGES
from integrations.rewrapping import COLUMNS


def known_error_codes() -> set[str]:
    """Codes of errors, as they are stored, that have sentences."""
    return set(_MESSAGES)


def opened_secrets() -> dict[str, str]:
    """Every stored secret in clear: {"table.column.id": secret}. Raises `EncryptionError` if one does not open."""
    return {
        f"{each.model._meta.db_table}.{each.column}.{row.pk}": encryption.decrypt(
            getattr(row, each.column), **each.place(row)
        ).reveal()
        for each in COLUMNS
        for row in each.rows()
    }
