"""The abstract model of objects that two people may edit."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Versioned(models.Model):
    """An object that two people may edit: a write names the version it saw, and is refused if another came first."""

    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    class Meta:
        abstract = True
