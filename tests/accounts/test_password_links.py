"""One-time links: handed over by an admin, or sent by mail."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse
from rest_framework.test import APIClient

from accounts import api_tokens, people
from accounts.links import password_link
from accounts.roles import Role
from accounts.tasks import send_password_letter

pytestmark = pytest.mark.django_db
NEW = {"new_password1": "another battery staple", "new_password2": "another battery staple"}
ORIGIN = "https://parcours.example"


@pytest.fixture(autouse=True)
def _a_known_address(settings):
    settings.PUBLIC_URL = ORIGIN
    cache.clear()


def follow(client, link):
    """The page behind the link; its token leaves the address at once, so that no Referer can carry it on."""
    return client.get(link.removeprefix(ORIGIN), follow=True)


def test_a_link_sets_the_password_once(client, viewer):
    link, _ends_at = password_link(viewer)
    page = follow(client, link)
    assert link.split("/")[-2] not in page.request["PATH_INFO"]
    answer = client.post(page.request["PATH_INFO"], NEW)
    assert answer.url == reverse("accounts:login")
    viewer.refresh_from_db()
    assert viewer.check_password(NEW["new_password1"])
    assert not follow(client, link).context["validlink"]


def test_a_link_ends_after_an_hour(client, viewer, time_machine):
    time_machine.move_to("2026-11-02 09:00Z", tick=False)
    link, ends_at = password_link(viewer)
    time_machine.shift(timedelta(minutes=60))
    assert follow(client, link).context["validlink"]
    assert ends_at.isoformat() == "2026-11-02T10:00:00+00:00"
    time_machine.shift(timedelta(seconds=1))
    page = follow(client, link)
    assert not page.context["validlink"]
    assert page.status_code == 200


def test_a_link_ends_when_the_account_is_closed(client, admin, viewer):
    link, _ends_at = password_link(viewer)
    people.deactivate(viewer)
    assert not follow(client, link).context["validlink"]


@pytest.mark.parametrize("uid", ["x", "MQ", "OTk5OTk5", "é"])
def test_an_invented_link_leads_to_a_calm_page(client, viewer, uid):
    page = client.get(f"/accounts/set-password/{uid}/abc-def/")
    assert (page.status_code, page.context["validlink"]) == (200, False)


def test_a_weak_password_is_refused(client, viewer):
    page = follow(client, password_link(viewer)[0])
    answer = client.post(page.request["PATH_INFO"], {"new_password1": "short", "new_password2": "short"})
    assert list(answer.context["form"].errors) == ["new_password2"]


@pytest.mark.parametrize("said", ["127.0.0.1:8430", "localhost:666", "127.0.0.1"])
def test_a_letter_leads_to_the_public_address_whatever_host_and_port_a_request_names(client, viewer, said, monkeypatch):
    monkeypatch.setattr(send_password_letter, "delay", send_password_letter)
    client.post(reverse("accounts:request_password"), {"email": viewer.email}, headers={"Host": said})
    (letter,) = mail.outbox
    assert said not in letter.body
    assert re.findall(r"https?://\S+?/", letter.body) == [f"{ORIGIN}/"]


def test_links_that_admins_make_lead_there_too(client_of, api_of, admin, viewer):
    page = client_of(admin).post(reverse("accounts:person_link", args=[viewer.pk]), headers={"Host": "localhost:666"})
    assert page.context["link"].startswith(f"{ORIGIN}/")
    answer = api_of(admin).post(f"/api/v1/users/{viewer.pk}/password-link/", headers={"Host": "localhost:666"})
    assert answer.json()["url"].startswith(f"{ORIGIN}/")


def test_without_a_public_address_no_letter_is_sent(client, viewer, settings, monkeypatch):
    settings.PUBLIC_URL = ""
    monkeypatch.setattr(send_password_letter, "delay", lambda *args: pytest.fail("nobody knows where it leads"))
    page = client.post(reverse("accounts:request_password"), {"email": viewer.email})
    assert "Ask an admin" in page.content.decode()


def test_by_token_nobody_gets_a_way_into_the_account_of_another_admin(admin, make_admin, viewer):
    other = make_admin(email="anna@example.org")
    _token, key = api_tokens.make(admin, "CI")
    client = APIClient(headers={"Authorization": f"Bearer {key}"})
    statuses = [client.post(f"/api/v1/users/{user.pk}/password-link/").status_code for user in (other, admin, viewer)]
    assert statuses == [403, 200, 200]


@pytest.mark.parametrize("wanted", [True, False])
def test_a_person_chooses_whether_tokens_end_with_the_old_password(client, viewer, wanted):
    token, _key = api_tokens.make(viewer, "CI")
    page = follow(client, password_link(viewer)[0])
    client.post(page.request["PATH_INFO"], NEW | ({"revoke_tokens": "on"} if wanted else {}))
    token.refresh_from_db()
    assert (token.revoked_at is not None) == wanted


def test_an_admin_hands_over_a_link_that_works(client, client_of, admin, viewer):
    page = client_of(admin).post(reverse("accounts:person_link", args=[viewer.pk]))
    assert page.context["link"] in page.content.decode()
    assert follow(client, page.context["link"]).context["validlink"]


def test_no_link_for_a_closed_account(client_of, api_of, admin, viewer):
    people.deactivate(viewer)
    assert client_of(admin).post(reverse("accounts:person_link", args=[viewer.pk])).status_code == 404
    assert api_of(admin).post(f"/api/v1/users/{viewer.pk}/password-link/").status_code == 404


def test_the_link_by_api_works(client, api_of, admin, viewer):
    answer = api_of(admin).post(f"/api/v1/users/{viewer.pk}/password-link/")
    assert answer.status_code == 200
    assert follow(client, answer.json()["url"]).context["validlink"]


def test_the_page_answers_alike_for_known_and_unknown_addresses(client, viewer, monkeypatch):
    asked = []
    monkeypatch.setattr(send_password_letter, "delay", lambda *args: asked.append(args))
    pages = [
        client.post(reverse("accounts:request_password"), {"email": email}).content.decode()
        for email in (viewer.email, "nobody@example.org")
    ]
    assert [args[0] for args in asked] == [viewer.email, "nobody@example.org"]
    known, unknown = (re.sub(r'"[A-Za-z0-9]{64}"', "csrf", page) for page in pages)
    assert known.replace(viewer.email, "nobody@example.org") == unknown


def test_the_letter_carries_a_working_link_in_the_persons_language(client, viewer):
    viewer.language = "fr"
    viewer.save()
    send_password_letter("Vera@example.org", "en")
    (letter,) = mail.outbox
    assert letter.to == [viewer.email]
    link = next(word for word in letter.body.split() if word.startswith(ORIGIN))
    assert follow(client, link).context["validlink"]


def test_nobody_unknown_or_closed_gets_a_letter_and_nobody_gets_many(viewer, analyst, admin):
    people.deactivate(analyst)
    for email in ("nobody@example.org", analyst.email, viewer.email, viewer.email, viewer.email.upper()):
        send_password_letter(email, "en")
    assert [letter.to for letter in mail.outbox] == [[viewer.email]]


def test_without_mail_the_page_says_whom_to_ask(client, viewer, settings, monkeypatch):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    monkeypatch.setattr(send_password_letter, "delay", lambda *args: pytest.fail("no mail can be sent"))
    assert reverse("accounts:request_password") not in client.get("/accounts/login/").content.decode()
    page = client.post(reverse("accounts:request_password"), {"email": viewer.email})
    assert "Ask an admin" in page.content.decode()


def test_somebody_added_with_a_link_cannot_sign_in_before_using_it(client, db):
    person = people.add_person("new@example.org", Role.VIEWER)
    answer = client.post("/accounts/login/", {"username": "new@example.org", "password": ""})
    assert answer.status_code == 200
    assert not person.has_usable_password()
