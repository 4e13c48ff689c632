"""The reference page of the REST API: its OpenAPI description, laid out to be read and searched.

Drawn on the server, so that it needs no script of its own and keeps the content security policy.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.access import ANYONE, SIGNED_IN
from accounts.roles import PERMISSIONS
from config.rest_api.openapi import described

Json = dict[str, Any]
_DEEPEST = 4  # levels of an example: objects may hold each other


@dataclass(frozen=True)
class Field:
    """A parameter of an address, or a field of an object."""

    name: str
    kind: str
    object_name: str  # the object that it holds, if it does
    required: bool
    note: str
    place: str = ""


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    allowed: str
    parameters: list[Field]
    body: list[Field]
    answer: list[Field]
    answer_is_list: bool
    call: str
    example: str
    problems: list[tuple[str, str]]


@dataclass(frozen=True)
class Group:
    title: str
    operations: list[Operation]


class Reader:
    """Reads one OpenAPI description."""

    def __init__(self, description: Json, origin: str) -> None:
        self.paths: Json = description["paths"]
        self.objects: Json = description["components"]["schemas"]
        self.origin = origin

    def groups(self) -> list[Group]:
        by_tag: dict[str, list[Operation]] = {}
        for path, methods in self.paths.items():
            for method, operation in methods.items():
                tag = operation.get("tags", [""])[0]
                by_tag.setdefault(tag, []).append(self._operation(path, method, operation))
        return [
            Group(capfirst(tag.replace("-", " ").replace("api", "API")), operations)
            for tag, operations in by_tag.items()
        ]

    def object_fields(self) -> list[tuple[str, list[Field]]]:
        """Objects by name, without the wrappings of lists and requests, which their operations show."""
        shown = (name for name in sorted(self.objects) if not name.startswith(("Paginated", "Patched")))
        return [(name, fields) for name in shown if (fields := self._fields({"$ref": f"/{name}"}))]

    def _operation(self, path: str, method: str, operation: Json) -> Operation:
        body = _content(operation.get("requestBody", {}))
        summary, description = operation["summary"], operation.get("description", "")
        status, answer = next(((s, r) for s, r in operation["responses"].items() if s.startswith("2")), ("204", {}))
        result = self._resolve(_content(answer))
        is_list = "results" in result.get("properties", {}) or result.get("type") == "array"
        element = result["properties"]["results"]["items"] if "results" in result.get("properties", {}) else result
        return Operation(
            id=operation["operationId"],
            method=method.upper(),
            path=path,
            summary=summary,
            description="" if description.rstrip(".") == summary else description,
            allowed=_allowed(operation.get("x-permission", "")),
            parameters=[self._parameter(parameter) for parameter in operation.get("parameters", [])],
            body=self._fields(body),
            answer=self._fields(element.get("items", element) if element.get("type") == "array" else element),
            answer_is_list=is_list,
            call=self._call(path, method, body),
            example=_pretty(status, self._example(_content(answer))),
            problems=[(s, r["description"]) for s, r in operation["responses"].items() if not s.startswith("2")],
        )

    def _parameter(self, parameter: Json) -> Field:
        kind, object_name = self._kind(parameter["schema"])
        note = parameter.get("description", "")
        place = {"path": _("in the address"), "header": _("header")}.get(parameter["in"], "")
        return Field(parameter["name"], kind, object_name, parameter.get("required", False), note, place)

    def _fields(self, schema: Json) -> list[Field]:
        schema = self._resolve(schema)
        required = schema.get("required", [])
        return [
            Field(name, *self._kind(field), name in required, field.get("description", ""))
            for name, field in schema.get("properties", {}).items()
        ]

    def _resolve(self, schema: Json) -> Json:
        """The schema itself, where it is only named; several are laid over each other."""
        if "$ref" in schema:
            return self.objects[schema["$ref"].rsplit("/", 1)[1]]
        if len(parts := schema.get("allOf", [])) == 1:
            return self._resolve(parts[0])
        return schema

    def _kind(self, schema: Json) -> tuple[str, str]:
        """In words, what a value looks like, and the name of the object if it is one."""
        if "$ref" in schema:
            resolved = self._resolve(schema)
            if "enum" in resolved:
                return self._kind(resolved)
            return "", schema["$ref"].rsplit("/", 1)[1]
        for union in ("allOf", "oneOf", "anyOf"):
            if union in schema:
                kinds = [self._kind(part) for part in schema[union]]
                return " | ".join(kind for kind, _object in kinds if kind), next(
                    (name for _kind, name in kinds if name), ""
                )
        if "enum" in schema:
            return " | ".join("null" if value is None else str(value) or '""' for value in schema["enum"]), ""
        words = {
            "string": {"date-time": _("date and time"), "date": _("date"), "uuid": _("UUID"), "uri": _("URL")}.get(
                schema.get("format", ""), _("text")
            ),
            "integer": _("whole number"),
            "number": _("number"),
            "boolean": _("true or false"),
            "object": _("object"),
        }
        object_name = ""
        if schema.get("type") == "array":
            kind, object_name = self._kind(schema.get("items", {}))
            word = _("list of %(kind)s") % {"kind": kind} if kind else _("list of")
        else:
            word = words.get(schema.get("type", ""), _("any value"))
        return (_("%(kind)s or null") % {"kind": word} if schema.get("nullable") else word), object_name

    def _call(self, path: str, method: str, body: Json) -> str:
        lines = [f'curl -H "Authorization: Bearer $TOKEN" {self.origin}{path}']
        if method != "get":
            lines[0] = lines[0].replace("curl", f"curl -X {method.upper()}")
        if body:
            lines[0] += " \\"
            lines.append("  -H 'Content-Type: application/json' \\")
            lines.append(f"  -d '{json.dumps(self._example(body), ensure_ascii=False)}'")
        return "\n".join(lines)

    def _example(self, schema: Json, depth: int = 0, name: str = "") -> Any:
        """A value that this schema describes; nothing in it is real."""
        schema = self._resolve(schema)
        for union in ("allOf", "oneOf", "anyOf"):
            if union in schema:
                return self._example(schema[union][0], depth, name)
        if "example" in schema or "default" in schema:
            return schema.get("example", schema.get("default"))
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            if depth >= _DEEPEST:
                return {}
            return {key: self._example(field, depth + 1, key) for key, field in schema.get("properties", {}).items()}
        if kind == "array":
            return [self._example(schema.get("items", {}), depth + 1, name)] if depth < _DEEPEST else []
        if schema.get("nullable"):
            return None
        by_format = {
            "date-time": "2026-11-22T05:00:00Z",
            "date": "2026-11-22",
            "uuid": "3f0c1a52-8a0e-4d0a-9b53-0d8b8f1f7c11",
            "email": "amir@example.org",
            "uri": "https://parcours.example.org/…",
            "time": "05:00:00",
        }
        by_kind = {
            "integer": 1,
            "number": 42.5,
            "boolean": True,
            "string": by_format.get(schema.get("format", ""), "…"),
        }
        return by_kind.get(kind or "")


def _content(part: Json) -> Json:
    media_types: list[Json] = list(part.get("content", {}).values())
    return media_types[0].get("schema", {}) if media_types else {}


def _pretty(status: str, example: Any) -> str:
    return status if example is None else f"{status}\n{json.dumps(example, indent=2, ensure_ascii=False)}"


def _allowed(permission: str) -> str:
    """Who passes, in words."""
    if permission == ANYONE:
        return _("Anyone")
    if permission == SIGNED_IN:
        return _("Everybody with an account")
    return ", ".join(str(role.label) for role, codes in PERMISSIONS.items() if permission in codes)


def reference(request: HttpRequest) -> HttpResponse:
    reader = Reader(described(get_language()), f"{request.scheme}://{request.get_host()}")
    return render(request, "api_reference.html", {"groups": reader.groups(), "objects": reader.object_fields()})
