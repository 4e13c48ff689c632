"""The last step of an exchange of machines: from now on no process of a former release stores responses."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from feedback.models import Survey
from kpis.counting.refresh import refresh_changed_days


class Command(BaseCommand):
    help = (
        "Makes blocks of answers now, where a threshold is set, instead of a day after the migration. Run it once no process "
        "of a former release runs any more."
    )

    def handle(self, *args: object, **options: object) -> None:
        surveys = list(Survey.objects.order_by("pk"))
        for survey in surveys:
            refresh_changed_days(survey, settle=True)
        self.stdout.write(f"{len(surveys)} surveys counted.")
