"""The state that an item is shown in. Four are chosen by somebody; the others follow from facts and are never stored.

Pure: `facts_of` reads what is already loaded, `state_of` decides. It asks first what a person must know first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from feedback.models import FeedbackItem, Survey


class State(TextChoices):
    """The eight states of a Feedback Data item."""

    DRAFT = "draft", _("Draft – to complete")
    WAITING = "waiting", _("Waiting for responses")
    LIVE = "live", pgettext_lazy("state of an item", "Live")
    STALE = "stale", _("Old data")
    ERROR = "error", _("Error")
    PAUSED = "paused", _("Paused")
    NEEDS_ATTENTION = "needs_attention", _("Needs attention")
    ARCHIVED = "archived", _("Archived")


# How each looks: tone and icon.
LOOKS = {
    State.DRAFT: ("neutral", "pencil"),
    State.WAITING: ("info", "hourglass"),
    State.LIVE: ("good", "activity"),
    State.STALE: ("warn", "clock-alert"),
    State.ERROR: ("bad", "circle-x"),
    State.PAUSED: ("calm", "pause"),
    State.NEEDS_ATTENTION: ("warn", "triangle-alert"),
    State.ARCHIVED: ("neutral", "archive"),
}

FETCHING = frozenset({State.WAITING, State.LIVE, State.STALE, State.ERROR})
IN_KPIS = frozenset({State.WAITING, State.LIVE, State.STALE, State.ERROR, State.PAUSED, State.NEEDS_ATTENTION})

# Data are old when two fetches in a row are missing.
MISSED_FETCHES = 2


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """All that the state depends on."""

    chosen: str
    has_usable_answers: bool
    by_hand: bool = False
    has_question: bool = True
    question_gone: bool = False
    question_differs: bool = False
    attention_code: str = ""
    failure_code: str = ""
    last_good_fetch_at: datetime | None = None
    retrieve_every: timedelta | None = None
    survey_closed: bool = False


def facts_of(item: FeedbackItem, *, has_usable_answers: bool) -> ItemFacts:
    """The facts of an item whose question, its successor and survey are loaded."""
    if item.origin == FeedbackItem.Origin.MANUAL:
        return ItemFacts(item.chosen_state, has_usable_answers, by_hand=True)
    question, survey = item.question, item.survey
    successor = question.successor if question else None
    return ItemFacts(
        chosen=item.chosen_state,
        has_usable_answers=has_usable_answers,
        has_question=question is not None,
        question_gone=question is not None and (successor or question).gone_at is not None,
        question_differs=question_differs(item),
        attention_code=survey.attention_code if survey else "",
        failure_code=survey.failure_code if survey else "",
        last_good_fetch_at=survey.last_good_fetch_at if survey else None,
        retrieve_every=survey.retrieve_every if survey else None,
        survey_closed=survey is not None and survey.live == Survey.Live.CLOSED,
    )


def question_differs(item: FeedbackItem) -> bool:
    """Whether the item's question has changed since a person mapped it."""
    question = item.question
    if question is None:
        return False
    return question.successor_id is not None or question.fingerprint != item.mapped_fingerprint


def state_of(facts: ItemFacts, now: datetime) -> State:
    """The state that follows from the facts at this moment."""
    if facts.chosen != FeedbackItem.Chosen.RETRIEVING:
        return State(facts.chosen)
    if facts.by_hand:
        return State.LIVE if facts.has_usable_answers else State.WAITING
    if not facts.has_question or facts.question_gone or facts.question_differs or facts.attention_code:
        return State.NEEDS_ATTENTION
    if facts.failure_code:
        return State.ERROR
    if facts.survey_closed:
        return State.NEEDS_ATTENTION
    if _is_late(facts, now):
        return State.STALE
    return State.LIVE if facts.has_usable_answers else State.WAITING


def late_from(facts: ItemFacts) -> datetime | None:
    """The moment after which the data are old; None if they never are."""
    if facts.last_good_fetch_at is None or facts.retrieve_every is None:
        return None
    return facts.last_good_fetch_at + MISSED_FETCHES * facts.retrieve_every


def _is_late(facts: ItemFacts, now: datetime) -> bool:
    late = late_from(facts)
    return late is not None and now > late


_EXPLANATIONS: dict[State, Promise] = {
    State.DRAFT: _("Nothing is retrieved yet, and no KPI counts it. Complete it, then choose “Retrieve data”."),
    State.WAITING: _("Data are retrieved; there is no usable response yet."),
    State.LIVE: _("Data are retrieved and counted."),
    State.STALE: _("The last good fetch is longer ago than it should be. The numbers are those of that day."),
    State.ERROR: _("The last fetch failed. The last good numbers stay; it is tried again by itself."),
    State.PAUSED: _("Nothing is retrieved. The numbers are those of the last fetch."),
    State.NEEDS_ATTENTION: _("Somebody must look at this item before data can be retrieved again."),
    State.ARCHIVED: _("Nothing is retrieved, and no KPI counts it."),
}
_BY_HAND: dict[State, Promise] = {
    State.DRAFT: _("No KPI counts it yet. Complete it first."),
    State.WAITING: _("No value has been entered yet."),
    State.LIVE: _("The values are entered by hand."),
    State.PAUSED: _("The last value entered stays in the KPIs."),
}


# What the codes of a source mean, and what to do about them: the app that fetches knows, and says so here.
Reasons = Callable[[str], str]
_reasons: list[Reasons] = []


def register_reasons(reasons: Reasons) -> None:
    """Let explanations say what a code in `attention_code` means; from `AppConfig.ready()`."""
    if reasons not in _reasons:
        _reasons.append(reasons)


def explain(state: State, facts: ItemFacts) -> str:
    """One or two sentences that say what the state means for this item."""
    if facts.by_hand and state in _BY_HAND:
        return str(_BY_HAND[state])
    if state == State.NEEDS_ATTENTION:
        return _reason_for_attention(facts)
    return str(_EXPLANATIONS[state])


def _reason_for_attention(facts: ItemFacts) -> str:
    if not facts.has_question or facts.question_gone:
        return gettext("The question is no longer in the survey. The last good numbers stay. Choose another question.")
    if facts.question_differs:
        return gettext(
            "The choices of the question have changed since it was mapped. The last good numbers stay. "
            "Look at the difference, then accept the new mapping."
        )
    if facts.survey_closed and not facts.attention_code:
        return gettext(
            "The survey is closed in Qualtrics: no new responses can come. The numbers stay. Open it again there, and this "
            "item goes on by itself; or pause or archive the item."
        )
    told = next((told for reasons in _reasons if (told := reasons(facts.attention_code))), "")
    return told or str(_EXPLANATIONS[State.NEEDS_ATTENTION])
