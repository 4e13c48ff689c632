"""Who works here, in which organisation, and with which tokens."""

from __future__ import annotations

import zoneinfo
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


def validate_time_zone(name: str) -> None:
    """Refuse what the tz database does not know."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("This time zone is not known."), code="unknown_time_zone")


class UserManager(BaseUserManager["User"]):
    """Users are found by their e-mail address, whatever its letter case."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> User:
        return self.create_user(email, password, is_superuser=True, is_staff=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


class User(AbstractUser):
    """A person. The role is the Django group the person is in: see `roles.py`."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, validators=[validate_time_zone])

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()  # type: ignore[misc,assignment]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["last_name", "first_name", "email"]
        default_permissions = ()
        permissions = [("manage_users", _("Add people, set their roles, deactivate them"))]

    def __str__(self) -> str:
        return self.get_full_name() or self.email


class Organisation(models.Model):
    """The one organisation that this deployment serves: its name, its clock, its rules for small samples."""

    name = models.CharField(_("name"), max_length=200, default="Parcours")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_time_zone])
    suppression_threshold = models.PositiveIntegerField(
        _("hide values below"),
        null=True,
        blank=True,
        validators=[MinValueValidator(2)],
        help_text=_(
            "Answers are then counted in blocks of at least this many, so that no figures, however they are combined, tell of "
            "fewer."
        ),
    )
    comment_threshold = models.PositiveIntegerField(
        _("hide comments below"),
        null=True,
        blank=True,
        validators=[MinValueValidator(2)],
        help_text=_("Fewer comments than this are not shown; never fewer than the number above."),
    )

    class Meta:
        verbose_name = _("organisation")
        default_permissions = ()
        permissions = [("manage_organisation", _("Change the organisation's settings"))]
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_organisation")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> Organisation:
        """The row of this deployment; made with its defaults if there is none yet."""
        return cls.objects.get_or_create(pk=1)[0]

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def fewest_comments(self) -> int:
        """How many comments there must be for any to be shown; 0 without a threshold."""
        return max(self.suppression_threshold, self.comment_threshold or 0) if self.suppression_threshold else 0


class ApiToken(models.Model):
    """A key for REST API clients. Only its SHA-256 is kept; the key itself is shown once, when it is made."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens", verbose_name=_("user")
    )
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=16)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    read_only = models.BooleanField(_("read only"), default=False)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    made_with = models.ForeignKey("self", models.SET_NULL, null=True, editable=False, related_name="makes")

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        default_permissions = ()
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class AuditEvent(models.Model):
    """A line of the audit trail: see `audit.py`, which alone writes it. Nothing changes it afterwards."""

    at = models.DateTimeField(_("at"), auto_now_add=True, db_index=True)
    event = models.CharField(_("event"), max_length=40)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    by_email = models.EmailField(blank=True)  # as it was; empty: somebody who is not signed in, a command or a worker
    address = models.CharField(_("address"), max_length=64, blank=True)
    about = models.CharField(_("about"), max_length=300, blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit trail")
        default_permissions = ()
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.event} {self.about}"
