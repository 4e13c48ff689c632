"""An operator's way to erase responses, and to erase again after a backup was restored."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from feedback.erasure import all_tombstones
from integrations.erasure import erasing, lookup
from integrations.models import Connection
from integrations.troubles.errors import QualtricsError

PATIENCE = 3600.0


class Command(BaseCommand):
    help = "Erases responses for good, by their ids or by contact. Shows what would go; --yes erases."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("response", nargs="*", help="ids of responses (R_…)")
        parser.add_argument("--contact", help="a contact id (CID_…), an e-mail or an external reference")
        parser.add_argument("--connection", help="the name of the connection through which the contact is looked for")
        parser.add_argument("--at-vendor", action="store_true", help="delete the responses at the vendor as well")
        parser.add_argument("--yes", action="store_true", help="erase; without it nothing is changed")
        parser.add_argument(
            "--replay", nargs="?", type=Path, const=settings.ERASED_LIST, help="erase again what a list knows as erased"
        )
        parser.add_argument("--list", type=Path, help="write what is known as erased here to a new file, for --replay")

    def handle(self, *args, **options) -> None:
        if options["list"]:
            if options["list"].exists():
                raise CommandError(f"{options['list']} exists already.")
            erasing.write_list(options["list"], all_tombstones())
            return
        if options["replay"]:
            self._replay(options["replay"])
            return
        try:
            ids = erasing.read_ids(" ".join(options["response"]))
        except erasing.InvalidIds as refusal:
            raise CommandError(str(refusal)) from refusal
        person = None
        if options["contact"]:
            theirs = self._theirs(options["connection"], options["contact"])
            ids, person = [*ids, *theirs.ids], theirs.person
        if not ids and person is None:
            raise CommandError("Say whom to erase: ids of responses, or --contact.")
        self._show(erasing.preview(ids, person))
        if not options["yes"]:
            self.stdout.write("Nothing was changed. To erase, say --yes.")
            return
        done = erasing.erase(ids, by=None, person=person, at_vendor=options["at_vendor"])
        self.stdout.write(f"Erased: {done.erasure.responses} responses, {done.erasure.traces} other traces.")
        if options["at_vendor"]:
            self.stdout.write(f"At the vendor: {done.at_vendor.deleted} deleted, {done.at_vendor.failed} not.")
        if done.at_vendor.trouble:
            raise CommandError(str(done.at_vendor.trouble))

    def _replay(self, file: Path) -> None:
        if not file.exists():
            raise CommandError(f"There is no {file}.")
        done = erasing.replay(set(erasing.read_list(file)))
        self.stdout.write(f"Erased again: {done.responses if done else 0} responses.")

    def _theirs(self, name: str | None, contact: str) -> lookup.PersonResponses:
        connection = Connection.objects.filter(name=name or "").first()
        if connection is None:
            raise CommandError(f"There is no connection {name!r}. Name one with --connection.")
        try:
            return lookup.find_theirs(connection, contact, patience=PATIENCE)
        except (lookup.NotFoundByThis, QualtricsError) as trouble:
            raise CommandError(str(trouble)) from trouble

    def _show(self, found: erasing.Found) -> None:
        for survey, count in found.surveys:
            self.stdout.write(f"{survey.external_id} {survey.name}: {count} responses")
        self.stdout.write(
            f"{found.asked} ids, {found.responses} stored responses, {found.messages} messages, {found.rejected} rejected "
            f"records, {found.calls} calls in the console's history, {found.distributions} distributions; "
            f"{found.erased_before} erased before."
        )
