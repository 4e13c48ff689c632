"""No page that changes something obeys another site."""

import pytest
from django.test import Client

from config import access
from tests.access.addresses import ROUTES, address

# Opened by a signature, not by who somebody is: see tests/integrations/webhooks.
SIGNED = {"hooks:qualtrics"}
CHANGING = sorted(
    name
    for name, row in access.ROUTES.items()
    if "POST" in row and name in ROUTES and not ROUTES[name].is_api and name not in SIGNED
)


@pytest.mark.django_db
@pytest.mark.parametrize("name", CHANGING)
def test_a_post_without_the_pages_own_token_is_refused(name, admin):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(address(ROUTES[name])).status_code == 403
    assert client.post(address(ROUTES[name]), {"csrfmiddlewaretoken": "x" * 64}).status_code == 403


@pytest.mark.django_db
def test_a_session_alone_changes_nothing_by_api(admin):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.patch("/api/v1/me/", '{"first_name": "Eve"}', content_type="application/json")
    assert answer.status_code == 403
    admin.refresh_from_db()
    assert admin.first_name == "Alice"


@pytest.mark.django_db
def test_pages_change_nothing_when_they_are_only_looked_at():
    names = ("delete", "deactivate", "revoke", "logout", "archive", "move", "remove", "retrieve")
    for name, row in access.ROUTES.items():
        if not name.startswith("api:") and name.endswith(names):
            assert "POST" in row, name
