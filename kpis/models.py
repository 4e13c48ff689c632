"""The numbers' only stored form: a histogram of answers per question and local day. The rest is computed from it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from feedback.models import Question, Survey
from journeys.models import Journey


class DayHistogram(models.Model):
    """Answers of one question on one local day: `{"counted": {"9": 3, "": 1}, "unfinished": {...}, "preview": {...}}`.

    The keys outside are the classes of responses, those inside the canonical answer values; "" is asked but unanswered.
    """

    question = models.ForeignKey(Question, models.CASCADE, related_name="day_histograms", db_index=False)
    day = models.DateField()
    counts = models.JSONField()

    class Meta:
        default_permissions = ()
        permissions = [("view_kpi", _("See KPIs"))]
        constraints = [models.UniqueConstraint(fields=["question", "day"], name="one_histogram_per_question_and_day")]

    def __str__(self) -> str:
        return f"{self.question_id} {self.day}"


class Counting(models.Model):
    """The time zone in which a survey's days were counted. Refreshes of one survey take turns on this row.

    `version` rises with each recount that changed something: whoever shows the numbers asks whether it is still the same.
    """

    survey = models.OneToOneField(Survey, models.CASCADE, primary_key=True, related_name="counting")
    time_zone = models.CharField(max_length=64)
    version = models.PositiveBigIntegerField(default=0)
    threshold = models.PositiveIntegerField(null=True)  # how many answers its blocks hold at least; null: it has none
    restated_at = models.DateTimeField(null=True)  # when all its blocks were made anew by a person's wish

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.survey_id} {self.time_zone}"


class Stream(models.Model):
    """Answers that may share a block: of one question, of finished responses or of unfinished ones, of one segment.

    `waiting`: those that are in no block yet, by room and local day, as values with their number:
    `{"open": {"2026-11-01": {"9": 1}}, "late": {}}`.
    """

    question = models.ForeignKey(Question, models.CASCADE, related_name="streams", db_index=False)
    finished = models.BooleanField()
    segment = models.SmallIntegerField(default=0)
    from_round = models.PositiveIntegerField()  # what came to the survey before counts as arrived in this round
    waiting = models.JSONField(default=dict)
    waiting_corrections = models.PositiveIntegerField(default=0)  # answers that its blocks count as they were

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["question", "finished", "segment"], name="one_stream_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.question_id} {'finished' if self.finished else 'unfinished'}"


class Block(models.Model):
    """At least as many answers of a stream as the threshold asked for: what every figure under a threshold is made of.

    A row never changes, except that it is replaced. Which answers it holds follows from its days and round, see
    `kpis/counting/blocks.py`; replaced rows stay for that.
    """

    class Made(models.TextChoices):
        CLOSED = "closed"  # of waiting answers
        JOINED = "joined"  # of several, when the threshold rose
        CORRECTED = "corrected"  # of some whose answers changed; not corrected again

    stream = models.ForeignKey(Stream, models.CASCADE, related_name="blocks", db_index=False)
    first = models.DateField()
    last = models.DateField()
    # The beginning of the first day, the beginning of the last and its end, by the clock of when it was closed.
    starts_at = models.DateTimeField()
    last_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    closed_round = models.PositiveIntegerField()
    closed_at = models.DateTimeField(default=timezone.now)
    replaced_at = models.DateTimeField(null=True)
    replaced_by = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+", db_index=False)
    late = models.BooleanField(default=False)  # made of answers of days that blocks had left behind
    made = models.CharField(max_length=9, choices=Made.choices, default=Made.CLOSED)
    n = models.PositiveIntegerField()  # usable answers
    counts = models.JSONField(null=True)  # values with their number; null once it held an erased response

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["stream", "last", "first"], name="block_by_day")]
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "late", "closed_round", "first"],
                condition=models.Q(made="closed"),
                name="closed_once",
            ),
            models.CheckConstraint(condition=models.Q(first__lte=models.F("last")), name="block_has_days"),
        ]

    def __str__(self) -> str:
        return f"{self.stream_id} {self.first} – {self.last}"


class JointPlan(models.Model):
    """Which answers of a survey are counted together, since KPIs put them together: the newest plan is the one in use.

    `questions`: `[{"question": 12, "usable": {"codes": ["1", "2"]}}]`, see `counting/together.py`; `pairs`: their places, two by
    two. A change makes a plan with the next number. The former serves until the new one is `complete`, then only on days whose
    responses are gone.
    """

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="joint_plans", db_index=False)
    number = models.PositiveIntegerField()
    questions = models.JSONField()
    pairs = models.JSONField()
    complete = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["survey", "number"], name="joint_plan_numbered_once_per_survey")]

    def __str__(self) -> str:
        return f"{self.survey_id} {self.number}"


class Joint(models.Model):
    """One local day: how many responses answered which set of questions, and which two answers pairs of them got.

    `{"counted": {"sets": {"3": 120}, "pairs": {"0.1": {"9": {"8": 3}}}}, "unfinished": …}`: sets as hexadecimal masks of the
    places of usable answers. Segment 0: all of them.
    """

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="joints", db_index=False)
    plan = models.ForeignKey(JointPlan, models.CASCADE, related_name="joints")
    segment = models.SmallIntegerField(default=0)
    day = models.DateField()
    counts = models.TextField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["survey", "segment", "day", "plan"], name="one_joint_row_per_plan_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.survey_id} {self.day}"


class JointDay(models.Model):
    """A note that a day is to be counted together anew; without a day, that the survey's plan is to be looked at.

    Only added and deleted, never updated, as `ChangedDay`.
    """

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="joint_days")
    day = models.DateField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.survey_id} {self.day}"


class Flag(models.Model):
    """A change, written down when it was first raised, and never altered: later data do not withdraw it.

    A row of the kind `look` says that a journey's period was decided, and what was found: nobody decides it again.
    """

    class Kind(models.TextChoices):
        CHANGE = "change"
        LOOK = "look"

    class Level(models.TextChoices):
        WEEK = "week"
        MONTH = "month"
        QUARTER = "quarter"

    journey = models.ForeignKey(Journey, models.CASCADE, related_name="flags")
    subject = models.CharField(max_length=40)  # item:7, stage:3, phase:2, journey:1
    formula = models.CharField(max_length=64, blank=True)  # digest of the formula's name; empty: of a look
    segment = models.SmallIntegerField(default=0)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    level = models.CharField(max_length=8, choices=Level.choices)
    period = models.DateField()  # its first day
    direction = models.CharField(max_length=5, blank=True)  # up, down
    figures = models.JSONField()
    raised_at = models.DateTimeField()
    announced_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "formula", "segment", "kind", "level", "period"], name="a_flag_is_raised_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["raised_at"], condition=models.Q(announced_at=None, kind="change"), name="flag_to_announce"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.level} {self.period}"


class Consolidation(models.Model):
    """How a journey's KPIs are put together from its items."""

    class Weighting(models.TextChoices):
        POOLED = "pooled", _("Pooled responses")
        EQUAL_STAGES = "equal_stages", _("Equal stages")
        EQUAL_ITEMS = "equal_items", _("Equal items")
        CUSTOM = "custom", _("Custom weights")

    journey = models.OneToOneField(Journey, models.CASCADE, related_name="consolidation")
    weighting = models.CharField(_("weighting"), max_length=12, choices=Weighting.choices, default=Weighting.POOLED)

    class Meta:
        verbose_name = _("consolidation")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.journey}: {self.get_weighting_display()}"
