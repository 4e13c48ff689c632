"""The map: journeys, their phases, stages, lanes and cards, and the personas who travel them."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from versioning.models import Versioned


class Journey(Versioned):
    """A journey map. A parent journey consolidates the KPIs of its children."""

    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children", verbose_name=_("parent journey")
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("journey map")
        verbose_name_plural = _("journey maps")
        default_permissions = ()
        permissions = [
            ("view_journey", _("See journey maps")),
            ("change_journey", _("Draw and delete journey maps")),
        ]
        ordering = ["name", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(parent=F("id")), name="journey_not_its_own_parent")]

    def __str__(self) -> str:
        return self.name


class Positioned(Versioned):
    """One of several in a row; positions count from 0 without gaps, see `ordering.py`."""

    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        abstract = True


class Phase(Positioned):
    """A group of neighbouring stages."""

    journey = models.ForeignKey(Journey, models.CASCADE, related_name="phases")
    name = models.CharField(_("name"), max_length=120)

    class Meta:
        verbose_name = _("phase")
        default_permissions = ()
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class Stage(Positioned):
    """A step of the journey: one column of the map."""

    journey = models.ForeignKey(Journey, models.CASCADE, related_name="stages")
    phase = models.ForeignKey(
        Phase, models.SET_NULL, null=True, blank=True, related_name="stages", verbose_name=_("phase")
    )
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)

    class Meta:
        verbose_name = _("stage")
        default_permissions = ()
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class Lane(Positioned):
    """A row of the map. Its kind says what its cells hold and who draws them: see `lanes.py`."""

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        INTERACTIONS = "interactions", _("Interactions")
        PAINS = "pains", _("Pains")
        GAINS = "gains", _("Gains")
        SENTIMENT = "sentiment", _("Sentiment")
        FEEDBACK = "feedback", _("Feedback Data")
        KPI = "kpi", _("Consolidated CX KPIs")
        INSIGHTS = "insights", _("Insights")
        OPPORTUNITIES = "opportunities", _("Opportunities")
        SOLUTIONS = "solutions", _("Solutions")
        ACTIONS = "actions", _("Actions")
        IMAGES = "images", _("Images")

    journey = models.ForeignKey(Journey, models.CASCADE, related_name="lanes")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices, default=Kind.TEXT)
    name = models.CharField(_("name"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("lane")
        default_permissions = ()
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name or str(self.get_kind_display())


class Card(Positioned):
    """What stands in a lane at a stage; it may span neighbouring stages to the right."""

    class Channel(models.TextChoices):
        NONE = "", _("No channel")
        WEB = "web", _("Website")
        APP = "app", _("App")
        EMAIL = "email", _("E-mail")
        SMS = "sms", _("SMS")
        PHONE = "phone", _("Phone")
        CHAT = "chat", _("Chat")
        IN_PERSON = "in_person", _("In person")
        POST = "post", _("Post")
        SOCIAL = "social", _("Social media")
        OTHER = "other", _("Other")

    lane = models.ForeignKey(Lane, models.CASCADE, related_name="cards")
    stage = models.ForeignKey(Stage, models.CASCADE, related_name="cards")
    span = models.PositiveSmallIntegerField(_("stages covered"), default=1, validators=[MinValueValidator(1)])
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("text"), blank=True)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices, blank=True, default=Channel.NONE)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("card")
        default_permissions = ()
        ordering = ["position", "pk"]
        constraints = [models.CheckConstraint(condition=Q(span__gte=1), name="card_spans_a_stage")]

    def __str__(self) -> str:
        return self.title


class Persona(Versioned):
    """A typical customer; may travel several maps."""

    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)

    class Meta:
        verbose_name = _("persona")
        default_permissions = ()
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class JourneyPersona(models.Model):
    """A persona on a map."""

    journey = models.ForeignKey(Journey, models.CASCADE, related_name="journey_personas")
    persona = models.ForeignKey(Persona, models.CASCADE, related_name="journey_personas")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["journey", "persona"], name="persona_once_per_journey")]

    def __str__(self) -> str:
        return f"{self.persona} · {self.journey}"


class AssumedSentiment(models.Model):
    """How we believe a persona feels at a stage of this map: −2 (very negative) to +2 (very positive)."""

    journey_persona = models.ForeignKey(JourneyPersona, models.CASCADE, related_name="sentiments")
    stage = models.ForeignKey(Stage, models.CASCADE, related_name="assumed_sentiments")
    value = models.SmallIntegerField(_("sentiment"), validators=[MinValueValidator(-2), MaxValueValidator(2)])

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["journey_persona", "stage"], name="one_sentiment_per_persona_and_stage"),
            models.CheckConstraint(condition=Q(value__gte=-2, value__lte=2), name="sentiment_between_minus2_and_2"),
        ]

    def __str__(self) -> str:
        return f"{self.journey_persona}: {self.value:+d}"


class Operation(models.Model):
    """A change of a map as somebody made it, with what is needed to take it back. Never changed, but for `undone_by`.

    `changes`: see `history/recording.py`. They are numbered for each map from 1, without gaps.
    """

    class Kind(models.TextChoices):
        ADD = "add", _("Added")
        EDIT = "edit", _("Edited")
        MOVE = "move", _("Moved")
        DELETE = "delete", _("Deleted")
        SENTIMENT = "sentiment", _("Assumed sentiment")
        PERSONAS = "personas", _("Personas")
        ITEM = "item", _("Feedback Data item")
        UNDO = "undo", _("Undone")
        REDO = "redo", _("Redone")

    journey = models.ForeignKey(Journey, models.CASCADE, related_name="operations", db_index=False)
    number = models.PositiveIntegerField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    tab = models.CharField(max_length=40, blank=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=200, blank=True)
    changes = models.JSONField()
    at = models.DateTimeField(_("at"), auto_now_add=True)
    # An undo, or the redo of one, names the operation that it takes back.
    undoes = models.ForeignKey("self", models.CASCADE, null=True, related_name="undone")
    # Of an operation that is taken back at present: the undo that did it.
    undone_by = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    # What it deleted refers to these and needs them when it comes back: " feedback.question:12 feedback.question:15 ".
    holds = models.TextField(blank=True)

    class Meta:
        verbose_name = _("operation")
        default_permissions = ()
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["journey", "number"], name="operation_once_per_number")]
        indexes = [
            models.Index(fields=["journey", "actor", "tab", "number"], name="operations_of_a_tab"),
            models.Index(fields=["id"], condition=~Q(holds=""), name="operations_that_hold_back"),
        ]

    def __str__(self) -> str:
        return f"{self.journey_id} {self.number} {self.kind}"

    @property
    def may_be_taken_back(self) -> bool:
        """An undo is taken back by a redo, not by another undo."""
        return self.undone_by_id is None and self.kind not in (self.Kind.UNDO, self.Kind.REDO)

    @classmethod
    def holds_back(cls, obj: models.Model) -> bool:
        """Whether something that was deleted, and may come back, needs this."""
        return cls.objects.exclude(holds="").filter(holds__contains=f" {obj._meta.label_lower}:{obj.pk} ").exists()
