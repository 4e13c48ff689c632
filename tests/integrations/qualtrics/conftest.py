"""A client whose clock, network and jitter the tests hold in their hands."""

import contextlib

import pytest
import responses

from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.hosts import Host
from integrations.vault.secret import Secret
from tests.integrations.qualtrics.stage import TOKEN, Authority, Clock, LocalServer


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def vendor():
    """What Qualtrics answers; any other call fails the test."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def make_client(clock):
    with contextlib.ExitStack() as stack:

        def make(host="fra1.qualtrics.com", token=TOKEN, **options):
            options = {
                "sleep": clock.sleep,
                "monotonic": clock.monotonic,
                "now": clock.now,
                "jitter": lambda: 0.5,
            } | options
            return stack.enter_context(QualtricsClient(Host(host), Secret(token), **options))

        yield make


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:

        def start(behaviour, tls=None, **options):
            return stack.enter_context(contextlib.closing(LocalServer(behaviour, tls, **options)))

        yield start


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))
