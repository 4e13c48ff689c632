"""An operator's change of the encryption key: see docs/operations.md."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.vault.encryption import key_ring
from integrations.vault.key_rotation import Report, rewrap_all, scan


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # secrets can be mended even while pages cannot be shown
    help = (
        "Puts every stored secret under the first of ENCRYPTION_KEYS, while web and workers run. It can be stopped at any "
        "time and run again. Exit code 1: secrets are unreadable, or not all of them are under the first key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; say which keys are still needed")

    def handle(self, *args, **options) -> None:
        ring = key_ring()
        if ring.first_id is None:
            raise CommandError("ENCRYPTION_KEYS is empty: there is no key to encrypt with.")
        if not options["check"]:
            done = rewrap_all(
                lambda so_far: self.stdout.write(f"{so_far.rewrapped} put under {ring.first_id} so far ...")
            )
            self.stdout.write(
                f"{done.rewrapped} put under {ring.first_id}, {done.replaced} replaced meanwhile by others."
            )
        report = scan()
        self._tell(report, ring.first_id, list(ring.keys))
        if report.unreadable or report.by_key.keys() - {ring.first_id}:
            raise CommandError("Not every secret is readable and under the first key.", returncode=1)

    def _tell(self, report: Report, first: str, known: list[str]) -> None:
        for what, why in report.unreadable:
            self.stdout.write(f"Unreadable: {what}: {why}")
        for key_id, count in sorted(report.by_key.items()):
            missing = "" if key_id in known else ", which is not among ENCRYPTION_KEYS"
            self.stdout.write(f"{count} secrets are under {key_id}{missing}.")
        for key_id in known:
            if key_id != first and not report.by_key[key_id]:
                self.stdout.write(f"{key_id} is not needed any more for this database; older backups still need it.")
