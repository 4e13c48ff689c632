"""How connections are doing, and the machinery behind them, in one sentence each: derived from the facts, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.links import mail_is_sent
from feedback.models import SurveyJoin
from integrations.fetches.ledger import Trouble, fetches, trouble_of
from integrations.health import workers
from integrations.models import Alert, Connection, FailingStep, Fetch, SurveyFeed, Timekeeping
from integrations.qualtrics.findings import CheckResult
from integrations.surveys.access import stands_by_for
from integrations.surveys.brands import same_brand
from integrations.troubles import table
from integrations.troubles.table import explain, label_of
from integrations.vendor.call_counts import Usage, usage_of
from integrations.webhooks.status import state_of
from integrations.webhooks.subscriptions import watches


class Condition(StrEnum):
    """Each has a badge of its own."""

    OFF = "off"
    STOPPED = "stopped"
    TROUBLE = "trouble"
    IDLE = "idle"
    WORKING = "working"


@dataclass(frozen=True, slots=True)
class Health:
    condition: Condition
    label: str
    sentence: str
    what_to_do: str = ""

    @property
    def needs_somebody(self) -> bool:
        """Whether it is not as it should be."""
        return self.condition in (Condition.STOPPED, Condition.TROUBLE)

    @property
    def tone(self) -> str:
        return _LOOKS[self.condition][0]

    @property
    def icon(self) -> str:
        return _LOOKS[self.condition][1]


# Worst first.
_RANKS = {
    condition: rank
    for rank, condition in enumerate(
        (Condition.STOPPED, Condition.TROUBLE, Condition.IDLE, Condition.WORKING, Condition.OFF)
    )
}
_LOOKS = {
    Condition.OFF: ("neutral", "power-off"),
    Condition.STOPPED: ("bad", "circle-x"),
    Condition.TROUBLE: ("warn", "triangle-alert"),
    Condition.IDLE: ("info", "plug"),
    Condition.WORKING: ("good", "circle-check"),
}


def with_facts(connections: QuerySet[Connection]) -> QuerySet[Connection]:
    """The connections with what their lists show, in one query: feeds, failing feeds, last good and next fetch."""
    return connections.annotate(
        feed_count=Count("feeds", filter=Q(feeds__next_due_at__isnull=False), distinct=True),
        failure_codes=Count("feeds__survey__failure_code", filter=_FAILED, distinct=True),
        failure_code=Max("feeds__survey__failure_code", filter=_FAILED),
        failing_count=Count("feeds", filter=Q(feeds__next_due_at__isnull=False) & ~_FINE, distinct=True),
        last_good_fetch_at=Coalesce(Max("feeds__survey__last_good_fetch_at"), Subquery(_FETCHED_WELL)),
        next_fetch_at=Min("feeds__next_due_at", filter=Q(stopped_code="")),
        fed_by=Subquery(_FED_BY_OTHERS.values("connection__name")[:1]),
        alert_code=Subquery(_OPEN_OF_SURVEYS.filter(connection=OuterRef("pk")).values("code")[:1]),
    )


_OPEN_OF_SURVEYS = Alert.objects.filter(
    closed_at=None, about__in=[Alert.About.RETRIEVAL, Alert.About.QUESTIONS, Alert.About.WATCH]
).order_by("opened_at", "pk")
_FAILED = Q(feeds__next_due_at__isnull=False) & ~Q(feeds__survey__failure_code="")
# Of one that feeds nothing (any more): its own last one.
_FETCHED_WELL = (
    Fetch.objects.filter(connection=OuterRef("pk"), state__in=[Fetch.State.DONE, Fetch.State.PARTIAL])
    .order_by("-pk")
    .values("finished_at")[:1]
)
_FED_BY_OTHERS = (
    SurveyFeed.objects.filter(next_due_at__isnull=False, connection__source=OuterRef("source"))
    .exclude(connection=OuterRef("pk"))
    .order_by("connection__name")
)
_FINE = Q(feeds__survey__failure_code="", feeds__survey__attention_code="")


def health_of(connection: Any, now: datetime) -> Health:
    """The state of a `Connection` that was read through `with_facts`."""
    if not connection.enabled:
        return Health(Condition.OFF, _("Switched off"), _("Nothing is retrieved until it is enabled again."))
    if not connection.has_credentials:
        return Health(
            Condition.STOPPED, _("Token missing"), _("There is no API token."), _("Edit the connection and type one.")
        )
    if connection.stopped_code:
        title, what_to_do = connection.stopped
        return Health(Condition.STOPPED, _("Stopped"), title, what_to_do)
    if failed := failed_check(connection):
        return Health(Condition.TROUBLE, _("Test failed"), failed.message, failed.what_to_do)
    if connection.open_until and connection.open_until > now:
        # One query more, for connections in this state only.
        last = Fetch.objects.filter(feed__connection=connection.pk).exclude(error_code="").order_by("-pk").first()
        return Health(
            Condition.TROUBLE,
            _("Interrupted"),
            _("Qualtrics has failed to answer several times in a row. The next attempt is at %(time)s.")
            % {"time": _moment(connection.open_until)},
            explain(last.error_code, **last.error_detail).what_to_do
            if last
            else _("There is nothing to do: what was missed is fetched then."),
        )
    if connection.failing_count:
        code = connection.failure_code if connection.failure_codes == 1 else ""
        advice = str(explain(code)) if code and table.trouble_of(code).retry is table.Retry.NEVER else ""
        return Health(
            Condition.TROUBLE,
            _("Partly failing"),
            ngettext(
                "The last fetch of %(count)d survey failed.",
                "The last fetch of %(count)d surveys failed.",
                connection.failing_count,
            )
            % {"count": connection.failing_count},
            advice or _("See the surveys below for the reason."),
        )
    if connection.alert_code:
        title, what_to_do = explain(connection.alert_code)
        return Health(Condition.TROUBLE, _("Needs attention"), title, what_to_do)
    if not connection.feed_count and connection.fed_by:
        return Health(
            Condition.IDLE,
            _("Standing by"),
            _("“%(other)s” retrieves the surveys of this brand; this connection takes over where that one fails.")
            % {"other": connection.fed_by},
        )
    if not connection.feed_count:
        return Health(Condition.IDLE, _("Ready"), _("No survey is retrieved through it yet."))
    return Health(
        Condition.WORKING,
        _("Working"),
        ngettext("%(count)d survey is retrieved.", "%(count)d surveys are retrieved.", connection.feed_count)
        % {"count": connection.feed_count},
        _("Qualtrics answers slowly here: one worker at a time calls it, so that other connections need not wait.")
        if connection.is_slow
        else "",
    )


def failed_check(connection: Connection) -> CheckResult | None:
    """The first check that failed at the last test, unless a call has gone well since."""
    if connection.tested_at and connection.last_good_call_at and connection.last_good_call_at > connection.tested_at:
        return None
    checks = (CheckResult.stored(row) for row in connection.test_results)
    return next((check for check in checks if check.result == "failed"), None)


def by_urgency(connections: QuerySet[Connection], now: datetime) -> list[tuple[Any, Health]]:
    """Every connection with its state, worst first."""
    rows = [(connection, health_of(connection, now)) for connection in with_facts(connections)]
    return sorted(rows, key=lambda row: (_RANKS[row[1].condition], row[0].name))


# --- one connection, in full ------------------------------------------------------------------------------------------


JOINS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class LastFailure:
    """The last fetch that failed. `is_over`: the survey has been fetched well since."""

    fetch: Fetch
    trouble: Trouble | None
    is_over: bool


@dataclass(frozen=True, slots=True)
class Watching:
    """How many surveys are watched, how many of the watches do not work, and when the last message came."""

    watched: int
    failing: int
    last_delivery_at: datetime | None


@dataclass(frozen=True, slots=True)
class Details:
    """What is known about a connection's health besides its state."""

    last_failure: LastFailure | None
    usage: list[Usage]
    watching: Watching
    alerts: list[Alert]
    same_brand: list[Connection]
    standing_by: list[SurveyFeed]  # of surveys that another one feeds
    joins: list[SurveyJoin]  # of surveys of the brand, the newest first


