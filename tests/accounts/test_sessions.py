"""How long a session lasts and what ends it."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.urls import reverse

from accounts import people, sessions
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
