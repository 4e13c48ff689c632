"""`manage.py create_admin`: the way into a fresh deployment, and back into one that lost its admins."""

from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.roles import Role, role_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def password(monkeypatch):
    monkeypatch.setenv("ADMIN_PASSWORD", "correct horse battery")


def test_a_fresh_deployment_gets_its_admin(password):
    call_command("create_admin", "--email", "Ada@Example.org", "--first-name", "Ada")
    ada = User.objects.get()
    assert (ada.email, ada.first_name, role_of(ada)) == ("ada@example.org", "Ada", Role.ADMIN)
    assert ada.check_password("correct horse battery")
    assert not ada.is_superuser
    assert ada.has_perm("integrations.manage_connections")


def test_somebody_who_was_locked_out_comes_back_as_admin(password, viewer):
    User.objects.filter(pk=viewer.pk).update(is_active=False)
    call_command("create_admin", "--email", viewer.email)
    viewer.refresh_from_db()
    assert (viewer.is_active, role_of(User.objects.get(pk=viewer.pk))) == (True, Role.ADMIN)
    assert viewer.check_password("correct horse battery")


@pytest.mark.parametrize(
    ("email", "password_text"), [("no address", "correct horse battery"), ("ada@example.org", "short")]
)
def test_what_is_not_right_is_said(monkeypatch, email, password_text):
    monkeypatch.setenv("ADMIN_PASSWORD", password_text)
    with pytest.raises(CommandError):
        call_command("create_admin", "--email", email)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("typed", "made"), [(["correct horse battery"] * 2, 1), (["correct horse battery", "other"], 0)]
)
def test_the_password_is_asked_for_twice(monkeypatch, typed, made):
    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("getpass.getpass", lambda prompt: typed.pop(0))
    try:
        call_command("create_admin", "--email", "ada@example.org")
    except CommandError as error:
        assert "differ" in str(error)
    assert User.objects.count() == made


def test_without_a_terminal_the_variable_is_named(monkeypatch):
    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: False))
    with pytest.raises(CommandError, match="ADMIN_PASSWORD"):
        call_command("create_admin", "--email", "ada@example.org")
