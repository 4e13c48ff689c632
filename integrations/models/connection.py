"""The wires to the outside: connections, the surveys they feed, and every fetch with what became of it."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from feedback.models import Frequency, Source, Survey
from integrations.qualtrics.oauth import RETRIEVING
from integrations.vault.credential_text import validate_client_id, validate_scopes
from versioning.models import Versioned


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class Connection(Versioned):
    """One Qualtrics instance, seen through one API token or one OAuth client."""

    class AuthMethod(models.TextChoices):
        TOKEN = "token", _("API token")
        OAUTH = "oauth", _("OAuth 2 client credentials")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    source = models.OneToOneField(Source, models.PROTECT, related_name="connection")
    name = models.CharField(_("name"), max_length=120, unique=True)
    host = models.CharField(_("host"), max_length=120)
    # Bound to this row and host: see encryption.py. Read through `tokens.py` only. One of the two is filled.
    token_envelope = models.TextField(editable=False, blank=True)
    client_secret_envelope = models.TextField(editable=False, blank=True)
    token_set_at = models.DateTimeField(_("token set at"), null=True, blank=True)  # or the client's secret
    client_id = models.CharField(_("client ID"), max_length=200, blank=True, validators=[validate_client_id])
    scopes = models.CharField(_("scopes"), max_length=1000, default=RETRIEVING, validators=[validate_scopes])

    frequency = models.CharField(
        _("Retrieve data frequency"), max_length=8, choices=Frequency.choices, default=Frequency.DAILY
    )
    at_time = models.TimeField(_("at"), default="05:00", help_text=_("In the organisation's time zone."))
    weekday = models.PositiveSmallIntegerField(
        _("on"), choices=Weekday.choices, default=Weekday.MONDAY, validators=[MaxValueValidator(6)]
    )
    enabled = models.BooleanField(_("enabled"), default=True)

    # What the vendor said of the token's owner at the last test.
    owner_name = models.CharField(_("owner of the token"), max_length=200, blank=True)
    brand = models.CharField(_("brand"), max_length=120, blank=True)
    account_type = models.CharField(max_length=60, blank=True)
    tested_at = models.DateTimeField(_("tested at"), null=True, blank=True)
    test_results = models.JSONField(default=list, blank=True)

    # Health. `stopped_code` needs a person (token refused, key missing); `open_until` is a circuit that closes by itself.
    stopped_code = models.CharField(max_length=60, blank=True)
    failures_in_a_row = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True, blank=True)
    last_good_call_at = models.DateTimeField(_("last good call at"), null=True, blank=True)

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        default_permissions = ()
        permissions = [
            ("manage_connections", _("Connect survey vendors")),
            ("retrieve_data", _("Retrieve data from connected surveys")),
            ("call_api_get", _("Read from the API of connected vendors")),
            ("call_api", _("Call the API of connected vendors, and change what is there")),
        ]
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(client_id="", client_secret_envelope="") | Q(token_envelope="") & ~Q(client_id=""),
                name="a_token_or_a_client",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def auth_method(self) -> AuthMethod:
        """How it shows Qualtrics who it is."""
        return self.AuthMethod.OAUTH if self.client_id else self.AuthMethod.TOKEN

    @property
    def has_credentials(self) -> bool:
        """Whether a token or a client's secret is stored."""
        return bool(self.token_envelope or self.client_secret_envelope)


