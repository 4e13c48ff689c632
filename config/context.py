"""What every page needs to know about the site."""

from importlib.metadata import PackageNotFoundError, version

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

try:
    VERSION = version("parcours")
except PackageNotFoundError:
    VERSION = "0.1.0"

# Section of the navigation: permission, route, icon, where its pages are. Labels are translated when the page is drawn.
_SECTIONS = (
    ("journeys", "journeys.view_journey", "journeys:list", "map", ("/journeys/",)),
    (
        "settings",
        "integrations.manage_connections",
        "integrations:connection_list",
        "settings",
        ("/settings/", "/accounts/people/", "/accounts/organisation/"),
    ),
)


def site(request: HttpRequest) -> dict[str, object]:
    """`nav`: the entries this person may open; `version`."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"nav": [], "version": VERSION}
    labels = {"journeys": _("Journey maps"), "settings": _("Settings")}
    here = request.path
    nav = [
        {"label": labels[key], "url": url, "icon": icon, "current": here.startswith(places)}
        for key, permission, route, icon, places in _SECTIONS
        if user.has_perm(permission) and (url := reverse(route))
    ]
    return {"nav": nav, "version": VERSION}
