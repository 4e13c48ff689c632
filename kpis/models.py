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
