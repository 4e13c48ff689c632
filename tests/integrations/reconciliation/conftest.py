"""A retrieved survey, and one that has lost a third of its responses at the vendor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from feedback.models import Response, Survey
from integrations.models import Fetch, SurveyFeed
from integrations.reconciliation import reconciling
from tests.integrations.sync.conftest import add_item, connection, running, sandbox, survey, work  # noqa: F401

KEY = "post-journey"


@pytest.fixture(autouse=True)
def rung(monkeypatch) -> list[Fetch]:
    """The fetches for which a worker would have been woken."""
    found: list[Fetch] = []
    monkeypatch.setattr("integrations.sync.tasks.notify_from_web", found.append)
    return found


@pytest.fixture
def fetched(sandbox, survey, add_item) -> Iterator[Survey]:  # noqa: F811
    add_item(survey)
    work(survey)
    rows = sandbox.world.responses[survey.external_id]
    before = dict(rows)
    yield survey
    rows.update(before)  # the next test finds all of them


@pytest.fixture
def every_row(sandbox, fetched) -> dict:  # noqa: F811
    """The vendor's responses, before any was deleted."""
    return dict(sandbox.world.responses[fetched.external_id])


@pytest.fixture
def feed(fetched) -> SurveyFeed:
    return feed_of(fetched)


def feed_of(fetched: Survey) -> SurveyFeed:
    """Read anew."""
    return SurveyFeed.objects.select_related("connection", "survey").get(survey=fetched)


def live() -> int:
    return Response.objects.filter(deleted_at=None).count()


@pytest.fixture
def lost(sandbox, fetched, admin, every_row) -> int:  # noqa: F811
    """How many are missing after a reconciliation that was held back."""
    ids = sorted(row["id"] for row in sandbox.control.truth(KEY))[: live() // 3]
    for each in ids:
        sandbox.control.delete_response(KEY, each)
    reconciling.reconcile_now(feed_of(fetched), admin)
    assert work(fetched).error_code == "mass_disappearance"
    return len(ids)
