"""A directory in the sandbox, and what reaches it."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse


@pytest.fixture
def alice(client_of, admin):
    return client_of(admin)


@pytest.fixture
def api(api_of, admin):
    return api_of(admin)


@pytest.fixture
def book(sandbox):
    """The railway's directory, in the sandbox."""
    return next(each for each in sandbox.world.directories.values() if each.brand == "coastline")


@pytest.fixture
def somebody(book):
    """A contact of this test's own."""
    kept = next(iter(book.contacts.values()))
    contact = type(kept)("CID_000000000000001", kept.created, kept.modified, "Eva", "Lund", "eva@northwind.example")
    contact.embedded = {"segment": "B2B", "line": "7"}
    book.contacts[contact.id] = contact
    yield contact
    book.contacts.pop(contact.id, None)


@pytest.fixture
def sent(sandbox):
    """Bodies of the changing calls that reach the sandbox from here on."""
    sandbox.control.forget_calls()

    def bodies() -> list[tuple[str, object]]:
        calls = [call for call in sandbox.control.calls() if call["method"] != "GET"]
        return [(call["method"], json.loads(call["body"]) if call["body"] else None) for call in calls]

    return bodies


def page_of(name, connection, book, *rest):
    return reverse(f"integrations:{name}", args=[connection.pk, book.id, *rest])


def api_of_book(connection, book, rest=""):
    return f"/api/v1/connections/{connection.pk}/directories/{book.id}/contacts/{rest}"
