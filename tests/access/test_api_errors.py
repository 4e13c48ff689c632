"""Whatever goes wrong below /api/ is told as problem details, pages elsewhere."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    "address", ["/api/v1/nothing/", "/api/v2/", "/api/v1/connections/x/call/", "/api/v1/users/1/no/"]
)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_where_no_route_leads(client_of, admin, address, language):
    admin.language = language
    admin.save()
    answer = client_of(admin).get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, PROBLEM)
    assert answer.json()["title"] == "Not Found"
    assert answer.json()["detail"].startswith({"en": "There is nothing", "fr": "Il n’y a rien"}[language])


def test_a_page_that_is_not_there_stays_a_page(client_of, viewer):
    answer = client_of(viewer).get("/nothing/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_a_body_that_is_too_long(api_of, admin, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = api_of(admin).post("/api/v1/users/", {"email": "a" * 200})
    assert (answer.status_code, answer.headers["Content-Type"], answer.json()["code"]) == (413, PROBLEM, "too_long")


@pytest.mark.parametrize(
    ("address", "kind"), [("/api/v1/me/", PROBLEM), ("/accounts/profile/", "text/html; charset=utf-8")]
)
def test_an_error_of_ours(admin, monkeypatch, address, kind):
    client = Client(raise_request_exception=False)
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")

    def fail(*_args):
        raise ZeroDivisionError

    monkeypatch.setattr("accounts.api.Me.get_object", fail)
    monkeypatch.setattr("accounts.views.Profile.get_object", fail)
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, kind)
    assert "ZeroDivisionError" not in answer.content.decode()
