"""Surveys sent by e-mail and SMS."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.models.connection import Connection
from versioning.models import Versioned


class Distribution(Versioned):
    """A survey sent to people by e-mail or SMS: a draft, then one attempt with its outcome, then what came of it."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("E-mail")
        SMS = "sms", _("SMS")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Handed to Qualtrics")
        FAILED = "failed", _("Refused, nothing was sent")
        UNKNOWN = "unknown", _("Not known whether it was sent")

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="distributions")
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.DRAFT)
    survey_external_id = models.CharField(max_length=64)
    survey_name = models.CharField(_("survey"), max_length=255)
    directory_external_id = models.CharField(max_length=64, blank=True)
    # What is or was sent. A person is in it by their id in a mailing list only.
    request = models.JSONField(default=dict)
    recipients = models.PositiveIntegerField(_("recipients"))
    audience = models.CharField(max_length=255, blank=True)  # what the list, sample or batch is called
    external_id = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_detail = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("prepared at"), auto_now_add=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)

    # What the vendor told last.
    vendor_status = models.CharField(_("status in Qualtrics"), max_length=40, blank=True)
    statistics = models.JSONField(default=dict, blank=True)  # {name: count}
    statistics_at = models.DateTimeField(_("statistics as of"), null=True)
    next_ask_at = models.DateTimeField(null=True)  # null: not asked by itself

    class Meta:
        verbose_name = _("distribution")
        verbose_name_plural = _("distributions")
        default_permissions = ()
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft") | Q(confirmed_at__isnull=False), name="sent_only_when_confirmed"
            ),
        ]
        indexes = [models.Index(fields=["next_ask_at"], name="distribution_by_ask_time")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.survey_name}"

    @property
    def title(self) -> str:
        """Its name, or the subject of the e-mail."""
        return self.request.get("name") or self.request.get("header", {}).get("subject", "")

    @property
    def send_at(self) -> datetime:
        """When Qualtrics sends it."""
        return datetime.fromisoformat(self.request["sendDate"])
