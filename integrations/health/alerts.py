"""Opens an alert for each fact that a person must know, and closes it when the fact ends.

Facts decide, not events: whatever was missed is seen at the next look. A look costs by what changed or is wrong: feeds say
themselves when they are to be looked at again (`SurveyFeed.look_at`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from feedback.models import FeedbackItem
from feedback.states import MISSED_FETCHES, facts_of
from integrations.health import endpoints
from integrations.models import Alert, Connection, FailingStep, Fetch, ResponseWatch, SurveyFeed
from integrations.sync import plan
from integrations.troubles.isolation import Parts
from integrations.troubles.table import Stops, trouble_of

logger = logging.getLogger(__name__)

AT_ONCE = 500
# A fetch under way may end what is wrong; one that takes longer than this does not excuse old data.
UNDER_WAY = timedelta(hours=1)
# What is wrong is looked at again, even if nothing seems to have happened.
LOOK_AGAIN = timedelta(hours=1)
SOON = timedelta(minutes=10)
# A subscription that could not be brought in line since the last daily check and two tries more.
WATCH_LOST_AFTER = timedelta(hours=26)
REMIND_EVERY = timedelta(days=1)

# A step of the tick that failed so many times in a row.
STEP_FAILURES = 3

_Key = tuple[str, int | None, int | None, str]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is wrong now. `code` has its sentences in `troubles/table.py`."""

    about: Alert.About
    kind: Alert.Kind
    code: str
    connection: int | None = None
    survey: int | None = None

    @property
    def key(self) -> _Key:
        """Of facts with the same key only one can hold."""
        return _key(self.about, self.connection, self.survey, self.code)

    @property
    def subject(self) -> str:
        """What it is about, for the log."""
        if self.survey:
            return f"survey {self.survey}"
        return f"connection {self.connection}" if self.connection else self.code


def _key(about: str, connection: int | None, survey: int | None, code: str) -> _Key:
    """Steps are told apart by their code; the code of another fact may change while it holds."""
    return (about, connection, survey, code if about == Alert.About.STEP else "")


def evaluate() -> int:
    """Bring the alerts in line with the facts; how many were opened or closed. Raises `PartsFailed`: the others are."""
    now, changes = timezone.now(), 0
    with Parts() as parts:
        with parts.alone("connections and watches"):
            changes += _look_at_connections(now, parts)
        with parts.alone("surveys"):
            due = SurveyFeed.objects.filter(look_at__lte=now).select_related("survey", "connection")
            if feeds := list(due.order_by("look_at")[:AT_ONCE]):
                changes += _look_at_feeds(feeds, now, parts)
    return changes


# --- steps of the tick ------------------------------------------------------------------------------------------------


def evaluate_steps() -> int:
    """The same for the steps of the tick that fail again and again."""
    failing = FailingStep.objects.filter(times__gte=STEP_FAILURES).values_list("name", flat=True)
    facts = [Fact(Alert.About.STEP, Alert.Kind.STEP, f"step_{name}") for name in failing]
    with Parts() as parts:
        return _settle(facts, Alert.objects.filter(about=Alert.About.STEP, closed_at=None), parts)


# --- connections and watches ------------------------------------------------------------------------------------------


def _look_at_connections(now: datetime, parts: Parts) -> int:
    troubled = _connections_in_trouble()
    whole = [fact.connection for fact in troubled if fact.connection]
    standing = Alert.objects.filter(about__in=[Alert.About.CONNECTION, Alert.About.WATCH], closed_at=None)
    facts = [*troubled, *_watches_lost(now, whole)]
    return _settle(facts, standing.exclude(about=Alert.About.WATCH, connection__in=whole), parts)


def _connections_in_trouble() -> list[Fact]:
    rows = Connection.objects.filter(
        ~Q(stopped_code="") | Q(failures_in_a_row__gte=plan.MAX_FAILURES), enabled=True
    ).values_list("pk", "stopped_code")
    return [
        Fact(Alert.About.CONNECTION, Alert.Kind.STOPPED, stopped, pk)
        if stopped
        else Fact(Alert.About.CONNECTION, Alert.Kind.FAILING, "outage", pk)
        for pk, stopped in rows
    ]


