"""The audit trail: what is done to accounts, rights and secrets leaves a line that names who, and holds no secret."""

import json
import logging
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts import api_tokens, audit, people
from accounts.audit import Event, note
from accounts.models import ApiToken, AuditEvent, User
from accounts.roles import Role
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "another battery staple"


@pytest.fixture
def noted():
    """What was noted since it was asked for the last time: event, who, about whom or what."""
    seen = 0

    def take():
        nonlocal seen
        rows = list(AuditEvent.objects.filter(pk__gt=seen).order_by("pk"))
        seen = max((row.pk for row in rows), default=seen)
        return [(row.event, row.by_email, row.about.partition(": ")[2] or row.about) for row in rows]

    return take


def test_signing_in_and_out_and_failing_to(viewer, noted):
    client = Client(REMOTE_ADDR="203.0.113.9")
    for email, password in ((viewer.email, "wrong"), ("a password typed here", "x"), (viewer.email, PASSWORD)):
        client.post(reverse("accounts:login"), {"username": email, "password": password})
    client.post(reverse("accounts:logout"))
    assert noted() == [
        ("sign_in_failed", "", viewer.email),
        ("sign_in_failed", "", ""),
        ("signed_in", viewer.email, ""),
        ("signed_out", viewer.email, ""),
    ]
    assert set(AuditEvent.objects.values_list("address", flat=True)) == {"203.0.113.9"}


@pytest.mark.parametrize("by_api", [False, True])
def test_what_admins_do_to_people(client_of, admin, viewer, noted, by_api):
    alice = client_of(admin)
    noted()
    api, json_type = f"/api/v1/users/{viewer.pk}/", {"content_type": "application/json"}
    if by_api:
        alice.post("/api/v1/users/", {"email": "new@example.org", "role": "Viewer"}, **json_type)
        alice.patch(api, {"role": "Analyst"}, **json_type)
        alice.patch(api, {"role": "Analyst"}, **json_type)  # nothing changes
        alice.post(f"{api}password-link/")
        alice.patch(api, {"is_active": False}, **json_type)
        alice.patch(api, {"is_active": True}, **json_type)
    else:
        named = {"first_name": "Vera", "last_name": "Viewer", "role": "Analyst"}
        alice.post(
            reverse("accounts:person_add"), named | {"email": "new@example.org", "role": "Viewer", "way": "link"}
        )
        noted_first = AuditEvent.objects.filter(event="password_link_made")
        assert noted_first.count() == 1  # adding somebody with a link makes one at once
        noted_first.delete()
        alice.post(reverse("accounts:person", args=[viewer.pk]), named)
        alice.post(reverse("accounts:person", args=[viewer.pk]), named)
        for action in ("person_link", "person_deactivate", "person_reactivate"):
            alice.post(reverse(f"accounts:{action}", args=[viewer.pk]))
    assert noted() == [
        ("person_added", admin.email, "new@example.org"),
        ("role_changed", admin.email, viewer.email),
        ("password_link_made", admin.email, viewer.email),
        ("person_deactivated", admin.email, viewer.email),
        ("person_reactivated", admin.email, viewer.email),
    ]
    assert AuditEvent.objects.get(event="role_changed").facts == {"former": "Viewer", "role": "Analyst"}


def test_passwords_sessions_and_tokens(client_of, viewer, noted):
    vera, _elsewhere = client_of(viewer), client_of(viewer)
    noted()
    made = vera.post(reverse("accounts:api_tokens"), {"name": "CI", "lifetime": 30})
    values = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    vera.post(reverse("accounts:password"), values | {"revoke_tokens": "on"})
    assert noted() == [
        ("token_made", viewer.email, str(ApiToken.objects.get())),
        ("password_set", viewer.email, viewer.email),
        ("sessions_ended", viewer.email, viewer.email),
        ("token_revoked", viewer.email, str(ApiToken.objects.get())),
    ]
    told = str(list(AuditEvent.objects.values()))
    assert [secret for secret in (made.context["key"], PASSWORD, NEW_PASSWORD) if secret in told] == []


def test_a_change_of_the_threshold_says_what_it_became(client_of, admin):
    client_of(admin).patch("/api/v1/organisation/", {"suppression_threshold": 5}, content_type="application/json")
    row = AuditEvent.objects.get(event="organisation_changed")
    assert (row.by, row.facts) == (admin, {"suppression_threshold": 5})


def test_what_is_done_with_a_token_names_the_token(admin, viewer):
    token, key = api_tokens.make(admin, "CI")
    APIClient(headers={"Authorization": f"Bearer {key}"}).patch(f"/api/v1/users/{viewer.pk}/", {"role": "Analyst"})
    row = AuditEvent.objects.get(event="role_changed")
    assert (row.by, row.facts["with_token"]) == (admin, token.pk)


def test_what_a_command_does_is_by_nobody(monkeypatch, noted):
    monkeypatch.setenv("ADMIN_PASSWORD", NEW_PASSWORD)
    call_command("create_admin", email="alice@example.org", verbosity=0)
    call_command("create_admin", email="alice@example.org", verbosity=0)
    assert noted() == [("person_added", "", "alice@example.org"), ("password_set", "", "alice@example.org")]


def test_tokens_that_were_made_with_a_token_end_with_it(viewer, noted):
    root, _key = api_tokens.make(viewer, "root")
    child, _key = api_tokens.make(viewer, "child", maker=root)
    _grandchild, _key = api_tokens.make(viewer, "grandchild", maker=child)
    other, _key = api_tokens.make(viewer, "other")
    api_tokens.revoke(root)
    assert list(ApiToken.objects.filter(revoked_at=None)) == [other]


def test_what_is_rolled_back_was_not_done(viewer):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        people.change_role(viewer, Role.ANALYST)
        raise ZeroDivisionError
    assert not AuditEvent.objects.exists()


def test_each_line_stands_in_the_log_as_json(viewer, caplog, django_capture_on_commit_callbacks):
    with caplog.at_level(logging.INFO, "parcours.audit"), django_capture_on_commit_callbacks(execute=True):
        note(Event.ROLE_CHANGED, viewer, by=viewer, role="Admin\n")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "parcours.audit"]
    assert json.loads(line) == {
        "event": "role_changed",
        "by": viewer.email,
        "address": "",
        "about": f"user {viewer.pk}: {viewer.email}",
        "role": "Admin\n",
    }
    assert "\n" not in line


def test_old_lines_go_after_their_time(viewer, settings, time_machine):
    settings.KEEP_AUDIT_DAYS = 10
    time_machine.move_to("2026-11-02 09:00Z", tick=False)
    note(Event.SIGNED_OUT, by=viewer)
    time_machine.shift(timedelta(days=10))
    assert audit.forget_old() == 0
    time_machine.shift(timedelta(seconds=1))
    assert audit.forget_old() == 1


def test_a_line_outlives_the_account_that_it_names(admin):
    note(Event.SIGNED_IN, by=admin)
    User.objects.filter(pk=admin.pk).delete()
    row = AuditEvent.objects.get(event="signed_in")
    assert (row.by, row.by_email) == (None, "alice@example.org")
