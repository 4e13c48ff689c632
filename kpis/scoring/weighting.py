"""How a journey's KPIs are put together: chosen by a person, named wherever such a KPI is shown."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from journeys.models import Journey
from kpis.models import Consolidation


def choose_weighting(journey: Journey, weighting: str) -> None:
    """Consolidate this journey's KPIs so from now on."""
    if weighting not in Consolidation.Weighting.values:
        raise ValidationError({"weighting": _("Choose one of the weightings.")})
    Consolidation.objects.update_or_create(journey=journey, defaults={"weighting": weighting})
