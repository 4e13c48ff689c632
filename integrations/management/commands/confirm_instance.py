"""What an operator says of a database that is not where it was: see docs/operations.md."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.vendor.instance_guard import confirm_instance, here, is_confirmed, known


class Command(BaseCommand):
    help = (
        "Says whether this database is where it was; if not, nothing is changed at vendors (exit code 1). "
        "With --moved or --copy it is vouched for where it is now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--moved", action="store_true", help="the original, moved here; nothing runs at its old place"
        )
        what.add_argument("--copy", action="store_true", help="a copy; the original goes on beside it")

    def handle(self, *args, **options) -> None:
        if (options["moved"] or options["copy"]) and not is_confirmed():
            confirm_instance(is_copy=options["copy"])
        if is_confirmed():
            self.stdout.write(f"Changes are sent to vendors. This database is {here().words}.")
            return
        raise CommandError(
            f"Nothing is changed at vendors: this database is {here().words}, and was {known().described}. "
            "Confirm with --moved or --copy.",
            returncode=1,
        )
