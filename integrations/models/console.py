"""Calls made by hand."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.models.connection import Connection


class ConsoleCall(models.Model):
    """A call that somebody made in the API console. Neither bodies nor queries are kept: they may be about anybody."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    connection = models.ForeignKey(
        Connection, models.SET_NULL, null=True, related_name="+", verbose_name=_("connection")
    )
    method = models.CharField(_("method"), max_length=6)
    path = models.CharField(_("path"), max_length=2000)
    status = models.PositiveSmallIntegerField(_("status"), null=True)  # null: no answer came (yet)
    error_code = models.CharField(max_length=60, blank=True)
    milliseconds = models.PositiveIntegerField(_("time taken"), null=True)
    request_id = models.CharField(_("request"), max_length=80, blank=True)
    confirmation = models.UUIDField(null=True, unique=True, editable=False)  # a confirmation sends once
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("API call")
        verbose_name_plural = _("API calls")
        default_permissions = ()
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
