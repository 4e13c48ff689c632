"""The access table and the resolver agree, and every entry point does what its row says: for all routes, methods and roles."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from rest_framework.settings import api_settings

from accounts import api_tokens
from accounts.access import ANYONE, SIGNED_IN, Row
from accounts.models import User
from accounts.roles import PERMISSIONS, Role
from config import access
from config.access import may
from config.routes import Route
from tests.access.addresses import METHODS, ROUTES, address
from tests.factories import make_user

KNOWN_PERMISSIONS = {ANYONE, SIGNED_IN} | set().union(*PERMISSIONS.values())


def test_every_route_has_a_row():
    assert sorted(set(ROUTES) - set(access.ROUTES)) == []


def test_every_row_has_a_route():
    assert sorted(set(access.ROUTES) - set(ROUTES)) == []


def test_every_row_asks_for_a_permission_that_a_role_has():
    asked = {permission for row in access.ROUTES.values() for permission in row.values()}
    assert sorted(asked - KNOWN_PERMISSIONS) == []


def test_rows_name_methods():
    assert {method for row in access.ROUTES.values() for method in row} <= set(METHODS)


def test_only_these_doors_are_open_to_anyone():
    open_doors = {name for name, row in access.ROUTES.items() if ANYONE in row.values()}
    assert open_doors == {
        "accounts:login",
        "accounts:logout",
        "accounts:request_password",
        "accounts:set_password",
        "set_language",
        "health:live",
        "health:ready",
        "hooks:qualtrics",
    }


@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if route.is_api])
def test_no_api_view_brings_a_doorman_of_its_own(name):
    assert ROUTES[name].view.cls.permission_classes == api_settings.DEFAULT_PERMISSION_CLASSES
    initkwargs = getattr(ROUTES[name].view, "initkwargs", {})
    assert "permission_classes" not in initkwargs
    assert "authentication_classes" not in initkwargs
    assert ROUTES[name].view.cls.authentication_classes == api_settings.DEFAULT_AUTHENTICATION_CLASSES


def test_a_route_without_a_row_is_closed_for_everybody(client_of, admin, monkeypatch):
    for name in ("journeys:list", "api:me"):
        monkeypatch.delitem(access.ROUTES, name)
        assert client_of(admin).get(address(ROUTES[name])).status_code == 403


class Actor(SimpleNamespace):
    """Somebody who asks: `user` whose rights count (nobody's, if anonymous), and what they show."""

    user: User | AnonymousUser
    session: str | None
    key: str | None
    read_only: bool

    def ask(self, method: str, url: str) -> object:
        client = Client(raise_request_exception=True)
        if self.session:
            client.cookies["parcours_session"] = self.session
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return client.generic(method, url, "{}" if "/api/" in url else "", _content_type(url), headers=headers)


def _content_type(url: str) -> str:
    return "application/json" if "/api/" in url else "application/x-www-form-urlencoded"


@pytest.fixture
def actors(client_of, admin, analyst, viewer) -> dict[str, Actor]:
    nobody = AnonymousUser()

    def with_session(user: User) -> str:
        return client_of(user).session.session_key

    closed = make_user(Role.ADMIN)
    closed_session, (_t, closed_key) = with_session(closed), api_tokens.make(closed, "closed")
    User.objects.filter(pk=closed.pk).update(is_active=False)
    without_role = make_user(None)

    def actor(user=nobody, session=None, key=None, read_only=False) -> Actor:
        return Actor(user=user, session=session, key=key, read_only=read_only)

    return {
        "anonymous": actor(),
        "viewer": actor(viewer, with_session(viewer)),
        "analyst": actor(analyst, with_session(analyst)),
        "admin": actor(admin, with_session(admin)),
        "without role": actor(without_role, with_session(without_role)),
        "deactivated": actor(session=closed_session),
        "deactivated, by token": actor(key=closed_key),
        "token of an admin": actor(admin, key=api_tokens.make(admin, "wide")[1]),
        "token of a viewer": actor(viewer, key=api_tokens.make(viewer, "narrow")[1]),
        "read-only token": actor(admin, key=api_tokens.make(admin, "reads", read_only=True)[1], read_only=True),
    }


def worth_asking(route: Route, row: Row, actors: dict[str, Actor]) -> Iterator[tuple[str, Actor, str]]:
    """Who asks for which method. A token opens no page, and a method that is not there is there for nobody."""
    for who, actor in actors.items():
        for method in METHODS:
            if actor.key and not route.is_api and who != "token of an admin":
                continue
            if method not in row and who not in ("anonymous", "admin"):
                continue
            yield who, actor, method


def expected_of_page(actor: Actor, permission: str | None, method: str) -> str:
    if permission is None:
        return "no such method"
    user = actor.user if actor.session else AnonymousUser()  # a token opens no page
    if may(user, permission):
        return "passes"
    return "refused" if user.is_authenticated else "sign in"


def expected_of_api(actor: Actor, permission: str | None, method: str) -> str:
    if actor.key and not actor.user.is_authenticated:
        return "sign in"  # a key that is not valid is refused before anything else
    if permission is None:
        return "no such method"
    if may(actor.user, permission) and not (actor.read_only and method != "GET"):
        return "passes"
    return "refused" if actor.user.is_authenticated else "sign in"


def seen(answer) -> str:
    if answer.status_code == 401 or (answer.status_code == 302 and "/accounts/login/?next=" in answer.url):
        return "sign in"
    return {403: "refused", 405: "no such method"}.get(answer.status_code, "passes")


def about(name: str) -> str:
    """What the route is about: the first word of its name, with the app's."""
    return re.split("[-_]", name)[0]


# Making the actors takes as long as asking a few routes: those about the same thing share them.
TOGETHER = {
    word: list(names)
    for word, names in itertools.groupby(sorted(set(ROUTES) & set(access.ROUTES), key=about), key=about)
}


@pytest.mark.django_db
@pytest.mark.parametrize("names", TOGETHER.values(), ids=TOGETHER)
def test_the_row_decides(names, actors, settings, monkeypatch):
    """What passes may still be told that the object does not exist, or that its input is not right; never a 500."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"  # no letter is worth a message here
    wrong = []
    for route, row in [(ROUTES[name], access.ROUTES[name]) for name in names]:
        url = address(route)
        for who, actor, method in worth_asking(route, row, actors):
            cache.clear()  # the rate limit is not what is asked about
            expected = (expected_of_api if route.is_api else expected_of_page)(actor, row.get(method), method)
            with transaction.atomic():
                answer = actor.ask(method, url)
                transaction.set_rollback(True)  # signing out, a refused form: nothing stays for the next one
            if seen(answer) != expected:
                wrong.append(f"{who}: {method} {url} gave {answer.status_code} ({seen(answer)}), expected: {expected}")
    assert wrong == []


# Pages and addresses of the API that do the same action: they must be open to the same people.
TWINS = [
    ("accounts:profile", "GET", "api:me", "GET"),
    ("accounts:profile", "POST", "api:me", "PATCH"),
    ("accounts:api_tokens", "POST", "api:apitoken-list", "POST"),
    ("accounts:api_token_revoke", "POST", "api:apitoken-detail", "DELETE"),
    ("accounts:people", "GET", "api:user-list", "GET"),
    ("accounts:person_add", "POST", "api:user-list", "POST"),
    ("accounts:person", "POST", "api:user-detail", "PATCH"),
    ("accounts:person_deactivate", "POST", "api:user-detail", "PATCH"),
    ("accounts:person_link", "POST", "api:user-password-link", "POST"),
    ("accounts:person_end_sessions", "POST", "api:user-end-sessions", "POST"),
    ("accounts:sessions", "GET", "api:session-list", "GET"),
    ("accounts:session_end", "POST", "api:session-detail", "DELETE"),
    ("accounts:organisation", "POST", "api:organisation", "PATCH"),
    ("journeys:list", "GET", "api:journey-list", "GET"),
    ("journeys:new", "POST", "api:journey-list", "POST"),
    ("journeys:detail", "GET", "api:journey-detail", "GET"),
    ("journeys:edit", "POST", "api:journey-detail", "PATCH"),
    ("journeys:delete", "POST", "api:journey-detail", "DELETE"),
    ("journeys:phase_new", "POST", "api:phase-list", "POST"),
    ("journeys:phase_delete", "POST", "api:phase-detail", "DELETE"),
    ("journeys:stage_new", "POST", "api:stage-list", "POST"),
    ("journeys:stage_delete", "POST", "api:stage-detail", "DELETE"),
    ("journeys:lane_new", "POST", "api:lane-list", "POST"),
    ("journeys:lane_delete", "POST", "api:lane-detail", "DELETE"),
    ("journeys:card_new", "POST", "api:card-list", "POST"),
    ("journeys:card_edit", "POST", "api:card-detail", "PATCH"),
    ("journeys:card_delete", "POST", "api:card-detail", "DELETE"),
    ("integrations:connection_list", "GET", "api:connection-list", "GET"),
    ("integrations:connection_new", "POST", "api:connection-list", "POST"),
    ("integrations:connection_edit", "POST", "api:connection-detail", "PATCH"),
    ("integrations:connection_delete", "POST", "api:connection-detail", "DELETE"),
    ("integrations:connection_test", "POST", "api:connection-test", "POST"),
    ("integrations:feed_retrieve", "POST", "api:survey-fetch", "POST"),
    ("integrations:survey_read", "POST", "api:survey-read", "POST"),
    ("integrations:console", "POST", "api:connection-call", "POST"),
    ("integrations:console", "GET", "api:console-call-list", "GET"),
    ("integrations:contacts", "GET", "api:directory-list", "GET"),
    ("integrations:contact_list", "GET", "api:contact-list", "GET"),
    ("integrations:contact_new", "POST", "api:contact-list", "POST"),
    ("integrations:contact", "POST", "api:contact-detail", "PATCH"),
    ("integrations:contact_delete", "POST", "api:contact-detail", "DELETE"),
    ("integrations:distributions", "GET", "api:distribution-list", "GET"),
    ("integrations:distribution_new", "POST", "api:distribution-list", "POST"),
    ("integrations:distribution_new", "GET", "api:distribution-choices", "GET"),
    ("integrations:distribution_edit", "POST", "api:distribution-detail", "PUT"),
    ("integrations:distribution_refresh", "POST", "api:distribution-progress", "GET"),
    ("integrations:distribution_send", "POST", "api:distribution-send", "POST"),
    ("integrations:distribution_discard", "POST", "api:distribution-detail", "DELETE"),
    ("integrations:erasure", "GET", "api:erasure-list", "GET"),
    ("integrations:reconciliation", "GET", "api:survey-reconciliation", "GET"),
    ("integrations:reconciliation", "POST", "api:survey-reconciliation", "POST"),
    ("integrations:erasure", "POST", "api:erasure-list", "POST"),
    ("integrations:health", "GET", "api:health", "GET"),
    ("integrations:connection", "GET", "api:connection-health", "GET"),
    ("integrations:alert_list", "GET", "api:alert-list", "GET"),
    ("integrations:alert_targets", "GET", "api:alert-target-list", "GET"),
    ("integrations:alert_targets", "POST", "api:alert-target-list", "POST"),
    ("integrations:alert_target", "GET", "api:alert-target-messages", "GET"),
    ("integrations:alert_target_test", "POST", "api:alert-target-test", "POST"),
    ("integrations:alert_target_delete", "POST", "api:alert-target-detail", "DELETE"),
    ("integrations:installation", "GET", "api:installation", "GET"),
    ("integrations:installation", "POST", "api:installation", "POST"),
    ("integrations:wizard_start", "POST", "api:feedback-item-list", "POST"),
    ("kpis:item_accept", "POST", "api:kpi-item-mapping", "POST"),
    ("integrations:wizard_edit", "POST", "api:feedback-item-detail", "PATCH"),
]  # fmt: skip


@pytest.mark.parametrize(("page", "page_method", "api", "api_method"), TWINS)
def test_page_and_api_open_for_the_same_people(page, page_method, api, api_method):
    assert access.ROUTES[page][page_method] == access.ROUTES[api][api_method]
