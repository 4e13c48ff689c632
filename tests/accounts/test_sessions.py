"""How long a session lasts and what ends it."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts import api_tokens, people, sessions
from accounts.roles import Role
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "another battery staple"


def is_signed_in(client) -> bool:
    return client.get(reverse("accounts:profile")).status_code == 200


def test_an_idle_session_ends_after_eight_hours_and_a_used_one_goes_on(client_of, viewer, time_machine):
    time_machine.move_to("2026-11-02 08:00Z", tick=False)
    used, idle = client_of(viewer), client_of(viewer)
    time_machine.shift(timedelta(hours=7))
    assert is_signed_in(used)
    time_machine.shift(timedelta(hours=2))
    assert is_signed_in(used)
    assert not is_signed_in(idle)


def test_the_idle_limit_begins_anew_at_most_every_five_minutes(client_of, viewer, time_machine):
    """Else each look at a page would write a row. An idle session ends at most that much early, and never late."""
    time_machine.move_to("2026-11-02 08:00Z", tick=False)
    client, renewed = client_of(viewer), []
    first = Session.objects.get().expire_date
    for minute in range(1, 13):
        time_machine.shift(timedelta(minutes=1))
        answer = client.get(reverse("accounts:profile"))
        if settings.SESSION_COOKIE_NAME in answer.cookies:  # the browser's copy ends with ours
            renewed.append(minute)
        assert Session.objects.get().expire_date - first == timedelta(minutes=renewed[-1] if renewed else 0)
    assert renewed == [5, 10]
    time_machine.shift(timedelta(hours=8) - sessions.RENEWED_EVERY)  # at minute 12: two after the last renewal
    assert is_signed_in(client)
    time_machine.shift(timedelta(hours=8))
    assert not is_signed_in(client)


def test_after_seven_days_even_a_busy_session_ends(client_of, viewer, time_machine):
    time_machine.move_to("2026-11-02 08:00Z", tick=False)
    client = client_of(viewer)
    for _step in range(28):
        time_machine.shift(timedelta(hours=6))
        assert is_signed_in(client)
    time_machine.shift(timedelta(seconds=1))
    assert not is_signed_in(client)
    assert sessions.end_sessions(viewer) == 0


def test_a_session_without_a_known_start_ends(client_of, viewer):
    client = client_of(viewer)
    session = client.session
    del session["signed_in_at"]
    session.save()
    assert not is_signed_in(client)


def test_a_changed_password_ends_the_other_sessions(client_of, viewer):
    here, elsewhere = client_of(viewer), client_of(viewer)
    old_key = here.session.session_key
    answer = here.post(
        reverse("accounts:password"),
        {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD},
    )
    assert answer.url == reverse("accounts:profile")
    assert is_signed_in(here) and here.session.session_key != old_key
    assert not is_signed_in(elsewhere)
    viewer.refresh_from_db()
    assert viewer.check_password(NEW_PASSWORD)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("not it", NEW_PASSWORD, "old_password"),
        (PASSWORD, "short", "new_password2"),
        (PASSWORD, "1029384756657", "new_password2"),
        (PASSWORD, "vera@example.org", "new_password2"),
    ],
)
def test_a_password_that_does_not_do_is_refused(client_of, viewer, old, new, field):
    answer = client_of(viewer).post(
        reverse("accounts:password"), {"old_password": old, "new_password1": new, "new_password2": new}
    )
    assert list(answer.context["form"].errors) == [field]
    viewer.refresh_from_db()
    assert viewer.check_password(PASSWORD)


@pytest.mark.parametrize("wanted", [True, False])
def test_api_tokens_end_with_the_password_if_the_person_says_so(client_of, viewer, wanted):
    token, _key = api_tokens.make(viewer, "CI")
    values = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    client_of(viewer).post(reverse("accounts:password"), values | ({"revoke_tokens": "on"} if wanted else {}))
    token.refresh_from_db()
    assert (token.revoked_at is not None) == wanted


WRONG = {"old_password": "not it", "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}


def test_an_old_password_is_guessed_no_faster_than_at_the_sign_in(client_of, viewer):
    client = client_of(viewer)
    statuses = [client.post(reverse("accounts:password"), WRONG).status_code for _n in range(15)]
    assert statuses == [200] * 7 + [429] * 8
    right = WRONG | {"old_password": PASSWORD}
    assert client.post(reverse("accounts:password"), right).status_code == 429
    viewer.refresh_from_db()
    assert viewer.check_password(PASSWORD)


def test_of_a_form_that_failed_no_password_is_kept(client_of, client, viewer):
    client_of(viewer).post(reverse("accounts:password"), WRONG)
    client.post(reverse("accounts:login"), {"username": viewer.email, "password": "not it"})
    kept = str(list(AccessAttempt.objects.values()))
    assert [typed for typed in WRONG.values() if typed in kept] == []


def test_guesses_at_both_pages_count_together(client_of, client, viewer):
    for _n in range(4):
        client_of(viewer).post(reverse("accounts:password"), WRONG)
        client.post(reverse("accounts:login"), {"username": viewer.email, "password": "not it"})
    answer = client.post(reverse("accounts:login"), {"username": viewer.email, "password": PASSWORD})
    assert answer.status_code == 429


def test_guesses_over_many_accounts_count_on_the_password_page_too(client_of, viewer, settings):
    settings.LOGIN_FAILURES_PER_ADDRESS = 2
    client = client_of(viewer)
    assert [client.post(reverse("accounts:password"), WRONG).status_code for _n in range(3)] == [200, 200, 429]


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"


@pytest.fixture
def sign_in():
    def browser(user, agent, address) -> Client:
        client = Client(headers={"User-Agent": agent}, REMOTE_ADDR=address)
        client.post(reverse("accounts:login"), {"username": user.email, "password": PASSWORD})
        return client

    return browser


def test_a_person_sees_their_own_sessions_and_no_others(sign_in, viewer, analyst):
    here = sign_in(viewer, FIREFOX, "203.0.113.9")
    sign_in(viewer, CHROME, "198.51.100.1")
    sign_in(analyst, CHROME, "198.51.100.2")
    page = here.get(reverse("accounts:sessions"))
    seen = [(s.browser, s.address, s.is_current) for s in page.context["sessions"]]
    assert seen == [("Firefox · Linux", "203.0.113.9", True), ("Chrome · Windows", "198.51.100.1", False)]
    told = here.get("/api/v1/sessions/").json()
    assert [(s["browser"], s["address"], s["is_current"]) for s in told] == seen
    keys = Session.objects.values_list("session_key", flat=True)
    assert [key for key in keys if key in page.content.decode() or key in str(told)] == []


@pytest.mark.parametrize("by_api", [False, True])
def test_a_person_ends_one_session_of_their_own_and_none_of_others(sign_in, viewer, analyst, by_api):
    here, elsewhere, amirs = (sign_in(user, FIREFOX, "203.0.113.9") for user in (viewer, viewer, analyst))

    def end(session) -> int:
        if by_api:
            return here.delete(f"/api/v1/sessions/{session.id}/").status_code
        return here.post(reverse("accounts:session_end", args=[session.id])).status_code

    (foreign,) = sessions.sessions_of(analyst)
    assert end(foreign) == 404
    (other,) = (s for s in sessions.sessions_of(viewer, here.session.session_key) if not s.is_current)
    assert end(other) == (204 if by_api else 302)
    assert [is_signed_in(client) for client in (here, elsewhere, amirs)] == [True, False, True]


def test_a_person_signs_out_everywhere_else(sign_in, viewer):
    here, *others = (sign_in(viewer, FIREFOX, "203.0.113.9") for _n in range(3))
    here.post(reverse("accounts:sessions"))
    assert [is_signed_in(client) for client in (here, *others)] == [True, False, False]


@pytest.mark.parametrize("by_api", [False, True])
def test_an_admin_ends_the_sessions_of_somebody_else(client_of, admin, viewer, analyst, by_api):
    alice, veras, amirs = client_of(admin), client_of(viewer), client_of(analyst)
    assert "signed in at 1 place." in " ".join(
        alice.get(reverse("accounts:person", args=[viewer.pk])).content.decode().split()
    )
    if by_api:
        assert alice.post(f"/api/v1/users/{viewer.pk}/end-sessions/").json() == {"ended": 1}
    else:
        alice.post(reverse("accounts:person_end_sessions", args=[viewer.pk]))
    assert [is_signed_in(client) for client in (alice, veras, amirs)] == [True, False, True]


def test_nobody_but_admins_ends_the_sessions_of_others(client_of, analyst, viewer):
    veras, amirs = client_of(viewer), client_of(analyst)
    assert amirs.post(reverse("accounts:person_end_sessions", args=[viewer.pk])).status_code == 403
    assert amirs.post(f"/api/v1/users/{viewer.pk}/end-sessions/").status_code == 403
    assert is_signed_in(veras)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox · Linux"),
        (CHROME, "Chrome · Windows"),
        (CHROME + " Edg/126.0", "Edge · Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit Version/17.5 Safari/604.1",
            "Safari · iOS",
        ),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36", "Chrome · Android"),
        ("curl/8.5", ""),
        ("", ""),
    ],
)
def test_a_browser_is_named_in_two_words(sign_in, viewer, agent, name):
    sign_in(viewer, agent, "203.0.113.9")
    assert [session.browser for session in sessions.sessions_of(viewer)] == [name]


def test_deactivation_ends_the_sessions_for_good(client_of, admin, viewer, analyst):
    veras, amirs = client_of(viewer), client_of(analyst)
    people.deactivate(viewer)
    assert not is_signed_in(veras)
    assert is_signed_in(amirs)
    people.reactivate(viewer)
    assert not is_signed_in(veras)
    assert Session.objects.count() == 1


def test_a_lowered_role_holds_from_the_next_request_on(client_of, admin, make_admin):
    other = make_admin()
    client = client_of(other)
    assert client.get(reverse("accounts:people")).status_code == 200
    people.change_role(other, Role.VIEWER)
    assert client.get(reverse("accounts:people")).status_code == 403


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_part_of_a_page_leads_the_whole_page_to_the_sign_in_and_back(client, method):
    around = reverse("journeys:list")
    answer = getattr(client, method)(
        reverse("journeys:new"), headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{around}?page=2"}
    )
    assert answer.headers["HX-Redirect"] == f"{reverse('accounts:login')}?next={around}%3Fpage%3D2"
    assert answer.content == b""


def test_a_part_of_a_foreign_page_leads_back_to_the_start(client):
    answer = client.get(
        reverse("journeys:new"), headers={"HX-Request": "true", "HX-Current-URL": "https://elsewhere.example/x"}
    )
    assert answer.headers["HX-Redirect"] == f"{reverse('accounts:login')}?next=/"
