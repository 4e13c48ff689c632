"""Alerts, and the endpoints of others that hear of them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from feedback.models import Survey
from integrations.models.connection import Connection
from integrations.troubles.table import Explanation, explain


class Alert(models.Model):
    """Something that a person must know: open as long as the fact holds. One fact has one open alert."""

    class Kind(models.TextChoices):
        STOPPED = "connection_stopped", _("Connection stopped")
        FAILING = "fetches_failing", _("Fetches fail")
        STALE = "data_stale", _("Old data")
        ATTENTION = "needs_attention", _("Needs attention")
        DRIFT = "survey_drift", _("Survey changed")
        WATCH = "watch_lost", _("Watch lost")
        STEP = "step_failing", _("Step fails")

    class About(models.TextChoices):
        """What has one open alert at a time. Failing fetches make data old: that is one trouble, not two."""

        CONNECTION = "connection"
        RETRIEVAL = "retrieval"
        QUESTIONS = "questions"
        WATCH = "watch"
        STEP = "step"  # of the tick: without connection and survey, its code names it

    about = models.CharField(max_length=10, choices=About.choices)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    code = models.CharField(max_length=60)  # its sentences: see troubles/table.py
    connection = models.ForeignKey(
        Connection, models.CASCADE, null=True, related_name="alerts", verbose_name=_("connection")
    )
    survey = models.ForeignKey(Survey, models.CASCADE, null=True, related_name="alerts", verbose_name=_("survey"))
    opened_at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed at"), null=True)
    told_at = models.DateTimeField(null=True)  # when admins were last written to about it
    email_due_at = models.DateTimeField(
        db_column="letter_due_at", null=True
    )  # news or a reminder; null: nothing to write

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        default_permissions = ()
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["about", "connection"],
                condition=Q(closed_at=None, survey=None),
                name="one_open_alert_per_connection",
            ),
            models.UniqueConstraint(
                fields=["about", "survey"],
                condition=Q(closed_at=None, survey__isnull=False),
                name="one_open_alert_per_survey",
            ),
            models.UniqueConstraint(
                fields=["code"], condition=Q(closed_at=None, connection=None), name="one_open_alert_per_step"
            ),
        ]
        indexes = [models.Index(fields=["email_due_at"], name="alert_by_letter_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.survey or self.connection or self.code}"

    @property
    def explanation(self) -> Explanation:
        """What is wrong, and what can be done, in the active language."""
        if self.connection and self.code == self.connection.stopped_code:
            return self.connection.stopped
        return explain(self.code)


class AlertEndpoint(models.Model):
    """An address of somebody else's that hears of alerts, in signed messages (Standard Webhooks)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120)
    url = models.CharField(_("address"), max_length=500)
    # Bound to this row and address: see encryption.py. Shown once; read through `endpoints.py` only.
    secret_envelope = models.TextField(editable=False)
    is_gone = models.BooleanField(default=False)  # it answered 410: nothing is sent there any more
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("added at"), auto_now_add=True)

    class Meta:
        db_table = "integrations_alerttarget"  # its name of 0.1.0
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        default_permissions = ()
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class AlertMessage(models.Model):
    """One message to one target, the same at each try: its id tells the receiver of repetitions."""

    class State(models.TextChoices):
        PENDING = "pending", _("To be sent")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Given up")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    target = models.ForeignKey(AlertEndpoint, models.CASCADE, related_name="messages")
    kind = models.CharField(_("kind"), max_length=30)  # alert.opened, alert.closed, alert.test
    body = models.TextField()
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.PENDING)
    due_at = models.DateTimeField(null=True)  # null: no further try
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    status = models.PositiveSmallIntegerField(null=True)  # of the last answer
    error_code = models.CharField(max_length=60, blank=True)
    tried_at = models.DateTimeField(_("last tried at"), null=True)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        default_permissions = ()
        ordering = ["-pk"]
        indexes = [models.Index(fields=["due_at"], name="alert_message_by_due_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"

    @property
    def message_id(self) -> str:
        """The header `webhook-id`: by it the receiver knows a repetition."""
        return f"msg_{self.uuid.hex}"
