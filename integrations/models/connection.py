"""Qualtrics connections and the surveys that each feeds."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from feedback.models import Frequency, Source, Survey
from integrations.qualtrics.oauth import RETRIEVING
from integrations.troubles.refusals import Refusal
from integrations.troubles.table import Explanation, explain
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
    # Its brand. Several connections may see one brand: each survey is fed by one of them, see `SurveyFeed`.
    source = models.ForeignKey(Source, models.PROTECT, related_name="connections")
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
    stopped_detail = models.JSONField(default=dict, blank=True)  # what the sentences of `stopped_code` name
    failures_in_a_row = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True, blank=True)
    is_slow = models.BooleanField(default=False)  # its last turn took a worker for long: see vendor/turns.py
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

    @property
    def stopped(self) -> Explanation:
        """Why it waits for a person, and what that person can do; only where `stopped_code` is set."""
        return explain(self.stopped_code, **self.stopped_detail)

    def hindrance(self, *, asked: bool = False) -> str:
        """Why nothing is fetched through it now, as a code of `troubles/table.py`; empty if it may be.

        `asked`: a person asks for it, who need not wait for the circuit to close.
        """
        if not self.enabled:
            return "connection_disabled"
        if self.stopped_code:
            return self.stopped_code
        return "outage" if self.is_resting and not asked else ""

    @property
    def is_resting(self) -> bool:
        """Whether its circuit is open: its calls failed again and again."""
        return self.open_until is not None and self.open_until > timezone.now()

    def require_enabled(self) -> Self:
        """The connection itself. Raises `Refusal` if it is switched off."""
        if not self.enabled:
            raise Refusal("connection_disabled")
        return self


class SurveyAccess(models.Model):
    """That a connection sees a survey of its brand, or did: those that do and do not feed it stand by."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="accesses", db_index=False)
    survey = models.ForeignKey(Survey, models.CASCADE, related_name="accesses")
    seen_at = models.DateTimeField()
    lost_at = models.DateTimeField(null=True)  # it sees it no more, or may not retrieve it

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["connection", "survey"], name="access_once_per_connection_and_survey")
        ]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.survey_id}"


class SurveyFeed(models.Model):
    """A survey that is being fetched: through which connection, when next, and how far we are."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="feeds")
    survey = models.OneToOneField(Survey, models.CASCADE, related_name="feed")
    next_due_at = models.DateTimeField(_("next fetch at"), null=True, blank=True)  # null: nothing asks for it
    # The watermark: from the vendor's data only, moved in the transaction of a fetch's last batch.
    modified_until = models.DateTimeField(_("data known until"), null=True, blank=True)
    continuation_token = models.TextField(blank=True)  # belongs to the connection that got it
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