def _watches_lost(now: datetime, whole: Sequence[int]) -> list[Fact]:
    """Not those of connections that are in trouble as a whole: these have their own alert."""
    lost = ResponseWatch.objects.filter(
        Q(checked_at__lt=now - WATCH_LOST_AFTER) | Q(checked_at=None, created_at__lt=now - WATCH_LOST_AFTER),
        trouble_code__gt="",
        is_ending=False,
        connection__enabled=True,
    ).exclude(connection__in=whole)
    return [
        Fact(Alert.About.WATCH, Alert.Kind.WATCH, *row)
        for row in lost.values_list("trouble_code", "connection_id", "survey_id")
    ]


# --- feeds ------------------------------------------------------------------------------------------------------------


def _look_at_feeds(feeds: list[SurveyFeed], now: datetime, parts: Parts) -> int:
    drifted = _drifted([feed.survey_id for feed in feeds], parts)
    under_way = set(
        Fetch.objects.filter(
            feed__in=feeds, state__in=Fetch.OPEN, created_at__gt=now - UNDER_WAY
        ).values_list("feed_id", flat=True)
    )  # fmt: skip
    found: dict[int, list[Fact] | None] = {}
    for feed in feeds:
        name = f"survey {feed.survey_id}"
        if name not in parts.failed:
            with parts.alone(name):
                found[feed.survey_id] = _facts_of(feed, drifted.get(feed.survey_id, ""), feed.pk in under_way, now)
    facts = [fact for looked in found.values() for fact in looked or ()]
    settled = [survey for survey, looked in found.items() if looked is not None]
    about = [Alert.About.RETRIEVAL, Alert.About.QUESTIONS]
    changes = _settle(facts, Alert.objects.filter(about__in=about, survey__in=settled, closed_at=None), parts)
    for feed in feeds:
        name, seen_at = f"survey {feed.survey_id}", feed.look_at
        # What failed is due again at once, behind those that wait.
        next_at = now if name in parts.failed else _next_look(feed, found[feed.survey_id], now)
        with parts.alone(name):
            # Not if somebody asked for another look meanwhile.
            SurveyFeed.objects.filter(pk=feed.pk, look_at=seen_at).update(look_at=next_at)
    return changes


def _facts_of(feed: SurveyFeed, drift: str, under_way: bool, now: datetime) -> list[Fact] | None:
    """What is wrong with this feed; None while its connection is in trouble as a whole, which has its own alert."""
    connection, survey = feed.connection, feed.survey
    if not connection.enabled or feed.next_due_at is None:
        return []
    if connection.stopped_code or connection.failures_in_a_row >= plan.MAX_FAILURES:
        return None
    place = (feed.connection_id, feed.survey_id)
    facts = [Fact(Alert.About.QUESTIONS, Alert.Kind.DRIFT, drift, *place)] if drift else []
    attention = survey.attention_code if trouble_of(survey.attention_code).stops is not Stops.CONNECTION else ""
    stale_at = _stale_at(feed)
    if attention:
        facts.append(Fact(Alert.About.RETRIEVAL, Alert.Kind.ATTENTION, attention, *place))
    elif feed.failures_in_a_row >= settings.ALERT_AFTER_FAILURES:
        facts.append(Fact(Alert.About.RETRIEVAL, Alert.Kind.FAILING, survey.failure_code, *place))
    elif stale_at and stale_at <= now and not under_way:
        facts.append(Fact(Alert.About.RETRIEVAL, Alert.Kind.STALE, survey.failure_code or "data_stale", *place))
    return facts


def _stale_at(feed: SurveyFeed) -> datetime | None:
    """When the data of this feed are old, if no good fetch comes before."""
    last, every = feed.survey.last_good_fetch_at, feed.survey.retrieve_every
    return last + MISSED_FETCHES * every if last and every else None