def details_of(connection: Connection, now: datetime) -> Details:
    """The facts behind the sentence. The same number of queries however many surveys there are."""
    rows = list(watches().filter(connection=connection))
    deliveries = [watch.last_delivery_at for watch in rows if watch.last_delivery_at]
    return Details(
        last_failure=_last_failure(connection),
        usage=usage_of(connection, now),
        watching=Watching(
            watched=len(rows),
            failing=sum(state_of(watch).key == "failing" for watch in rows),
            last_delivery_at=max(deliveries, default=None),
        ),
        alerts=list(Alert.objects.filter(connection=connection, closed_at=None).select_related("connection", "survey")),
        same_brand=list(same_brand(connection)),
        standing_by=list(stands_by_for(connection)),
        joins=list(_joins(connection)[:JOINS_SHOWN]),
    )


def _joins(connection: Connection) -> QuerySet[SurveyJoin]:
    """Not those that were over before anything had come: nobody has seen such a twin."""
    of_brand = SurveyJoin.objects.filter(survey__source=connection.source_id).select_related("survey")
    return of_brand.exclude(ended_at__isnull=False, responses=0, items=0)


def _last_failure(connection: Connection) -> LastFailure | None:
    failed = [Fetch.State.FAILED, Fetch.State.QUARANTINED]
    fetch = fetches().filter(connection=connection, state__in=failed).first()
    if fetch is None:
        return None
    return LastFailure(fetch, trouble_of(fetch), is_over=not fetch.feed.survey.failure_code)


# --- the machinery ----------------------------------------------------------------------------------------------------

_MISSED_TICKS = 3
_ANSWER_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SystemCheck:
    """Something that must run for data to come. `key` is stable, for programs."""

    key: str
    label: str
    tone: str
    sentence: str
    what_to_do: str = ""

    @property
    def icon(self) -> str:
        return {"good": "circle-check", "warn": "triangle-alert", "bad": "circle-x"}.get(self.tone, "info")


