"""Holds what is stored against a recomputation and, on demand, against the vendor. Repairs by doing the work again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import F, Max, Sum
from django.utils import timezone

from accounts.models import Organisation
from feedback import spans
from feedback.deletion_detection import mark_vanished
from feedback.models import Response, Survey
from feedback.tombstones import erased_among
from integrations.models import Fetch, SurveyFeed
from integrations.qualtrics.exports import export_lines
from integrations.qualtrics.translate import Translator
from integrations.sync import plan, requests
from integrations.sync.closing import MASS
from integrations.vendor.clients import BACKGROUND, client_for
from kpis.counting.recount import blocks_that_differ, differences, joint_differences
from kpis.counting.refresh import rebuild
from kpis.people.plans import bring_in_line


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, in words for an operator."""

    survey: Survey
    what: str


def check(survey: Survey) -> Iterator[Finding]:
    """What differs between a survey's rows, its ledger, its numbers and its facts."""
    fetches = Fetch.objects.filter(feed__survey=survey)
    parts = F("new") + F("changed") + F("unchanged") + F("rejected")
    for fetch in fetches.exclude(received=parts):
        yield Finding(survey, f"fetch {fetch.uuid} does not add up")
    rows = Response.objects.filter(survey=survey)
    new = fetches.aggregate(total=Sum("new"))["total"] or 0
    is_whole = fetches.filter(trigger=Fetch.Trigger.FIRST).exists() and survey.purged_until is None
    doubles = survey.joins.aggregate(total=Sum("doubles"))["total"] or 0  # each was new once on both sides
    if is_whole and new - survey.erased - doubles != rows.count():
        erased = f", {survey.erased} were erased" if survey.erased else ""
        yield Finding(survey, f"the ledger counts {new} new responses, {rows.count()} are stored{erased}")
    if fetches.filter(state__in=Fetch.OPEN).exists() or survey.changed_days.exists():
        return  # the numbers are behind the rows, and are allowed to be
    if days := list(differences(survey)):
        first = days[0]
        yield Finding(
            survey, f"{len(days)} histograms differ, the first is question {first.question} on {first.day}: "
            f"stored {first.stored}, recounted {first.recounted}"
        )  # fmt: skip
    for what in blocks_that_differ(survey):
        yield Finding(survey, f"{what} is not what its responses say")
    if joint := list(joint_differences(survey)):
        yield Finding(survey, f"the people of {len(joint)} days are not those of the rows, the first is {joint[0]}")
    if spans.of(survey) != (survey.first_response_at, survey.last_response_at):
        yield Finding(survey, "the dates of the first and the last response are not those of the rows")


def repair(survey: Survey) -> None:
    """Count everything anew from the rows."""
    rebuild(survey)
    bring_in_line(survey)
    spans.update(survey)


@dataclass(frozen=True, slots=True)
class AgainstVendor:
    """Which responses the vendor has and we lack, and the other way round."""

    missing: frozenset[str]
    surplus: frozenset[str]
    exported: frozenset[str]
    begun_at_fetch: int


def compare_with_vendor(feed: SurveyFeed) -> AgainstVendor:
    """A complete export of the survey's ids, compared with the live rows. Nothing is written."""
    survey = feed.survey
    latest = Fetch.objects.aggregate(latest=Max("pk"))["latest"] or 0
    stored = Response.objects.filter(survey=survey, deleted_at=None)
    if survey.purged_until:
        stored = stored.filter(recorded_at__gte=survey.purged_until)
    live = frozenset(stored.values_list("external_id", flat=True))
    exported = frozenset(_exported(feed))
    exported -= erased_among(exported)
    return AgainstVendor(exported - live, live - exported, exported, latest + 1)


def _exported(feed: SurveyFeed) -> list[str]:
    survey = feed.survey
    with client_for(feed.connection, limits=BACKGROUND) as client:
        export = client.start_export(survey.external_id, questions=[], embedded=[])
        until = time.monotonic() + plan.GIVE_UP_WAITING.total_seconds()
        records = map(Translator({}).translate, export_lines(client, survey.external_id, export, until=until))
        kept = [
            each
            for each in records
            if each.external_id
            and not (survey.purged_until and getattr(each, "recorded_at", timezone.now()) < survey.purged_until)
        ]
        return [each.external_id for each in kept]


def repair_from_vendor(feed: SurveyFeed, found: AgainstVendor) -> None:
    """Mark what is gone at the vendor, however much it is, and ask for a complete fetch if something is missing here."""
    survey = feed.survey
    if found.surplus:
        mark_vanished(
            survey,
            found.exported,
            before_fetch=found.begun_at_fetch,
            zone=Organisation.current().zone,
            recorded_since=survey.purged_until,
            however_many=True,
        )
        Survey.objects.filter(pk=survey.pk, attention_code=MASS).update(attention_code="")
    if found.missing:
        requests.ask_for_fetch(feed, Fetch.Trigger.MANUAL, full=True)
