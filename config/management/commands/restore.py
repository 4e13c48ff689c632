"""The database put back as it was in a backup."""

import contextlib
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from config.running.backups import BackupFailed, restore
from feedback.erasure import Tombstone, all_tombstones
from integrations.erasure import erasing
from integrations.vendor import instance_guard


def known_tombstones() -> set[Tombstone]:
    """Every response that is known as erased, here or in the list beside the database."""
    here: list[Tombstone] = []
    with contextlib.suppress(DatabaseError):  # an empty database, or one of a version without erasures
        here = all_tombstones()
    return {*here, *erasing.read_list(settings.ERASED_LIST)}


class Command(BaseCommand):
    help = "Replaces the database by the backup in FILE. Stop web and workers first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args, **options) -> None:
        if not options["yes"] and input("Everything in the database is replaced. Go on? [y/N] ").strip().lower() != "y":
            raise CommandError("Nothing was changed.")
        # The backup may be older than the last erasure: what this database and the list beside it know is kept.
        erased = known_tombstones()
        try:
            restore(options["file"])
        except (BackupFailed, OSError) as error:
            raise CommandError(str(error)) from error
        call_command("migrate", verbosity=0)  # a backup of an older version is brought up to date
        if done := erasing.replay(erased):
            self.stdout.write(f"Responses erased again: {done.responses}.")
        self.stdout.write("Restored. What was fetched since the backup is fetched again by itself.")
        if not instance_guard.is_confirmed():
            self.stdout.write(
                "The backup is from another place: nothing is changed at vendors before confirm_instance."
            )
