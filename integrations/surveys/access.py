"""Which connections see a survey, and which of them feeds it: one, while the others of its brand stand by."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from feedback.models import Survey
from integrations.models import Connection, SurveyAccess, SurveyFeed


@dataclass(slots=True)
class Places:
    """Who feeds a survey, and who stands by: not what is stopped or off. While nobody feeds it, all that see it stand by."""

    feeding: Connection | None = None
    standing_by: list[Connection] = field(default_factory=list)

    @property
    def all(self) -> list[Connection]:
        return [self.feeding, *self.standing_by] if self.feeding else self.standing_by


def able(connections: QuerySet[Connection]) -> QuerySet[Connection]:
    """Those of these that can retrieve now."""
    rests = Q(open_until__gt=timezone.now())
    return connections.filter(enabled=True, stopped_code="").exclude(rests)


def note_list(connection: Connection, seen: Iterable[Survey]) -> None:
    """Remember that the connection sees these surveys of its brand; the list may be a part of all that it sees."""
    now = timezone.now()
    SurveyAccess.objects.bulk_create(
        [SurveyAccess(connection=connection, survey=survey, seen_at=now) for survey in seen],
        update_conflicts=True,
        unique_fields=["connection", "survey"],
        update_fields=["seen_at", "lost_at"],
    )


def note_missing(connection: Connection, since: datetime) -> None:
    """Remember that the connection sees no other surveys than those noted since: its list was read to the end."""
    SurveyAccess.objects.filter(connection=connection, lost_at=None, seen_at__lt=since).update(lost_at=timezone.now())


def note_lost(connection: Connection, survey: Survey) -> None:
    """Remember that the connection may not retrieve this survey."""
    now = timezone.now()
    SurveyAccess.objects.update_or_create(
        connection=connection,
        survey=survey,
        defaults={"lost_at": now},
        create_defaults={"seen_at": now, "lost_at": now},
    )


def places_of(surveys: Collection[Survey]) -> dict[int, Places]:
    """By primary key of the survey, in two queries."""
    places = {survey.pk: Places() for survey in surveys}
    for feed in SurveyFeed.objects.filter(survey__in=places).select_related("connection"):
        places[feed.survey_id].feeding = feed.connection
    seen = SurveyAccess.objects.filter(survey__in=places, lost_at=None).select_related("connection")
    for access in seen.order_by("connection__name"):
        other, place = access.connection, places[access.survey_id]
        if not place.feeding or (other != place.feeding and other.enabled and not other.stopped_code):
            place.standing_by.append(other)
    return places


def stands_by_for(connection: Connection) -> QuerySet[SurveyFeed]:
    """Feeds of surveys that the connection sees and another one feeds; none if it is stopped or off."""
    if connection.stopped_code or not connection.enabled:
        return SurveyFeed.objects.none()
    seen = SurveyFeed.objects.filter(survey__accesses__connection=connection, survey__accesses__lost_at=None)
    others = seen.exclude(connection=connection).select_related("survey", "connection")
    return others.defer("survey__questionnaire").order_by("survey__name")


def reader_of(survey: Survey) -> Connection | None:
    """The connection to ask about a survey: the one that feeds it, if it can, else one that sees it and can; else any."""
    of_brand = Connection.objects.filter(Q(source=survey.source_id) | Q(source__surveys__joins__twin=survey))
    feeding = SurveyFeed.objects.filter(survey=survey).values_list("connection_id", flat=True).first()
    seeing = set(SurveyAccess.objects.filter(survey=survey, lost_at=None).values_list("connection_id", flat=True))
    can = set(able(of_brand).values_list("pk", flat=True))

    def rank(connection: Connection) -> tuple[bool, bool, bool, int]:
        pk = connection.pk
        return pk not in can, pk not in seeing, pk != feeding, pk

    return min(of_brand, key=rank, default=None)


def lists_to_read() -> list[int]:
    """Connections whose list of surveys is read once a day: those that may stand by, or may turn out to."""
    shared = Connection.objects.values("source").annotate(n=Count("pk")).filter(n__gt=1).values("source")
    found = able(Connection.objects.filter(Q(source__in=shared) | Q(brand="")))
    return list(found.order_by("pk").values_list("pk", flat=True))
