"""Every fetch, with what it received and what became of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.models.connection import Connection, SurveyFeed


class Fetch(models.Model):
    """One fetch of one survey: the job that workers share, and afterwards its line in the ledger."""

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", _("Schedule")
        MANUAL = "manual", _("By hand")
        FIRST = "first", _("First fetch")
        MAPPING = "mapping", _("New question mapped")
        WEBHOOK = "webhook", _("Webhook")
        RECONCILE = "reconcile", _("Reconciliation")

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting for a worker")
        RUNNING = "running", _("Running")
        WAITING = "waiting", _("Waiting for Qualtrics")
        DONE = "done", _("Done")
        PARTIAL = "partial", _("Done in part")
        FAILED = "failed", _("Failed")
        QUARANTINED = "quarantined", _("Given up after repeated crashes")
        CANCELLED = "cancelled", _("Cancelled")

    OPEN = (State.PENDING, State.RUNNING, State.WAITING)

    class Step(models.TextChoices):
        START = "start", _("Wait for a place")
        QUESTIONS = "questions", _("Read the questions")
        EXPORT = "export", _("Ask for an export")
        POLL = "poll", _("Export is being prepared")
        DOWNLOAD = "download", _("Download")
        LOAD = "load", _("Load")
        FINISH = "finish", _("Finish")

    # An export is under way, or about to be; and the steps in which Qualtrics is called.
    PLACES = (Step.QUESTIONS, Step.EXPORT, Step.POLL, Step.DOWNLOAD)
    CALLING = (Step.START, *PLACES)

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    feed = models.ForeignKey(SurveyFeed, models.CASCADE, related_name="fetches")
    # Through which it goes to its end, whichever feeds the survey by then: the one that does when it is made. Null: deleted.
    connection = models.ForeignKey(Connection, models.SET_NULL, null=True, related_name="fetches")
    trigger = models.CharField(_("trigger"), max_length=10, choices=Trigger.choices)
    full = models.BooleanField(_("everything ever recorded"), default=False)
    slot = models.DateTimeField(null=True, blank=True)  # the scheduled moment; one fetch each
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    # The job.
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.PENDING)
    step = models.CharField(_("step"), max_length=10, choices=Step.choices, default=Step.START)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    # Rises with each claim; a commit under an old one changes nothing.
    fence = models.PositiveBigIntegerField(default=0)
    holder = models.CharField(max_length=120, blank=True)  # the process that claimed it last: see vendor/processes.py
    attempts = models.PositiveIntegerField(default=0)  # claims since the last progress
    progress_id = models.CharField(max_length=64, blank=True)
    file_id = models.CharField(max_length=80, blank=True)
    next_token = models.TextField(blank=True)  # continuation token that this export gave; the feed's after the end
    poll_count = models.PositiveIntegerField(default=0)
    export_attempts = models.PositiveIntegerField(default=0)
    lines_done = models.PositiveBigIntegerField(default=0)  # the checkpoint
    bytes_done = models.PositiveBigIntegerField(default=0)
    bytes_total = models.PositiveBigIntegerField(null=True, blank=True)
    modified_until = models.DateTimeField(null=True, blank=True)  # newest vendor date seen so far
    failures = models.PositiveIntegerField(default=0)  # passing troubles in a row, each with a longer wait
    mapping = models.JSONField(default=dict, blank=True)  # {field: [question pk, kind]} at the start
    covers = models.JSONField(default=dict, blank=True)  # what the feed's `covered_questions` will be after the end

    # The ledger.
    window_from = models.DateTimeField(_("from"), null=True, blank=True)
    used_token = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    work_seconds = models.FloatField(_("time worked"), default=0.0)
    calls = models.PositiveIntegerField(_("calls"), default=0)
    received = models.PositiveIntegerField(_("received"), default=0)
    new = models.PositiveIntegerField(_("new"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    vanished = models.PositiveIntegerField(_("vanished"), default=0)  # marked as deleted by a reconciliation
    confirmed_gone = models.PositiveIntegerField(default=0)  # so many a person has said are deleted at the source
    rejected_by_reason = models.JSONField(default=dict, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_detail = models.JSONField(default=dict, blank=True)  # http status, vendor's code, text and request id

    class Meta:
        verbose_name = _("fetch")
        verbose_name_plural = _("fetches")
        default_permissions = ()
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["feed"],
                condition=Q(state__in=["pending", "running", "waiting"]),
                name="one_open_fetch_per_feed",
            ),
            models.UniqueConstraint(fields=["feed", "slot"], condition=~Q(slot=None), name="one_fetch_per_slot"),
            models.CheckConstraint(
                condition=Q(
                    received=models.F("new") + models.F("changed") + models.F("unchanged") + models.F("rejected")
                ),
                name="the_ledger_adds_up",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["pending", "running", "waiting"]),
                name="open_fetch_by_due_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.feed} {self.created_at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding and self.connection_id is None:
            self.connection_id = self.feed.connection_id
        super().save(*args, **kwargs)

    @property
    def is_asked(self) -> bool:
        """Whether a person asks for it, who need not wait for the connection's circuit to close."""
        return self.trigger == self.Trigger.MANUAL or self.asked_by_id is not None

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class RejectedRecord(models.Model):
    """A record that could not be stored, with the reason. Its content is not kept: it may be anybody's."""

    fetch = models.ForeignKey(Fetch, models.CASCADE, related_name="rejected_records")
    line = models.PositiveBigIntegerField(_("line"))
    external_id = models.CharField(_("response"), max_length=64, blank=True)
    reason = models.CharField(_("reason"), max_length=40)

    class Meta:
        default_permissions = ()
        ordering = ["line"]

    def __str__(self) -> str:
        return f"{self.reason} ({self.line})"
