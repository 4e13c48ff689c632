"""The REST API describes itself without gaps, and its reference page shows all of it."""

import html
import json
import re

import pytest
from django.core.management import call_command
from django.urls import reverse

from config import access
from config.routes import all_routes

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def description(tmp_path_factory) -> dict:
    """Made as `manage.py spectacular` makes it; a warning fails."""
    path = tmp_path_factory.mktemp("openapi") / "openapi.json"
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(path))
    return json.loads(path.read_text())


def test_every_address_and_method_of_the_table_is_described(description):
    described = {
        (re.sub(r"{\w+}", "{}", path), method.upper())
        for path, methods in description["paths"].items()
        for method in methods
    }
    expected = {
        (route.form, method)
        for route in all_routes()
        if route.is_api and route.name != "api:schema"
        for method in access.ROUTES[route.name]
    }
    assert described == expected


def test_the_token_is_described_and_asked_for(description):
    assert description["components"]["securitySchemes"]["apiToken"]["scheme"] == "bearer"
    for methods in description["paths"].values():
        for operation in methods.values():
            assert {"apiToken": []} in operation["security"]


def test_every_operation_has_a_summary_and_says_what_may_go_wrong(description):
    missing = [
        (method, path)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        if not operation.get("summary") or not {"401", "403"} <= set(operation["responses"])
    ]
    assert missing == []


def test_the_schema_is_served(client_of, viewer):
    answer = client_of(viewer).get(reverse("api:schema"), {"format": "json"})
    assert json.loads(answer.content)["info"]["title"] == "Parcours"
    as_yaml = client_of(viewer).get(reverse("api:schema"))
    assert b"\n  title: Parcours\n" in as_yaml.content


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_reference_shows_every_operation_with_an_example(client_of, viewer, description, language):
    viewer.language = language
    viewer.save()
    page = html.unescape(client_of(viewer).get(reverse("api:reference")).content.decode())
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            part = page[page.index(f'id="{operation["operationId"]}"') :].split("</details>")[0]
            assert path in part
            assert f"curl {'' if method == 'get' else f'-X {method.upper()} '}-H" in part
    for link in re.findall(r'href="#(object-\w+)"', page):
        assert f'id="{link}"' in page
