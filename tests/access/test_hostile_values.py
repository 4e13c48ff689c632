"""Nothing that is sent in any parameter of any address, page or API, is answered with an error of ours.

The parameters are found by looking: what a page asks of its address and of its form, and what the API describes. A sample is
tried every day, all of it by `make nightly`.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import NoReverseMatch, reverse
from drf_spectacular.generators import SchemaGenerator

from accounts.models import User
from config import access
from config.routes import Route
from sandbox.server import start
from tests import demo_site
from tests.access.addresses import ROUTES, address
from tests.factories import make_survey

SAMPLE = 200
FORM = "application/x-www-form-urlencoded"
TEXTS = [
    *("", " ", "\0", "a\0b", "-1", "0", "1.5", "8,5", "−12", str(2**31), str(2**63), str(2**64), "9" * 30, "9" * 5000),
    *(
        "1e999",
        "-1e999",
        "NaN",
        "Infinity",
        "1_000",
        "１２",
        "²",
        "٣",
        "true",
        "null",
        "[",
        "{",
        "%",
        "%s",
        "%(x)s",
        "'",
    ),
    *(
        "0001-01-01",
        "9999-12-31",
        "2026-02-30",
        "99999-01-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ),
    *("24:00", "../..", "\\", "\n", "\u202e", "😀", "\ufffd", "a" * 10_000, "-id", "__class__"),
    *("cD0xJyBPUiAx", "cD0lMDA=", "cj0xJnA9MQ==", "cD05OTk5LTEyLTMxKzIzOjU5JTJCMDA6MDA="),
]
VALUES: list[Any] = [
    *TEXTS, None, True, -1, 0, 1.5, 2**31, 2**63, -(2**63) - 1, 2**64, 10**400, 1e308, float("inf"), "\ud800", [], {}, [[]],
    [None], [1], ["a"], {"a": 1}, {"\0": 1}, {"a": {"a": None}},
]  # fmt: skip
BODIES: list[bytes] = [
    *(
        b"",
        b"[",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[1e999]",
        b"\xff",
        b"null",
        b"7",
        b'"a"',
        b"[]",
        b"[[]]",
        b'{"a":NaN}',
    ),
    *(b"9" * 5000, b'{"a":"\\ud800"}', b'{"\\u0000":1}', b"[" * 60 + b"]" * 60, b'{"a":-9223372036854775809}'),
]
# Ends the visitor's own session, or begins another one.
LEFT_OUT = frozenset({"accounts:logout", "accounts:login"})


@dataclass(frozen=True)
class Door:
    """A parameter: in the address, the form or the body of a request of this method to `url`."""

    route: str
    method: str
    url: str
    place: str
    name: str = ""

    def values(self) -> list[Any]:
        return {"body": VALUES, "whole body": BODIES}.get(self.place, TEXTS)


@dataclass
class Visitor:
    """An admin who sends anything; whatever comes of it is undone."""

    cookies: Any = None
    samples: dict[str, dict[str, Any]] = field(default_factory=dict)  # of an address: a body that makes sense

    def __post_init__(self) -> None:
        client = Client()
        admin = User.objects.get(email="admin@parcours.example")
        client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
        self.cookies = client.cookies

    def ask(self, method: str, url: str, body: bytes = b"") -> Any:
        client = Client(raise_request_exception=False)
        client.cookies = self.cookies.copy()
        cache.clear()
        with transaction.atomic():
            answer = client.generic(method, url, body, "application/json" if "/api/" in url else FORM)
            transaction.set_rollback(True)
        return answer

    def send(self, door: Door, value: Any) -> Any:
        others = self.samples.get(f"{door.method} {door.url}", {})
        match door.place:
            case "query":
                return self.ask(door.method, f"{door.url}?{urlencode({door.name: value})}")
            case "form":
                return self.ask(door.method, door.url, urlencode({door.name: value}).encode())
            case "body":
                return self.ask(door.method, door.url, json.dumps(others | {door.name: value}).encode())
            case "whole body":
                return self.ask(door.method, door.url, value)
        return self.ask(door.method, door.url.replace("HOSTILE", value))


# --- the doors ---------------------------------------------------------------------------------------------------------


def real_values() -> list[str]:
    """What may stand for a parameter of an address: keys of the first row of each table."""
    keys = {str(model._base_manager.values_list("pk", flat=True).first()) for model in apps.get_models()}
    return sorted(keys - {"None"}, key=lambda key: (len(key), key))


def real_address(visitor: Visitor, route: Route, method: str, values: Iterable[str]) -> str:
    """An address of this route that leads to something, if one is found."""
    known = demo_site.pages().get(route.name, [])
    tried = [reverse(route.name, kwargs=given) for given in fitting(route, values)]
    for url in (*known, *tried):
        if visitor.ask(method, url).status_code not in (404, 405):
            return url.partition("?")[0]
    return address(route)


def fitting(route: Route, values: Iterable[str]) -> Iterator[dict[str, str]]:
    for chosen in itertools.islice(itertools.product(values, repeat=len(route.converters)), 60):
        given = dict(zip(route.converters, chosen, strict=True))
        try:
            reverse(route.name, kwargs=given)
        except NoReverseMatch:
            continue
        yield given


class Asked:
    """Writes down which parameters of addresses and forms are asked for."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.names: set[str] = set()
        for name in ("get", "__getitem__", "getlist", "__contains__"):
            patch.setattr(QueryDict, name, self._noting(getattr(QueryDict, name)))

    def _noting(self, original: Any) -> Any:
        def asked(query: QueryDict, key: Any, *rest: Any, **more: Any) -> Any:
            if isinstance(key, str) and re.fullmatch(r"[\w-]{1,60}", key):
                self.names.add(key)
            return original(query, key, *rest, **more)

        return asked


