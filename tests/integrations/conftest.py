"""A running sandbox, a connection to it, and pages that wake no worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.connections.editing import create_connection
from integrations.models import Connection
from integrations.qualtrics.hosts import normalise_host
from integrations.vault.secret import Secret
from sandbox.demo import RAILWAY_TOKEN
from sandbox.server import RunningSandbox, start
from tests import factories


@pytest.fixture(scope="module")
def _sandbox() -> Iterator[RunningSandbox]:
    with start(seed=7, small=True) as running:
        yield running


@pytest.fixture
def sandbox(_sandbox, settings) -> Iterator[RunningSandbox]:
    """Exports are ready at once."""
    settings.QUALTRICS_TEST_HOSTS = [_sandbox.host, _sandbox.other_host]
    _sandbox.control.change_settings(export_mode="instant", export_lag=0)
    yield _sandbox
    _sandbox.control.switch_faults_off()
    _sandbox.control.restore_token(RAILWAY_TOKEN)


@pytest.fixture
def connection(sandbox, db) -> Connection:
    """The railway, through its administrator's token."""
    return create_connection(host=normalise_host(sandbox.host), token=Secret(RAILWAY_TOKEN), name="Coastline Rail")


@pytest.fixture
def woken(monkeypatch) -> list:
    """The fetches for which a worker would have been woken."""
    rung: list = []
    monkeypatch.setattr("integrations.sync.tasks.notify_from_web", rung.append)
    return rung


@pytest.fixture
def place(db):
    """A Feedback Data lane and a stage: where an item will stand."""
    journey = factories.make_journey(name="Weekend trip")
    lane = factories.make_lane(journey)
    return lane, journey.stages.first()
