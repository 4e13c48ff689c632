"""Writes to the admins about alerts: one e-mail for all news, to each in their language, and a reminder once a day."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.links import mail_is_sent
from accounts.models import Organisation, User
from accounts.roles import people_with
from integrations.health.alerts import REMIND_EVERY
from integrations.models import Alert, Timekeeping
from integrations.troubles.isolation import Parts
from integrations.troubles.table import Explanation
from integrations.vendor.instance_guard import is_confirmed

logger = logging.getLogger(__name__)

# News that come within this time share an e-mail; the first goes at once.
PAUSE = timedelta(minutes=10)
# More are counted, not listed.
LISTED = 50


def emails_are_due() -> bool:
    """Whether there is something to write and nobody is at it; true once, for whoever asks first."""
    now = timezone.now()
    if not Alert.objects.filter(email_due_at__lte=now).exists() or not mail_is_sent() or not is_confirmed():
        return False  # a copy of this database would write to the admins of the original: see instance_guard.py
    rested = Q(emailed_at=None) | Q(emailed_at__lte=now - PAUSE) | Q(emailed_at__gt=now)
    return bool(Timekeeping.objects.filter(rested).update(emailed_at=now))


def send_alert_emails() -> int:
    """Send what is due; how many e-mails went. What reached nobody stays due. Raises `PartsFailed`."""
    now = timezone.now()
    due = Alert.objects.filter(email_due_at__lte=now).select_related("connection", "survey").order_by("opened_at")
    news = _News.of(due)
    if not news:
        return 0
    sent = 0
    with Parts() as parts:
        for admin in recipients():
            with parts.alone(f"e-mail to person {admin.pk}"):
                sent += _write(admin, news)
        if sent:
            _note_told(news, now)
    return sent


def _note_told(news: _News, now: datetime) -> None:
    keys = [alert.pk for alert in (*news.opened, *news.standing, *news.closed)]
    told = Alert.objects.filter(pk__in=keys)
    told.filter(closed_at=None).update(told_at=now, email_due_at=now + REMIND_EVERY)
    # One that has ended while this was written was announced as open: its end is news for the next e-mail.
    ended = {alert.pk for alert in news.closed}
    told.exclude(closed_at=None).filter(pk__in=ended).update(email_due_at=None)
    told.exclude(closed_at=None).exclude(pk__in=ended).update(told_at=now, email_due_at=now)


def recipients() -> list[User]:
    """Those who can do something about it."""
    return people_with("integrations.manage_connections", User.objects.filter(is_active=True).order_by("pk"))


@dataclass(frozen=True, slots=True)
class _News:
    """What an e-mail tells: alerts it speaks of for the first time, those that still stand, those that have ended."""

    opened: list[Alert]
    standing: list[Alert]
    closed: list[Alert]

    @classmethod
    def of(cls, due: QuerySet[Alert]) -> _News:
        rows = list(due)
        return cls(
            [alert for alert in rows if alert.closed_at is None and alert.told_at is None],
            [alert for alert in rows if alert.closed_at is None and alert.told_at is not None],
            [alert for alert in rows if alert.closed_at is not None],
        )

    def __bool__(self) -> bool:
        return bool(self.opened or self.standing or self.closed)

    @property
    def subject(self) -> str:
        if count := len(self.opened):
            return ngettext("Parcours: %(count)d new alert", "Parcours: %(count)d new alerts", count) % {"count": count}
        if count := len(self.standing):
            words = ngettext(
                "Parcours: %(count)d alert is still open", "Parcours: %(count)d alerts are still open", count
            )
            return words % {"count": count}
        return _("Parcours: what was wrong has ended")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One alert, as an e-mail tells it."""

    about: str
    explanation: Explanation
    opened_at: datetime
    closed_at: datetime | None


def _paragraphs(alerts: list[Alert]) -> list[Paragraph]:
    return [
        Paragraph(
            " › ".join(named.name for named in (alert.connection, alert.survey) if named) or _("Timetable"),
            alert.explanation,
            alert.opened_at,
            alert.closed_at,
        )
        for alert in alerts[:LISTED]
    ]


def _write(admin: User, news: _News) -> bool:
    """Whether it went. One address that fails keeps nobody else from being told."""
    zone = ZoneInfo(admin.time_zone or Organisation.current().time_zone)
    with translation.override(admin.language or settings.LANGUAGE_CODE), timezone.override(zone):
        sections = [
            (_("New"), _paragraphs(news.opened), max(0, len(news.opened) - LISTED)),
            (_("Still open"), _paragraphs(news.standing), max(0, len(news.standing) - LISTED)),
            (_("Over"), _paragraphs(news.closed), max(0, len(news.closed) - LISTED)),
        ]
        link = settings.PUBLIC_URL + reverse("integrations:health") if settings.PUBLIC_URL else ""
        context = {"user": admin, "sections": [section for section in sections if section[1]], "link": link}
        text = render_to_string("integrations/alert_email.txt", context)
        try:
            return bool(send_mail(news.subject, text, None, [admin.email]))
        except (SMTPException, OSError) as error:
            logger.warning("The e-mail about alerts to person %s was not sent: %s", admin.pk, type(error).__name__)
            return False
