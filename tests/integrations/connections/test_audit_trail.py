"""What is done to connections stands in the audit trail, by page and API, without tokens."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from integrations.models import Connection
from tests.integrations.connections.test_connection_pages import CANARY, typed

pytestmark = pytest.mark.django_db


def test_by_page(client_of, admin):
    alice = client_of(admin)
    alice.post(reverse("integrations:connection_new"), typed())
    made = Connection.objects.get()
    edit = reverse("integrations:connection_edit", args=[made.pk])
    alice.post(edit, typed(name="Rail", host="fra1.qualtrics.com", version=made.version))
    switch = reverse("integrations:connection_switch", args=[made.pk])
    alice.post(switch, {"enabled": "0", "version": Connection.objects.get().version})
    delete = reverse("integrations:connection_delete", args=[made.pk])
    alice.post(delete, {"version": Connection.objects.get().version})
    host = "fra1.qualtrics.com"
    assert told() == [
        ("connection_added", admin.email, f"connection {made.pk}: Coastline Rail", {"host": host}),
        (
            "connection_changed",
            admin.email,
            f"connection {made.pk}: Rail",
            {"changed": ["name"], "host": host, "new_secret": True},
        ),
        (
            "connection_changed",
            admin.email,
            f"connection {made.pk}: Rail",
            {"changed": ["enabled"], "enabled": False},
        ),
        ("connection_deleted", admin.email, f"connection {made.pk}: Rail", {"host": host}),
    ]
    assert CANARY not in str(told())


def test_by_api(api_of, admin):
    api = api_of(admin)
    made = api.post("/api/v1/connections/", {"name": "Rail", "host": "fra1", "token": CANARY}).json()
    one = f"/api/v1/connections/{made['id']}/"
    changed = api.patch(one, {"frequency": "weekly", "version": made["version"]}).json()
    refused = api.patch(one, {"name": "Too late", "version": made["version"]})
    assert refused.status_code == 409
    api.delete(one, headers={"If-Match": f'"{changed["version"]}"'})
    assert [(event, by) for event, by, _about, _facts in told()] == [
        ("connection_added", admin.email),
        ("connection_changed", admin.email),
        ("connection_deleted", admin.email),
    ]
    assert told()[1][3] == {"changed": ["frequency"], "host": "fra1.qualtrics.com", "new_secret": False}
    assert CANARY not in str(told())


def told():
    rows = AuditEvent.objects.filter(event__startswith="connection_").order_by("pk")
    return list(rows.values_list("event", "by_email", "about", "facts"))
