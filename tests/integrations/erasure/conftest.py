"""A retrieved survey of the sandbox, with traces of one of its responses wherever an id can be left."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from feedback.models import Response, Survey
from integrations.models import ConsoleCall, Delivery, Fetch, RejectedRecord, SurveyFeed
from integrations.sync import requests
from tests.factories import make_user
from tests.integrations.sync.conftest import add_item, connection, running, sandbox, survey, work  # noqa: F401
from tests.integrations.webhooks.conftest import make_watch

KEY = "post-journey"


@pytest.fixture
def fetched(survey, add_item) -> Survey:  # noqa: F811
    add_item(survey)
    work(survey)
    return survey


@pytest.fixture
def person(fetched, settings, own_files) -> str:
    """The id of one stored response, which is named in every place that can name one."""
    settings.PUBLIC_URL = "https://parcours.example"
    response_id = Response.objects.filter(survey=fetched).latest("recorded_at").external_id
    now = timezone.now()
    feed = SurveyFeed.objects.get(survey=fetched)
    Delivery.objects.create(
        watch=make_watch(fetched), response_id=response_id, verdict="stored", received_at=now, due_at=now
    )
    fetch = Fetch.objects.filter(feed=feed).latest("pk")
    RejectedRecord.objects.create(fetch=fetch, line=3, external_id=response_id, reason="no_status")
    ConsoleCall.objects.create(
        user=make_user(Role.ADMIN), connection=feed.connection, method="GET", status=200,
        path=f"/surveys/{fetched.external_id}/responses/{response_id}",
    )  # fmt: skip
    (settings.SPOOL_DIR / f"{fetch.uuid}-1.zip").write_bytes(b"may hold " + response_id.encode())
    return response_id


@pytest.fixture
def alice() -> User:
    return make_user(Role.ADMIN)


def reconcile(of: Survey) -> Fetch:
    """A complete export, compared with what is stored."""
    requests.ask_for_fetch(
        SurveyFeed.objects.select_related("connection", "survey").get(survey=of), Fetch.Trigger.RECONCILE
    )
    return work(of)