class SurveyFeed(models.Model):
    """A survey that is being fetched: when next, and how far we are."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="feeds")
    survey = models.OneToOneField(Survey, models.CASCADE, related_name="feed")
    next_due_at = models.DateTimeField(_("next fetch at"), null=True, blank=True)  # null: nothing asks for it
    # The watermark: from the vendor's data only, moved in the transaction of a fetch's last batch.
    modified_until = models.DateTimeField(_("data known until"), null=True, blank=True)
    continuation_token = models.TextField(blank=True)
    continuation_token_at = models.DateTimeField(null=True, blank=True)
    # {question pk: first day whose responses are here, or null for all}. A question not in it asks for a full fetch.
    covered_questions = models.JSONField(default=dict, blank=True)
    failures_in_a_row = models.PositiveIntegerField(default=0)
    # When alerts look at this feed again: at once after whatever may change them, or when its data will be old.
    look_at = models.DateTimeField(null=True, blank=True, default=timezone.now)

    class Meta:
        verbose_name = _("survey feed")
        default_permissions = ()
        indexes = [
            models.Index(fields=["next_due_at"], name="feed_by_due_time"),
            models.Index(fields=["look_at"], name="feed_by_look_time"),
        ]

    def __str__(self) -> str:
        return str(self.survey)


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
        PARTIAL = "partial", _("Done, some records rejected")
        FAILED = "failed", _("Failed")
        QUARANTINED = "quarantined", _("Given up after repeated crashes")
        CANCELLED = "cancelled", _("Cancelled")

    OPEN = (State.PENDING, State.RUNNING, State.WAITING)

    class Step(models.TextChoices):
        START = "start", _("Ask for an export")
        POLL = "poll", _("Export is being prepared")
        DOWNLOAD = "download", _("Download")
        LOAD = "load", _("Load")
        FINISH = "finish", _("Finish")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    feed = models.ForeignKey(SurveyFeed, models.CASCADE, related_name="fetches")
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
    holder = models.CharField(max_length=120, blank=True)  # the process that claimed it last: see sync/holders.py
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


class Timekeeping(models.Model):
    """One row: when the last tick and the last daily upkeep came. Several beats or workers agree on it."""

    ticked_at = models.DateTimeField(null=True)
    kept_up_at = models.DateTimeField(null=True)
    # A sign of life of the workers: when a tick asked for one, and when each queue's workers last gave one.
    asked_queues_at = models.DateTimeField(null=True)
    sync_answered_at = models.DateTimeField(null=True)
    backfill_answered_at = models.DateTimeField(null=True)
    letters_at = models.DateTimeField(null=True)  # when admins were last written to about alerts

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.ticked_at} {self.kept_up_at}"


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


class Alert(models.Model):
    """Something that a person must know: open as long as the fact holds. One fact has one open alert."""

    class Kind(models.TextChoices):
        STOPPED = "connection_stopped", _("Connection stopped")
        FAILING = "fetches_failing", _("Fetches fail")
        STALE = "data_stale", _("Old data")
        ATTENTION = "needs_attention", _("Needs attention")
        DRIFT = "survey_drift", _("Survey changed")
        WATCH = "watch_lost", _("Watch lost")

    class About(models.TextChoices):
        """What has one open alert at a time. Failing fetches make data old: that is one trouble, not two."""

        CONNECTION = "connection"
        RETRIEVAL = "retrieval"
        QUESTIONS = "questions"
        WATCH = "watch"

    about = models.CharField(max_length=10, choices=About.choices)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    code = models.CharField(max_length=60)  # its sentences: see qualtrics/messages.py
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="alerts", verbose_name=_("connection"))
    survey = models.ForeignKey(Survey, models.CASCADE, null=True, related_name="alerts", verbose_name=_("survey"))
    opened_at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed at"), null=True)
    told_at = models.DateTimeField(null=True)  # when admins were last written to about it
    letter_due_at = models.DateTimeField(null=True)  # news or a reminder; null: nothing to write

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
        ]
        indexes = [models.Index(fields=["letter_due_at"], name="alert_by_letter_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.survey or self.connection}"


class AlertTarget(models.Model):
    """An address of somebody else's that hears of alerts, in signed messages (Standard Webhooks)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120)
    url = models.CharField(_("address"), max_length=500)
    # Bound to this row and address: see encryption.py. Shown once; read through `alert_targets.py` only.
    secret_envelope = models.TextField(editable=False)
    is_gone = models.BooleanField(default=False)  # it answered 410: nothing is sent there any more
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("added at"), auto_now_add=True)

    class Meta:
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
    target = models.ForeignKey(AlertTarget, models.CASCADE, related_name="messages")
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
