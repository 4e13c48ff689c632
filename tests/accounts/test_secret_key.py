"""Changing SECRET_KEY: with the old one among the fallbacks nobody notices, without it people sign in again."""

import pytest
from django.urls import reverse

from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "a-new-secret-key-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG"


def is_signed_in(client) -> bool:
    return client.get(reverse("accounts:profile")).status_code == 200


@pytest.mark.parametrize("old_is_kept", [True, False])
def test_sessions_outlive_a_change_while_the_old_key_is_kept(client_of, viewer, settings, old_is_kept):
    client = client_of(viewer)
    assert is_signed_in(client)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if old_is_kept else []
    settings.SECRET_KEY = NEW
    assert is_signed_in(client) == old_is_kept


def test_people_sign_in_again_with_their_password(client, viewer, settings):
    settings.SECRET_KEY = NEW
    client.post(reverse("accounts:login"), {"username": viewer.email, "password": PASSWORD})
    assert is_signed_in(client)
