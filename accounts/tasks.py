"""Background work of this app."""

from __future__ import annotations

import hashlib

from celery import shared_task
from django.core.cache import cache
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.links import password_link
from accounts.models import User

_PAUSE = 300  # seconds between two letters to one address: the form is no means to fill somebody's mailbox


@shared_task
def send_password_letter(email: str, language: str) -> None:
    """Send a one-time link to this address, if it belongs to an active person.

    The page starts this for every address, known or not, and so tells nobody which addresses are known. The link is
    made here: it does not travel through the broker.
    """
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None or not cache.add(f"letter:{hashlib.sha256(user.email.encode()).hexdigest()}", 1, _PAUSE):
        return
    link, ends_at = password_link(user)
    with translation.override(user.language or language):
        letter = render_to_string(
            "accounts/password_letter.txt", {"user": user, "link": link, "ends_at": timezone.localtime(ends_at)}
        )
        send_mail(_("Set your password for Parcours"), letter, None, [user.email])
