"""What customers said, whatever the source: surveys, their questions, responses, and the items on the map fed by them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from journeys.models import Card, Operation
from versioning.models import Versioned


class Frequency(models.TextChoices):
    """How often data are retrieved."""

    HOURLY = "hourly", _("Hourly")
    DAILY = "daily", _("Daily")
    WEEKLY = "weekly", _("Weekly")


class Source(models.Model):
    """Where surveys come from. A connection to a survey vendor owns one; this app never learns which vendor."""

    name = models.CharField(_("name"), max_length=120)

    class Meta:
        default_permissions = ()
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Survey(models.Model):
    """A survey of a source, as last read, with what is known about the freshness of its data."""

    class Live(models.TextChoices):
        NEVER_LAUNCHED = "never_launched", _("Not live yet")
        SCHEDULED = "scheduled", _("Scheduled")
        LIVE = "live", _("Live")
        CLOSED = "closed", _("Closed")

    source = models.ForeignKey(Source, models.CASCADE, related_name="surveys")
    external_id = models.CharField(max_length=64)
    name = models.CharField(_("name"), max_length=255)
    live = models.CharField(_("live state"), max_length=20, choices=Live.choices, default=Live.NEVER_LAUNCHED)
    read_at = models.DateTimeField(_("definition read at"), null=True, blank=True)
    vendor_version = models.CharField(max_length=40, blank=True)  # the vendor's "last modified" of that definition

    # As respondents see it: [{"id", "label", "wording", "form", "choices", "rows", "low", "high"}], see `questionnaire.py`.
    questionnaire = models.JSONField(default=list, blank=True)

    # Facts about retrieval, written by whoever fetches; the states of the items are derived from them.
    retrieve_every = models.DurationField(_("time between two fetches"), null=True, blank=True)
    last_good_fetch_at = models.DateTimeField(_("last good fetch at"), null=True, blank=True)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    failure_code = models.CharField(max_length=60, blank=True)  # of the last fetch; empty after a good one
    attention_code = models.CharField(max_length=60, blank=True)  # needs a person: token, rights, survey gone
    first_response_at = models.DateTimeField(_("first response recorded at"), null=True, blank=True)
    last_response_at = models.DateTimeField(_("last response recorded at"), null=True, blank=True)
    # Responses recorded before this are not kept (any more); the histograms of their days stay as they were counted.
    purged_until = models.DateTimeField(null=True, blank=True)
    erased = models.PositiveIntegerField(
        default=0
    )  # stored responses that were erased: the ledger counts them for ever

    class Meta:
        verbose_name = _("survey")
        default_permissions = ()
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="survey_once_per_source")]

    def __str__(self) -> str:
        return self.name


class Question(models.Model):
    """One measurable field of a survey: a question, a matrix row, a comment, or the sentiment of a comment.

    What decides how its answers are counted never changes in a row that an item uses: if the survey's author changes it, the
    row goes and names its `successor`. Answers and numbers of both stay apart, and the difference can be shown.
    """

    class Kind(models.TextChoices):
        NPS = "nps", _("0–10 recommendation")
        CHOICE = "choice", _("Single choice")
        NUMBER = "number", _("Number")
        TEXT = "text", _("Comment")
        SENTIMENT = "sentiment", _("Sentiment of a comment")
        MULTI = "multi", _("Multiple choice")

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="questions")
    field = models.CharField(max_length=120)  # key in the vendor's records, e.g. QID4, QID6_1, QID3_TEXT
    external_id = models.CharField(max_length=64)  # the vendor's question id, e.g. QID6
    label = models.CharField(_("label"), max_length=120, blank=True)  # export tag, e.g. Q6_1
    wording = models.TextField(_("wording"))
    kind = models.CharField(_("type"), max_length=20, choices=Kind.choices)
    choices = models.JSONField(default=list, blank=True)  # [{"value": "1", "label": "Very easy", "analyze": true}]
    scale_min = models.FloatField(_("lowest value"), null=True, blank=True)
    scale_max = models.FloatField(_("highest value"), null=True, blank=True)
    about = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="sentiments")
    position = models.PositiveIntegerField(default=0)
    fingerprint = models.CharField(max_length=64, blank=True)  # of what matters for counting; a change is a drift
    gone_at = models.DateTimeField(_("missing since"), null=True, blank=True)
    asked_since = models.DateTimeField(_("asked like this since"), null=True, blank=True)  # null: as long as known
    successor = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="predecessors")

    class Meta:
        verbose_name = _("question")
        default_permissions = ()
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "field"], condition=Q(successor=None), name="field_once_per_survey"
            )
        ]

    def __str__(self) -> str:
        return self.wording

    @property
    def is_in_use(self) -> bool:
        """Whether an item counts its answers, or did, or will if what was deleted comes back."""
        return self.items.exists() or self.former_mappings.exists() or Operation.holds_back(self)


class Response(models.Model):
    """One response, in one compact row: only what items ask for. Written by `intake.py` only.

    `answers` maps the primary key of a question (as text) to its value: a number, a text, a list of choice values;
    null where the question was shown and left empty; absent where it was not shown.
    """

    class Kind(models.TextChoices):
        """What a response is, which decides what may count it. Whoever knows the source decides it; nobody else does."""

        COUNTED = "counted"
        UNFINISHED = "unfinished"
        PREVIEW = "preview"
        TEST = "test"
        SPAM = "spam"
        SYNTHETIC = "synthetic"

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="responses", db_index=False)
    external_id = models.CharField(max_length=64)
    recorded_at = models.DateTimeField(_("recorded at"))
    modified_at = models.DateTimeField(_("last changed at"), null=True)
    deleted_at = models.DateTimeField(null=True)
    fetch_number = models.BigIntegerField()  # rises with the start of fetches: an older fetch never overwrites a newer
    kind = models.CharField(max_length=12, choices=Kind.choices, db_default=Kind.COUNTED)
    status = models.SmallIntegerField(_("status"))  # the source's own code, as it came; nothing is decided by it
    flags = models.SmallIntegerField(default=0)
    finished = models.BooleanField(_("finished"))
    language = models.CharField(_("language"), max_length=16, blank=True)
    channel = models.CharField(_("channel"), max_length=40, blank=True)
    content_hash = models.BinaryField()
    answers = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("response")
        default_permissions = ()
        permissions = [("view_response", _("Read responses and comments"))]
        constraints = [models.UniqueConstraint(fields=["survey", "external_id"], name="response_once_per_survey")]
        indexes = [models.Index(fields=["survey", "recorded_at"], name="response_by_day")]

    def __str__(self) -> str:
        return self.external_id


class ChangedDay(models.Model):
    """A note that responses of this survey and local day came, changed or went. Only added and deleted, never updated:
    whoever refreshes deletes the notes it has read, so a note that arrives meanwhile stays."""

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="changed_days")
    day = models.DateField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.survey_id} {self.day}"


class ErasureKey(models.Model):
    """What the hashes of erased responses are made with. It stays with them for ever: a hash cannot be made anew with
    another key. There is one, unless a backup without it was restored and got one of its own meanwhile."""

    key = models.BinaryField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)


class Erasure(models.Model):
    """That responses were erased: by whom, when, how many. Not whose."""

    class Way(models.TextChoices):
        IDS = "ids", _("By response id")
        CONTACT = "contact", _("By contact")
        RESTORED = "restored", _("Again, after a backup was restored")

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")  # null: the command
    at = models.DateTimeField(_("at"), auto_now_add=True)
    way = models.CharField(_("way"), max_length=10, choices=Way.choices)
    asked = models.PositiveIntegerField(_("response ids"))
    responses = models.PositiveIntegerField(_("stored responses erased"), default=0)
    traces = models.PositiveIntegerField(_("other traces erased"), default=0)
    source_deleted = models.PositiveIntegerField(_("deleted at the source"), default=0)
    source_failed = models.PositiveIntegerField(_("not deleted at the source"), default=0)

    class Meta:
        verbose_name = _("erasure")
        default_permissions = ()
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.get_way_display()} {self.at:%Y-%m-%d %H:%M}"


class ErasedResponse(models.Model):
    """A response that must never come back, known by the keyed hash of its id only. See `erasure.py`."""

    digest = models.CharField(max_length=64, unique=True)
    erasure = models.ForeignKey(Erasure, models.PROTECT, related_name="erased_responses")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest


class FeedbackItem(Versioned):
    """A card of a Feedback Data lane: one metric of one question (or values entered by hand)."""

    class Origin(models.TextChoices):
        SURVEY = "survey", _("Survey question")
        MANUAL = "manual", _("Entered by hand")

    class Chosen(models.TextChoices):
        """What a person decided; the shown state is derived from this and from the facts: see `states.py`."""

        DRAFT = "draft", _("Draft – to complete")
        RETRIEVING = "retrieving", _("Retrieving")
        PAUSED = "paused", _("Paused")
        ARCHIVED = "archived", _("Archived")

    class Metric(models.TextChoices):
        NPS = "nps", _("NPS")
        CSAT = "csat", _("CSAT")
        CES = "ces", _("CES")
        MEAN = "mean", _("Mean")
        SENTIMENT = "sentiment", _("Sentiment")

    class Backfill(models.TextChoices):
        SURVEY_START = "survey_start", _("From the start of the survey")
        DATE = "date", _("From a date")
        NOW = "now", _("From now on")

    class Direction(models.TextChoices):
        AT_LEAST = "at_least", _("at least")
        AT_MOST = "at_most", _("at most")

    card = models.OneToOneField(Card, models.CASCADE, related_name="feedback_item")
    origin = models.CharField(_("origin"), max_length=10, choices=Origin.choices, default=Origin.SURVEY)
    # A draft may name as much of this as is known by now.
    source = models.ForeignKey(Source, models.SET_NULL, null=True, blank=True, related_name="items")
    survey = models.ForeignKey(Survey, models.SET_NULL, null=True, blank=True, related_name="items")
    question = models.ForeignKey(Question, models.SET_NULL, null=True, blank=True, related_name="items")
    mapped_fingerprint = models.CharField(max_length=64, blank=True)  # the question's, when a person mapped it

    mapped_at = models.DateTimeField(_("mapped at"), null=True, blank=True)
    mapped_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    metric = models.CharField(_("metric"), max_length=12, choices=Metric.choices, blank=True)
    scale_min = models.FloatField(_("lowest value"), null=True, blank=True)
    scale_max = models.FloatField(_("highest value"), null=True, blank=True)
    positive_values = models.JSONField(_("values that count as positive"), default=list, blank=True)
    reverse = models.BooleanField(_("low is good"), default=False)
    include_unfinished = models.BooleanField(_("count unfinished responses"), default=False)

    chosen_state = models.CharField(_("state"), max_length=12, choices=Chosen.choices, default=Chosen.DRAFT)
    backfill = models.CharField(
        _("count responses"), max_length=12, choices=Backfill.choices, default=Backfill.SURVEY_START
    )
    count_from = models.DateField(_("first day that counts"), null=True, blank=True)  # local; null: from the start
    frequency = models.CharField(_("frequency"), max_length=8, choices=Frequency.choices, blank=True)

    target = models.FloatField(_("target"), null=True, blank=True)
    target_direction = models.CharField(max_length=8, choices=Direction.choices, default=Direction.AT_LEAST)
    weight = models.FloatField(_("weight"), default=1.0)

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("Feedback Data item")
        verbose_name_plural = _("Feedback Data items")
        default_permissions = ()
        permissions = [
            ("view_feedbackitem", _("See feedback items")),
            ("change_feedbackitem", _("Add and change feedback items")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(weight__gte=0), name="item_weight_not_negative"),
            models.CheckConstraint(
                condition=~Q(chosen_state="retrieving", origin="survey", question=None)
                | Q(mapped_fingerprint__gt=""),  # a question that has vanished keeps its item
                name="retrieving_item_has_a_question",
            ),
        ]

    def __str__(self) -> str:
        return str(self.card)


class FormerMapping(models.Model):
    """What an item counted before, and how: one row for each mapping that another one has replaced. Never changed."""

    item = models.ForeignKey(FeedbackItem, models.CASCADE, related_name="former_mappings")
    number = models.PositiveIntegerField(_("version"))
    question = models.ForeignKey(Question, models.SET_NULL, null=True, related_name="former_mappings")
    metric = models.CharField(_("metric"), max_length=12, choices=FeedbackItem.Metric.choices)
    scale_min = models.FloatField(_("lowest value"), null=True)
    scale_max = models.FloatField(_("highest value"), null=True)
    positive_values = models.JSONField(_("values that count as positive"), default=list)
    reverse = models.BooleanField(_("low is good"), default=False)
    include_unfinished = models.BooleanField(_("count unfinished responses"), default=False)
    count_from = models.DateField(_("first day that counts"), null=True)
    mapped_at = models.DateTimeField(_("mapped at"))
    mapped_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(_("replaced at"))
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("former mapping")
        default_permissions = ()
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["item", "number"], name="mapping_numbered_once_per_item")]

    def __str__(self) -> str:
        return f"{self.item_id} {self.number}"


class ManualValue(models.Model):
    """A value that a person entered: one per item and day."""

    item = models.ForeignKey(FeedbackItem, models.CASCADE, related_name="manual_values")
    day = models.DateField(_("day"))
    value = models.FloatField(_("value"))
    n = models.PositiveIntegerField(_("answers behind it"), null=True, blank=True)
    note = models.CharField(_("where it comes from"), max_length=200, blank=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    entered_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("manual value")
        default_permissions = ()
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["item", "day"], name="one_manual_value_per_day")]

    def __str__(self) -> str:
        return f"{self.value} ({self.day})"
