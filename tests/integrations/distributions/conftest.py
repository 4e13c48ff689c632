"""What a distribution is made of, in the sandbox."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest


@pytest.fixture
def alice(client_of, admin):
    return client_of(admin)


@pytest.fixture
def api(api_of, admin):
    return api_of(admin)


@pytest.fixture
def there(sandbox):
    """Ids of the railway's directory, lists, sample, batch, library and messages."""
    book = next(each for each in sandbox.world.directories.values() if each.brand == "coastline")
    library = next(each for each in sandbox.world.libraries.values() if each.brand == "coastline")
    lists = {each.name: each for each in book.lists.values()}
    return SimpleNamespace(
        book=book, pilot=lists["Pilot group"], regular=lists["Regular customers"], library=library.id,
        sample=next(iter(book.samples)), batch=next(iter(book.batches)), survey=sandbox.control.survey_id("complaint"),
        invite=next(each.id for each in library.messages.values() if each.category == "invite"),
    )  # fmt: skip


@pytest.fixture
def sent(sandbox):
    """Bodies of the distributions that reached the sandbox from here on."""
    sandbox.control.forget_calls()

    def bodies() -> list[dict]:
        calls = sandbox.control.calls()
        return [
            json.loads(call["body"])
            for call in calls
            if call["method"] == "POST" and call["path"].startswith("/API/v3/distributions")
        ]

    return bodies


@pytest.fixture
def email(connection, there):
    """An e-mail that keeps every rule."""

    def make(**changes):
        return {
            "connection": connection.pk, "kind": "email", "survey": there.survey, "directory": there.book.id,
            "mailing_list": there.pilot.id, "from_email": "noreply@qemailserver.com", "from_name": "Rail",
            "reply_to": "cx@rail.example", "subject": "How was it?", "message_text": "Tell us: ${l://SurveyURL}",
        } | changes  # fmt: skip

    return make


@pytest.fixture
def sms(connection, there):
    """An SMS that keeps every rule."""

    def make(**changes):
        return {
            "connection": connection.pk, "kind": "sms", "survey": there.survey, "directory": there.book.id,
            "mailing_list": there.pilot.id, "method": "Invite", "name": "Wave 7",
            "message_text": "Tell us: ${l://SurveyURL}",
        } | changes  # fmt: skip

    return make
