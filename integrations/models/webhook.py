"""Watched surveys and the messages that arrive about them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from feedback.models import Survey
from integrations.models.connection import Connection
from integrations.models.fetch import Fetch
from versioning.models import Versioned


class ResponseWatch(Versioned):
    """A webhook at the vendor: it tells us of each completed response of a survey. What it tells is a hint, not data.

    The row says what ought to be; `watches.bring_in_line` makes the vendor follow. A key is stored before the vendor learns
    of it, so that no message comes before it can be checked.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="watches")
    survey = models.ForeignKey(Survey, models.CASCADE, related_name="watches")
    name = models.CharField(_("webhook name"), max_length=120)
    # Bound to this row: see encryption.py. Read through `watches.py` only.
    key_envelope = models.TextField(editable=False)
    subscription_id = models.CharField(max_length=64, blank=True)  # empty: not made yet
    publication_url = models.CharField(max_length=300, blank=True)  # where that subscription sends to
    # While the key is changed: the subscription to end, and a key that stays valid for messages under way.
    former_key_envelope = models.TextField(editable=False, blank=True)
    former_subscription_id = models.CharField(max_length=64, blank=True)
    key_set_at = models.DateTimeField(_("key set at"))
    is_ending = models.BooleanField(default=False)  # switched off; the row goes once the subscription is gone

    # What the last look at the vendor found.
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    next_check_at = models.DateTimeField()
    successful_calls = models.PositiveIntegerField(_("deliveries counted by Qualtrics"), null=True, blank=True)
    trouble_code = models.CharField(max_length=60, blank=True)
    last_delivery_at = models.DateTimeField(_("last delivery at"), null=True, blank=True)
    last_refused_at = models.DateTimeField(_("last refused message at"), null=True, blank=True)

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("watch of new responses")
        default_permissions = ()
        ordering = ["survey__name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["survey"], condition=Q(is_ending=False), name="one_watch_per_survey")
        ]
        indexes = [
            models.Index(fields=["next_check_at"], name="watch_by_check_time"),
            models.Index(fields=["trouble_code"], name="watch_by_trouble"),
        ]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """What signed messages said of one response, with the verdict. Repetitions change this row, they add none."""

    class Verdict(models.TextChoices):
        PENDING = "pending", _("To be retrieved")
        STORED = "stored", _("Retrieved")
        EXPORTED = "exported", _("Retrieved with an export")
        IGNORED = "ignored", _("Ignored: not of this survey")
        LEFT = "left", _("Left to the next fetch")

    watch = models.ForeignKey(ResponseWatch, models.CASCADE, related_name="deliveries", db_index=False)
    response_id = models.CharField(_("response"), max_length=64, blank=True)  # empty: none that could be one
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict.choices, default=Verdict.PENDING)
    received_at = models.DateTimeField(_("received at"))  # the latest time
    times = models.PositiveIntegerField(_("times received"), default=1)
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    worked_at = models.DateTimeField(_("last looked up at"), null=True, blank=True)
    fetch = models.ForeignKey(Fetch, models.SET_NULL, null=True, blank=True, related_name="deliveries")
    error_code = models.CharField(max_length=60, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        default_permissions = ()
        ordering = ["-received_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["watch", "response_id"], name="one_delivery_per_response")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(verdict="pending"), name="pending_delivery_by_due_time"),
            models.Index(fields=["watch", "-received_at"], name="delivery_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.watch_id} {self.response_id}"