def system_checks(now: datetime) -> list[SystemCheck]:
    """Timetable, workers, queue and mail."""
    times = Timekeeping.objects.first() or Timekeeping()
    ticks = _ticks(times, list(FailingStep.objects.all()), now)
    return [ticks, *(_worker(queue, times, ticks, now) for queue in workers.QUEUES), _queue(now), _mail()]


def _ticks(times: Timekeeping, failing: list[FailingStep], now: datetime) -> SystemCheck:
    label = _("Timetable")
    # The step that notes a tick may be the one that fails.
    last = max((at for at in (times.ticked_at, *(step.last_failed_at for step in failing)) if at), default=None)
    if last is None or now - last > _missed():
        sentence = (
            _("The timetable stands still: the last tick was at %(time)s.") % {"time": _moment(last)}
            if last
            else _("The timetable has never run.")
        )
        advice = _("Ask whoever runs this server to start beat, and a worker for the queue “default”.")
        return SystemCheck("timetable", label, "bad", sentence, advice)
    if failing:
        sentence = ngettext(
            "It runs, but a step fails: %(steps)s.", "It runs, but %(count)d steps fail: %(steps)s.", len(failing)
        ) % {"count": len(failing), "steps": "; ".join(_failing(step) for step in failing)}
        advice = _(
            "Ask whoever runs this server to look for the error in the log of the workers of the queue “default”."
        )
        return SystemCheck("timetable", label, "warn", sentence, advice)
    return SystemCheck(
        "timetable", label, "good", _("It runs: the last tick was at %(time)s.") % {"time": _moment(last)}
    )


def _failing(step: FailingStep) -> str:
    """A step with since when it fails, and what to look for in the log."""
    where = f"{step.error_class}, {step.part}" if step.part else step.error_class
    return _("“%(step)s”, since %(time)s (%(error)s)") % {
        "step": label_of(step.name),
        "time": _moment(step.failing_since),
        "error": where,
    }


def _worker(queue: str, times: Timekeeping, ticks: SystemCheck, now: datetime) -> SystemCheck:
    label = {"sync": _("Workers for fetches"), "backfill": _("Workers for long fetches")}[queue]
    asked_at, answered_at = times.asked_queues_at, getattr(times, f"{queue}_answered_at")
    key = f"workers_{queue}"
    if ticks.tone == "bad" or asked_at is None:
        return SystemCheck(key, label, "neutral", _("Not known: the timetable asks for their signs of life."))
    if answered_at and now - answered_at < workers.ASK_EVERY + _ANSWER_WITHIN:
        return SystemCheck(
            key, label, "good", _("They work: the last sign of life came at %(time)s.") % {"time": _moment(answered_at)}
        )
    if answered_at is None and now - asked_at < _ANSWER_WITHIN:
        return SystemCheck(key, label, "neutral", _("They have just been asked for the first time."))
    sentence = (
        _("No sign of life since %(time)s: they are away, or have too much to do.") % {"time": _moment(answered_at)}
        if answered_at
        else _("There has never been a sign of life.")
    )
    advice = _("Ask whoever runs this server to look at the workers of the queue “%(queue)s”.") % {"queue": queue}
    return SystemCheck(key, label, "bad", sentence, advice)


def _queue(now: datetime) -> SystemCheck:
    label = _("Queue")
    waiting = Fetch.objects.filter(state__in=[Fetch.State.PENDING, Fetch.State.WAITING], due_at__lt=now - _missed())
    # Those of a connection that is slow, or left alone for a while, wait for the vendor and not for workers.
    late = waiting.exclude(
        Q(feed__connection__is_slow=True) | Q(feed__connection__open_until__gt=now), step__in=Fetch.CALLING
    ).aggregate(count=Count("pk"), oldest=Min("due_at"))
    if not late["count"]:
        return SystemCheck("queue", label, "good", _("No fetch waits longer than it should."))
    sentence = ngettext(
        "%(count)d fetch waits for a worker, since %(time)s.",
        "%(count)d fetches wait for a worker, the first since %(time)s.",
        late["count"],
    ) % {"count": late["count"], "time": _moment(late["oldest"])}
    return SystemCheck(
        "queue", label, "warn", sentence, _("If this lasts, more workers are needed, or those there are stand still.")
    )


def _mail() -> SystemCheck:
    label = _("Mail")
    if mail_is_sent():
        return SystemCheck(
            "mail", label, "good", _("Admins are written to when an alert opens, is still open a day later, or ends.")
        )
    advice = _("Ask whoever runs this server to set EMAIL_URL, or add a webhook.")
    return SystemCheck("mail", label, "warn", _("No mail is sent: alerts show here and go to webhooks only."), advice)


def _missed() -> timedelta:
    return timedelta(seconds=_MISSED_TICKS * settings.DISPATCH_INTERVAL)


def _moment(moment: datetime) -> str:
    return date_format(localtime(moment), "SHORT_DATETIME_FORMAT")
