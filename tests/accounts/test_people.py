"""Admins add people, give roles, close accounts, and cannot lock everybody out."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient

from accounts import people
from accounts.models import User
from accounts.roles import Role, role_of
from tests.factories import make_user

pytestmark = pytest.mark.django_db
ADD = "/accounts/people/add/"
NEW = {
    "email": "Nina@Example.org", "first_name": "Nina", "last_name": "New", "role": "Analyst", "language": "fr",
    "way": "link", "password": "",
}  # fmt: skip


def stored(user) -> User:
    return User.objects.get(pk=user.pk)


def test_somebody_is_added_with_a_link(client_of, admin):
    page = client_of(admin).post(ADD, NEW)
    nina = User.objects.get(email="nina@example.org")
    assert (role_of(nina), nina.language, nina.has_usable_password()) == (Role.ANALYST, "fr", False)
    assert page.context["link"] in page.content.decode()


def test_somebody_is_added_with_a_password(client, client_of, admin):
    client_of(admin).post(ADD, NEW | {"way": "password", "password": "correct horse battery"})
    answer = client.post("/accounts/login/", {"username": "nina@example.org", "password": "correct horse battery"})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "VERA@example.org"}, "email"),
        ({"email": "no address"}, "email"),
        ({"role": "Emperor"}, "role"),
        ({"way": "password", "password": "short"}, "password"),
        ({"way": "password", "password": "nina@example.org"}, "password"),
        ({"way": "password", "password": ""}, "password"),
        ({"language": "xx"}, "language"),
    ],
)
def test_what_is_not_right_is_said_beside_its_field(client_of, admin, viewer, change, field):
    page = client_of(admin).post(ADD, NEW | change)
    assert list(page.context["form"].errors) == [field]
    assert User.objects.count() == 2


def test_by_api(api_of, admin):
    api = api_of(admin)
    made = api.post("/api/v1/users/", {"email": "Nina@example.org", "role": "Viewer"})
    assert (made.status_code, made.json()["email"], made.json()["role"]) == (201, "nina@example.org", "Viewer")
    changed = api.patch(f"/api/v1/users/{made.json()['id']}/", {"role": "Analyst", "first_name": "Nina"})
    assert (changed.status_code, changed.json()["role"], changed.json()["first_name"]) == (200, "Analyst", "Nina")
    again = api.post("/api/v1/users/", {"email": "NINA@example.org", "role": "Viewer"})
    assert (again.status_code, list(again.json()["errors"])) == (400, ["email"])
    weak = api.post("/api/v1/users/", {"email": "x@example.org", "role": "Viewer", "password": "short"})
    assert (weak.status_code, list(weak.json()["errors"])) == (400, ["password"])
    closed = api.patch(f"/api/v1/users/{made.json()['id']}/", {"is_active": False})
    assert (closed.status_code, closed.json()["is_active"]) == (200, False)
    assert [u["email"] for u in api.get("/api/v1/users/?is_active=false").json()["results"]] == ["nina@example.org"]
    assert [u["email"] for u in api.get("/api/v1/users/?role=Admin").json()["results"]] == ["alice@example.org"]
    assert [u["email"] for u in api.get("/api/v1/users/?q=nin").json()["results"]] == ["nina@example.org"]


def test_the_last_active_admin_stays_admin(client_of, api_of, admin, make_admin):
    closed = make_admin()
    people.deactivate(closed)
    page = client_of(admin).post(
        reverse("accounts:person", args=[admin.pk]), {"first_name": "A", "last_name": "B", "role": "Viewer"}
    )
    assert list(page.context["form"].errors) == ["role"]
    client_of(admin).post(reverse("accounts:person_deactivate", args=[admin.pk]))
    for change in ({"role": "Viewer"}, {"is_active": False}, {"first_name": "X", "is_active": False}):
        answer = api_of(admin).patch(f"/api/v1/users/{admin.pk}/", change)
        assert answer.status_code == 400
        assert "last active admin" in str(answer.json()["errors"])
    alice = stored(admin)
    assert (role_of(alice), alice.is_active, alice.first_name) == (Role.ADMIN, True, "Alice")


def test_one_of_two_admins_may_step_down(client_of, admin, make_admin):
    make_admin()
    answer = client_of(admin).post(
        reverse("accounts:person", args=[admin.pk]), {"first_name": "Alice", "last_name": "", "role": "Viewer"}
    )
    assert answer.url == "/"
    assert role_of(stored(admin)) == Role.VIEWER


def test_a_role_is_one_role(admin, viewer):
    people.change_role(viewer, Role.ANALYST)
    assert list(viewer.groups.values_list("name", flat=True)) == ["Analyst"]
    assert viewer.has_perm("journeys.change_journey")


def test_a_closed_account_opens_again_from_the_page(client_of, admin, viewer):
    client_of(admin).post(reverse("accounts:person_deactivate", args=[viewer.pk]))
    assert not stored(viewer).is_active
    client_of(admin).post(reverse("accounts:person_reactivate", args=[viewer.pk]))
    assert stored(viewer).is_active


def test_nobody_promotes_themselves(client_of, api_of, analyst):
    api = api_of(analyst)
    assert api.patch(f"/api/v1/users/{analyst.pk}/", {"role": "Admin"}).status_code == 403
    me = {"role": "Admin", "is_superuser": True, "is_staff": True, "groups": [1], "email": "x@example.org", "id": 1}
    assert api.patch("/api/v1/me/", me).status_code == 200
    form = {"first_name": "", "last_name": "", "language": "", "time_zone": ""}
    client_of(analyst).post(reverse("accounts:profile"), form | {"role": "Admin", "is_superuser": "on", "groups": "1"})
    amir = stored(analyst)
    assert (role_of(amir), amir.is_superuser, amir.is_staff, amir.email) == (
        Role.ANALYST, False, False, "amir@example.org",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"), [("ver", ["vera@example.org"]), ("example vera", ["vera@example.org"]), ("zz", [])]
)
def test_people_are_searched(client_of, admin, viewer, text, expected):
    page = client_of(admin).get(reverse("accounts:people"), {"q": text})
    assert [person.email for person in page.context["people"]] == expected


@pytest.mark.parametrize("address", ["/accounts/people/", "/api/v1/users/"])
def test_the_list_costs_the_same_for_one_and_for_many(client_of, admin, address):
    client = client_of(admin)
    client.get(address)  # the first visit makes the organisation's row
    costs = []
    for _round in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        costs.append(len(queries))
        for _n in range(3):
            make_user(Role.VIEWER)
    assert costs[0] == costs[1]


def test_an_oversized_page_is_capped(api_of, admin):
    for _n in range(3):
        make_user()
    answer = api_of(admin).get("/api/v1/users/?page_size=1000000000").json()
    assert answer["count"] == 4
    assert api_of(admin).get("/api/v1/users/?page_size=2").json()["next"].endswith("page=2&page_size=2")


def test_api_problems_have_one_shape(api_of, admin):
    answer = APIClient().get("/api/v1/users/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert {"title", "status", "detail"} <= set(answer.json())
    assert api_of(admin).post("/api/v1/users/", "not json", content_type="application/json").status_code == 400
    assert api_of(admin).post("/api/v1/users/", "[1]", content_type="application/json").status_code == 400
