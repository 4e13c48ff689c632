"""Signing in and out, and what guessers meet."""

import pytest
from django.contrib.auth import hashers
from django.test import Client
from django.urls import reverse

from accounts.client_address import client_address
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def sign_in(client, email, password=PASSWORD, next_page="", **extra):
    return client.post(LOGIN, {"username": email, "password": password, "next": next_page}, **extra)


def is_signed_in(client) -> bool:
    return client.get(reverse("accounts:profile")).status_code == 200


@pytest.mark.parametrize("email", ["vera@example.org", "Vera@Example.ORG", " vera@example.org "])
def test_an_address_is_found_whatever_its_letter_case(client, viewer, email):
    assert sign_in(client, email).status_code == 302
    assert is_signed_in(client)


def test_the_session_gets_a_new_key_at_sign_in(client, viewer):
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies[client.session.__class__.__name__] = planted
    sign_in(client, viewer.email)
    assert client.session.session_key != planted


def test_wrong_password_unknown_address_and_closed_account_get_the_same_answer(client, viewer, analyst):
    analyst.is_active = False
    analyst.save()
    answers = [
        sign_in(client, viewer.email, "wrong password"),
        sign_in(client, "nobody@example.org", "wrong password"),
        sign_in(client, analyst.email, "wrong password"),
        sign_in(client, analyst.email),
    ]
    errors = [list(answer.context["form"].non_field_errors()) for answer in answers]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert errors == [["E-mail address and password do not match an active account."]] * 4


def test_an_unknown_address_costs_as_much_hashing_as_a_known_one(client, viewer, settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    viewer.set_password(PASSWORD)
    viewer.save()
    costs = []
    for email in (viewer.email, "nobody@example.org"):
        CountingHasher.count = 0
        sign_in(client, email, "wrong password")
        costs.append(CountingHasher.count)
    assert costs == [1, 1]


class CountingHasher(hashers.MD5PasswordHasher):
    count = 0

    def encode(self, password, salt):
        type(self).count += 1
        return super().encode(password, salt)


def test_after_eight_wrong_guesses_even_the_right_password_waits(client, viewer):
    for n in range(8):
        sign_in(client, viewer.email if n % 2 else viewer.email.upper(), "wrong password")
    answer = sign_in(client, viewer.email)
    assert answer.status_code == 429
    assert "accounts/locked.html" in [template.name for template in answer.templates]
    assert not is_signed_in(client)


def test_nobody_locks_somebody_else_out(client, viewer):
    for _n in range(9):
        sign_in(client, viewer.email, "wrong password", REMOTE_ADDR="203.0.113.9")
    assert sign_in(client, viewer.email, REMOTE_ADDR="203.0.113.9").status_code == 429
    assert sign_in(client, viewer.email, REMOTE_ADDR="198.51.100.1").status_code == 302


def test_the_lock_ends_by_itself(client, viewer, time_machine):
    time_machine.move_to("2026-11-02 09:00Z", tick=False)
    for _n in range(9):
        sign_in(client, viewer.email, "wrong password")
    time_machine.move_to("2026-11-02 09:16Z", tick=False)
    assert sign_in(client, viewer.email).status_code == 302


def test_one_guess_each_at_many_accounts_is_limited_too(client, viewer, settings):
    settings.LOGIN_FAILURES_PER_ADDRESS = 10
    for n in range(10):
        assert sign_in(client, f"person{n}@example.org", "wrong password").status_code == 200
    assert sign_in(client, viewer.email).status_code == 429
    assert sign_in(client, viewer.email, REMOTE_ADDR="198.51.100.1").status_code == 302


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "1.1.1.1", "10.0.0.1"),  # no proxy is known: the header is the caller's invention
        (1, "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        (2, "1.1.1.1, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
        (2, "203.0.113.9", "10.0.0.1"),  # somebody came around the first proxy
        (1, "", "10.0.0.1"),
    ],
)
def test_only_known_proxies_are_believed(rf, settings, proxies, forwarded, expected):
    settings.PROXY_COUNT = proxies
    request = rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == expected


EVIL = [
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "/\\/evil.example",
    "http://evil.example", "https://evil.example/", "HTTPS://EVIL.example", "http:evil.example", "http:/evil.example",
    "http:///evil.example", "https:\\\\evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", "ftp://evil.example",
    " //evil.example", "\t//evil.example", "\n//evil.example", "/\t/evil.example", "//evil.example:80",
    "//testserver@evil.example", "http://testserver@evil.example", "http://testserver.evil.example",
    "//evil.example/%2f..", "\x00//evil.example", "\x0b//evil.example", "http://[::1]/", "https://testserver.evil.example/",
]  # fmt: skip


@pytest.mark.parametrize("next_page", EVIL)
@pytest.mark.parametrize("page", ["sign in", "language"])
def test_next_never_leads_away(client, viewer, next_page, page):
    if page == "sign in":
        answer = sign_in(client, viewer.email, next_page=next_page)
        assert answer.url == reverse("journeys:list")
    else:
        answer = client.post(reverse("set_language"), {"language": "fr", "next": next_page})
        assert answer.url == "/"
    assert answer.status_code == 302


def test_next_leads_back_to_where_the_person_wanted_to_go(client, viewer):
    wanted = client.get(reverse("accounts:profile"))
    assert wanted.url == f"{LOGIN}?next=/accounts/profile/"
    assert sign_in(client, viewer.email, next_page="/accounts/profile/").url == "/accounts/profile/"


def test_signing_out_needs_a_post_and_ends_the_session(client_of, viewer):
    client = client_of(viewer)
    key = client.session.session_key
    assert client.get(reverse("accounts:logout")).status_code == 405
    assert is_signed_in(client)
    client.post(reverse("accounts:logout"))
    assert not is_signed_in(client)
    stolen = Client()
    stolen.cookies["parcours_session"] = key
    assert not is_signed_in(stolen)


def test_who_is_signed_in_is_not_asked_again(client_of, viewer):
    assert client_of(viewer).get(LOGIN).url == reverse("journeys:list")
