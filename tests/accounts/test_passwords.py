"""Which passwords are refused, whoever chooses them."""

import gzip

import pytest
from django.contrib.auth.password_validation import get_default_password_validators, validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from accounts.organisation import change_organisation

pytestmark = pytest.mark.django_db


def is_refused(password) -> bool:
    try:
        validate_password(password)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize(
    "password",
    [
        "Parcours2026", "parcours-demo", "company123", "P4rc0urs2026", "Bienvenue2026!", "motdepasse1", "MotDePasse!99",
        "Méridian2026", "meridian-99", "parcoursparcours", "Parcours Demo 1", "qualtrics12345678",
    ],
)  # fmt: skip
def test_words_of_this_place_with_a_few_characters_are_refused(password):
    change_organisation(name="Banque Méridian")
    assert is_refused(password)


@pytest.mark.parametrize(
    "password",
    [
        "another battery staple",
        "parcours d'un combattant",
        "x7Kq-parcours-Lw3z",
        "quiet company of owls",
        "wxyz-4021-abcd",
    ],
)
def test_others_are_not(password):
    change_organisation(name="Banque Méridian")
    assert not is_refused(password)


@pytest.mark.parametrize("name", ["breached.txt", "breached.txt.gz"])
def test_a_list_of_breached_passwords_can_be_given(settings, tmp_path, name):
    leaked = "Sommerregen-im-Juli"
    assert not is_refused(leaked)
    opened = gzip.open if name.endswith(".gz") else open
    with opened(tmp_path / name, "wt", encoding="utf-8") as file:
        file.write(f"short\n{leaked.upper()}\r\n")
    settings.BREACHED_PASSWORDS = str(tmp_path / name)
    get_default_password_validators.cache_clear()
    try:
        assert is_refused(leaked)
        assert is_refused("1234567890a")  # Django's own list counts as well
    finally:
        get_default_password_validators.cache_clear()


def test_a_list_that_is_not_there_is_said_at_the_start(settings, tmp_path):
    settings.BREACHED_PASSWORDS = str(tmp_path / "none.txt")
    with pytest.raises(SystemCheckError, match="BREACHED_PASSWORDS names it"):
        call_command("check")
