"""Admins are written to once about each thing, each in their language, and reminded once a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from smtplib import SMTPException

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Organisation
from accounts.roles import Role
from integrations.health import alerts, emails
from integrations.models import Alert, Connection, Installation, Timekeeping
from integrations.troubles.isolation import PartsFailed
from integrations.vendor import instance_guard
from tests import factories

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
def clock(db):
    Timekeeping.objects.create(pk=1)
    with time_machine.travel(MORNING, tick=False) as moved:
        yield moved


def go_on(clock, mailbox, **passed) -> list[str]:
    """Let time pass, tick, and write if it is due; the subjects of the letters that went."""
    clock.shift(timedelta(**passed))
    mailbox.clear()
    alerts.evaluate()
    if emails.emails_are_due():
        emails.send_alert_emails()
    return [letter.subject for letter in mailbox]


def test_news_a_reminder_a_day_later_and_the_end(clock, admin, mailoutbox):
    factories.make_connection(name="Coastline Rail", stopped_code="token_refused")
    assert go_on(clock, mailoutbox) == ["Parcours: 1 new alert"]
    assert go_on(clock, mailoutbox, minutes=30) == []
    assert go_on(clock, mailoutbox, hours=23) == []
    assert go_on(clock, mailoutbox, minutes=30) == ["Parcours: 1 alert is still open"]
    assert go_on(clock, mailoutbox, hours=23, minutes=59) == []
    Connection.objects.update(stopped_code="")
    assert go_on(clock, mailoutbox) == ["Parcours: what was wrong has ended"]
    assert go_on(clock, mailoutbox, days=3) == []


def test_the_letter_says_what_happened_and_what_to_do(clock, admin, settings, mailoutbox):
    settings.PUBLIC_URL = "https://parcours.example"
    factories.make_connection(name="Coastline <Rail>", stopped_code="token_refused")
    go_on(clock, mailoutbox)
    letter = mailoutbox[0]
    assert letter.to == ["alice@example.org"]
    for words in (
        "Hello Alice Admin,", "* Coastline <Rail>\n", "Qualtrics refused the API token.", "copy the API token",
        "https://parcours.example/settings/health/", "(UTC)",
    ):  # fmt: skip
        assert words in letter.body


def test_one_letter_that_cannot_be_written_keeps_no_other_admin_from_being_told_nor_tells_them_twice(
    clock, admin, mailoutbox
):
    factories.make_user(Role.ADMIN, email="aaa@example.org", time_zone="Mars/Olympus")
    factories.make_user(Role.ADMIN, email="zoe@example.org")
    factories.make_connection(stopped_code="token_refused")
    with pytest.raises(PartsFailed, match="1 failed"):
        go_on(clock, mailoutbox)
    assert [letter.to for letter in mailoutbox] == [["alice@example.org"], ["zoe@example.org"]]
    assert go_on(clock, mailoutbox, minutes=30) == []


def test_each_admin_reads_it_in_their_language_and_others_do_not(clock, admin, analyst, viewer, mailoutbox):
    factories.make_user(Role.ADMIN, email="ada@example.org", language="fr", time_zone="Europe/Paris")
    factories.make_user(Role.ADMIN, email="left@example.org", is_active=False)
    Organisation.objects.filter(pk=Organisation.current().pk).update(time_zone="America/New_York")
    factories.make_connection(stopped_code="token_refused")
    go_on(clock, mailoutbox)
    letters = {letter.to[0]: letter for letter in mailoutbox}
    assert sorted(letters) == ["ada@example.org", "alice@example.org"]
    assert "Qualtrics a refusé le token" in letters["ada@example.org"].body
    assert "09:00 (CET)" in letters["ada@example.org"].body
    assert "03:00 (EST)" in letters["alice@example.org"].body
    assert letters["ada@example.org"].subject == "Parcours\N{NO-BREAK SPACE}: 1 nouvelle alerte"


def test_many_at_once_share_a_letter_and_those_soon_after_the_next(clock, admin, mailoutbox):
    for _ in range(60):
        factories.make_connection(stopped_code="token_refused")
    assert go_on(clock, mailoutbox) == ["Parcours: 60 new alerts"]
    assert mailoutbox[0].body.count("Qualtrics refused the API token.") == 50
    assert "And 10 more." in mailoutbox[0].body
    sent = []
    for _ in range(20):
        factories.make_connection(stopped_code="token_refused")
        sent += go_on(clock, mailoutbox, seconds=30)
    assert sent == ["Parcours: 20 new alerts"]


def test_what_ended_before_anybody_was_told_is_not_told(clock, admin, mailoutbox):
    factories.make_connection(stopped_code="token_refused")
    alerts.evaluate()
    Connection.objects.update(stopped_code="")
    assert go_on(clock, mailoutbox) == []


def test_two_ticks_at_once_send_one_letter(clock, admin, mailoutbox):
    factories.make_connection(stopped_code="token_refused")
    alerts.evaluate()
    assert [emails.emails_are_due(), emails.emails_are_due()] == [True, False]


def test_what_reached_nobody_is_tried_again(clock, admin, mailoutbox, monkeypatch):
    def fail(*_args):
        raise SMTPException("no")

    with monkeypatch.context() as patched:
        patched.setattr(emails, "send_mail", fail)
        factories.make_connection(stopped_code="token_refused")
        assert go_on(clock, mailoutbox) == []
    assert go_on(clock, mailoutbox, minutes=5) == []
    assert go_on(clock, mailoutbox, minutes=6) == ["Parcours: 1 new alert"]


def test_without_a_mail_server_nothing_is_written_and_nothing_is_lost(clock, admin, settings, mailoutbox):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    factories.make_connection(stopped_code="token_refused")
    assert go_on(clock, mailoutbox) == []
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert go_on(clock, mailoutbox, days=2) == ["Parcours: 1 new alert"]


def test_a_copy_of_the_database_writes_to_nobody(clock, admin, mailoutbox):
    instance_guard.known()
    Installation.objects.update(place="another")
    factories.make_connection(stopped_code="token_refused")
    assert go_on(clock, mailoutbox) == []
    instance_guard.confirm_instance(is_copy=True)
    assert go_on(clock, mailoutbox, minutes=1) == ["Parcours: 1 new alert"]


def test_an_alert_that_ends_while_the_letter_is_written_is_told_as_ended_next(clock, admin, mailoutbox, monkeypatch):
    factories.make_connection(stopped_code="token_refused")
    alerts.evaluate()
    send = emails.send_mail

    def end_meanwhile(*args):
        Alert.objects.update(closed_at=timezone.now(), email_due_at=None)
        return send(*args)

    with monkeypatch.context() as patched:
        patched.setattr(emails, "send_mail", end_meanwhile)
        emails.send_alert_emails()
    Connection.objects.update(stopped_code="")
    assert go_on(clock, mailoutbox, minutes=11) == ["Parcours: what was wrong has ended"]
