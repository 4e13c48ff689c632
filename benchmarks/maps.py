"""The demo's map: made in an installation, and drawn again and again in this process.

`python -m benchmarks.maps seed` prints the journey's key and a session's cookie; `... draw JOURNEY` what drawing costs.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.cache import caches  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from accounts.models import User  # noqa: E402
from config.demo import seed  # noqa: E402
from integrations.models import Fetch, SurveyFeed  # noqa: E402
from integrations.sync import engine  # noqa: E402
from journeys.models import Journey  # noqa: E402
from sandbox.demo import BANK_TOKEN, RAILWAY_TOKEN  # noqa: E402
from sandbox.server import start  # noqa: E402

TIMES = 40
BARE = "/health/live/"


def make() -> dict[str, Any]:
    with start(small=True) as sandbox:
        sandbox.control.change_settings(export_mode="instant", export_lag=0)
        settings.QUALTRICS_TEST_HOSTS = [*settings.QUALTRICS_TEST_HOSTS, sandbox.host, sandbox.other_host]
        railway = seed.Brand("Coastline Rail", sandbox.host, RAILWAY_TOKEN)
        seed.seed(railway, seed.Brand("Banque Méridian", sandbox.other_host, BANK_TOKEN))
        demo = Fetch.objects.filter(feed__connection__name__in=["Coastline Rail", "Banque Méridian"])
        while (fetch := demo.filter(state__in=Fetch.OPEN).first()) is not None:
            Fetch.objects.filter(pk=fetch.pk).update(due_at=fetch.created_at)
            engine.run(fetch.uuid)
    # What was fetched stays; nobody asks for more while something else is measured.
    SurveyFeed.objects.update(next_due_at=None)
    if not settings.EMBEDDED:
        call_command("collectstatic", interactive=False, verbosity=0)
    client = _client()
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    journey = Journey.objects.exclude(name__startswith="Journey of").order_by("pk").first()
    return {"journey": journey and journey.pk, "cookie": cookie}


def draw(journey: int) -> dict[str, Any]:
    """Median times of the map and of a bare view, taken in turns."""
    client = _client()
    page = f"/journeys/{journey}/"
    answer = client.get(page, headers={"host": "localhost"})
    if answer.status_code != 200:
        raise RuntimeError(f"The map answers {answer.status_code}.")
    taken: dict[str, list[float]] = {page: [], BARE: []}
    anew = []
    for _ in range(TIMES):
        for path, times in taken.items():
            began = time.perf_counter()
            client.get(path, headers={"host": "localhost"})
            times.append(time.perf_counter() - began)
    for _ in range(TIMES):
        caches["drawings"].clear()
        began = time.perf_counter()
        client.get(page, headers={"host": "localhost"})
        anew.append(time.perf_counter() - began)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(page, headers={"host": "localhost"})
    scans = [query["sql"] for query in queries.captured_queries if "feedback_response" in query["sql"]]
    map_page, bare = (statistics.median(times) for times in taken.values())
    return {
        "map_ms": map_page * 1000,
        "bare_ms": bare * 1000,
        "anew_ms": statistics.median(anew) * 1000,
        "queries": len(queries),
        "response_queries": len(scans),
        "kb": len(answer.content) / 1024,
    }


def _client() -> Client:
    client = Client()
    client.force_login(
        User.objects.get(email="analyst@parcours.example"), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


if __name__ == "__main__":
    print(json.dumps(make() if sys.argv[1] == "seed" else draw(int(sys.argv[2]))))
