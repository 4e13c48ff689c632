"""An address for each route, that leads to no object."""

from __future__ import annotations

import itertools

from django.urls import NoReverseMatch, reverse

from config.routes import Route, all_routes

# What a parameter may look like; the first one that fits is taken. No test makes an object with this number.
_NOBODY = ("999999999", "2026-01-01", "00000000-0000-0000-0000-000000000009", "none")

ROUTES: dict[str, Route] = {route.name: route for route in all_routes()}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def address(route: Route) -> str:
    """An address of this route; of what does not exist, where it names an object."""
    for values in itertools.product(_NOBODY, repeat=len(route.converters)):
        try:
            return reverse(route.name, kwargs=dict(zip(route.converters, values, strict=True)))
        except NoReverseMatch:
            continue
    raise AssertionError(f"No sample value fits the parameters of {route.name}")
