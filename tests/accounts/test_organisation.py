"""The organisation's settings; a new time zone is announced to whoever counts by day."""

import pytest
from django.db import connection, transaction
from django.urls import reverse

from accounts.models import Organisation
from accounts.organisation import change_organisation
from accounts.signals import organisation_time_zone_changed

pytestmark = pytest.mark.django_db
FORM = {"name": "Rail Ltd", "time_zone": "Europe/Paris", "suppression_threshold": "5"}


@pytest.fixture
def announced():
    heard = []

    def hear(sender, organisation, old_time_zone, **kwargs):
        heard.append((old_time_zone, organisation.time_zone, connection.in_atomic_block))

    organisation_time_zone_changed.connect(hear)
    yield heard
    organisation_time_zone_changed.disconnect(hear)


def test_the_page_saves_and_announces_a_new_time_zone_once(client_of, admin, announced):
    client = client_of(admin)
    assert client.post(reverse("accounts:organisation"), FORM).status_code == 302
    client.post(reverse("accounts:organisation"), FORM | {"name": "Rail plc", "suppression_threshold": ""})
    organisation = Organisation.current()
    assert (organisation.name, organisation.time_zone) == ("Rail plc", "Europe/Paris")
    assert organisation.suppression_threshold is None
    assert announced == [("UTC", "Europe/Paris", True)]


def test_by_api(api_of, admin, viewer, announced):
    changed = api_of(admin).patch("/api/v1/organisation/", {"time_zone": "Asia/Tokyo", "suppression_threshold": 10})
    assert changed.json() == {
        "name": "Parcours", "time_zone": "Asia/Tokyo", "suppression_threshold": 10, "comment_threshold": None,
    }  # fmt: skip
    assert api_of(viewer).get("/api/v1/organisation/").json() == changed.json()
    assert api_of(viewer).patch("/api/v1/organisation/", {"name": "X"}).status_code == 403
    assert announced == [("UTC", "Asia/Tokyo", True)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("time_zone", "Mars/Olympus"), ("suppression_threshold", 1), ("suppression_threshold", -1), ("name", "")],
)
def test_what_does_not_do_is_refused(client_of, api_of, admin, announced, field, value):
    page = client_of(admin).post(reverse("accounts:organisation"), FORM | {field: value})
    assert list(page.context["form"].errors) == [field]
    answer = api_of(admin).patch("/api/v1/organisation/", {field: value})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert announced == []


def test_a_listener_that_fails_undoes_the_change(announced):
    def fail(sender, **kwargs):
        raise RuntimeError("cannot count again")

    organisation_time_zone_changed.connect(fail)
    try:
        with pytest.raises(RuntimeError), transaction.atomic():
            change_organisation(time_zone="Europe/Paris")
    finally:
        organisation_time_zone_changed.disconnect(fail)
    assert Organisation.current().time_zone == "UTC"
