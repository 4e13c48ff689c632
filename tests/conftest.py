"""The cast and the clients that all tests share: Alice runs the place, Amir analyses, Vera only looks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import caches
from django.test import Client, override_settings
from playwright.sync_api import Browser, sync_playwright
from rest_framework.test import APIClient

from accounts.models import User
from accounts.roles import Role
from integrations.qualtrics.gateway import Gateway
from tests import factories
from tests.broker import use_broker
from tests.browser import acting_once_scripts_are_ready
from tests.closed_network import sitecustomize

# Processes that tests start find it there, and close their network too.
_PLACES = [str(Path(sitecustomize.__file__).parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(filter(None, _PLACES)))

# Playwright's event loop makes Django believe that the ORM is called from async code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


# How long an example takes says what else the machine does.
hypothesis.settings.register_profile("tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tests")

# Tests with real worker processes share the broker and the machine's two cores.
_WITH_WORKERS = {"end_to_end", "torture"}


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Such tests run one after the other, on one of pytest's processes."""
    for item in items:
        if item.path.parent.name in _WITH_WORKERS:
            item.add_marker(pytest.mark.xdist_group("deployment"))
            item.add_marker(pytest.mark.workers)
        if item.path.parent.name == "torture":
            item.add_marker(pytest.mark.soak)


@pytest.fixture(autouse=True, scope="session")
def _messages_stay_in_this_process():
    """Only tests with real workers use the real broker."""
    use_broker("memory://")


@pytest.fixture(autouse=True, scope="session")
def _a_folder_for_collected_files():
    """Elsewhere than embedded, WhiteNoise warns of a missing folder; nothing is collected here."""
    if settings.STATIC_ROOT:
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True, scope="session")
def _settings_of_all_tests(tmp_path_factory) -> Iterator[None]:
    """Quick passwords, files away from the real ones; static files, which the test's web server finds by plain names."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "spool").mkdir()
    changed = {
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
        "SPOOL_DIR": folder / "spool",
        "ERASED_LIST": folder / "erased-responses.jsonl",
        "STORAGES": settings.STORAGES
        | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}},
        # Static files are looked for when they are asked for: every new client would list and read all of them first.
        "WHITENOISE_AUTOREFRESH": True,
    }
    with override_settings(**changed):
        yield


@pytest.fixture(autouse=True)
def _empty_caches() -> None:
    for cache in caches.all(initialized_only=False):
        cache.clear()  # rolled back tests use the same primary keys again


@pytest.fixture(autouse=True, scope="session")
def _between_two_tries_nobody_waits() -> Iterator[None]:
    """How long a call waits is tested with clocks of its own; elsewhere only what comes of it matters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(Gateway.__init__.__kwdefaults__, "sleep", lambda seconds: None)
        yield


@pytest.fixture
def own_files(settings, tmp_path) -> None:
    """For tests that look at the folder of spooled exports or at the list of erased responses: nobody else's are there."""
    settings.SPOOL_DIR = tmp_path / "spool"
    settings.SPOOL_DIR.mkdir()
    settings.ERASED_LIST = tmp_path / "erased-responses.jsonl"


@pytest.fixture
def admin(db) -> User:
    """Alice, admin."""
    return factories.make_user(Role.ADMIN, email="alice@example.org", first_name="Alice", last_name="Admin")


@pytest.fixture
def analyst(db) -> User:
    """Amir, analyst."""
    return factories.make_user(Role.ANALYST, email="amir@example.org", first_name="Amir", last_name="Analyst")


@pytest.fixture
def viewer(db) -> User:
    """Vera, viewer."""
    return factories.make_user(Role.VIEWER, email="vera@example.org", first_name="Vera", last_name="Viewer")


@pytest.fixture
def client_of():
    """A browser in which this person is signed in."""

    def make(user: User | None) -> Client:
        client = Client()
        if user:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


@pytest.fixture
def api_of():
    """A REST client that acts for this person."""

    def make(user: User | None) -> APIClient:
        client = APIClient()
        if user:
            client.force_authenticate(user)
        return client

    return make


# Root may not use Chromium's own sandbox; the rest keeps it on this machine.
_CHROMIUM_FLAGS = [
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's browser; one for the whole run, since Playwright starts only once in a process."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("REQUIRE_BROWSER is set and there is no Chromium")
        pytest.skip("No Chromium on this machine: install Debian's package chromium to run this test")
    with sync_playwright() as playwright, acting_once_scripts_are_ready():
        browser = playwright.chromium.launch(executable_path=found, args=_CHROMIUM_FLAGS)
        yield browser
        browser.close()
