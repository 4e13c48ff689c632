"""The web server in production: several processes on one listening socket, kept alive until SIGTERM or Ctrl-C."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.running.supervisor import Child, Supervisor, web_on
from config.running.web_server import listen


class Command(BaseCommand):
    help = "Serves pages and API with several processes; one that ends is started again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", metavar="HOST:PORT")
        parser.add_argument("--processes", type=int, default=settings.WEB_PROCESSES)
        parser.add_argument("--threads", type=int, default=settings.WEB_THREADS, help="of each process")

    def handle(self, *args: Any, **options: Any) -> None:
        host, _, port = options["bind"].rpartition(":")
        try:
            listening = listen(host.strip("[]"), int(port))
        except (OSError, ValueError) as error:
            raise CommandError(f"Cannot listen at {options['bind']}: {error}") from error
        with listening:
            command = web_on(listening.fileno(), options["threads"])
            children = [
                Child(f"web {number}", command, files=[listening.fileno()])
                for number in range(1, options["processes"] + 1)
            ]
            self.stdout.write(f"Parcours: http://{options['bind']}/")
            Supervisor(children, self.stdout.write).run()
