"""What this installation remembers of itself: its ticks, its place, its calls."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.models.connection import Connection


class Timekeeping(models.Model):
    """One row: when the last tick and the last daily upkeep came. Several beats or workers agree on it."""

    # Machines differ by less; a clock that went back further was put back.
    PUT_BACK = timedelta(minutes=5)

    ticked_at = models.DateTimeField(null=True)
    kept_up_at = models.DateTimeField(null=True)
    # A sign of life of the workers: when a tick asked for one, and when each queue's workers last gave one.
    asked_queues_at = models.DateTimeField(null=True)
    sync_answered_at = models.DateTimeField(null=True)
    backfill_answered_at = models.DateTimeField(null=True)
    emailed_at = models.DateTimeField(
        db_column="letters_at", null=True
    )  # when admins were last written to about alerts

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.ticked_at} {self.kept_up_at}"


class FailingStep(models.Model):
    """A step of the tick that failed when it ran last. The row goes when the step succeeds."""

    name = models.CharField(max_length=40, unique=True)  # see timetable/steps.py
    failing_since = models.DateTimeField(_("failing since"))
    last_failed_at = models.DateTimeField(_("last failed at"))
    times = models.PositiveIntegerField(_("times in a row"))
    error_class = models.CharField(max_length=100)  # of the newest error
    # Where single parts of it failed: how many the last time, and the newest, as the log names it.
    parts = models.PositiveIntegerField(default=0)
    part = models.CharField(max_length=200, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["failing_since", "pk"]

    def __str__(self) -> str:
        return f"{self.name} {self.times}"


class Installation(models.Model):
    """One row: where this database was when somebody last vouched for it. See installation.py."""

    place = models.CharField(max_length=64)  # a digest
    described = models.CharField(_("place"), max_length=300)
    confirmed_at = models.DateTimeField(_("confirmed at"))
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_installation")]

    def __str__(self) -> str:
        return self.described


class CallCount(models.Model):
    """Calls made through a connection in one hour: all of them, or those of a family with a limit of its own."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="call_counts")
    family = models.CharField(max_length=16, blank=True)  # see qualtrics/limits.py; empty: all of them
    hour = models.DateTimeField()
    calls = models.PositiveIntegerField(default=0)
    # The minute counted last, and the fullest one of this hour: the vendor's limits are by minute.
    minute = models.DateTimeField()
    in_minute = models.PositiveIntegerField(default=0)
    busiest_minute = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["connection", "family", "hour"], name="one_count_per_family_and_hour")
        ]
        indexes = [models.Index(fields=["hour"], name="call_count_by_hour")]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.hour:%Y-%m-%d %H} {self.family} {self.calls}"
