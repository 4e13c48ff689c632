"""Reconcile now: a complete export that shows which responses were deleted at the source.

Where unusually many are missing nothing is marked and a person decides: they were deleted, or look again.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy

from accounts.models import User
from integrations.fetches.ledger import fetches
from integrations.models import Fetch, SurveyFeed
from integrations.sync.closing import MASS
from integrations.sync.requests import CannotFetch, ask_for_fetch
from integrations.troubles.refusals import Refusal


class NothingToConfirm(Refusal):
    """Nothing waits for a person's word, or it is another number than the one that was seen."""

    code = "not_held"
    words = gettext_lazy("What is missing has changed since you looked. Look again.")


@dataclass(frozen=True, slots=True)
class HeldDeletion:
    """A mass disappearance that waits for a person: so many of so many live responses were missing."""

    fetch: Fetch
    gone: int
    live: int


def held(feed: SurveyFeed) -> HeldDeletion | None:
    """What the latest reconciliation held back, as long as nobody has decided and no later one found all in order."""
    if feed.survey.attention_code != MASS:
        return None
    fetch = Fetch.objects.filter(feed=feed, trigger=Fetch.Trigger.RECONCILE, error_code=MASS).first()
    if fetch is None:
        return None
    return HeldDeletion(fetch, fetch.error_detail.get("gone", 0), fetch.error_detail.get("live", 0))


def last_reconciliation(feed: SurveyFeed) -> Fetch | None:
    """The latest one that has ended, however it did."""
    ended = fetches().filter(feed=feed, trigger=Fetch.Trigger.RECONCILE).exclude(state__in=Fetch.OPEN)
    return ended.first()


def reconcile_now(feed: SurveyFeed, by: User) -> Fetch:
    """The reconciliation under way, or a new one. Raises `CannotFetch`, also while a fetch of another kind runs."""
    return _ask(feed, by)


def confirm_deleted(feed: SurveyFeed, by: User, gone: int) -> Fetch:
    """Look once more, and mark what is missing if it is not more than the `gone` that the person saw.

    Raises `NothingToConfirm` and `CannotFetch`.
    """
    waiting = held(feed)
    if waiting is None or waiting.gone != gone:
        raise NothingToConfirm
    return _ask(feed, by, confirmed_gone=gone)


@transaction.atomic
def _ask(feed: SurveyFeed, by: User, confirmed_gone: int = 0) -> Fetch:
    fetch = ask_for_fetch(feed, Fetch.Trigger.RECONCILE, asked_by=by, confirmed_gone=confirmed_gone)
    if fetch.trigger != Fetch.Trigger.RECONCILE or fetch.confirmed_gone < confirmed_gone:
        raise CannotFetch("fetch_under_way")
    return fetch
