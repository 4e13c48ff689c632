"""The commands of docker-compose.yml, run as they stand there, on a real PostgreSQL and Redis: they make one working site."""

from __future__ import annotations

import base64
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml
from django.conf import settings
from psycopg import sql

from sandbox.server import start
from tests.end_to_end.conftest import ROOT

pytestmark = pytest.mark.skipif(
    settings.EMBEDDED or not settings.CELERY_BROKER_URL.startswith("redis"),
    reason="Needs PostgreSQL and Redis: set DATABASE_URL and CELERY_BROKER_URL",
)

SEED = """
from accounts import api_tokens
from accounts.models import User
from config.demo.seed import Brand, PEOPLE, seed
from sandbox.demo import BANK_TOKEN, RAILWAY_TOKEN
seed(Brand("Coastline Rail", "{railway}", RAILWAY_TOKEN), Brand("Banque Méridian", "{bank}", BANK_TOKEN))
print("KEY", api_tokens.make(User.objects.get(email="analyst@parcours.example"), "test")[1])
"""


@pytest.fixture
def database() -> Iterator[str]:
    """The address of a new, empty database."""
    server = os.environ["DATABASE_URL"].rsplit("/", 1)[0]
    name = f"parts_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield f"{server}/{name}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def commands() -> dict[str, list[str]]:
    """Service → command, as docker-compose.yml and the Dockerfile give them."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    line = next(line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("CMD"))
    web = json.loads(line.removeprefix("CMD"))
    found = {
        name: service.get("command", web)
        for name, service in services.items()
        if "image" not in service or service["image"] == "parcours"
    }
    return {name: shlex.split(command) if isinstance(command, str) else command for name, command in found.items()}


def of_this_python(command: list[str]) -> list[str]:
    return [sys.executable, *command[1:]] if command[0] == "python" else [sys.executable, "-m", *command]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url: str, key: str = "") -> dict:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.load(answer)


def test_the_parts_of_production_work_together(database, tmp_path: Path):
    parts = commands()
    assert set(parts) == {"migrate", "web", "worker", "backfill", "beat"}
    port = free_port()
    processes: list[subprocess.Popen] = []
    with start(small=True) as sandbox:
        sandbox.control.change_settings(export_polls=1, export_lag=0)
        environment = os.environ | {
            "DATABASE_URL": database,
            "CELERY_BROKER_URL": settings.CELERY_BROKER_URL.rsplit("/", 1)[0] + "/11",
            "CACHE_URL": settings.CELERY_BROKER_URL.rsplit("/", 1)[0] + "/12",
            "PARCOURS_VAR_DIR": str(tmp_path),
            "SECRET_KEY": "x" * 60,
            "ENCRYPTION_KEYS": "k1:" + base64.b64encode(b"0" * 32).decode(),
            "HTTPS": "false",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "QUALTRICS_TEST_HOSTS": f"{sandbox.host},{sandbox.other_host}",
            "HOUR_SECONDS": "5",
            "DISPATCH_INTERVAL": "2",
        }
        run = {"cwd": ROOT, "env": environment}
        try:
            subprocess.run(of_this_python(parts["migrate"]), check=True, timeout=120, capture_output=True, **run)
            for name in ("web", "worker", "backfill", "beat"):
                command = of_this_python(parts[name])
                command = [f"127.0.0.1:{port}" if word == "0.0.0.0:8000" else word for word in command]
                command = [str(tmp_path / "beat") if word.startswith("/tmp/celerybeat") else word for word in command]
                log = (tmp_path / f"{name}.log").open("wb")
                processes.append(subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **run))
                log.close()
            code = SEED.format(railway=sandbox.host, bank=sandbox.other_host)
            seeded = subprocess.run(
                [sys.executable, "manage.py", "shell", "-c", code],
                timeout=120,
                capture_output=True,
                text=True,
                **run,
            )
            assert seeded.returncode == 0, seeded.stderr[-3000:]
            key = seeded.stdout.split("KEY ")[1].strip()
            site = f"http://127.0.0.1:{port}"
            wait(lambda: ask(f"{site}/health/ready/")["database"] == "ok", "the web server is ready", tmp_path)

            def states() -> set[str]:
                return {row["state"] for row in ask(f"{site}/api/v1/kpis/items/", key)["results"]}

            wait(lambda: states() == {"live", "draft"}, "every item is live", tmp_path)
            assert all(process.poll() is None for process in processes)
        finally:
            for process in processes:
                os.killpg(process.pid, signal.SIGTERM)
            for process in processes:
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait(10)


def wait(condition, what: str, logs: Path, seconds: float = 90) -> None:
    deadline, last = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except OSError as error:
            last = error
        time.sleep(0.5)
    tails = "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-2000:]}" for path in logs.glob("*.log"))
    pytest.fail(f"Not within {seconds:.0f} s: {what} ({last})\n{tails}")
