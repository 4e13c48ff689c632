"""What a password must not be: beside Django's own rules, a list of breached ones, and the words of this place."""

from __future__ import annotations

import gzip
import unicodedata
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Organisation

LEAST_LENGTH = 10
# What somebody tries first who knows where they are.
_WORDS = (
    "parcours", "qualtrics", "company", "customer", "journey", "password", "motdepasse", "passwort", "welcome",
    "bienvenue", "changeme", "letmein", "secret", "admin", "demo", "test", "qwerty", "azerty",
)  # fmt: skip
_LEAST_OWN = 6
_LOOKALIKES = str.maketrans("013457@$!", "oieastasi")


class BreachedPasswordValidator(CommonPasswordValidator):
    """Refuses what is in Django's list of common passwords or in the file BREACHED_PASSWORDS, whatever its letter case."""

    def __init__(self) -> None:
        super().__init__()
        if path := settings.BREACHED_PASSWORDS:
            opened: Any = gzip.open if path.endswith(".gz") else open
            with opened(path, "rt", encoding="utf-8", errors="replace") as lines:
                # Shorter ones are refused anyway, and would take most of the memory.
                self.passwords |= {line.strip().lower() for line in lines if len(line.strip()) >= LEAST_LENGTH}


class OwnWordsValidator:
    """Refuses a password in which little is left without the words that everybody here knows."""

    def validate(self, password: str, user: object = None) -> None:
        typed = _plain(password)
        words = sorted({*_WORDS, *_plain(Organisation.current().name).split()}, key=len, reverse=True)
        for text in (typed, typed.translate(_LOOKALIKES)):
            for word in words:
                if len(word) > 3:
                    text = text.replace(word, " ")
            rest = "".join(filter(str.isalnum, text))
            if len(text) != len(typed) and (len(rest) < _LEAST_OWN or rest.isdigit()):
                raise ValidationError(
                    _("This password is made of words that are easily guessed here."), code="own_words"
                )

    def get_help_text(self) -> str:
        return _("Your password can’t be made of the name of Parcours or of your organisation and a few characters.")


def _plain(text: str) -> str:
    """In small letters without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