def _next_look(feed: SurveyFeed, looked: list[Fact] | None, now: datetime) -> datetime | None:
    """When time alone may have changed something; what people and fetches change asks for a look by itself."""
    if looked is None or looked:
        return now + LOOK_AGAIN
    if not feed.connection.enabled or feed.next_due_at is None:
        return None
    stale_at = _stale_at(feed)
    return max(stale_at, now + SOON) if stale_at else None


def _drifted(surveys: Iterable[int], parts: Parts) -> dict[int, str]:
    """{survey: code} of those of which an item's question has gone or changed."""
    items = FeedbackItem.objects.filter(
        survey__in=list(surveys),
        chosen_state=FeedbackItem.Chosen.RETRIEVING,
        origin=FeedbackItem.Origin.SURVEY,
        question__isnull=False,
    ).filter(
        Q(question__gone_at__isnull=False)
        | Q(question__successor__isnull=False)
        | ~Q(question__fingerprint=F("mapped_fingerprint"))
    )
    found: dict[int, str] = {}
    for item in items.select_related("question__successor", "survey"):
        with parts.alone(f"survey {item.survey_id}"):
            facts = facts_of(item, has_usable_answers=True)
            code = "question_gone" if facts.question_gone else "question_changed"
            if item.survey_id and (item.survey_id not in found or code == "question_gone"):
                found[item.survey_id] = code
    return found


def ask_for_look(feeds: QuerySet[SurveyFeed]) -> None:
    """Something about these feeds may have changed: the next tick looks at them."""
    feeds.update(look_at=timezone.now())


# --- opening and closing ----------------------------------------------------------------------------------------------


def _settle(facts: Iterable[Fact], standing: QuerySet[Alert], parts: Parts) -> int:
    """Open what is new among the facts, close what holds no more; the number of both."""
    found = {fact.key: fact for fact in facts}
    known = {_key(alert.about, alert.connection_id, alert.survey_id, alert.code): alert for alert in standing}
    opened = closed = 0
    for key, fact in found.items():
        with parts.alone(fact.subject):
            if key not in known:
                opened += _open(fact)
            elif (known[key].kind, known[key].code) != (fact.kind, fact.code):
                # The same trouble in another form: no news for anybody, the reminder will tell.
                Alert.objects.filter(pk=known[key].pk).update(kind=fact.kind, code=fact.code)
    for key, alert in known.items():
        if key not in found:
            with parts.alone(f"survey {alert.survey_id}" if alert.survey_id else f"alert {alert.pk}"):
                closed += _close(alert)
    if opened or closed:
        logger.info("Alerts: %d opened, %d closed", opened, closed)
    return opened + closed


def _open(fact: Fact) -> bool:
    now = timezone.now()
    try:
        with transaction.atomic():
            alert = Alert.objects.create(
                about=fact.about,
                kind=fact.kind,
                code=fact.code,
                connection_id=fact.connection,
                survey_id=fact.survey,
                opened_at=now,
                email_due_at=now,
            )
            endpoints.announce("alert.opened", alert)
    except IntegrityError:  # another tick was first, or what it is about has just been deleted
        return False
    return True


@transaction.atomic
def _close(alert: Alert) -> bool:
    now = timezone.now()
    standing = Alert.objects.filter(pk=alert.pk, closed_at=None)
    # Whoever never heard that it began need not hear that it ended.
    if not standing.update(closed_at=now, email_due_at=now if alert.told_at else None):
        return False
    alert.closed_at = now
    endpoints.announce("alert.closed", alert)
    return True


def alerts() -> QuerySet[Alert]:
    """With what their lists show, open ones first, then the newest."""
    return Alert.objects.select_related("connection", "survey").order_by(
        F("closed_at").desc(nulls_first=True), "-opened_at", "-pk"
    )


def forget_old_alerts() -> int:
    """Those that were closed as long ago as fetches are kept; how many went."""
    old = timezone.now() - timedelta(days=settings.KEEP_LEDGER_DAYS)
    return Alert.objects.filter(closed_at__lt=old).delete()[0]
