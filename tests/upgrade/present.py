"""The only place where the upgrade tests import modules of the product that may move; change it when they do."""

from __future__ import annotations

from integrations.troubles.table import TROUBLES
from integrations.vault import encryption
from integrations.vault.key_rotation import COLUMNS


def known_error_codes() -> set[str]:
    """Codes of errors, as they are stored, that have sentences."""
    return set(TROUBLES)


def opened_secrets() -> dict[str, str]:
    """Every stored secret in clear: {"table.column.id": secret}. Raises `EncryptionError` if one does not open."""
    return {
        f"{each.model._meta.db_table}.{each.column}.{row.pk}": encryption.decrypt(
            getattr(row, each.column), **each.binding_of(row)
        ).reveal()
        for each in COLUMNS
        for row in each.rows()
    }
