"""What must be answered before a deployment starts; every command of `manage.py` stops with these sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from accounts.links import mail_is_sent


@register()
def the_public_address_is_known(**_kwargs: Any) -> list[CheckMessage]:
    """What a request says of its host and port is no answer: whoever sends it can invent both."""
    if not settings.PUBLIC_URL_IS_ANSWERED:
        if not settings.EMBEDDED:
            told = (
                "PUBLIC_URL is not set. It is the address under which people and survey vendors reach this site, for "
                "example https://parcours.example.org, or the word none: then no letters with links to set a password "
                "are sent, and new responses cannot be watched. Put it in the environment or in .env."
            )
            return [Error(told, id="config.E001")]
        if mail_is_sent():
            told = "PUBLIC_URL is not set, so no letters with links to set a password are sent."
            return [Warning(told, id="config.W001")]
    parts = urlsplit(settings.PUBLIC_URL)
    if settings.PUBLIC_URL and not (parts.scheme in ("http", "https") and parts.hostname):
        told = "PUBLIC_URL is not an address. It begins with https:// and a host, or is the word none."
        return [Error(told, id="config.E002")]
    return []


@register()
def the_list_of_breached_passwords_is_there(**_kwargs: Any) -> list[CheckMessage]:
    path = settings.BREACHED_PASSWORDS
    if path and not Path(path).is_file():
        return [Error(f"There is no file {path}: BREACHED_PASSWORDS names it.", id="config.E003")]
    return []
