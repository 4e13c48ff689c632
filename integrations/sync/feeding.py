"""Lets another connection of the brand feed a survey when the present one cannot: it is stopped, off, resting, or blind to it."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils import timezone

from feedback.models import Survey
from integrations.models import Connection, Fetch, ResponseWatch, SurveyAccess, SurveyFeed
from integrations.surveys.access import able
from integrations.sync import demand
from integrations.troubles.isolation import Parts
from integrations.troubles.table import Stops, codes_that_stop

logger = logging.getLogger(__name__)


def hand_over_where_needed() -> int:
    """Every feed whose connection cannot retrieve it goes to one that stands by; how many went. Raises `PartsFailed`.

    Costs next to nothing where no brand is connected twice.
    """
    shared = list(
        Connection.objects.order_by().values_list("source", flat=True).annotate(n=Count("pk")).filter(n__gt=1)
    )
    if not shared:
        return 0
    can = able(Connection.objects.all()).values("pk")
    lost = SurveyAccess.objects.filter(
        survey=OuterRef("survey"), connection=OuterRef("connection"), lost_at__isnull=False
    )
    elsewhere = ~Q(connection__source=F("survey__source"))
    alone = SurveyFeed.objects.filter(~Q(connection__in=can) | Exists(lost) | elsewhere, survey__source__in=shared)
    handed = 0
    with Parts() as parts:
        for feed in alone.select_related("survey").defer("survey__questionnaire"):
            with parts.alone(f"survey {feed.survey_id}"):
                handed += hand_over(feed)
    return handed


@transaction.atomic
def hand_over(feed: SurveyFeed) -> bool:
    """Let one that stands by feed the survey from now on; False if there is none, or not yet.

    A fetch under way ends with its own connection first. The next one starts from the watermark, for a continuation token belongs
    to whoever got it; what both fetched is known by its id, so nothing is lost or doubled.
    """
    of_brand = Connection.objects.filter(source=feed.survey.source_id)
    sees_it = {"accesses__survey": feed.survey_id, "accesses__lost_at": None}
    other = able(of_brand.filter(**sees_it).exclude(pk=feed.connection_id)).order_by("pk").first()
    if other is None:
        return False
    now = timezone.now()
    under_way = Fetch.objects.filter(feed=OuterRef("pk"), state__in=Fetch.OPEN)
    still = SurveyFeed.objects.filter(~Exists(under_way), pk=feed.pk, connection=feed.connection_id)
    if not still.update(connection=other, continuation_token="", continuation_token_at=None, look_at=now):
        return False
    of_former = [*codes_that_stop(Stops.CONNECTION), *codes_that_stop(Stops.SURVEY)]
    Survey.objects.filter(pk=feed.survey_id, attention_code__in=of_former).update(attention_code="")
    ResponseWatch.objects.filter(survey=feed.survey_id, is_ending=False).update(next_check_at=now)
    followed = demand.follow(feed.survey)
    if followed and followed.next_due_at:
        SurveyFeed.objects.filter(pk=feed.pk).update(next_due_at=now)
    logger.warning("Survey %s: connection %s feeds it in place of %s", feed.survey_id, other.pk, feed.connection_id)
    return True
