"""What must be answered before a deployment starts."""

import os
import stat

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from config.checks import the_public_address_is_known
from config.running.embedded import keep_private


@pytest.mark.parametrize("embedded", [True, False])
def test_production_asks_for_the_public_address(settings, embedded):
    settings.EMBEDDED, settings.PUBLIC_URL, settings.PUBLIC_URL_IS_ANSWERED = embedded, "", False
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    if embedded:
        assert the_public_address_is_known() == []
    else:
        with pytest.raises(SystemCheckError, match="or the word none"):
            call_command("check")


def test_the_word_none_is_an_answer(settings):
    settings.EMBEDDED, settings.PUBLIC_URL, settings.PUBLIC_URL_IS_ANSWERED = False, "", True
    assert the_public_address_is_known() == []


def test_embedded_it_is_said_that_mail_alone_sends_no_letters(settings):
    settings.EMBEDDED, settings.PUBLIC_URL, settings.PUBLIC_URL_IS_ANSWERED = True, "", False
    assert [each.id for each in the_public_address_is_known()] == ["config.W001"]


@pytest.mark.parametrize(
    "url", ["parcours.example.org", "//parcours.example.org", "https://", "ftp://parcours.example"]
)
def test_what_is_no_address_is_refused(settings, url):
    settings.PUBLIC_URL, settings.PUBLIC_URL_IS_ANSWERED = url, True
    assert [each.id for each in the_public_address_is_known()] == ["config.E002"]


def test_nobody_else_on_the_machine_reads_the_files_of_the_embedded_mode(tmp_path):
    (tmp_path / "parcours.sqlite3").touch(0o644)
    (tmp_path / "spool").mkdir(0o755)
    before = os.umask(0o022)
    try:
        keep_private(tmp_path)
        (tmp_path / "new").touch()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"parcours.sqlite3": 0o600, "spool": 0o700, "new": 0o600}
