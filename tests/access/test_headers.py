"""The headers that every answer carries."""

import pytest

from config import access
from tests.access.addresses import ROUTES, address

READABLE = sorted(name for name, row in access.ROUTES.items() if "GET" in row and name in ROUTES)
EXPECTED = {
    "Content-Security-Policy": (
        "base-uri 'none'; connect-src 'self'; default-src 'none'; font-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; img-src 'self' data:; manifest-src 'self'; script-src 'self'; style-src 'self'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def policy(answer) -> str:
    directives = answer.headers["Content-Security-Policy"].split(";")
    return "; ".join(sorted(directive.strip() for directive in directives))


@pytest.mark.django_db
@pytest.mark.parametrize("name", READABLE)
def test_every_readable_route_carries_them(name, client_of, admin):
    for client in (client_of(admin), client_of(None)):
        answer = client.get(address(ROUTES[name]))
        headers = {header: answer.headers.get(header) for header in EXPECTED} | {
            "Content-Security-Policy": policy(answer)
        }
        assert headers == EXPECTED
        assert "no-store" in answer.headers["Cache-Control"] or "private" in answer.headers["Cache-Control"]


@pytest.mark.django_db
def test_nothing_unsafe_is_allowed(client):
    assert "unsafe" not in client.get("/accounts/login/").headers["Content-Security-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "testserver:80@evil.example", "evil.example#"]
)
def test_a_foreign_host_name_is_refused(client, host):
    assert client.get("/accounts/login/", HTTP_HOST=host).status_code == 400


@pytest.mark.django_db
def test_cookies_are_out_of_reach(client, viewer):
    answer = client.post("/accounts/login/", {"username": viewer.email, "password": "correct horse battery"})
    cookie = answer.cookies["parcours_session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 8 * 3600)


@pytest.mark.django_db
def test_api_answers_are_not_kept_either(api_of, viewer):
    assert api_of(viewer).get("/api/v1/me/").headers["Cache-Control"] == "no-store, private"
