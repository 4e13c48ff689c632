"""A copy of the database, made while web and workers run."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.running.backups import BackupFailed, backup


class Command(BaseCommand):
    help = "Writes a backup of the database to FILE. Keep ENCRYPTION_KEYS apart from it: without them tokens cannot be read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args, **options) -> None:
        try:
            backup(options["file"])
        except (BackupFailed, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Backed up to {options['file']}.")
