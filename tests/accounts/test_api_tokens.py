"""API tokens: shown once, kept as a hash, no wider and no longer than allowed."""

from datetime import timedelta

import pytest
from django.core import serializers
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import api_tokens, people
from accounts.models import ApiToken
from accounts.roles import Role

pytestmark = pytest.mark.django_db
PAGE = "/accounts/api-tokens/"
ME = "/api/v1/me/"


def with_key(key: str) -> APIClient:
    return APIClient(headers={"Authorization": f"Bearer {key}"})


def test_the_key_is_shown_once_and_works(client_of, viewer):
    client = client_of(viewer)
    made = client.post(PAGE, {"name": "Export", "lifetime": "90"})
    key = made.context["key"]
    assert key in made.content.decode()
    assert with_key(key).get(ME).json()["email"] == viewer.email
    page = client.get(PAGE).content.decode()
    assert key not in page
    assert key[:12] in page


def test_the_key_by_api_works_and_is_not_repeated(api_of, viewer):
    made = api_of(viewer).post("/api/v1/api-tokens/", {"name": "Export", "read_only": True})
    assert made.status_code == 201
    assert with_key(made.json()["key"]).get(ME).status_code == 200
    (listed,) = api_of(viewer).get("/api/v1/api-tokens/").json()["results"]
    assert "key" not in listed
    assert listed["prefix"] == made.json()["key"][:12]


@pytest.mark.parametrize(("choice", "days"), [("30", 30), ("365", 365), ("0", None)])
def test_the_lifetime_is_chosen(client_of, viewer, choice, days):
    client_of(viewer).post(PAGE, {"name": "Export", "lifetime": choice})
    expires_at = ApiToken.objects.get().expires_at
    assert (expires_at and round((expires_at - timezone.now()) / timedelta(days=1))) == days


def test_an_expired_a_revoked_and_an_invented_key_are_refused(viewer):
    _t, expired = api_tokens.make(viewer, "old", expires_at=timezone.now() - timedelta(seconds=1))
    token, revoked = api_tokens.make(viewer, "gone")
    api_tokens.revoke(token)
    _t, good = api_tokens.make(viewer, "good")
    for key in (expired, revoked, good[:-1], good + "0", good.swapcase(), "", "pcs_api_", "é" * 40, "\x00"):
        answer = with_key(key).get(ME)
        assert answer.status_code == 401, key
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert with_key(good).get(ME).status_code == 200


def test_a_key_counts_in_the_header_only(client, viewer):
    _t, key = api_tokens.make(viewer, "good")
    for address in (f"{ME}?token={key}", f"{ME}?api_key={key}", f"{ME}?Authorization=Bearer%20{key}"):
        assert client.get(address).status_code == 401


def test_no_string_of_the_database_opens_a_door(viewer):
    _t, key = api_tokens.make(viewer, "good")
    dump = serializers.serialize("json", ApiToken.objects.all())
    assert key not in dump
    strings = {value for value in ApiToken.objects.values_list("digest", "prefix", "name").get() if value}
    assert {with_key(text).get(ME).status_code for text in strings} == {401}
    assert key not in "".join(query["sql"] for query in connection.queries)


def test_a_read_only_token_reads_what_its_owner_may_and_changes_nothing(admin):
    _t, key = api_tokens.make(admin, "reader", read_only=True)
    api = with_key(key)
    assert api.get("/api/v1/users/").status_code == 200
    assert api.patch(ME, {"first_name": "Eve"}).status_code == 403
    assert api.post("/api/v1/api-tokens/", {"name": "wider"}).status_code == 403
    assert api.delete(f"/api/v1/api-tokens/{ApiToken.objects.get().pk}/").status_code == 403


def test_a_token_is_never_wider_than_its_owner(admin, make_admin):
    other = make_admin()
    _t, key = api_tokens.make(other, "good")
    assert with_key(key).get("/api/v1/users/").status_code == 200
    people.change_role(other, Role.VIEWER)
    assert with_key(key).get("/api/v1/users/").status_code == 403
    people.deactivate(other)
    assert with_key(key).get(ME).status_code == 401
    people.reactivate(other)
    assert with_key(key).get(ME).status_code == 401


def test_a_token_cannot_prolong_itself(viewer):
    ends = timezone.now() + timedelta(days=1)
    _t, key = api_tokens.make(viewer, "short", expires_at=ends)
    for asked in (None, (ends + timedelta(days=99)).isoformat()):
        made = with_key(key).post("/api/v1/api-tokens/", {"name": "child", "expires_at": asked})
        assert made.status_code == 201
        assert ApiToken.objects.get(pk=made.json()["id"]).expires_at == ends


def test_nobody_sees_or_revokes_the_tokens_of_others(client_of, api_of, admin, viewer):
    token, key = api_tokens.make(viewer, "Vera's")
    assert api_of(admin).get("/api/v1/api-tokens/").json()["results"] == []
    assert api_of(admin).delete(f"/api/v1/api-tokens/{token.pk}/").status_code == 404
    assert client_of(admin).post(reverse("accounts:api_token_revoke", args=[token.pk])).status_code == 404
    assert "Vera&#x27;s" not in client_of(admin).get(PAGE).content.decode()
    assert with_key(key).get(ME).status_code == 200


def test_a_revoked_token_leaves_the_list(client_of, api_of, viewer):
    for n, revoke in enumerate(
        [
            lambda pk: client_of(viewer).post(reverse("accounts:api_token_revoke", args=[pk])),
            lambda pk: api_of(viewer).delete(f"/api/v1/api-tokens/{pk}/"),
        ]
    ):
        token, key = api_tokens.make(viewer, f"token {n}")
        revoke(token.pk)
        assert with_key(key).get(ME).status_code == 401
        assert client_of(viewer).get(PAGE).context["tokens"].count() == 0
    assert ApiToken.objects.count() == 2


def test_the_past_is_no_moment_to_end_at(api_of, viewer):
    past = (timezone.now() - timedelta(seconds=1)).isoformat()
    answer = api_of(viewer).post("/api/v1/api-tokens/", {"name": "x", "expires_at": past})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["expires_at"])


def test_last_use_is_noted_but_not_at_each_request(viewer, time_machine):
    time_machine.move_to("2026-11-02 09:00Z", tick=False)
    _t, key = api_tokens.make(viewer, "good")
    with_key(key).get(ME)
    time_machine.shift(timedelta(minutes=4))
    with_key(key).get(ME)
    assert ApiToken.objects.get().last_used_at.isoformat() == "2026-11-02T09:00:00+00:00"
    time_machine.shift(timedelta(minutes=2))
    with_key(key).get(ME)
    assert ApiToken.objects.get().last_used_at.isoformat() == "2026-11-02T09:06:00+00:00"
