"""An operator's look at whether everything that was fetched is stored once and counted right."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from feedback.models import Survey
from integrations.models import SurveyFeed
from integrations.sync import audit
from integrations.sync.requests import CannotFetch
from integrations.troubles.errors import QualtricsError
from kpis.counting.refresh import refresh_changed_days


class Command(BaseCommand):
    help = "Compares stored counts and histograms with a recomputation, and on demand with Qualtrics. Exit code 1: they differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--survey", help="the id of one survey in Qualtrics; all of them otherwise")
        parser.add_argument("--vendor", action="store_true", help="compare with a complete export of each survey")
        parser.add_argument("--repair", action="store_true", help="count anew; with --vendor also confirm deletions")

    def handle(self, *args, **options) -> None:
        surveys = Survey.objects.order_by("pk")
        if options["survey"]:
            surveys = surveys.filter(external_id=options["survey"])
            if not surveys:
                raise CommandError(f"There is no survey {options['survey']!r} here.")
        differ = 0
        for survey in surveys:
            found = self._check(survey, repair=options["repair"])
            if options["vendor"]:
                found += self._compare(survey, repair=options["repair"])
            differ += bool(found)
        self.stdout.write(f"{len(surveys)} surveys looked at, {differ} with differences.")
        if differ and not options["repair"]:
            raise CommandError("There are differences.", returncode=1)

    def _check(self, survey: Survey, *, repair: bool) -> int:
        findings = list(audit.check(survey))
        for finding in findings:
            self.stdout.write(f"{survey.external_id} {survey.name}: {finding.what}")
        if findings and repair:
            audit.repair(survey)
            self.stdout.write(f"{survey.external_id} {survey.name}: counted anew")
        return len(findings)

    def _compare(self, survey: Survey, *, repair: bool) -> int:
        feed = SurveyFeed.objects.filter(survey=survey).select_related("connection", "survey").first()
        if feed is None or feed.modified_until is None:
            return 0
        try:
            found = audit.compare_with_vendor(feed)
        except QualtricsError as error:
            self.stdout.write(f"{survey.external_id} {survey.name}: not compared with Qualtrics ({error})")
            return 1
        if not found.missing and not found.surplus:
            return 0
        self.stdout.write(
            f"{survey.external_id} {survey.name}: {len(found.missing)} responses are missing here, "
            f"{len(found.surplus)} are gone at Qualtrics"
        )
        if repair:
            try:
                audit.repair_from_vendor(feed, found)
            except CannotFetch as refusal:
                self.stdout.write(f"{survey.external_id} {survey.name}: cannot be fetched ({refusal.code})")
            refresh_changed_days(survey)
        return 1
