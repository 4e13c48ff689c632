"""Every page, looked at on a furnished site: the database is read and not written."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.db import connection as database
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from sandbox.server import start
from tests.demo_site import Tour, furnish
from tests.factories import make_user

pytestmark = pytest.mark.django_db
WRITES = re.compile(
    r"\s*(?:INSERT|UPDATE|DELETE|REPLACE|MERGE|(?:WITH|EXPLAIN)\b.*\b(?:INSERT|UPDATE|DELETE)\b)", re.I | re.S
)
# What shows the vendor's own data asks for it, and each such call is counted.
COUNTS_A_CALL = "integrations_callcount"


@pytest.fixture(scope="module")
def running() -> Iterator:
    with start(seed=7, small=True) as sandbox:
        yield sandbox


@pytest.mark.parametrize("others", [[], pytest.param([Role.ANALYST, Role.VIEWER, None], marks=pytest.mark.soak)])
def test_no_page_writes_to_the_database_when_nothing_changed(running, settings, client_of, others):
    """The admin sees every page; the others, and somebody who is not signed in, the same ones or fewer."""
    furnish(running, settings)
    admin, tour, wrong = client_of(make_user(Role.ADMIN)), Tour(), []
    clients = {str(role): client_of(role and make_user(role)) for role in others}

    def look(who: str, client: Client, address: str) -> HttpResponse:
        with CaptureQueriesContext(database) as seen:
            answer = client.get(address)
        statements = [each["sql"] for each in seen]
        wrong.extend((who, address, sql) for sql in statements if WRITES.match(sql) and COUNTS_A_CALL not in sql)
        return answer

    for _name, address in tour:
        tour.note_links(look("admin", admin, address).content.decode())
        for who, client in clients.items():
            look(who, client, address)
    assert wrong == []
