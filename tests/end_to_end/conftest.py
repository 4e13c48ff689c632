"""A whole deployment: the web server of the test, real worker processes on the same database, and a sandbox."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection as database

from sandbox.server import RunningSandbox, start
from tests.broker import use_broker

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Worker:
    """One `celery worker --beat` process, in a process group of its own."""

    process: subprocess.Popen[bytes]
    log: Path

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Signal the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.process.wait(30)


@dataclass
class Deployment:
    """What a test of the whole thing needs: the sandbox, and workers."""

    sandbox: RunningSandbox
    folder: Path
    environment: dict[str, str]
    workers: list[Worker] = field(default_factory=list)

    def start_worker(self, pool: str = "threads", **environment: str) -> Worker:
        """A worker with beat, as in `runall`; `prefork` as in production."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        command = [
            *(sys.executable, "-m", "celery", "-A", "config", "worker", "--beat", "--pool", pool),
            *("--concurrency", "2", "--queues", "default,sync,backfill", "--loglevel", "INFO"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            *("--schedule", str(self.folder / f"beat-{len(self.workers)}")),
        ]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        worker = Worker(process, log)
        self.workers.append(worker)
        return worker

    def lose_messages(self) -> None:
        """Empty the broker."""
        for message in (self.folder / "queue" / "messages").glob("*.msg"):
            message.unlink(missing_ok=True)
        if django_settings.CELERY_BROKER_URL.startswith("redis"):
            _empty(django_settings.CELERY_BROKER_URL)

    def logs(self) -> str:
        return "\n".join(f"--- {w.log.name}\n{w.log.read_text(errors='replace')[-6000:]}" for w in self.workers)

    def wait_until(self, condition: Callable[[], object], seconds: float = 60.0, what: str = "") -> None:
        """Look again and again until the condition holds; with the workers' logs if it never does."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"Not within {seconds:.0f} s: {what or condition}\n{self.logs()}")
            time.sleep(0.2)


@pytest.fixture
def deployment(transactional_db, settings, own_files, tmp_path, request) -> Iterator[Deployment]:
    """Sandbox and empty database; workers start when the test starts them. An "hour" lasts 3 seconds."""
    if hasattr(request.config, "workerinput"):  # one of several processes of pytest-xdist
        # Two deployments at once would share one broker: the workers of the one would take the messages of the other.
        assert request.node.nodeid.endswith("@deployment"), "pytest-xdist does not keep these tests together"
    with start(small=True) as sandbox:
        sandbox.control.change_settings(export_polls=1, export_lag=0, single_response_delay=0, text_iq_delay=0)
        settings.QUALTRICS_TEST_HOSTS = [sandbox.host, sandbox.other_host]
        settings.HOUR_SECONDS = 3
        folder = tmp_path / "deployment"
        (folder / "queue" / "messages").mkdir(parents=True)
        (folder / "queue" / "control").mkdir()
        name = str(database.settings_dict["NAME"])
        environment = os.environ | {
            "PARCOURS_VAR_DIR": str(folder),
            "SPOOL_DIR": str(settings.SPOOL_DIR),
            "QUALTRICS_TEST_HOSTS": ",".join(settings.QUALTRICS_TEST_HOSTS),
            "HOUR_SECONDS": "3",
            "DISPATCH_INTERVAL": "1",
            "SECRET_KEY": settings.SECRET_KEY,
            "ENCRYPTION_KEYS": ",".join(settings.ENCRYPTION_KEYS),
        }
        broker = django_settings.CELERY_BROKER_URL
        if database.vendor == "postgresql":
            environment["DATABASE_URL"] = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{name}"
        else:
            environment["SQLITE_FILE"] = name
        if broker.startswith("files:"):
            queue = folder / "queue"
            use_broker(
                broker,
                data_folder_in=str(queue / "messages"),
                data_folder_out=str(queue / "messages"),
                control_folder=str(queue / "control"),
            )
        else:
            use_broker(broker, **django_settings.CELERY_BROKER_TRANSPORT_OPTIONS)
            _empty(broker)
        deployment = Deployment(sandbox, folder, environment)
        try:
            yield deployment
        finally:
            for worker in deployment.workers:
                if worker.process.poll() is None:
                    worker.kill()
            use_broker("memory://")
            shutil.rmtree(folder, ignore_errors=True)


def _empty(broker: str) -> None:
    import redis  # noqa: PLC0415 (only with Redis)

    client = redis.Redis.from_url(broker)
    client.flushdb()
    client.close()
