"""The numbers' only stored form: a histogram of answers per question and local day. The rest is computed from it."""

from __future__ import annotations

from django.db import models
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

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.survey_id} {self.time_zone}"


class JointPlan(models.Model):
    """Which answers of a survey are counted together, since KPIs put them together: the newest plan is the one in use.

    `questions`: `[{"question": 12, "usable": [0, 10, []]}]`, see `counting/together.py`; `pairs`: their places, two by two. A
    change makes a plan with the next number. The former serves until the new one is `complete`, then only on days whose
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
