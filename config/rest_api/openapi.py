"""How the REST API describes itself: the token, the problems every address may answer with, the versions."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from config.access import needed
from config.routes import all_routes
from versioning.api import VersionedUpdates

_PROBLEM = {
    "type": "object",
    "description": "What went wrong, as problem details (RFC 9457).",
    "required": ["title", "status"],
    "properties": {
        "title": {"type": "string", "description": "The name of the status."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people, in the language asked for."},
        "code": {"type": "string", "description": "A word for programs."},
        "errors": {"type": "object", "additionalProperties": {}, "description": "By field, what is not right."},
        "current": {"type": "object", "additionalProperties": {}, "description": "With 409: the present state."},
    },
}
_MEANINGS = {
    "400": "Some fields are not right; `errors` says which.",
    "401": "No token or session, or one that is not valid any more.",
    "403": "Your role, or a read-only token, does not allow this.",
    "404": "There is no such object.",
    "409": "Somebody else changed this first, or its present state forbids it.",
    "429": "Too many requests; `Retry-After` says when to go on.",
}


_ACTIONS = {
    "list": gettext_lazy("%(objects)s: list"),
    "retrieve": gettext_lazy("%(objects)s: read one"),
    "create": gettext_lazy("%(objects)s: add one"),
    "update": gettext_lazy("%(objects)s: replace one"),
    "partial_update": gettext_lazy("%(objects)s: change one"),
    "destroy": gettext_lazy("%(objects)s: delete one"),
}


@cache
def described(language: str) -> dict[str, Any]:
    """The description in the language that is active; the code it is made from does not change while the process runs."""
    return SchemaGenerator().get_schema(request=None, public=True)


class Description(SchemaGenerator):
    """Serves the description that was made once: making it takes a second of the processor."""

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        return described(get_language())


def _first_line(docstring: str | None) -> str | None:
    return (docstring or "").strip().split("\n")[0].rstrip(".") or None


class ApiTokenScheme(OpenApiAuthenticationExtension):
    """`Authorization: Bearer pcs_api_…`."""

    target_class = "accounts.authentication.ApiTokenAuthentication"
    name = "apiToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API token, made under “API tokens” in your account. It may do what its owner may do.",
        }


class Schema(AutoSchema):
    """The description of one address."""

    def get_summary(self) -> str | None:
        """What the view says; else what the action's docstring says; else, of the usual actions on a model, a few words."""
        if summary := super().get_summary() or _first_line(self._deed.__doc__):
            return summary
        model = getattr(getattr(self.view, "queryset", None), "model", None)
        words = _ACTIONS.get(getattr(self.view, "action", ""))
        if model and words:
            return str(words) % {"objects": capfirst(str(model._meta.verbose_name_plural))}
        return _first_line(type(self.view).__doc__)

    def get_description(self) -> str:  # type: ignore[override]  # as in drf-spectacular's own
        """The docstring of the action or of the view itself, not of a class that it builds on."""
        return inspect.cleandoc(self._deed.__doc__ or type(self.view).__doc__ or "")

    @property
    def _deed(self) -> Any:
        return getattr(self.view, getattr(self.view, "action", "") or self.method.lower(), None)

    def get_override_parameters(self) -> list[Any]:
        parameters = list(super().get_override_parameters())
        if isinstance(self.view, VersionedUpdates) and self.method in ("PUT", "PATCH", "DELETE"):
            parameters.append(
                OpenApiParameter(
                    "If-Match",
                    str,
                    OpenApiParameter.HEADER,
                    description=_("The version you saw, e.g. “3” in quotes; or `version` in the body."),
                )
            )
        return parameters


def describe_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Add to each address the problems it may answer with, and the permission that the access table asks for."""
    routes = {route.form: route.name for route in all_routes()}
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            operation["x-permission"] = needed(routes[re.sub(r"{\w+}", "{}", path)], method.upper()) or ""
            statuses = ["401", "403", "429"]
            if method in ("post", "put", "patch"):
                statuses.append("400")
            if "{" in path:
                statuses.append("404")
            if any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", [])):
                statuses.append("409")
            for status in sorted(statuses):
                operation["responses"].setdefault(
                    status,
                    {
                        "description": _MEANINGS[status],
                        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                    },
                )
    return result
