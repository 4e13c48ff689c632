"""A watch whose key the tests know, and messages signed with it as the vendor would."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from feedback.models import Survey
from integrations.models import ResponseWatch
from integrations.qualtrics.events import FORM, signature, topic_of
from integrations.vault.secret import Secret
from integrations.webhooks import subscriptions
from integrations.webhooks.tasks import look_up
from tests.factories import make_connection, make_survey

SITE = "https://parcours.example"
RESPONSE = "R_3kQ9LmX2bWc7KsT"


@pytest.fixture(autouse=True)
def _public_address(settings):
    settings.PUBLIC_URL = SITE


@pytest.fixture
def rung(monkeypatch) -> list[int]:
    """The watches for which a worker would have been woken."""
    found: list[int] = []
    monkeypatch.setattr(look_up, "apply_async", lambda arguments, **_options: found.append(*arguments))
    return found


def make_watch(survey: Survey | None = None, **fields) -> ResponseWatch:
    """A watch with a key, as it stands once its subscription was made."""
    survey = survey or make_survey(make_connection().source)
    now = timezone.now()
    fields = {"subscription_id": f"SUB_{survey.pk}", "key_set_at": now, "next_check_at": now} | fields
    watch = ResponseWatch(connection=survey.source.connections.get(), survey=survey, name=survey.name, **fields)
    watch.key_envelope = subscriptions._sealed(watch, Secret(f"key of {survey.external_id}"))
    watch.save()
    return watch


@pytest.fixture
def watch(db) -> ResponseWatch:
    return make_watch()


def text_of(watch: ResponseWatch, **changes) -> str:
    """The signed part of a message, as compact JSON."""
    facts = {
        "Status": "Complete",
        "SurveyID": watch.survey.external_id,
        "ResponseID": RESPONSE,
        "CompletedDate": "2026-11-03 02:17:41",
        "BrandID": "northwind",
    } | changes
    return json.dumps(facts, separators=(",", ":"))


def fields_of(watch: ResponseWatch, text: str | None = None, key: Secret | None = None) -> dict[str, str]:
    """The three fields of a signed message."""
    text = text_of(watch) if text is None else text
    return {
        "Topic": f"northwind.{topic_of(watch.survey.external_id)}",
        "HMAC": signature(key or subscriptions.keys_of(watch)[0], text),
        "MSG": text,
    }


@pytest.fixture
def post() -> Callable:
    """Posts fields, or a body as it is, to the address of a watch."""
    client = Client(enforce_csrf_checks=True)

    def send(watch: ResponseWatch, fields: dict[str, str] | bytes, content_type: str = FORM, **headers):
        body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
        return client.generic("POST", reverse("hooks:qualtrics", args=[watch.uuid]), body, content_type, **headers)

    return send