def all_doors(visitor: Visitor) -> Iterator[Door]:
    """Every parameter of every address."""
    described = {
        re.sub(r"\{\w+\}", "{}", path): found
        for path, found in SchemaGenerator().get_schema(public=True)["paths"].items()
    }
    schemas = SchemaGenerator().get_schema(public=True)["components"]["schemas"]
    values = real_values()
    with pytest.MonkeyPatch.context() as patch:
        asked = Asked(patch)
        for name, route in ROUTES.items():
            if name in LEFT_OUT:
                continue
            for method in access.ROUTES[name]:
                url = real_address(visitor, route, method, values)
                asked.names.clear()
                visitor.ask(method, url)
                yield from path_doors(route, method)
                if route.is_api:
                    operation = described.get(route.form, {}).get(method.lower(), {})
                    yield from api_doors(visitor, Door(name, method, url, ""), operation, schemas)
                    continue
                names = sorted(asked.names - {"csrfmiddlewaretoken"})
                yield from (Door(name, method, url, "query", each) for each in names)
                if method == "POST":
                    yield from (Door(name, method, url, "form", each) for each in names)


def path_doors(route: Route, method: str) -> Iterator[Door]:
    for name in route.converters:
        yield Door(route.name, method, route.form, "path", name)


def api_doors(visitor: Visitor, at: Door, operation: dict[str, Any], schemas: dict[str, Any]) -> Iterator[Door]:
    """What the description of the API says of it."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query":
            yield Door(at.route, at.method, at.url, "query", parameter["name"])
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    fields = schemas.get(body.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
    visitor.samples[f"{at.method} {at.url}"] = {name: example(name, told) for name, told in fields.items()}
    if at.method in ("POST", "PUT", "PATCH"):
        yield Door(at.route, at.method, at.url, "whole body")
    yield from (Door(at.route, at.method, at.url, "body", name) for name in fields)


def example(name: str, told: dict[str, Any]) -> Any:
    """A value that makes sense: the key of a row, if the field is named for its table."""
    for model in apps.get_models():
        if model._meta.model_name == name.removesuffix("_id"):
            return model._base_manager.values_list("pk", flat=True).first()
    texts = {"date": "2026-11-22", "date-time": "2026-11-22T05:00:00Z", "email": "a@b.example", "time": "05:00"}
    kinds = {"integer": 1, "number": 4.5, "boolean": True, "array": [], "object": {}}
    return kinds.get(told.get("type", ""), texts.get(told.get("format", ""), "x"))


# --- the visit ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def visitor(db, settings) -> Iterator[Visitor]:
    with start(seed=7, small=True) as sandbox:
        demo_site.furnish(sandbox, settings)
        yield Visitor()


def faults_among(visitor: Visitor, tries: Iterable[tuple[Door, Any]]) -> list[str]:
    found = []
    for door, value in tries:
        if door.place == "path":
            door = with_hostile_path(door, value)
            if door is None:
                continue
        answer = visitor.send(door, value)
        if answer.status_code == 500:
            error = answer.exc_info[0].__name__ if getattr(answer, "exc_info", None) else "?"
            found.append(f"{door.method} {door.route} {door.place} {door.name}: {value!r:.60} → {error}")
    return found


def with_hostile_path(door: Door, value: str) -> Door | None:
    """The address with this value, if the resolver takes it to this route."""
    route = ROUTES[door.route]
    for given in fitting(route, ["1", "2026-01-01", "00000000-0000-0000-0000-000000000009", "none"]):
        try:
            return Door(
                door.route, door.method, reverse(door.route, kwargs=given | {door.name: value}), "path", door.name
            )
        except NoReverseMatch:
            continue
    return None


NESTED = b"[" * 100_000
TOO_LONG = "9" * 22


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "url", "body", "status"),
    [
        *(("GET", f"/api/v1/feedback-items/?{name}={2**63 - 1}", b"", 200) for name in ("lane", "stage", "journey")),
        *(("GET", f"/api/v1/feedback-items/?{name}={TOO_LONG}", b"", 400) for name in ("lane", "stage", "journey")),
        *(("GET", f"/api/v1/kpis/items/?{name}={TOO_LONG}", b"", 400) for name in ("journey", "stage", "survey")),
        ("GET", f"/api/v1/fetches/?survey={TOO_LONG}", b"", 400),
        ("GET", f"/settings/fetches/?survey={TOO_LONG}", b"", 200),
        ("PATCH", "/api/v1/me/", NESTED, 400),
        ("POST", "/api/v1/journeys/", NESTED, 400),
        ("POST", "/api/v1/journeys/", b'{"name":"x","parent":1e999}', 400),
        ("POST", "/api/v1/journeys/", b'{"name":"x","parent":18446744073709551616}', 400),
        ("POST", "/api/v1/lanes/", b'{"journey":1e999,"kind":"text"}', 400),
        ("POST", "/api/v1/journeys/", b'{"name":"\\ud800"}', 400),
        ("GET", "/journeys/?q=%00", b"", 400),
        ("GET", "/accounts/people/?q=%00", b"", 400),
        ("GET", f"/journeys/?page={TOO_LONG}", b"", 200),
        ("GET", f"/api/v1/journeys/?page={'9' * 5000}", b"", 404),
        ("GET", f"/api/v1/journeys/{TOO_LONG}/", b"", 404),
        ("GET", f"/journeys/{TOO_LONG}/", b"", 404),
    ],
)
def test_what_no_database_holds_is_refused(client_of, admin, method, url, body, status):
    answer = client_of(admin).generic(method, url, body, "application/json" if body else FORM)
    assert answer.status_code == status
    if status == 400 and "/api/" in url:
        assert answer.json()["status"] == 400


@pytest.mark.django_db
@pytest.mark.parametrize("cursor", ["cD0xJyBPUiAx", "cD0lMDA=", "cD0yMDI2LTAxLTAx"])
def test_a_cursor_that_we_did_not_give_leads_nowhere(api_of, analyst, cursor):
    answer = api_of(analyst).get("/api/v1/responses/", {"survey": make_survey().pk, "cursor": cursor})
    assert answer.status_code in (400, 404)
    assert answer["Content-Type"] == "application/problem+json"


def test_a_sample_of_what_can_be_sent_is_refused_or_taken(visitor):
    pairs = [(door, value) for door in all_doors(visitor) for value in door.values()]
    assert len(pairs) > 20_000
    assert {door.place for door, _value in pairs} == {"path", "query", "form", "body", "whole body"}
    assert faults_among(visitor, random.Random(9).sample(pairs, SAMPLE)) == []


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_whatever_is_sent_is_refused_or_taken(visitor):
    pairs = [(door, value) for door in all_doors(visitor) for value in door.values()]
    assert faults_among(visitor, pairs) == []
