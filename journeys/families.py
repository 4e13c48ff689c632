"""Which journey may stand below which."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from journeys.models import Journey


def check_parent(journey: Journey, parent: Journey | None) -> None:
    """Refuse a parent that is the journey itself or stands below it: KPIs would be consolidated in a circle."""
    if parent is None or journey.pk is None:
        return
    parent_of = dict(Journey.objects.select_for_update().order_by("pk").values_list("pk", "parent_id"))
    above: int | None = parent.pk
    seen: set[int] = set()
    while above is not None and above not in seen:
        if above == journey.pk:
            raise ValidationError(
                {"parent": _("A journey map cannot stand below itself: choose another parent journey.")}
            )
        seen.add(above)
        above = parent_of.get(above)
