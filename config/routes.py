"""Every route of the site, as Django's resolver knows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admindocs.utils import remove_non_capturing_groups, replace_named_groups
from django.urls import URLPattern, URLResolver, get_resolver


@dataclass(frozen=True)
class Route:
    """One route: its name with all namespaces, and `/journeys/{}/` as the form of its addresses."""

    name: str
    form: str
    view: Callable[..., Any]
    converters: dict[str, Any]  # by parameter; None where a regular expression stands instead of a converter

    @property
    def is_api(self) -> bool:
        """Whether the REST API's policy watches it, not that of the pages."""
        return hasattr(self.view, "cls")


def all_routes(resolver: URLResolver | None = None) -> Iterator[Route]:
    """Walk the resolver."""
    yield from _walk(resolver or get_resolver(), (), "", {})


def _walk(resolver: URLResolver, spaces: tuple[str, ...], regex: str, converters: dict[str, Any]) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        here = regex + entry.pattern.regex.pattern
        known = converters | dict.fromkeys(entry.pattern.regex.groupindex) | entry.pattern.converters
        if isinstance(entry, URLResolver):
            yield from _walk(entry, (*spaces, *filter(None, [entry.namespace])), here, known)
        elif isinstance(entry, URLPattern):
            yield Route(":".join((*spaces, entry.name or "")), _form(here), entry.callback, known)


def _form(regex: str) -> str:
    """The address with `{}` for each parameter."""
    simple = replace_named_groups(remove_non_capturing_groups(regex))
    plain = re.sub(r"\\([-./])", r"\1", re.sub(r"\^|\$|\\Z", "", simple))
    return "/" + re.sub(r"<\w+>", "{}", plain).lstrip("/")
