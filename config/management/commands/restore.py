"""The database put back as it was in a backup."""

from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.backups import BackupFailed, restore


class Command(BaseCommand):
    help = "Replaces the database by the backup in FILE. Stop web and workers first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args, **options) -> None:
        if not options["yes"] and input("Everything in the database is replaced. Go on? [y/N] ").strip().lower() != "y":
            raise CommandError("Nothing was changed.")
        try:
            restore(options["file"])
        except (BackupFailed, OSError) as error:
            raise CommandError(str(error)) from error
        call_command("migrate", verbosity=0)  # a backup of an older version is brought up to date
        self.stdout.write("Restored. What was fetched since the backup is fetched again by itself.")
