"""The demo in one command: a pretend Qualtrics, web, worker and beat, and journeys whose numbers move while one looks."""

from __future__ import annotations

import logging
import os
import socket
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.demo.seed import PASSWORD, PEOPLE, Brand, seed
from config.running.supervisor import Child, Supervisor, alone_in, python, web, worker_with_beat

# The sandbox's published tokens: see sandbox/README.md. They open nothing but the sandbox.
RAILWAY_TOKEN = "SandboxRailwayAdminToken0000000000000001"  # noqa: S105
BANK_TOKEN = "SandboxBankAdminToken0000000000000000002"  # noqa: S105
# In the demo an "hour" lasts this many seconds, so that hourly retrieval can be watched.
DEMO_HOUR = 30


class Command(BaseCommand):
    help = "Runs the demo: sandbox, web, worker and beat, with two journeys that show live numbers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--sandbox-port", type=int, default=8900)
        parser.add_argument("--small", action="store_true", help="a tenth of the history, for tests")
        parser.add_argument("--live-feed", "--trickle", type=float, default=4.0, help="seconds between new responses")

    def handle(self, *args, **options) -> None:
        if not settings.EMBEDDED:
            raise CommandError("The demo brings its own database: run it without DATABASE_URL.")
        with alone_in(Path(settings.VAR_DIR)):
            self._run(options)

    def _run(self, options: dict) -> None:
        port, sandbox_port = _free(options["port"]), _free(options["sandbox_port"], 2)
        hosts = [f"127.0.0.1:{sandbox_port}", f"127.0.0.1:{sandbox_port + 1}"]
        os.environ |= {
            "QUALTRICS_TEST_HOSTS": ",".join(hosts),
            "HOUR_SECONDS": str(DEMO_HOUR),
            "DISPATCH_INTERVAL": "5",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",  # where the sandbox sends its messages
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
        }
        settings.QUALTRICS_TEST_HOSTS = hosts
        settings.HOUR_SECONDS = DEMO_HOUR
        settings.PUBLIC_URL = os.environ["PUBLIC_URL"]
        logging.getLogger().setLevel(os.environ["LOG_LEVEL"])
        self.stdout.write("Preparing the database and the sandbox ...")
        call_command("migrate", verbosity=0)
        sandbox = python(
            *("-m", "sandbox", "--port", str(sandbox_port), "--seed", "7", "--made-at", _first_start()),
            *("--live-feed", str(options["live_feed"])),
            *(["--small"] if options["small"] else []),
        )
        children = [Child("sandbox", sandbox), Child("web", web(port)), Child("worker", worker_with_beat())]

        def once_started() -> None:
            _wait_for(f"http://{hosts[0]}/")
            railway = Brand("Coastline Rail", hosts[0], RAILWAY_TOKEN)
            seed(railway, Brand("Banque Méridian", hosts[1], BANK_TOKEN))
            _wait_for(f"http://127.0.0.1:{port}/health/live/")
            self._welcome(port, sandbox_port)

        Supervisor(children, self.stdout.write).run(once_started)

    def _welcome(self, port: int, sandbox_port: int) -> None:
        people = "\n".join(f"      {role.label:<8} {email}" for role, (email, *_names) in PEOPLE.items())
        self.stdout.write(
            f"""
    Parcours      http://127.0.0.1:{port}/
    Sandbox       http://127.0.0.1:{sandbox_port}/   (a pretend Qualtrics; its page switches trouble on and off)

    Sign in with the password {PASSWORD} as
{people}

    The first numbers appear within half a minute. An "hour" lasts {DEMO_HOUR} seconds here. Ctrl-C ends the demo.
"""
        )


def _first_start() -> str:
    """When this demo was first started: the sandbox makes the same history from it every time."""
    note = Path(settings.VAR_DIR) / "demo-started-at"
    if not note.exists():
        note.write_text(datetime.now(UTC).isoformat(timespec="seconds"), encoding="ascii")
    return note.read_text(encoding="ascii").strip()


def _free(port: int, neighbours: int = 1) -> int:
    """This port, or the next that is free together with the `neighbours - 1` after it."""
    for candidate in range(port, port + 200):
        if all(_is_free(candidate + offset) for offset in range(neighbours)):
            return candidate
    raise CommandError(f"No free port from {port} on.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _wait_for(url: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 (our own address)
                return
        except OSError as error:
            if time.monotonic() > deadline:
                raise CommandError(f"{url} does not answer: {error}") from error
            time.sleep(0.2)
