"""Parcours in one command: the database brought up to date, then web, worker and beat, kept alive until Ctrl-C."""

from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from config.running.supervisor import Child, Supervisor, alone_in, web, worker_with_beat


class Command(BaseCommand):
    help = "Runs web, worker and beat together: for one machine, without a broker or database server."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args, **options) -> None:
        with alone_in(Path(settings.VAR_DIR)):
            self._run(options)

    def _run(self, options: dict) -> None:
        call_command("migrate", verbosity=0)
        children = [Child("web", web(options["port"])), Child("worker", worker_with_beat())]
        self.stdout.write(f"Parcours: http://127.0.0.1:{options['port']}/  (Ctrl-C ends it)")
        Supervisor(children, self.stdout.write).run()
