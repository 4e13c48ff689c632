"""Changing the encryption key: every stored secret is put under the newest one, one by one, while everything runs.

Nothing is kept of how far it came: a secret that is under the newest key needs no work, so whoever was killed in the middle
begins anew. A secret that somebody replaces meanwhile is theirs: it is written only where the old envelope still stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from integrations.vault import encryption
from integrations.vault.secret import Secret

BATCH = 200
# Replacing a watch's key moves its envelope to another column, perhaps to one that was passed already.
_MOST_PASSES = 5


@dataclass(frozen=True, slots=True)
class Envelopes:
    """A column that holds envelopes, and where that of a row belongs."""

    model: Any
    column: str
    binding_of: Callable[[Any], dict[str, Any]]

    def rows(self) -> Iterator[Any]:
        """Every row that has one, in batches, also while rows come and go."""
        last = 0
        while batch := list(self.model.objects.filter(pk__gt=last).exclude(**{self.column: ""}).order_by("pk")[:BATCH]):
            yield from batch
            last = batch[-1].pk


# Filled by `integrations/envelopes.py` when the app starts.
COLUMNS: list[Envelopes] = []


@dataclass(slots=True)
class Report:
    """What was found and what opened, by key id, and what was done. `unreadable`: what it is, and why it does not open."""

    by_key: Counter[str] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    rewrapped: int = 0
    replaced: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)


def scan() -> Report:
    """Which keys are still needed, and which secrets do not open."""
    report = Report()
    for envelopes in COLUMNS:
        for row in envelopes.rows():
            _open(envelopes, row, report)
    return report


def rewrap_all(on_progress: Callable[[Report], None] | None = None) -> Report:
    """Put every secret under the newest key. Raises `encryption.KeyMissing` if there is none."""
    total = Report()
    for _pass in range(_MOST_PASSES):
        report = Report(rewrapped=total.rewrapped, replaced=total.replaced)
        for envelopes in COLUMNS:
            for number, row in enumerate(envelopes.rows(), start=1):
                _rewrap(envelopes, row, report)
                if on_progress and number % BATCH == 0:
                    on_progress(report)
        is_quiet = (report.rewrapped, report.replaced) == (total.rewrapped, total.replaced)
        total = report
        if is_quiet:
            break
    return total


def _rewrap(envelopes: Envelopes, row: Any, report: Report) -> None:
    envelope = getattr(row, envelopes.column)
    secret = _open(envelopes, row, report)
    if secret is None or not encryption.needs_rewrap(envelope):
        return
    fresh = encryption.encrypt(secret, **envelopes.binding_of(row))
    same = envelopes.model.objects.filter(pk=row.pk, **{envelopes.column: envelope})
    if same.update(**{envelopes.column: fresh}):
        report.rewrapped += 1
    else:
        report.replaced += 1


def _open(envelopes: Envelopes, row: Any, report: Report) -> Secret | None:
    """The secret, or None if it does not open; noted in the report either way."""
    envelope = getattr(row, envelopes.column)
    try:
        key_id = encryption.key_id_of(envelope)
        report.by_key[key_id] += 1
        secret = encryption.decrypt(envelope, **envelopes.binding_of(row))
        report.opened[key_id] += 1
        return secret
    except encryption.EncryptionError as error:
        report.unreadable.append((f"{envelopes.model._meta.verbose_name} “{row}”, {envelopes.column}", str(error)))
        return None
