"""What a person decides about their own account, on the page and by API."""

import pytest
from django.urls import reverse

from accounts.models import Organisation

pytestmark = pytest.mark.django_db
PROFILE = {"first_name": "Vera", "last_name": "Viewer", "language": "fr", "time_zone": "Europe/Paris"}


def test_language_and_time_zone_hold_from_the_next_page_on(client_of, viewer):
    client = client_of(viewer)
    assert client.post(reverse("accounts:profile"), PROFILE).status_code == 302
    viewer.refresh_from_db()
    assert (viewer.language, viewer.time_zone) == ("fr", "Europe/Paris")
    page = client.get(reverse("accounts:profile"), headers={"accept-language": "en"})
    assert page.headers["Content-Language"] == "fr"
    assert '<html lang="fr"' in page.content.decode()


@pytest.mark.parametrize(
    ("field", "value"), [("language", "xx"), ("time_zone", "Mars/Olympus"), ("time_zone", "../etc")]
)
def test_what_we_do_not_know_is_refused(client_of, api_of, viewer, field, value):
    page = client_of(viewer).post(reverse("accounts:profile"), PROFILE | {field: value})
    assert list(page.context["form"].errors) == [field]
    answer = api_of(viewer).patch("/api/v1/me/", {field: value})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    viewer.refresh_from_db()
    assert (viewer.language, viewer.time_zone) == ("", "")


def test_the_language_switch_is_remembered_in_the_profile(client_of, viewer):
    client_of(viewer).post(reverse("set_language"), {"language": "fr", "next": "/"})
    viewer.refresh_from_db()
    assert viewer.language == "fr"
    client_of(viewer).post(reverse("set_language"), {"language": "xx", "next": "/"})
    viewer.refresh_from_db()
    assert viewer.language == "fr"


def test_the_switch_works_before_signing_in(client):
    client.post(reverse("set_language"), {"language": "fr", "next": "/accounts/login/"})
    assert client.get("/accounts/login/").headers["Content-Language"] == "fr"


def test_me_by_api(api_of, analyst):
    answer = api_of(analyst).get("/api/v1/me/").json()
    assert (answer["email"], answer["role"]) == ("amir@example.org", "Analyst")
    assert "journeys.change_journey" in answer["permissions"]
    assert "accounts.manage_users" not in answer["permissions"]
    changed = api_of(analyst).patch("/api/v1/me/", {"first_name": "Amir B.", "time_zone": "Asia/Tokyo"})
    assert (changed.status_code, changed.json()["first_name"]) == (200, "Amir B.")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", ""])
def test_times_are_shown_in_the_persons_zone_else_in_the_organisations(client_of, viewer, zone, time_machine):
    time_machine.move_to("2026-11-02 09:00Z", tick=False)
    Organisation.objects.update_or_create(pk=1, defaults={"time_zone": "America/New_York"})
    viewer.time_zone = zone
    viewer.save()
    client = client_of(viewer)
    client.post(reverse("accounts:api_tokens"), {"name": "Export", "lifetime": "30"})
    shown = client.get(reverse("accounts:api_tokens")).content.decode()
    assert ("18:00" if zone else "4:00") in shown.replace("6 p.m.", "18:00").replace("4 a.m.", "4:00")
